package crawl

import (
	"math/rand/v2"
	"time"

	"gleaner/shared/fetch"
	"gleaner/shared/job"
)

// RetryPolicy says what is tried again. Waiting is done in the frontier, never
// in a connection, and is drawn at random between 0 and the backoff, which
// doubles with every try (exponential backoff with full jitter).
type RetryPolicy struct {
	Tries int           // requests for one URL, the first included; default 3, and 2 where a limit on time was passed
	Base  time.Duration // backoff after the first try; default 1 s
	Cap   time.Duration // largest backoff; default 30 s
	// Extra and PerTarget bound the retries of a whole batch: Extra and one for
	// every PerTarget targets; defaults 20 and 2.
	Extra, PerTarget int
	// GiveUp is how many requests to one host may fail in a row, for want of
	// any answer, before the rest of the batch leaves it alone; default 6.
	GiveUp int
}

func (p *RetryPolicy) normalise() {
	for _, f := range []struct {
		field *int
		def   int
	}{{&p.Tries, 3}, {&p.Extra, 20}, {&p.PerTarget, 2}, {&p.GiveUp, 6}} {
		if *f.field <= 0 {
			*f.field = f.def
		}
	}
	if p.Base <= 0 {
		p.Base = time.Second
	}
	if p.Cap <= 0 {
		p.Cap = 30 * time.Second
	}
}

// budget is the number of retries a batch may make.
func (p *RetryPolicy) budget(targets int) int { return p.Extra + targets/p.PerTarget }

// delay is how long to wait after the given number of tries.
func (p *RetryPolicy) delay(tries int) time.Duration {
	backoff := p.Cap
	if shift := tries - 1; shift < 16 {
		backoff = min(p.Cap, p.Base<<shift)
	}
	return rand.N(backoff) + time.Millisecond
}

// worthRetrying reports whether another try soon can end differently.
func worthRetrying(e ending) bool {
	switch {
	case e.wait > fetch.MaxPause:
		return false
	case e.status == 408, e.status == 425:
		return true
	case e.status == 501, e.status == 505:
		return false
	}
	switch e.outcome {
	case job.OutcomeTimeout, job.OutcomeReset, job.OutcomeConnect, job.OutcomeDNSTemp, job.OutcomeServer, job.OutcomeLimited:
		return true
	}
	return false
}

// unanswered reports whether the host did not answer at all.
func unanswered(e ending) bool {
	switch e.outcome {
	case job.OutcomeTimeout, job.OutcomeReset, job.OutcomeConnect:
		return e.status == 0
	}
	return false
}

// again decides about a further try of something tried so often: when, and
// whether there is one. r.mu is held.
func (r *run) again(e ending, tries int) (time.Time, bool) {
	limit := r.c.cfg.Retry.Tries
	if e.late {
		limit = min(limit, 2) // it has cost a long wait already
	}
	if r.halted != goingOn || !worthRetrying(e) || tries >= limit || r.retries <= 0 {
		return time.Time{}, false
	}
	wait := max(r.c.cfg.Retry.delay(tries), e.wait)
	if !r.req.Deadline.IsZero() && wait > r.req.Deadline.Sub(r.now()) {
		return time.Time{}, false
	}
	r.retries--
	return time.Now().Add(wait), true
}
