package export_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"gleaner/shared/export"
	"gleaner/shared/job"
)

// sheet reads a sheet as ECMA-376 says, apart from any spreadsheet library.
func sheet(t interface{ Fatal(...any) }, file []byte, name string) (rows []map[string]string) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	member, err := archive.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = member.Close() }()
	var parsed struct {
		Rows []struct {
			R     string `xml:"r,attr"`
			Cells []struct {
				R    string `xml:"r,attr"`
				Type string `xml:"t,attr"`
				V    string `xml:"v"`
				Text string `xml:"is>t"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.NewDecoder(member).Decode(&parsed); err != nil {
		t.Fatal(err)
	}
	for i, r := range parsed.Rows {
		cells := map[string]string{}
		for _, c := range r.Cells {
			column, ok := strings.CutSuffix(c.R, r.R)
			if !ok || r.R != strconv.Itoa(i+1) {
				t.Fatal("row", i+1, "is", r.R, "with a cell", c.R)
			}
			cells[column] = c.V + unescaped(c.Text)
		}
		rows = append(rows, cells)
	}
	return rows
}

var escape = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

// unescaped undoes ST_Xstring.
func unescaped(s string) string {
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		n, _ := strconv.ParseUint(e[2:6], 16, 16)
		return string(rune(n))
	})
}

// Whatever text is exported can be read again, by any reader of XML.
func TestXLSXTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"_x000D_", "_x5F_", "_xzzzz_", "\r\n", "\x00\x1f", "<&>\"'", "\xff\xfe", "\uFFFE", " both ", "𝄞"}))
		url := strings.Join(rapid.SliceOfN(piece, 1, 4).Draw(t, "url"), "")
		detail := rapid.String().Draw(t, "detail")
		var out bytes.Buffer
		if err := export.WriteVisits(&out, export.XLSX, one(job.Visit{URL: url, Outcome: job.OutcomeNone, Detail: detail, Pages: 3, BadCert: true})); err != nil {
			t.Fatal(err)
		}
		rows := sheet(t, out.Bytes(), "xl/worksheets/sheet1.xml")
		// Every byte that is no UTF-8 becomes a sign of its own.
		want := map[string]string{"A": string([]rune(url)), "D": string([]rune(detail)), "G": "3", "K": "1"}
		for column, text := range want {
			if rows[1][column] != text {
				t.Fatalf("%s is %q, want %q", column, rows[1][column], text)
			}
		}
	})
}

func TestXLSXCutsWhatExcelCuts(t *testing.T) {
	var out bytes.Buffer
	long := strings.Repeat("𝄞", 20_000) // two units each
	if err := export.WriteVisits(&out, export.XLSX, one(job.Visit{URL: "u", Outcome: job.OutcomeNone, Detail: long})); err != nil {
		t.Fatal(err)
	}
	got := sheet(t, out.Bytes(), "xl/worksheets/sheet1.xml")[1]["D"]
	if n := len(utf16.Encode([]rune(got))); n != 32_766 || !strings.HasPrefix(long, got) {
		t.Errorf("%d units", n)
	}
}

// A spreadsheet library finds all parts of the file, its sheets and their cells.
func TestXLSXIsRead(t *testing.T) {
	t.Cleanup(export.SetSheetRows(3))
	var out bytes.Buffer
	if err := export.WriteAddresses(&out, export.XLSX, addresses(5)); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if got := f.GetSheetList(); len(got) != 3 || got[0] != "addresses" || got[2] != "addresses 3" {
		t.Fatalf("sheets %q", got)
	}
	style, err := f.GetCellStyle("addresses 2", "A1")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := f.GetStyle(style); err != nil || s.Font == nil || !s.Font.Bold {
		t.Errorf("the heading is not bold: %+v %v", s, err)
	}
	panes, err := f.GetPanes("addresses 2")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the heading is not frozen: %+v %v", panes, err)
	}
	kind, err := f.GetCellType("addresses", "E2")
	if err != nil || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
		t.Errorf("the confidence is no number: %v %v", kind, err)
	}
}

// A workbook is sent while it is made: nothing waits for its end.
func TestXLSXStreams(t *testing.T) {
	written, most := 0, 0
	sink := writerFunc(func(p []byte) (int, error) { written += len(p); return len(p), nil })
	n := 0
	err := export.WriteAddresses(sink, export.XLSX, func(yield func(*job.Address, error) bool) {
		for a := range addresses(20_000) {
			if n++; n == 10_000 {
				most = written
			}
			if !yield(a, nil) {
				return
			}
		}
	})
	if err != nil || most < written/4 {
		t.Errorf("%d of %d bytes were written half way through; %v", most, written, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
