package jobtest

import (
	"context"
	"sync"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
)

// Bells is a queue.Sender that keeps what is rung, for tests without a queue. It
// may be used by many at once; the zero value has heard nothing.
type Bells struct {
	mu   sync.Mutex
	rung []job.Bell
}

var _ queue.Sender = (*Bells)(nil)

// Send keeps the messages' bells. What is no bell is an error.
func (b *Bells) Send(_ context.Context, messages []queue.Outgoing) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range messages {
		bell, err := job.ParseBell(m.Body)
		if err != nil {
			return err
		}
		b.rung = append(b.rung, bell)
	}
	return nil
}

// Take returns the bells that were rung since the last time, oldest first.
func (b *Bells) Take() []job.Bell {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.rung
	b.rung = nil
	return all
}

// Next takes the oldest bell; false if there is none.
func (b *Bells) Next() (bell job.Bell, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rung) == 0 {
		return bell, false
	}
	bell, b.rung = b.rung[0], b.rung[1:]
	return bell, true
}

// Clock stands still until it is told to move. It may be used by many at once.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock is a clock that shows the present.
func NewClock() *Clock { return &Clock{now: time.Now()} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Pass lets time pass.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
