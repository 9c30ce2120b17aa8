// From what was dropped, pasted or typed to rows, a piece at a time, so that a
// million lines never stand in memory at once.
import { CsvRows, delimiterOf, LineRows } from "./rows.js";
import { sheetRows } from "./xlsx.js";

// open finds out what a Blob is and returns {format, rows} with rows an async
// iterator of arrays of rows. format is "list", "csv" or "xlsx". onRead is told
// how many of the blob's bytes were read.
export async function open(blob, name, onRead) {
  const magic = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
  const gzipped = magic[0] === 0x1f && magic[1] === 0x8b;
  name = name.toLowerCase();
  if (gzipped) name = name.replace(/\.gz$/, "");
  let stream = counted(blob.stream(), onRead);
  if (gzipped) {
    if (!("DecompressionStream" in globalThis)) throw new Error("This browser cannot read gzip files; unpack the file first.");
    stream = stream.pipeThrough(new DecompressionStream("gzip"));
  }
  if (!gzipped && magic[0] === 0x50 && magic[1] === 0x4b) return { format: "xlsx", rows: sheetRows(stream) };
  if (/\.xlsx$/.test(name)) return { format: "xlsx", rows: sheetRows(stream) };
  if (magic[0] === 0xd0 && magic[1] === 0xcf) throw new Error("Old .xls files cannot be read; save it as .xlsx or .csv.");
  return text(stream, name);
}

function counted(stream, onRead) {
  let read = 0;
  return stream.pipeThrough(
    new TransformStream({
      transform(piece, controller) {
        read += piece.byteLength;
        onRead(read);
        controller.enqueue(piece);
      },
    }),
  );
}

async function text(stream, name) {
  const reader = stream.getReader();
  const first = await reader.read();
  const head = first.value ?? new Uint8Array();
  const decoder = new TextDecoder(encodingOf(head));
  const sample = decoder.decode(head, { stream: true });
  if (sample.includes("\0")) throw new Error("This is neither text nor an Excel workbook (.xlsx).");
  const delimiter = delimiterFor(name, sample);
  const parser = delimiter ? new CsvRows(delimiter) : new LineRows();
  async function* rows() {
    yield parser.push(sample);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield parser.push(decoder.decode(value, { stream: true }));
    }
    yield [...parser.push(decoder.decode()), ...parser.end()];
  }
  return { format: delimiter ? "csv" : "list", rows: rows() };
}

// A URL may hold commas and semicolons, so only a name or tabs make a table of a
// text: what is copied out of a spreadsheet has tabs.
function delimiterFor(name, sample) {
  if (/\.tsv$|\.tab$/.test(name)) return "\t";
  if (/\.csv$/.test(name)) return delimiterOf(sample);
  return delimiterOf(sample, ["\t"]);
}

export function encodingOf(head) {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  try {
    // The last few bytes may be the first half of a character.
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return "utf-8";
  } catch {
    return "windows-1252";
  }
}
