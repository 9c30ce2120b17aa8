// Package doctor examines an installation: whether its store and queue answer,
// its workers move, its clocks agree, and what it will run out of. Every fault
// comes with what to do about it. It stands behind GET /health?deep=1.
package doctor

import (
	"context"
	"net/http"
	"sync"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/quota"
	"gleaner/shared/record"
)

// The statuses of a check and of a report, whose status is the worst of its
// checks.
const (
	OK       = "ok"
	Degraded = "degraded" // works, but not as it should or not for long
	Failing  = "failing"  // does not work
)

// checkTimeout is how long one check may take; all run at the same time.
const checkTimeout = 8 * time.Second

// Depther tells how much lies in a queue.
type Depther interface {
	Depth(ctx context.Context) (queue.Depth, error)
}

// Peer is a server whose clock this machine's is compared with.
type Peer struct {
	Name string
	// URL answers GET, with any status, with a Date header (RFC 9110 section
	// 6.6.1); a peer without one is left out.
	URL string
}

// Config says what is there to be examined. Jobs and Records are needed; what
// else is nil or empty is left out of the report, except where said otherwise.
type Config struct {
	Jobs        job.JobStore
	Records     record.Store
	Queue       Depther
	DeadLetters Depther
	// Workers is how many workers the installation may have at once; 0: not
	// looked at. Quota is what one owner may have, for the report.
	Workers int
	Quota   quota.Limits
	// WorkerProcess tells of the process that crawls for this one.
	WorkerProcess func() WorkerProcess
	// PushLag says how far live updates are behind the store.
	PushLag func(ctx context.Context) (time.Duration, error)
	Peers   []Peer
	Client  *http.Client // for Peers; one with a time limit if nil
	Dir     string       // where data lies on this machine
	// Sockets is how many connections the process may want at once; 0: its file
	// descriptors are not looked at.
	Sockets int
	Version string
	Contact string           // the page named in the User-Agent; that there is none is a fault
	Now     func() time.Time // nil: time.Now
}

// Doctor examines an installation. It is safe for concurrent use.
type Doctor struct{ Config }

// New makes a Doctor.
func New(c Config) *Doctor {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: checkTimeout}
	}
	return &Doctor{c}
}

// finding is what a check came to.
type finding struct{ status, detail, advice string }

func fine(detail string) finding { return finding{status: OK, detail: detail} }

// Examine runs every check at once and reports in a fixed order. It never takes
// much longer than the slowest check may.
func (d *Doctor) Examine(ctx context.Context) Report {
	type check struct {
		name string
		run  func(context.Context) finding
		skip bool
	}
	checks := []check{
		{"version", d.version, false},
		{"store", d.store, false},
		{"queue", d.queue, d.Queue == nil},
		{"dead letters", d.deadLetters, d.DeadLetters == nil},
		{"workers", d.workers, false},
		{"worker process", d.process, d.WorkerProcess == nil},
		{"limits", d.limits, d.Workers == 0 || d.Queue == nil},
		{"live updates", d.push, d.PushLag == nil},
		{"clock", d.clock, false},
		{"file descriptors", d.descriptors, d.Sockets == 0},
		{"disk", d.disk, d.Dir == ""},
		{"configuration", d.configuration, false},
	}
	report := Report{Status: OK}
	for _, c := range checks {
		if !c.skip {
			report.Checks = append(report.Checks, Check{Name: c.name})
		}
	}
	var all sync.WaitGroup
	n := 0
	for _, c := range checks {
		if c.skip {
			continue
		}
		out := &report.Checks[n]
		n++
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkTimeout)
			defer cancel()
			began := time.Now()
			f := c.run(ctx)
			out.Status, out.Detail, out.Advice = f.status, f.detail, f.advice
			out.Millis = time.Since(began).Milliseconds()
		})
	}
	all.Wait()
	for _, c := range report.Checks {
		report.Status = worse(report.Status, c.Status)
	}
	return report
}

func worse(a, b string) string {
	if a == Failing || b == Failing {
		return Failing
	}
	if a == Degraded || b == Degraded {
		return Degraded
	}
	return OK
}
