package export

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// sheetRows is the number of rows a sheet can have (as Excel reads ECMA-376).
var sheetRows = 1_048_576

// cellUnits is the length of the longest text that Excel keeps in a cell, in
// UTF-16 code units; what is longer is cut.
const cellUnits = 32_767

// xlsxTable writes a workbook (ECMA-376, part 1) as it goes: each sheet is a
// member of the ZIP file that is written row by row, and the parts that list the
// sheets come last. Texts are inline strings, so that nothing is taken for a
// formula. When a sheet is full the next one begins.
type xlsxTable struct {
	archive *zip.Writer
	sheet   io.Writer // the sheet that is being written
	name    string
	fields  []string
	columns []string // A, B, …
	sheets  int
	rows    int // of this sheet, its heading included
	limit   int
	head    []byte // the row that is being made: its tag
	line    []byte // and its cells
	cells   int    // of it
}

func newXLSX(w *bufio.Writer, name string, fields []string) (*xlsxTable, error) {
	t := &xlsxTable{archive: zip.NewWriter(w), name: name, fields: fields, limit: sheetRows}
	for i := range fields {
		t.columns = append(t.columns, column(i))
	}
	return t, t.begin()
}

// column names the n-th column, n from 0.
func column(n int) string {
	name := ""
	for n++; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}

const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainSpace = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

	packageSpace = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	spreadsheet  = "application/vnd.openxmlformats-officedocument.spreadsheetml"

	sheetHead = xmlHead + `<worksheet ` + mainSpace + `><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
		`<cols><col min="1" max="2" width="42" customWidth="1"/></cols><sheetData>`
	sheetTail = `</sheetData></worksheet>`

	heading = 1 // index of the bold style
	styles  = `<styleSheet ` + mainSpace + `>` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>` +
		`<cellXfs count="2"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/></cellXfs></styleSheet>`
)

// begin ends the sheet before and begins the next.
func (t *xlsxTable) begin() (err error) {
	if t.sheets > 0 {
		if _, err := io.WriteString(t.sheet, sheetTail); err != nil {
			return err
		}
	}
	t.sheets++
	t.rows = 0
	if t.sheet, err = t.archive.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", t.sheets)); err != nil {
		return err
	}
	if _, err = io.WriteString(t.sheet, sheetHead); err != nil {
		return err
	}
	row := t.line // a row that found no room waits until the heading is there
	t.line, t.cells = nil, 0
	for _, f := range t.fields {
		t.string(f, heading)
	}
	if err := t.put(); err != nil {
		return err
	}
	t.line = row
	return nil
}

// put writes the row as the next of the sheet.
func (t *xlsxTable) put() error {
	t.rows++
	t.head = append(strconv.AppendInt(append(t.head[:0], `<row r="`...), int64(t.rows), 10), `">`...)
	t.line = append(t.line, `</row>`...)
	if _, err := t.sheet.Write(t.head); err != nil {
		return err
	}
	_, err := t.sheet.Write(t.line)
	t.line, t.cells = t.line[:0], 0
	return err
}

func (t *xlsxTable) end() error {
	if t.rows == t.limit {
		if err := t.begin(); err != nil {
			return err
		}
	}
	return t.put()
}

func (t *xlsxTable) text(s string) { t.string(s, 0) }

func (t *xlsxTable) time(at time.Time) { t.string(formatTime(at), 0) }

func (t *xlsxTable) number(n float64) {
	t.open("")
	t.line = append(strconv.AppendFloat(append(t.line, "<v>"...), n, 'f', -1, 64), "</v></c>"...)
}

func (t *xlsxTable) count(n int) {
	t.open("")
	t.line = append(strconv.AppendInt(append(t.line, "<v>"...), int64(n), 10), "</v></c>"...)
}

func (t *xlsxTable) truth(b bool) {
	t.open(` t="b"`)
	value := byte('0')
	if b {
		value = '1'
	}
	t.line = append(append(append(t.line, "<v>"...), value), "</v></c>"...)
}

func (t *xlsxTable) string(s string, style int) {
	if s == "" {
		t.cells++
		return
	}
	attributes := ` t="inlineStr"`
	if style > 0 {
		attributes += ` s="` + strconv.Itoa(style) + `"`
	}
	t.open(attributes)
	t.line = append(t.line, `<is><t xml:space="preserve">`...)
	t.line = appendEscaped(t.line, s)
	t.line = append(t.line, `</t></is></c>`...)
}

// row is the number of the row that is being made. One that finds the sheet full
// follows the heading of the next.
func (t *xlsxTable) row() int {
	if t.rows == t.limit {
		return 2
	}
	return t.rows + 1
}

// open begins a cell; those that are empty are left out.
func (t *xlsxTable) open(attributes string) {
	t.line = append(t.line, `<c r="`...)
	t.line = append(t.line, t.columns[t.cells]...)
	t.line = strconv.AppendInt(t.line, int64(t.row()), 10)
	t.line = append(t.line, '"')
	t.line = append(t.line, attributes...)
	t.line = append(t.line, '>')
	t.cells++
}

// close writes the parts that list the sheets, and the directory of the archive.
func (t *xlsxTable) close() error {
	if _, err := io.WriteString(t.sheet, sheetTail); err != nil {
		return err
	}
	var types, sheets, rels strings.Builder
	for n := 1; n <= t.sheets; n++ {
		name := t.name
		if n > 1 {
			name += " " + strconv.Itoa(n)
		}
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="%s.worksheet+xml"/>`, n, spreadsheet)
		fmt.Fprintf(&sheets, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, name, n, n)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n, relations, n)
	}
	for _, part := range []struct{ name, content string }{
		{"xl/styles.xml", styles},
		{"xl/workbook.xml", `<workbook ` + mainSpace + ` xmlns:r="` + relations + `"><sheets>` + sheets.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships ` + packageSpace + `>` + rels.String() +
			`<Relationship Id="rId0" Type="` + relations + `/styles" Target="styles.xml"/></Relationships>`},
		{"_rels/.rels", `<Relationships ` + packageSpace + `><Relationship Id="rId1" Type="` + relations +
			`/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + spreadsheet + `.sheet.main+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="` + spreadsheet + `.styles+xml"/>` + types.String() + `</Types>`},
	} {
		w, err := t.archive.Create(part.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, xmlHead+part.content); err != nil {
			return err
		}
	}
	return t.archive.Close()
}

// discard has nothing to free: nothing is kept but the row.
func (t *xlsxTable) discard() {}

// appendEscaped appends a text as XML (section 2.2, 2.4) and as ECMA-376 has it
// (ST_Xstring): what XML cannot hold, and what would be read as such an escape, is
// written _xHHHH_. It is cut where Excel cuts.
func appendEscaped(line []byte, s string) []byte {
	units := 0
	for i, r := range s {
		if units += utf16.RuneLen(r); units > cellUnits {
			break
		}
		switch {
		case r == '&':
			line = append(line, "&amp;"...)
		case r == '<':
			line = append(line, "&lt;"...)
		case r == '>':
			line = append(line, "&gt;"...)
		case r == '_' && isEscape(s[i:]):
			line = append(line, "_x005F_"...)
		case r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			line = fmt.Appendf(line, "_x%04X_", r)
		default: // bytes that are no UTF-8 come as U+FFFD
			line = utf8.AppendRune(line, r)
		}
	}
	return line
}

// isEscape reports whether s begins like _x000A_.
func isEscape(s string) bool {
	if len(s) < 7 || s[1] != 'x' || s[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(s[2:6], 16, 16)
	return err == nil
}
