package fetch

import (
	"context"
	"sync"
	"time"
)

// clock ends a request that takes too long: in all, or between two pieces. It has
// one timer, which is set again when it goes off too early.
type clock struct {
	mu      sync.Mutex
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	rings   time.Time // when the timer goes off
	end     time.Time // of the request
	idleEnd time.Time // when the next piece is due; zero: no piece is awaited yet
	paused  time.Time // since when; zero: it runs
	stopped bool
}

func startClock(cancel context.CancelCauseFunc, total time.Duration) *clock {
	end := time.Now().Add(total)
	c := &clock{cancel: cancel, end: end, rings: end}
	c.mu.Lock() // the timer is not there yet
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(total, c.ring)
	return c
}

// ring ends the request, if its time is over.
func (c *clock) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped || !c.paused.IsZero() {
		return
	}
	switch now := time.Now(); {
	case !now.Before(c.end):
		c.cancel(ErrTotalTimeout)
	case !c.idleEnd.IsZero() && !now.Before(c.idleEnd):
		c.cancel(ErrIdleTimeout)
	default:
		c.set(now)
	}
}

// set sets the timer to what is due first. c.mu is held.
func (c *clock) set(now time.Time) {
	c.rings = c.end
	if !c.idleEnd.IsZero() && c.idleEnd.Before(c.end) {
		c.rings = c.idleEnd
	}
	c.timer.Reset(c.rings.Sub(now))
}

// idleAfter says that the next piece is due within d from now.
func (c *clock) idleAfter(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.idleEnd = now.Add(d); c.idleEnd.Before(c.rings) {
		c.set(now)
	}
}

// pause and resume take the time in between off the request's account.
func (c *clock) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = time.Now()
	c.timer.Stop()
}

func (c *clock) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	rest := now.Sub(c.paused)
	c.paused = time.Time{}
	c.end = c.end.Add(rest)
	if !c.idleEnd.IsZero() {
		c.idleEnd = c.idleEnd.Add(rest)
	}
	c.set(now)
}

func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.timer.Stop()
}
