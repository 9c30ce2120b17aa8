package work

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"
)

// A process that crawls several batches at once and dies leaves all of them
// under suspicion, so one that has its last chance has the process to itself: if
// that dies again, it was this one.

// everyone is more batches than any process crawls at once.
const everyone = 1 << 20

// company is who is crawled beside whom in a process. Whoever waits is served
// before those that come later, so that nobody waits for ever.
type company struct{ seats *semaphore.Weighted }

func newCompany() company { return company{semaphore.NewWeighted(everyone)} }

// seat is a batch's place in the company.
type seat struct {
	in   company
	held int64
}

// join takes a place beside others; false if that took too long.
func (c company) join(ctx context.Context) (*seat, bool) {
	s := &seat{in: c}
	return s, s.take(ctx, 1)
}

// aloneNow makes the place one without anybody beside it if it is that already.
func (s *seat) aloneNow() bool {
	if !s.in.seats.TryAcquire(everyone - s.held) {
		return false
	}
	s.held = everyone
	return true
}

// alone gives the place up for one without anybody beside it; false if that
// took too long.
func (s *seat) alone(ctx context.Context) bool {
	s.leave()
	return s.take(ctx, everyone)
}

func (s *seat) leave() {
	s.in.seats.Release(s.held)
	s.held = 0
}

// take waits for so many seats, but not for the last quarter of the time that
// ctx leaves: that is for work.
func (s *seat) take(ctx context.Context, n int64) bool {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)*3/4)
		defer cancel()
	}
	if s.in.seats.Acquire(ctx, n) != nil {
		return false
	}
	s.held = n
	return true
}

// laterOn is when the bell rings again of a batch for which there was no place.
const laterOn = 2 * time.Second
