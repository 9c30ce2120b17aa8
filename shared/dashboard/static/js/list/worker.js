// The list's own thread: reads, checks, packs and sends, so that the page never
// waits for any of it.
import { Problem } from "../http.js";
import { inspect } from "./columns.js";
import { Chunks, Scan } from "./scan.js";
import { open } from "./source.js";
import { upload } from "./upload.js";

const REPORT_MS = 120;
const INSPECT_ROWS = 201;

let run = 0; // the reading or sending that counts; everything older stops
let packed = null; // {chunks, scan}
let abort = null;

onmessage = async ({ data }) => {
  if (data.cmd === "read") {
    const mine = (run = data.run);
    abort?.abort();
    packed = null;
    try {
      await read(mine, data);
    } catch (error) {
      if (mine === run) postMessage({ run: mine, type: "failed", reason: error.message });
    }
  } else if (data.cmd === "send") {
    await send(data);
  } else if (data.cmd === "abort") {
    abort?.abort();
  }
};

async function read(mine, { blob, name, column, chunkLines }) {
  const size = blob.size;
  let read = 0;
  const source = await open(blob, name, (n) => (read = n));
  const scan = new Scan();
  const chunks = new Chunks(chunkLines);
  let table = null; // what columns there are, for csv and xlsx
  let waiting = source.format === "list" ? null : []; // rows until it is known
  let n = 0;
  let reported = 0;

  const report = (done) => {
    reported = performance.now();
    postMessage({ run: mine, type: "preview", done, format: source.format, table, read: done ? size : read, size, ...scan.summary() });
  };
  const take = async (rows) => {
    for (const row of rows) {
      n++;
      if (n === 1 && table?.header) continue;
      const text = (table ? row[table.picked] : row[0]) ?? "";
      scan.add(text, n);
      if (chunks.add(text, n)) {
        await chunks.pack();
        if (mine !== run) return;
      }
    }
  };
  const settle = async () => {
    table = inspect(waiting.slice(0, INSPECT_ROWS));
    if (column != null && column < table.columns.length) table.picked = column;
    const rows = waiting;
    waiting = null;
    await take(rows);
  };

  for await (const rows of source.rows) {
    if (mine !== run) return;
    if (waiting) {
      for (const row of rows) waiting.push(row);
      if (waiting.length < INSPECT_ROWS) continue;
      await settle();
    } else {
      await take(rows);
    }
    if (performance.now() - reported > REPORT_MS) report(false);
  }
  if (waiting) await settle();
  await chunks.pack();
  if (mine !== run) return;
  packed = { chunks: chunks.done, scan };
  report(true);
}

async function send({ run: mine, at, name, options, idempotency }) {
  if (!packed || mine !== run) return;
  abort = new AbortController();
  try {
    const answer = await upload({
      at,
      chunks: packed.chunks,
      name,
      options,
      expect: packed.scan.valid,
      idempotency,
      signal: abort.signal,
      onProgress: (sent, total) => postMessage({ run: mine, type: "sending", sent, total }),
    });
    postMessage({ run: mine, type: "created", answer });
  } catch (error) {
    if (abort.signal.aborted) postMessage({ run: mine, type: "stopped" });
    else if (error instanceof Problem) postMessage({ run: mine, type: "refused", problem: error.plain() });
    else postMessage({ run: mine, type: "refused", problem: new Problem({ title: error.message }).plain() });
  }
}
