import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { inspect } from "../static/js/list/columns.js";
import { HashSet } from "../static/js/list/hashset.js";
import { CsvRows, delimiterOf, LineRows } from "../static/js/list/rows.js";
import { Chunks, Scan } from "../static/js/list/scan.js";
import { encodingOf, open } from "../static/js/list/source.js";

async function rowsOf(blob, name) {
  const { format, rows } = await open(blob, name, () => {});
  const all = [];
  for await (const part of rows) all.push(...part);
  return { format, all };
}

// inPieces feeds a text to a reader of rows, cut at every n-th character.
function inPieces(reader, text, n) {
  const rows = [];
  for (let i = 0; i < text.length; i += n) rows.push(...reader.push(text.slice(i, i + n)));
  return [...rows, ...reader.end()];
}

test("lines come out the same however the text is cut", () => {
  const text = "a.de\r\nb.de\n\nc.de";
  for (let n = 1; n <= text.length; n++) {
    assert.deepEqual(inPieces(new LineRows(), text, n), [["a.de\r"], ["b.de"], [""], ["c.de"]], `pieces of ${n}`);
  }
});

test("CSV per RFC 4180, however the text is cut", () => {
  const text = 'name,url\r\n"Ahrens, Tischler","https://a.de/?q=""x"""\r\n"two\nlines",b.de\r\n,\r\nlast,"c.de"';
  const want = [["name", "url"], ["Ahrens, Tischler", 'https://a.de/?q="x"'], ["two\nlines", "b.de"], ["", ""], ["last", "c.de"]];
  for (let n = 1; n <= text.length; n++) assert.deepEqual(inPieces(new CsvRows(","), text, n), want, `pieces of ${n}`);
});

test("quotes in the middle of a cell stand for themselves", () => {
  assert.deepEqual(inPieces(new CsvRows(";"), 'a"b;"c"d;e\n', 3), [['a"b', "cd", "e"]]);
});

test("a CSV without a last newline keeps an empty last cell", () => {
  assert.deepEqual(inPieces(new CsvRows(","), "a,", 1), [["a", ""]]);
  assert.deepEqual(inPieces(new CsvRows(","), "a,b\n", 1), [["a", "b"]]);
});

test("the delimiter is guessed", () => {
  assert.equal(delimiterOf("a;b;c\n1;2;3\n4;5;6"), ";");
  assert.equal(delimiterOf('"x, y",2\n"z, w",3'), ",");
  assert.equal(delimiterOf("a\tb\nc\td"), "\t");
  assert.equal(delimiterOf("https://a.de/\nhttps://b.de/"), "");
  assert.equal(delimiterOf(""), "");
});

test("the column with addresses is found, with and without a heading", () => {
  const table = inspect([["Firma", "Ort", "Website"], ["Ahrens", "Kiel", "ahrens.de"], ["Brandt", "Lübeck", "www.brandt.de/kontakt"]]);
  assert.equal(table.picked, 2);
  assert.equal(table.header, true);
  assert.deepEqual(table.columns[2], { name: "Website", sample: "ahrens.de", hits: 2 });
  const bare = inspect([["1", "https://a.de/"], ["2", "https://b.de/"]]);
  assert.equal(bare.picked, 1);
  assert.equal(bare.header, false);
  assert.equal(bare.columns[1].name, "Column 2");
});

test("a heading helps to choose between two columns of addresses", () => {
  const rows = [["Quelle", "Homepage"], ["branchen.de/1", "a.de"], ["branchen.de/2", ""], ["branchen.de/3", "c.de"]];
  assert.equal(inspect(rows).picked, 1);
});

test("files are recognised by what they hold", async () => {
  const list = "a.de\nb.de\n";
  assert.equal((await rowsOf(new Blob([list]), "x.txt")).format, "list");
  assert.deepEqual((await rowsOf(new Blob([gzipSync(list)]), "x.txt.gz")).all, [["a.de"], ["b.de"]]);
  assert.deepEqual((await rowsOf(new Blob(["n;u\n1;a.de\n"]), "x.CSV")).all, [["n", "u"], ["1", "a.de"]]);
  assert.deepEqual((await rowsOf(new Blob([gzipSync("n,u\n1,a.de\n")]), "x.csv.gz")).all, [["n", "u"], ["1", "a.de"]]);
  assert.equal((await rowsOf(new Blob(["https://a.de/?a=1,2\nhttps://b.de/?a=3,4\n"]), "x.txt")).format, "list", "commas in URLs are no table");
  assert.equal((await rowsOf(new Blob(["Ahrens\ta.de\nBrandt\tb.de\n"]), "Pasted list")).format, "csv", "copied from a spreadsheet");
  assert.deepEqual((await rowsOf(new Blob(["\ufeffa.de\n"]), "bom.txt")).all, [["a.de"]]);
  await assert.rejects(rowsOf(new Blob([new Uint8Array([0xd0, 0xcf, 0x11, 0xe0])]), "x.xls"), /xlsx/);
  await assert.rejects(rowsOf(new Blob([new Uint8Array([1, 0, 2, 0, 3])]), "x.bin"), /neither text nor/);
  await assert.rejects(rowsOf(new Blob([gzipSync(list).subarray(0, 15)]), "cut.gz"));
});

test("encodings are told apart", () => {
  assert.equal(encodingOf(new TextEncoder().encode("münchen.de")), "utf-8");
  assert.equal(encodingOf(new TextEncoder().encode("münchen.de").subarray(0, 2)), "utf-8", "cut within a character");
  assert.equal(encodingOf(new Uint8Array([0x6d, 0xfc, 0x6e])), "windows-1252");
  assert.equal(encodingOf(new Uint8Array([0xff, 0xfe, 0x61, 0])), "utf-16le");
});

test("a scan counts valid, duplicate and wrong lines and hosts", () => {
  const scan = new Scan();
  ["a.de", "https://A.de/", "", "http://a.de/x", "b.de", "nonsense", "x@y.de"].forEach((line, i) => scan.add(line, i + 1));
  const { lines, valid, duplicates, wrongCount, wrong, hosts } = scan.summary();
  assert.deepEqual({ lines, valid, duplicates, wrongCount, hosts }, { lines: 6, valid: 3, duplicates: 1, wrongCount: 2, hosts: 2 });
  assert.deepEqual(wrong.map((w) => w.line), [6, 7]);
});

test("chunks hold every line in order and say where they begin", async () => {
  const chunks = new Chunks(100);
  const lines = Array.from({ length: 250 }, (_, i) => `https://www.site${i}.de/seite`);
  for (const [i, line] of lines.entries()) if (chunks.add(line, i + 1)) await chunks.pack();
  await chunks.pack();
  assert.deepEqual(chunks.done.map((c) => [c.firstLine, c.lines]), [[1, 100], [101, 100], [201, 50]]);
  const texts = await Promise.all(
    chunks.done.map((c) => new Response(c.gzip ? c.body.stream().pipeThrough(new DecompressionStream("gzip")) : c.body).text()),
  );
  assert.deepEqual(texts.join("\n").split("\n"), lines);
});

test("a hash set tells strings apart", () => {
  const set = new HashSet();
  for (let i = 0; i < 200000; i++) assert.ok(set.add(`https://www.site${i}.de/`), `${i} taken for another`);
  for (let i = 0; i < 200000; i += 7) assert.ok(!set.add(`https://www.site${i}.de/`), `${i} forgotten`);
  assert.equal(set.size, 200000);
});
