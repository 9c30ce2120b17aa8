import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { open } from "../static/js/list/source.js";

// zip packs files (APPNOTE 6.3.3, deflated, without checksums' check).
function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = deflateRawSync(text);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(8, 4);
    head.writeUInt32LE(data.length, 14);
    head.writeUInt32LE(Buffer.byteLength(text), 18);
    head.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), head, Buffer.from(name), data]);
    const central = Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), head, Buffer.alloc(14), Buffer.from(name)]);
    central.writeUInt32LE(offset, 42);
    directory.push(central);
    parts.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(directory.length, 10);
  return new Blob([...parts, ...directory, end]);
}

const workbook = {
  "[Content_Types].xml": "<Types/>",
  "xl/workbook.xml": '<workbook><sheets><sheet name="Kunden" sheetId="3" r:id="rId7"/><sheet name="Alt" sheetId="1" r:id="rId1"/></sheets></workbook>',
  "xl/_rels/workbook.xml.rels":
    '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId7" Target="worksheets/sheet9.xml"/></Relationships>',
  "xl/sharedStrings.xml":
    '<sst><si><t>Firma</t></si><si><r><t>https://</t></r><r><t xml:space="preserve">ahrens.de/?a=1&amp;b=2</t></r><rPh sb="0"><t>never</t></rPh></si><si/></sst>',
  "xl/worksheets/sheet1.xml": "<worksheet><sheetData><row><c><v>wrong sheet</v></c></row></sheetData></worksheet>",
  "xl/worksheets/sheet9.xml": `<worksheet><sheetData>
    <row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>Website</t></is></c></row>
    <row r="3"><c r="A3"><v>12.5</v></c><c r="B3" s="2"/><c r="C3" t="s"><v>1</v></c></row>
    <row r="4"><c r="C4" t="str"><f>A1</f><v>brandt.de &#228;</v></c></row>
  </sheetData></worksheet>`,
};

async function read(blob) {
  const { format, rows } = await open(blob, "list.xlsx", () => {});
  const all = [];
  for await (const part of rows) all.push(...part);
  return { format, all };
}

test("the first sheet comes out as rows, gaps included", async () => {
  const { format, all } = await read(zip(workbook));
  assert.equal(format, "xlsx");
  assert.deepEqual(all, [["Firma", "", "Website"], [], ["12.5", "", "https://ahrens.de/?a=1&b=2"], ["", "", "brandt.de ä"]]);
});

test("an archive that is no workbook is refused in plain words", async () => {
  await assert.rejects(read(zip({ "a.txt": "hello" })), /no Excel workbook/);
});

test("a large sheet comes in pieces", async () => {
  const rows = Array.from({ length: 30000 }, (_, i) => `<row r="${i + 1}"><c r="A${i + 1}" t="inlineStr"><is><t>site${i}.de</t></is></c></row>`);
  const files = { ...workbook, "xl/worksheets/sheet9.xml": `<worksheet><sheetData>${rows.join("")}</sheetData></worksheet>` };
  const { rows: pieces } = await open(zip(files), "x.xlsx", () => {});
  let count = 0;
  let parts = 0;
  for await (const part of pieces) {
    count += part.length;
    parts++;
  }
  assert.equal(count, 30000);
  assert.ok(parts > 1, `${parts} piece`);
});
