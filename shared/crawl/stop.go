package crawl

import (
	"context"
	"errors"
	"time"

	"gleaner/shared/job"
)

// halt is why nothing new is begun.
type halt int

const (
	goingOn   halt = iota
	outOfTime      // what was not begun goes into the remainder
	paused         // the same
	cancelled      // what was not begun ends as cancelled
	enough         // what was not begun ends as skipped
)

var errHalted = errors.New("the batch ended early")

// watch ends the batch at its deadline or when the job stops.
func (r *run) watch(ctx context.Context) {
	tick := time.NewTicker(r.c.cfg.Poll)
	defer tick.Stop()
	var deadline <-chan time.Time
	if !r.req.Deadline.IsZero() {
		timer := time.NewTimer(r.req.Deadline.Sub(r.now()))
		defer timer.Stop()
		deadline = timer.C
	}
	var grace <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-grace:
			r.endFetch(errHalted)
		case <-deadline:
			r.stop(outOfTime)
		case <-tick.C:
			r.stop(r.asked(ctx))
		}
		if grace == nil && r.stopped() {
			timer := time.NewTimer(r.c.cfg.Grace)
			defer timer.Stop()
			grace = timer.C
		}
	}
}

// asked is what the job's status and its wish say now.
func (r *run) asked(ctx context.Context) halt {
	if r.req.Stopped != nil {
		switch status := r.req.Stopped(ctx); {
		case status == job.Paused:
			return paused
		case status.Final():
			return cancelled
		}
	}
	if r.req.Enough != nil && r.req.Enough() {
		return enough
	}
	return goingOn
}

// stopped reports whether requests under way should come to an end.
func (r *run) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.halted != goingOn && r.halted != enough
}

// stop begins nothing new from here on and deals with all that waits. A
// cancelled job stays so, whatever comes later.
func (r *run) stop(why halt) {
	if why == goingOn {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopLocked(why)
}

func (r *run) stopLocked(why halt) {
	if r.halted != goingOn && r.halted != enough {
		return
	}
	r.halted = why
	waiting := r.frontier.Drain()
	for _, t := range waiting {
		if t.page != nil {
			r.abandon(t.page)
		}
	}
	for _, o := range r.origins {
		pages := o.waiting
		o.waiting = nil
		for _, p := range pages {
			r.abandon(p)
		}
		r.endSitemap(o, nil)
	}
}

// abandon ends a page that is not fetched because the batch ends. r.mu is held.
func (r *run) abandon(p *page) {
	v := p.visit
	if p.listed && !v.settled {
		switch r.halted {
		case cancelled:
			r.settle(v, ending{outcome: job.OutcomeCancelled})
		case enough:
			r.settle(v, ending{outcome: job.OutcomeSkipped})
		default:
			v.settled, v.handed = true, true
		}
	}
	r.drop(v)
}
