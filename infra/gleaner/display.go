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
	out  io.Writer
	json *json.Encoder
	bar  *progressbar.ProgressBar
	tty  bool

	total    int64
	lastLine time.Time
}

// lineEvery is how often a display that is no terminal reports.
const lineEvery = 5 * time.Second

func newDisplay(out io.Writer, asJSON bool) *display {
	d := &display{out: out}
	if asJSON {
		d.json = json.NewEncoder(out)
	}
	f, ok := out.(*os.File)
	d.tty = ok && term.IsTerminal(int(f.Fd())) && !asJSON
	return d
}

// note prints a line.
func (d *display) note(line string) {
	switch {
	case d.json != nil:
		_ = d.json.Encode(map[string]string{"note": line})
	case d.bar != nil:
		_ = d.bar.Clear()
		fmt.Fprintln(d.out, line)
	default:
		fmt.Fprintln(d.out, line)
	}
}

// progress shows how far the job is.
func (d *display) progress(s job.Snapshot) {
	switch {
	case d.tty:
		d.showBar(s)
	case time.Since(d.lastLine) < lineEvery:
	case d.json != nil:
		d.lastLine = time.Now()
		_ = d.json.Encode(s)
	default:
		d.lastLine = time.Now()
		left := ""
		if s.ETA != nil {
			left = fmt.Sprintf(", %s left", time.Duration(*s.ETA)*time.Second)
		}
		fmt.Fprintf(d.out, "%d of %d pages, %d addresses, %d failed, %.1f pages/s%s\n",
			s.Processed, s.Total, s.Emails, failures(s), s.Rate, left)
	}
}

func (d *display) showBar(s job.Snapshot) {
	if d.bar == nil || d.total != s.Total {
		d.total = s.Total
		d.bar = progressbar.NewOptions64(s.Total,
			progressbar.OptionSetWriter(d.out),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("pages"),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionFullWidth(),
			progressbar.OptionThrottle(pollEvery/2),
		)
	}
	d.bar.Describe(fmt.Sprintf("%d addresses, %d failed", s.Emails, failures(s)))
	_ = d.bar.Set64(s.Processed)
}

// finish shows the job's end: figures, and outcomes, most frequent first.
func (d *display) finish(s job.Snapshot) {
	if d.bar != nil {
		_ = d.bar.Clear()
	}
	if d.json != nil {
		_ = d.json.Encode(s)
		return
	}
	fmt.Fprintf(d.out, "%d pages in %s (%.1f pages/s), %d addresses of %d domains\n",
		s.Processed, (time.Duration(s.ElapsedMS) * time.Millisecond).Round(10*time.Millisecond), s.Rate, s.Emails, s.Domains)
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
		fmt.Fprintf(d.out, "%8d  %-20s %s\n", s.Outcomes[o], o, o.Text())
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
