// Package bench measures Gleaner: every figure that ARCHITECTURE.md quotes is
// printed by one of its benchmarks, in one run on one machine, beside a baseline
// measured in the same run where there is one.
//
// Seconds depend on the machine and are only reported. What is held fast are
// checks: counts, and ratios of two things measured in the same run.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"time"

	"gleaner/infra/e2e/emulators"
)

// Env is what benchmarks run in.
type Env struct {
	// Quick makes everything small: for a check that nothing broke, not for
	// figures to quote.
	Quick bool
	// URLs is the size of the million; 0 for 1,000,000, or 20,000 if Quick.
	URLs int
	// Dir is where benchmarks put their files; they remove them.
	Dir string
	// Getenv reads the environment.
	Getenv func(string) string
	// Process returns the command of a process that calls what one of Commands
	// names, so that what the crawled site and the clients cost is not counted as ours.
	Process func(ctx context.Context, command string) *exec.Cmd
	// Chart is the file that the simulation draws its chart into; none if empty.
	Chart string
	// Notes is told what is going on.
	Notes io.Writer

	servers map[emulators.Service]*emulators.Server // started here
}

// The names of Commands.
const (
	SiteCommand   = "site"
	LookCommand   = "look"
	WorkerCommand = "batches"
)

// Commands are run as processes of their own.
var Commands = map[string]func(ctx context.Context, in io.Reader, out io.Writer) error{
	SiteCommand: ServeSite, LookCommand: Look, WorkerCommand: Work,
}

// Close stops what benchmarks have in common.
func (e *Env) Close() {
	for _, s := range e.servers {
		s.Stop()
	}
}

func (e *Env) note(format string, args ...any) {
	fmt.Fprintf(e.Notes, format+"\n", args...)
}

// pick chooses between a full and a quick run.
func (e *Env) pick(full, quick int) int {
	if e.Quick {
		return quick
	}
	return full
}

// allowed is the limit of a ratio of times: in a quick run on a busy machine such
// ratios waver.
func (e *Env) allowed(limit float64) float64 {
	if e.Quick {
		return limit * 2
	}
	return limit
}

// million is how many URLs the large job has.
func (e *Env) million() int {
	if e.URLs > 0 {
		return e.URLs
	}
	return e.pick(1_000_000, 20_000)
}

// tempDir makes a directory that the returned function removes.
func (e *Env) tempDir() (string, func(), error) {
	dir, err := os.MkdirTemp(e.Dir, "gleaner-bench-")
	if err != nil {
		return "", nil, err
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// Figure is one number.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Want says what it should be, in words; empty if it is for information.
	Want string `json:"want,omitempty"`
}

// Check is what must hold in every run on every machine: a count, or a ratio of
// two things measured in the same run.
type Check struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Limit   float64 `json:"limit"`
	AtLeast bool    `json:"at_least,omitempty"` // the limit is the least, not the most
}

// OK reports whether the check holds.
func (c Check) OK() bool {
	if c.AtLeast {
		return c.Value >= c.Limit
	}
	return c.Value <= c.Limit
}

// Report is what a benchmark found.
type Report struct {
	Name    string   `json:"name"`
	About   string   `json:"about"`
	Took    float64  `json:"took_seconds"`
	Figures []Figure `json:"figures,omitempty"`
	Checks  []Check  `json:"checks,omitempty"`
	Text    string   `json:"text,omitempty"`    // a table of its own
	Skipped string   `json:"skipped,omitempty"` // why it, or a part of it, was not run
}

func (r *Report) add(name string, value float64, unit, want string) {
	r.Figures = append(r.Figures, Figure{name, value, unit, want})
}

func (r *Report) most(name string, value, limit float64) {
	r.Checks = append(r.Checks, Check{Name: name, Value: value, Limit: limit})
}

func (r *Report) least(name string, value, limit float64) {
	r.Checks = append(r.Checks, Check{Name: name, Value: value, Limit: limit, AtLeast: true})
}

// Failed lists the checks that do not hold.
func (r *Report) Failed() (failed []Check) {
	for _, c := range r.Checks {
		if !c.OK() {
			failed = append(failed, c)
		}
	}
	return failed
}

// Benchmark is one that can be run by its name.
type Benchmark struct {
	Name  string
	About string
	run   func(ctx context.Context, e *Env, r *Report) error
}

// All are the benchmarks, in the order they are run.
var All = []Benchmark{
	{"create", "start of a job: POST /jobs over loopback HTTP until all is durable", create},
	{"million", "a million URLs: chunked creation, then the whole job on one machine", million},
	{"push", "settle of a batch to the message at 1,000 WebSocket clients", live},
	{"worker", "the whole worker beside a bare net/http loop, 50 KB pages", workers},
	{"extract", "extraction beside a regular expression over the page", extraction},
	{"listing", "a million addresses: batches stored, pages and exports of them", listing},
	{"aws", "units, requests and the bill on AWS", units},
	{"simulate", "300 workers on a million URLs by batch size, simulated", simulate},
}

// errSkipped is wrapped by benchmarks that miss something to run.
var errSkipped = errors.New("skipped")

// Run runs one benchmark.
func (b Benchmark) Run(ctx context.Context, e *Env) (Report, error) {
	r := Report{Name: b.Name, About: b.About}
	began := time.Now()
	err := b.run(ctx, e, &r)
	r.Took = time.Since(began).Seconds()
	if errors.Is(err, errSkipped) {
		r.Skipped = err.Error()
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("bench %s: %w", b.Name, err)
	}
	return r, nil
}

// samples are durations measured.
type samples []time.Duration

// at is the quantile q in milliseconds.
func (s samples) at(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Clone(s)
	slices.Sort(sorted)
	return float64(sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Nanoseconds()) / 1e6
}

// median is the middle of some values.
func median(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// quartile is the lower quartile of some values.
func quartile(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/4]
}

// spent is what a stretch of work took.
type spent struct {
	wall   time.Duration
	cpu    time.Duration
	allocs float64
}

// measured runs fn and says what it took in this process.
func measured(fn func() error) (spent, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, began := cpuTime(), time.Now()
	err := fn()
	s := spent{wall: time.Since(began), cpu: cpuTime() - cpu}
	runtime.ReadMemStats(&after)
	s.allocs = float64(after.Mallocs - before.Mallocs)
	return s, err
}
