package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"gleaner/shared/export"
	"gleaner/shared/job"
)

var seen = time.Date(2026, 11, 3, 9, 30, 0, 0, time.UTC)

func addresses(n int) iter.Seq2[*job.Address, error] {
	return func(yield func(*job.Address, error) bool) {
		a := job.Address{
			Email: "anna.lindhorst@baeckerei-lindhorst.de", SourceURL: "https://baeckerei-lindhorst.de/kontakt?von=1,2",
			FoundBy: "mailto", Kind: "personal", Confidence: 0.97, FirstSeen: seen,
		}
		for range n {
			if !yield(&a, nil) {
				return
			}
		}
	}
}

func one[T any](item T) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) { yield(&item, nil) }
}

func TestCSVGuardsFormulas(t *testing.T) {
	for cell, want := range map[string]string{
		"=HYPERLINK(\"x\")": "'=HYPERLINK(\"x\")", "+49": "'+49", "-1": "'-1", "@SUM": "'@SUM", "\tx": "'\tx", "\rx": "'\rx",
		"\nx": "'\nx", "＝1+1": "'＝1+1", "plain": "plain", "a=b": "a=b", "": "", "ä": "ä",
	} {
		var out bytes.Buffer
		if err := export.WriteVisits(&out, export.CSV, one(job.Visit{URL: cell, Outcome: job.OutcomeNone, Detail: cell})); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%q: %v %v", cell, rows, err)
		}
		// encoding/csv reads \r\n within quotes as \n; a lone \r it keeps.
		if rows[1][0] != want || rows[1][3] != want {
			t.Errorf("%q became %q, want %q", cell, rows[1][0], want)
		}
	}
}

// TestFormatsAgree writes any text in each format and reads it back.
func TestFormatsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := job.Visit{
			URL: rapid.String().Draw(t, "url"), Outcome: job.OutcomeFound, Detail: rapid.String().Draw(t, "detail"),
			Status: rapid.IntRange(0, 599).Draw(t, "status"), BadCert: rapid.Bool().Draw(t, "cert"),
		}
		var asCSV, asJSON bytes.Buffer
		if err := export.WriteVisits(&asCSV, export.CSV, one(v)); err != nil {
			t.Fatal(err)
		}
		if err := export.WriteVisits(&asJSON, export.NDJSON, one(v)); err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(&asCSV)
		r.FieldsPerRecord = len(export.VisitFields)
		rows, err := r.ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		var got struct {
			job.Visit
			Class string
		}
		if err := json.Unmarshal(asJSON.Bytes(), &got); err != nil {
			t.Fatalf("%v: %s", err, asJSON.Bytes())
		}
		if got.Visit != v || got.Class != "ok" || bytes.Count(asJSON.Bytes(), []byte("\n")) != 1 {
			t.Fatalf("got %+v, want %+v", got, v)
		}
		if cell := strings.ReplaceAll(v.URL, "\r\n", "\n"); rows[1][0] != cell && rows[1][0] != "'"+cell {
			t.Fatalf("csv has %q, want %q", rows[1][0], cell)
		}
	})
}

func TestFieldsOfAddresses(t *testing.T) {
	var out bytes.Buffer
	if err := export.WriteAddresses(&out, export.CSV, addresses(1)); err != nil {
		t.Fatal(err)
	}
	want := "email,source_url,found_by,kind,confidence,first_seen\n" +
		"anna.lindhorst@baeckerei-lindhorst.de,\"https://baeckerei-lindhorst.de/kontakt?von=1,2\",mailto,personal,0.97,2026-11-03T09:30:00Z\n"
	if out.String() != want {
		t.Errorf("got %q", out.String())
	}
	out.Reset()
	if err := export.WriteAddresses(&out, export.NDJSON, addresses(1)); err != nil {
		t.Fatal(err)
	}
	want = `{"email":"anna.lindhorst@baeckerei-lindhorst.de","source_url":"https://baeckerei-lindhorst.de/kontakt?von=1,2",` +
		`"found_by":"mailto","kind":"personal","confidence":0.97,"first_seen":"2026-11-03T09:30:00Z"}` + "\n"
	if out.String() != want {
		t.Errorf("got %q", out.String())
	}
}

func TestXLSX(t *testing.T) {
	t.Cleanup(export.SetSheetRows(4)) // a heading and three rows
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	if err := export.WriteAddresses(&out, export.XLSX, addresses(7)); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	total := 0
	for i, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil || rows[0][0] != "email" || len(rows) > 4 {
			t.Fatalf("sheet %s: %d rows, %v", sheet, len(rows), err)
		}
		total += len(rows) - 1
		if i == 0 && (rows[1][0] != "anna.lindhorst@baeckerei-lindhorst.de" || rows[1][4] != "0.97") {
			t.Errorf("%v", rows[1])
		}
	}
	if total != 7 || len(f.GetSheetList()) != 3 {
		t.Errorf("%d rows on %v", total, f.GetSheetList())
	}
	out.Reset()
	if err := export.WriteVisits(&out, export.XLSX, one(job.Visit{URL: "=1+1", Outcome: job.OutcomeNone})); err != nil {
		t.Fatal(err)
	}
	g, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	formula, err := g.GetCellFormula("urls", "A2")
	value, _ := g.GetCellValue("urls", "A2")
	if err != nil || formula != "" || value != "=1+1" {
		t.Errorf("formula %q value %q %v", formula, value, err)
	}
}

var errTorn = errors.New("torn")

func TestAFaultOfTheSourceEndsTheExport(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, f := range []export.Format{export.CSV, export.NDJSON, export.XLSX} {
		err := export.WriteAddresses(io.Discard, f, func(yield func(*job.Address, error) bool) {
			for a := range addresses(20_000) {
				if !yield(a, nil) {
					return
				}
			}
			yield(nil, errTorn)
		})
		if !errors.Is(err, errTorn) {
			t.Errorf("%s: %v", f, err)
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("temporary files left: %v %v", left, err)
	}
	if err := export.WriteAddresses(io.Discard, "pdf", addresses(1)); err == nil {
		t.Error("an unknown format was written")
	}
	if err := export.WriteAddresses(fullDisk{}, export.CSV, addresses(10_000)); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a full disk: %v", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]export.Format{
		"found.csv": export.CSV, "a.b/FOUND.CSV": export.CSV, "x.ndjson": export.NDJSON, "x.jsonl": export.NDJSON, "x.xlsx": export.XLSX,
	} {
		if got, err := export.FormatOf(name); err != nil || got != want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	for _, name := range []string{"found", "found.pdf", ""} {
		if got, err := export.FormatOf(name); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	const rows = 100_000
	for _, f := range []export.Format{export.CSV, export.NDJSON, export.XLSX} {
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := export.WriteAddresses(io.Discard, f, addresses(rows)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
