package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"gleaner/shared/job"
)

func TestMeter(t *testing.T) {
	t.Parallel()
	var m meter
	start := time.Unix(1_000_000, 0)
	if _, ok := m.left(10); ok || m.rate() != 0 {
		t.Error("a meter that saw nothing knows nothing")
	}
	// A job that was stopped for a day goes on: what counts is now.
	m.add(start, 1000)
	for i := range 100 {
		m.add(start.Add(time.Duration(i+1)*200*time.Millisecond), 1000+int64(i+1)*2)
	}
	if r := m.rate(); r < 9.9 || r > 10.1 {
		t.Errorf("rate %f, want 10", r)
	}
	if left, ok := m.left(1300); !ok || left != 10*time.Second {
		t.Errorf("%s left, %t", left, ok)
	}
	if len(m.samples) > 55 {
		t.Errorf("%d samples kept", len(m.samples))
	}
	// It stands still: no time is foretold.
	for i := range 20 {
		m.add(start.Add(time.Minute+time.Duration(i)*time.Second), 1200)
	}
	if left, ok := m.left(1300); ok {
		t.Errorf("%s left, at a standstill", left)
	}
	m.add(start.Add(2*time.Minute), 0) // a retry takes outcomes off
	if m.rate() != 0 {
		t.Errorf("rate %f", m.rate())
	}
}

func TestNumbersForPeople(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := count(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for d, want := range map[time.Duration]string{0: "0s", 59 * time.Second: "59s", 65 * time.Second: "1m05s", 2*time.Hour + 7*time.Minute: "2h07m"} {
		if got := clock(d); got != want {
			t.Errorf("%s: %s", d, got)
		}
	}
	for in, want := range map[string]string{"plain.csv": "plain.csv", "my file": "'my file'", "it's": `'it'\''s'`, "": "''", "$x": "'$x'"} {
		if got := quoted(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}

// The bar fits its terminal, whatever its width, and shows what matters first.
func TestBarFitsTheTerminal(t *testing.T) {
	t.Parallel()
	s := job.Snapshot{
		Status: job.Running, URLs: 1_234_567, Total: 1_234_567, Processed: 234_567, Emails: 45_678,
		Outcomes: map[job.Outcome]int64{job.OutcomeTimeout: 1234},
	}
	for width := 40; width <= 200; width++ {
		var out bytes.Buffer
		now := time.Unix(1_000_000, 0)
		d := &display{out: &out, now: func() time.Time { return now }, tty: func() int { return width }}
		d.progress(job.Snapshot{Status: job.Running, URLs: s.URLs, Total: s.Total, Processed: s.Processed - 500})
		now = now.Add(10 * time.Second)
		d.progress(s)
		shown := out.String()[strings.LastIndex(out.String(), "\r")+1:]
		if n := len([]rune(shown)); n > width {
			t.Fatalf("%d characters on a terminal of %d: %q", n, width, shown)
		}
		if !strings.Contains(shown, "234,567/1,234,567 pages") || !strings.Contains(shown, "█") {
			t.Fatalf("width %d: %q", width, shown)
		}
		if width >= 110 && !strings.Contains(shown, "45,678 addresses  1,234 failed  50.0/s  5h33m left") {
			t.Fatalf("width %d: %q", width, shown)
		}
	}
}

func TestLinesWhereThereIsNoTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(1_000_000, 0)
	d := newDisplay(&out, false)
	d.now = func() time.Time { return now }
	for i := range int64(11) {
		d.progress(job.Snapshot{Status: job.Running, URLs: 100, Total: 100, Processed: i, Emails: 1})
		now = now.Add(time.Second)
	}
	want := "0 of 100 pages, 1 address\n5 of 100 pages, 1 address, 1.0/s, 1m35s left\n10 of 100 pages, 1 address, 1.0/s, 1m30s left\n"
	if out.String() != want {
		t.Errorf("said\n%swant\n%s", out.String(), want)
	}
}

func TestLargeFilesAreReadInBlocks(t *testing.T) {
	t.Parallel()
	n := 2*blockLines + 10
	var text, values, bare strings.Builder
	values.WriteString("name,website\n")
	for i := range n {
		_, _ = fmt.Fprintf(&text, "firma-%d.de\n", i)
		_, _ = fmt.Fprintf(&values, "\"Firma\n%d\",firma-%d.de\n", i, i)
		_, _ = fmt.Fprintf(&bare, "%d;https://firma-%d.de/\n", i, i)
	}
	text.WriteString("not a host\n")
	values.WriteString("Nobody,nohost\n")
	for name, c := range map[string]struct{ content, column string }{
		"list.txt": {text.String(), ""}, "list.csv": {values.String(), ""}, "named.csv": {values.String(), "website"}, "bare.csv": {bare.String(), "2"},
	} {
		cmd := &cobra.Command{}
		l, err := readURLs(cmd, []string{file(t, name, c.content)}, c.column)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(l.targets) != n || l.duplicates != 0 {
			t.Errorf("%s: %d targets, %d duplicates; want %d", name, len(l.targets), l.duplicates, n)
		}
		if name == "list.txt" && (l.refused != 3 || !slices.ContainsFunc(l.rejected, func(s string) bool { return strings.Contains(s, fmt.Sprintf("line %d:", n+1)) })) {
			t.Errorf("%s: refused %v", name, l.rejected)
		}
	}
}

func TestConfidenceFlag(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]confidence{"0.8": 0.8, "80%": 0.8, "80": 0.8, "1": 1, "0": 0, "1%": 0.01} {
		var c confidence
		if err := c.Set(in); err != nil || c != want {
			t.Errorf("%q: %v %v", in, c, err)
		}
	}
}

func TestDoneCountsURLs(t *testing.T) {
	for _, c := range []struct{ urls, total, processed, want int64 }{
		{5000, 5000, 2183, 2183},
		{5000, 5183, 2183, 2000}, // 183 are tried again
		{5000, 5183, 5183, 5000},
		{0, 0, 0, 0},
	} {
		if got := doneOf(&job.Snapshot{URLs: c.urls, Total: c.total, Processed: c.processed}); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
