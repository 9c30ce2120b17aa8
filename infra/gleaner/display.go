package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"gleaner/shared/job"
)

// display shows a job's progress: a bar on a terminal, a line now and then
// elsewhere, JSON lines if asked for.
type display struct {
	out   io.Writer
	json  *json.Encoder
	tty   func() (width int) // nil where there is no terminal
	bar   *progressbar.ProgressBar
	now   func() time.Time
	every time.Duration // between two lines that are no bar

	meter    meter
	lastLine time.Time
}

// lineEvery is how often a display that is no terminal reports.
const lineEvery = 5 * time.Second

func newDisplay(out io.Writer, asJSON bool) *display {
	d := &display{out: out, now: time.Now, every: lineEvery}
	if asJSON {
		d.json = json.NewEncoder(out)
		return d
	}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		d.tty = func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil || width <= 0 {
				return 80
			}
			return width
		}
	}
	return d
}

// note prints a line.
func (d *display) note(line string) {
	if d.json != nil {
		_ = d.json.Encode(map[string]string{"note": line})
		return
	}
	d.clear()
	_, _ = fmt.Fprintln(d.out, line)
}

// clear wipes the bar's line, with what the terminal itself wrote behind it (^C).
func (d *display) clear() {
	if d.bar != nil {
		_, _ = fmt.Fprint(d.out, "\r\x1b[K")
		d.bar = nil
	}
}

// progress shows how far the job is.
func (d *display) progress(s job.Snapshot) {
	d.meter.add(d.now(), s.Processed)
	switch {
	case d.tty != nil:
		d.showBar(s)
	case d.now().Sub(d.lastLine) < d.every:
	case d.json != nil:
		d.lastLine = d.now()
		_ = d.json.Encode(s)
	default:
		d.lastLine = d.now()
		_, _ = fmt.Fprintln(d.out, strings.Join(d.facts(s, true), ", "))
	}
}

// facts say where a job stands, the most important first.
func (d *display) facts(s job.Snapshot, long bool) []string {
	pages := fmt.Sprintf("%s/%s pages", count(doneOf(&s)), count(s.URLs))
	if long {
		pages = fmt.Sprintf("%s of %s pages", count(doneOf(&s)), count(s.URLs))
	}
	facts := []string{pages, counted(s.Emails, "address", "addresses")}
	if n := failures(s); n > 0 {
		facts = append(facts, count(n)+" failed")
	}
	switch {
	case s.Status != job.Running:
		return append(facts, strings.ToLower(string(s.Status)))
	case d.meter.rate() > 0:
		facts = append(facts, fmt.Sprintf("%.1f/s", d.meter.rate()))
	}
	if left, ok := d.meter.left(s.Total); ok {
		facts = append(facts, clock(left)+" left")
	}
	return facts
}

// The bar's least and greatest width in characters, and what stands around it.
const (
	barLeast = 6
	barMost  = 40
	barFrame = len(" 100% ") + len("  ") + 1
)

func (d *display) showBar(s job.Snapshot) {
	facts := d.facts(s, false)
	width := d.tty()
	text := strings.Join(facts, "  ")
	for len(facts) > 1 && len(text) > width-barFrame-barLeast {
		facts = facts[:len(facts)-1]
		text = strings.Join(facts, "  ")
	}
	size := min(max(width-barFrame-len(text), barLeast), barMost)
	// A bar has one size and one total for life; both change.
	d.clear()
	d.bar = progressbar.NewOptions64(max(s.Total, 1),
		progressbar.OptionSetWriter(d.out),
		progressbar.OptionSetWidth(size),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░"}),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetDescription(text),
	)
	_ = d.bar.Set64(min(s.Processed, s.Total))
}

// finish shows the job's end: figures, and outcomes, most frequent first.
func (d *display) finish(s job.Snapshot) {
	d.clear()
	if d.json != nil {
		_ = d.json.Encode(s)
		return
	}
	took := (time.Duration(s.ElapsedMS) * time.Millisecond).Round(10 * time.Millisecond)
	if took > time.Minute {
		took = took.Round(time.Second)
	}
	_, _ = fmt.Fprintf(d.out, "%s in %s (%.1f a second), %s of %s\n", counted(doneOf(&s), "page", "pages"), took, s.Rate,
		counted(s.Emails, "address", "addresses"), counted(s.Domains, "domain", "domains"))
	outcomes := make([]job.Outcome, 0, len(s.Outcomes))
	for o := range s.Outcomes {
		outcomes = append(outcomes, o)
	}
	slices.SortFunc(outcomes, func(a, b job.Outcome) int {
		if s.Outcomes[a] != s.Outcomes[b] {
			return int(s.Outcomes[b] - s.Outcomes[a])
		}
		return strings.Compare(string(a), string(b))
	})
	for _, o := range outcomes {
		_, _ = fmt.Fprintf(d.out, "%9s  %-20s %s\n", count(s.Outcomes[o]), o, o.Text())
	}
}

func failures(s job.Snapshot) (n int64) {
	for o, count := range s.Outcomes {
		if o.Class() == job.ClassFailed {
			n += count
		}
	}
	return n
}

// count writes a number with commas at the thousands.
func count(n int64) string {
	if n < 0 {
		return "-" + count(-n)
	}
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// clock writes a time as people read clocks: 12s, 3m05s, 2h07m.
func clock(d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
}

// doneOf is how many of a job's URLs have their outcome. A snapshot counts a URL
// that is tried again once more, in Total as in Processed; people count URLs.
func doneOf(s *job.Snapshot) int64 { return max(0, s.URLs-max(0, s.Total-s.Processed)) }
