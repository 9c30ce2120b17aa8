// The first sheet of an .xlsx workbook (ECMA-376) as rows. The archive is read as
// a stream; only the table of shared strings is kept.
import { Unzip, UnzipInflate } from "../../vendor/fflate.js";

const CELLS_PER_PIECE = 20000;

// sheetRows is an async iterator of arrays of rows. A spreadsheet may store its
// strings after the sheet, so the sheet's compressed bytes wait for them.
export async function* sheetRows(stream) {
  const files = await unpack(stream);
  const text = (name) => new TextDecoder().decode(files.get(name) ?? new Uint8Array());
  if (!files.has("xl/workbook.xml")) throw new Error("This is no Excel workbook.");
  const sheet = firstSheet(text("xl/workbook.xml"), text("xl/_rels/workbook.xml.rels"));
  if (!files.has(sheet)) throw new Error("The workbook holds no sheet.");
  const strings = sharedStrings(text("xl/sharedStrings.xml"));
  files.delete("xl/sharedStrings.xml");
  yield* rowsOf(text(sheet), strings);
}

const wanted = /^xl\/(?:workbook\.xml|_rels\/workbook\.xml\.rels|sharedStrings\.xml|worksheets\/[^/]+\.xml)$/;

async function unpack(stream) {
  const files = new Map();
  let fault = null;
  const unzip = new Unzip((file) => {
    if (!wanted.test(file.name)) return;
    const pieces = [];
    file.ondata = (error, piece, final) => {
      if (error) fault = error;
      else pieces.push(piece);
      if (final) files.set(file.name, join(pieces));
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    unzip.push(value ?? new Uint8Array(), done);
    if (fault) throw new Error("The workbook is damaged.", { cause: fault });
    if (done) return files;
  }
}

function join(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const p of pieces) {
    whole.set(p, at);
    at += p.length;
  }
  return whole;
}

function firstSheet(workbook, relations) {
  const id = /<(?:\w+:)?sheet\b[^>]*?\br:id="([^"]+)"/.exec(workbook)?.[1];
  for (const [tag] of relations.matchAll(/<(?:\w+:)?Relationship\b[^>]*>/g)) {
    if (/\bId="([^"]+)"/.exec(tag)?.[1] !== id) continue;
    const target = /\bTarget="([^"]+)"/.exec(tag)?.[1] ?? "";
    return target.startsWith("/") ? target.slice(1) : `xl/${target}`;
  }
  return "xl/worksheets/sheet1.xml";
}

export function sharedStrings(xml) {
  return [...xml.matchAll(/<si\b[^>]*?(?:\/>|>(.*?)<\/si>)/gs)].map((m) => runs(m[1] ?? ""));
}

// runs joins the texts of a string, phonetic hints left out.
function runs(xml) {
  let text = "";
  for (const m of xml.replace(/<rPh\b.*?<\/rPh>/gs, "").matchAll(/<t\b[^>]*?(?:\/>|>(.*?)<\/t>)/gs)) text += m[1] ?? "";
  return unescapeXML(text);
}

export function* rowsOf(xml, strings) {
  let rows = [];
  let row = [];
  let line = 0;
  let cells = 0;
  const flush = (next) => {
    for (; line < next; line++) rows.push(line === next - 1 ? row : []);
    row = [];
  };
  let number = 0;
  for (const m of xml.matchAll(/<row\b([^>]*)>|<c\b([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)) {
    if (m[2] === undefined) {
      if (number) flush(number);
      if (cells >= CELLS_PER_PIECE) {
        yield rows;
        rows = [];
        cells = 0;
      }
      number = Number(/\br="(\d+)"/.exec(m[1])?.[1]) || number + 1;
      continue;
    }
    const at = /\br="([A-Z]+)/.exec(m[2])?.[1];
    const column = at ? columnNumber(at) : row.length;
    while (row.length < column) row.push("");
    row[column] = cell(/\bt="(\w+)"/.exec(m[2])?.[1], m[3] ?? "", strings);
    cells++;
  }
  if (number) flush(number);
  yield rows;
}

function cell(type, xml, strings) {
  if (type === "inlineStr") return runs(xml);
  const value = unescapeXML(/<v\b[^>]*>(.*?)<\/v>/s.exec(xml)?.[1] ?? "");
  return type === "s" ? (strings[Number(value)] ?? "") : value;
}

function columnNumber(letters) {
  let n = 0;
  for (const c of letters) n = n * 26 + c.charCodeAt(0) - 64;
  return n - 1;
}

const entities = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescapeXML(text) {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, dec, name) => {
    if (name) return entities[name] ?? all;
    const code = hex ? parseInt(hex, 16) : Number(dec);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}
