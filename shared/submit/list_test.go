package submit_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"gleaner/shared/job"
	"gleaner/shared/submit"
)

func urls(l submit.List) []string {
	var out []string
	for _, t := range l.Targets {
		out = append(out, t.URL)
	}
	return out
}

func TestParseText(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
		rejected   []int // lines
	}{
		{"empty", "", nil, nil},
		{"line ends", "a.de\nb.de\r\nc.de\rd.de", []string{"https://a.de/", "https://b.de/", "https://c.de/", "https://d.de/"}, nil},
		{"notes and blanks", "\ufeffa.de\n\n  \n# b.de\n\tc.de ", []string{"https://a.de/", "https://c.de/"}, nil},
		{"several on a line", "a.de, b.de;c.de\thttp://d.de/x", []string{"https://a.de/", "https://b.de/", "https://c.de/", "http://d.de/x"}, nil},
		{"Unicode's spaces", "a.de\u00a0b.de\u2003c.de\u3000d.de\u0085e.de", []string{"https://a.de/", "https://b.de/", "https://c.de/", "https://d.de/", "https://e.de/"}, nil},
		{"comma within a path", "https://a.de/x,1.html", []string{"https://a.de/x,1.html"}, nil},
		{"comma before an address", "https://a.de/x,https://b.de/y", []string{"https://a.de/x", "https://b.de/y"}, nil},
		{"trailing comma", "https://a.de/x,\nhttps://b.de/,", []string{"https://a.de/x", "https://b.de/"}, nil},
		{"quoted", "\"https://a.de/x\",\"https://b.de/y\"", []string{"https://a.de/x", "https://b.de/y"}, nil},
		{"faults keep their line", "a.de\nftp://b.de\n\nnichts\nc.de", []string{"https://a.de/", "https://c.de/"}, []int{2, 4}},
		{"duplicates", "a.de\nhttps://A.de:443/#x\na.de/", []string{"https://a.de/"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := submit.ParseText(c.text)
			if got := urls(l); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			var lines []int
			for _, r := range l.Rejected {
				lines = append(lines, r.Line)
			}
			if !slices.Equal(lines, c.rejected) || l.RejectedCount != len(lines) {
				t.Errorf("rejected %+v, want lines %v", l.Rejected, c.rejected)
			}
		})
	}
}

func TestRejectedTextIsShortAndValid(t *testing.T) {
	l := submit.ParseText("\xff" + strings.Repeat("ü", 300) + "\n" + strings.Repeat("nichts\n", 200))
	if len(l.Rejected) != submit.MaxRejected || l.RejectedCount != 201 {
		t.Fatalf("%d of %d", len(l.Rejected), l.RejectedCount)
	}
	for _, r := range l.Rejected {
		if len(r.Text) > 203 || !utf8.ValidString(r.Text) {
			t.Errorf("%d bytes: %q", len(r.Text), r.Text)
		}
	}
}

// TestPartsMakeNoDifference compares a list long enough to be read in parallel
// with the same lines read one by one.
func TestPartsMakeNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := []string{"https://firma-%d.de/kontakt", "firma-%d.de", "# note %d", "", "fehler %d", "https://a.de/%d,https://b.de/%[1]d"}
		var text strings.Builder
		var lines []string
		n := rapid.IntRange(4000, 9000).Draw(t, "lines")
		pick := rapid.SliceOfN(rapid.IntRange(0, len(kinds)-1), 40, 40).Draw(t, "kinds")
		for i := range n {
			line := kinds[pick[i%len(pick)]]
			if strings.Contains(line, "%") {
				line = fmt.Sprintf(line, i%3500)
			}
			lines = append(lines, line)
			text.WriteString(line + strings.Repeat(" ", 40) + "\n")
		}
		a, b := submit.ParseText(strings.TrimSuffix(text.String(), "\n")), submit.FromStrings(lines)
		var want []string
		seen := map[string]bool{}
		duplicates := 0
		for _, line := range lines {
			if line == "" || line[0] == '#' {
				continue
			}
			for _, one := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' }) {
				target, err := job.ParseTarget(one)
				switch {
				case err != nil:
				case seen[target.URL]:
					duplicates++
				default:
					seen[target.URL] = true
					want = append(want, target.URL)
				}
			}
		}
		for _, l := range []submit.List{a, b} {
			if !slices.Equal(urls(l), want) || l.Duplicates != duplicates {
				t.Fatalf("%d URLs and %d duplicates, want %d and %d", len(l.Targets), l.Duplicates, len(want), duplicates)
			}
			if !slices.Equal(l.Rejected, a.Rejected) || l.RejectedCount != a.RejectedCount || l.Lines != n {
				t.Fatalf("rejected differ, or %d lines instead of %d", l.Lines, n)
			}
		}
	})
}

