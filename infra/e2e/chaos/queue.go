package chaos

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
)

// Bells is a queue on the world's clock: at least once, with visibility timeout,
// receive count and dead letters. Which message comes next is up to Pick.
type Bells struct {
	now        func() time.Time
	visibility time.Duration
	maxReceive int
	// Pick chooses among n messages that may come; nil takes the first.
	Pick func(n int) int
	// Lost says whether the message sent now is never delivered; nil: never. A
	// bell to wind a cancelled job up is never lost: nobody rings it again, for
	// without it no URL is missing, only the last of what the job shows.
	Lost func() bool
	// Twice says whether the message sent now is delivered twice; nil: never.
	Twice func() bool

	mu       sync.Mutex
	next     int
	messages []*bellMessage
	Dead     []queue.Message
}

type bellMessage struct {
	queue.Message
	visible time.Time
}

// Send implements queue.Sender.
func (b *Bells) Send(_ context.Context, out []queue.Outgoing) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range out {
		if bell, err := job.ParseBell(o.Body); b.Lost != nil && (err != nil || bell.Kind != job.BellWindUp) && b.Lost() {
			continue
		}
		copies := 1
		if b.Twice != nil && b.Twice() {
			copies = 2
		}
		for range copies {
			b.next++
			b.messages = append(b.messages, &bellMessage{
				Message: queue.Message{ID: fmt.Sprint(b.next), Receipt: fmt.Sprint(b.next), Body: o.Body, Group: o.Group, SentAt: b.now()},
				visible: b.now().Add(o.Delay),
			})
		}
	}
	return nil
}

// receive hands out one message that is visible now.
func (b *Bells) receive() (queue.Message, bool) {
	var can []*bellMessage
	for _, m := range slices.Clone(b.messages) {
		if m.visible.After(b.now()) {
			continue
		}
		if m.Receives == b.maxReceive {
			b.delete(m.ID)
			b.Dead = append(b.Dead, m.Message)
			continue
		}
		can = append(can, m)
	}
	if len(can) == 0 {
		return queue.Message{}, false
	}
	n := 0
	if b.Pick != nil {
		n = b.Pick(len(can))
	}
	can[n].Receives++
	can[n].visible = b.now().Add(b.visibility)
	return can[n].Message, true
}

func (b *Bells) delete(id string) {
	b.messages = slices.DeleteFunc(b.messages, func(m *bellMessage) bool { return m.ID == id })
}

func (b *Bells) empty() bool { return len(b.messages) == 0 && len(b.Dead) == 0 }
