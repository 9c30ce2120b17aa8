package bench

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gleaner/shared/extract"
)

// plainPattern is what is usually run over whole pages.
var plainPattern = regexp.MustCompile(`[a-zA-Z0-9._%+\-]+@[a-zA-Z0-9.\-]+\.[a-zA-Z]{2,}`)

// minTimesPattern is how many times as fast as the pattern extraction must be on
// pages with hardly an address, which nearly all pages are.
const minTimesPattern = 10

// sampleDocument is one kind of page that is measured.
type sampleDocument struct {
	name, contentType string
	body              []byte
	held              bool // fast on it is a must
}

func samplePages() []sampleDocument {
	none := largePage()
	none = bytes.ReplaceAll(none, []byte(`<a href="mailto:kontakt@baeckerei-lindhorst.de">kontakt@baeckerei-lindhorst.de</a>`), []byte("Imprint"))
	many := string(none)
	for i := range 60 {
		id := fmt.Sprintf(`id="t%d"`, i)
		many = strings.Replace(many, id, fmt.Sprintf(`id="t%d"><p>Ask <a href="mailto:person%d@tischlerei-brenk.de">person%d@tischlerei-brenk.de</a></p><div`, i, i, i), 1)
	}
	text := strings.Repeat("We plan and build stairs. Look at our work at the fair (at last), chez nous. ", 620)
	return []sampleDocument{
		{"HTML, no address", "text/html", none, true},
		{"HTML, one address", "text/html", largePage(), true},
		{"HTML, many addresses", "text/html", []byte(many), false},
		{"text, no address", "text/plain", []byte(text), true},
		{"text, many addresses", "text/plain", []byte(strings.ReplaceAll(text, "stairs.", "stairs: info@tischlerei-brenk.de.")), false},
	}
}

// extraction compares extraction with the plain pattern on the same pages, in turn.
func extraction(_ context.Context, e *Env, r *Report) error {
	x := extract.New(extract.Options{})
	rounds, each := e.pick(7, 3), time.Duration(e.pick(300, 100))*time.Millisecond
	for _, p := range samplePages() {
		doc := extract.Document{URL: "https://www.tischlerei-brenk.de/", ContentType: p.contentType, Body: p.body}
		size := float64(len(p.body)) / 1e6
		var ours, pattern, allocs []float64
		for range rounds {
			speed, count := perSecond(size, each, func() { x.Extract(doc) })
			ours, allocs = append(ours, speed), append(allocs, count)
			speed, _ = perSecond(size, each, func() { plainPattern.FindAll(p.body, -1) })
			pattern = append(pattern, speed)
		}
		want := ""
		if p.held {
			want = "≥ 10 × the pattern; ≥ 300 on pages without addresses"
		}
		r.add(p.name, median(ours), "MB/CPU s", want)
		r.add(p.name+", pattern", median(pattern), "MB/CPU s", "")
		r.add(p.name, median(allocs), "allocations/page", "")
		if p.held {
			r.least(p.name+": speed to the pattern's", slices.Max(ours)/slices.Max(pattern), minTimesPattern/e.allowed(1))
		}
	}
	return nil
}

// perSecond runs f for about a time and says how much it did in a second of the
// processor, and how often it allocated.
func perSecond(size float64, about time.Duration, f func()) (speed, allocs float64) {
	f()
	n := 0
	s, _ := measured(func() error {
		for began := time.Now(); time.Since(began) < about; n++ {
			f()
		}
		return nil
	})
	return size * float64(n) / s.cpu.Seconds(), s.allocs / float64(n)
}