// TestFarTooLongLists reads lists of 64 MiB: they are refused, and reading them
// takes no more memory than the longest list that is taken.
func TestFarTooLongLists(t *testing.T) {
	text := strings.Repeat("a.de\n", 64<<20/5)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l := submit.ParseText(text)
	runtime.ReadMemStats(&after)
	if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 128 {
		t.Errorf("took %d MiB", mib)
	}
	if n := len(l.Targets) + l.Duplicates + l.Over; n != 64<<20/5 || len(l.Targets) != 1 {
		t.Errorf("%d of %d", n, 64<<20/5)
	}
	var field *job.FieldError
	w := newWorld()
	if _, err := w.service().Create(t.Context(), submit.Request{Owner: "anna", List: l}); !errors.As(err, &field) || field.Field != "urls" {
		t.Errorf("got %v", err)
	}
}

func TestParseCSV(t *testing.T) {
	for _, c := range []struct {
		name, text, column string
		want               []string
		rejected           []int
	}{
		{"by heading", "name,website\nAnna,a.de\nBoris,b.de\n", "", []string{"https://a.de/", "https://b.de/"}, nil},
		{"by name", "Web;Firma;Link\nx.de;Anna;a.de\ny.de;Boris;b.de", "firma", nil, []int{2, 3}},
		{"by number", "x.de,Anna,a.de\ny.de,Boris,b.de", "3", []string{"https://a.de/", "https://b.de/"}, nil},
		{"by number with heading", "x,wer,wo\nx.de,Anna,a.de", "3", []string{"https://a.de/"}, nil},
		{"by content", "id\twer\twas\n1\tAnna\thttps://a.de/x\n2\tBoris\tb.de", "", []string{"https://a.de/x", "https://b.de/"}, nil},
		{"no heading", "1,https://a.de\n2,https://b.de", "", []string{"https://a.de/", "https://b.de/"}, nil},
		{"quotes and line breaks", "url,note\n\"https://a.de/?a=1,2\",\"zwei\nZeilen\"\nfehler,\nhttps://b.de/,x\n", "", []string{"https://a.de/?a=1,2", "https://b.de/"}, []int{4}},
		{"first row at fault is told", "https://a b.de:x,1\nhttps://c.de,2", "1", []string{"https://c.de/"}, []int{1, 1}},
		{"short rows", "name,url\nAnna\nBoris,b.de\n", "", []string{"https://b.de/"}, nil},
		{"empty", "", "", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := submit.ParseCSV(c.text, c.column)
			if err != nil {
				t.Fatal(err)
			}
			var lines []int
			for _, r := range l.Rejected {
				lines = append(lines, r.Line)
			}
			if !slices.Equal(urls(l), c.want) || !slices.Equal(lines, c.rejected) {
				t.Errorf("got %q, rejected %+v", urls(l), l.Rejected)
			}
		})
	}
	for _, column := range []string{"0", "3", "nirgends"} {
		if _, err := submit.ParseCSV("name,url\nx,a.de", column); err == nil || !strings.HasPrefix(err.Error(), "column: ") {
			t.Errorf("column %s: %v", column, err)
		}
	}
}

func FuzzLists(f *testing.F) {
	f.Add("a.de,b.de\nhttps://c.de/x,https://d.de\n", "")
	f.Add("url;x\n\"a\"\"b\";1\n", "url")
	f.Add("\xff\x00;,;\r\r\n://,", "1")
	f.Fuzz(func(t *testing.T, text, column string) {
		check := func(l submit.List) {
			seen := map[string]bool{}
			for _, target := range l.Targets {
				again, err := job.ParseTarget(target.URL)
				if err != nil || again.URL != target.URL || seen[target.URL] {
					t.Fatalf("%q is not normal (%v) or there twice", target.URL, err)
				}
				seen[target.URL] = true
			}
			if l.RejectedCount < len(l.Rejected) {
				t.Fatal("fewer rejected than listed")
			}
		}
		check(submit.ParseText(text))
		if l, err := submit.ParseCSV(text, column); err == nil {
			check(l)
		}
	})
}

func BenchmarkParseText100k(b *testing.B) {
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&text, "https://www.firma-%d.de/unternehmen/%d\n", i%20_000, i)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if l := submit.ParseText(text.String()); len(l.Targets) != 100_000 {
			b.Fatal(len(l.Targets))
		}
	}
}
