package fetch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestClock(t *testing.T) {
	const total, idle = 45 * time.Second, 10 * time.Second
	for name, tt := range map[string]struct {
		use  func(c *clock)
		want error
		at   time.Duration
	}{
		"total":                 {func(*clock) {}, ErrTotalTimeout, total},
		"idle":                  {func(c *clock) { c.idleAfter(idle) }, ErrIdleTimeout, idle},
		"a piece comes in time": {func(c *clock) { c.idleAfter(idle); time.Sleep(9 * time.Second); c.idleAfter(idle) }, ErrIdleTimeout, 19 * time.Second},
		"pieces for too long": {func(c *clock) {
			for range 9 {
				c.idleAfter(idle)
				time.Sleep(5 * time.Second)
			}
		}, ErrTotalTimeout, total},
		"a pause counts for neither": {func(c *clock) {
			c.idleAfter(idle)
			c.pause()
			time.Sleep(time.Minute)
			c.resume()
		}, ErrIdleTimeout, time.Minute + idle},
		"a pause before the answer": {func(c *clock) { c.pause(); time.Sleep(time.Minute); c.resume() }, ErrTotalTimeout, time.Minute + total},
		"stopped":                   {func(c *clock) { c.idleAfter(idle); c.stop() }, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				began := time.Now()
				c := startClock(cancel, total)
				tt.use(c)
				select {
				case <-ctx.Done():
				case <-time.After(10 * time.Minute):
				}
				if err := context.Cause(ctx); !errors.Is(err, tt.want) {
					t.Errorf("ended with %v, want %v", err, tt.want)
				}
				if spent := time.Since(began); tt.want != nil && spent != tt.at {
					t.Errorf("ended after %v, want %v", spent, tt.at)
				}
			})
		})
	}
}
