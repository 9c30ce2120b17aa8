package eventsource

import (
	"context"
	"maps"
	"slices"
	"sync"

	"gleaner/shared/queue"
)

// flight is what is under way of a queue.
type flight struct {
	limit, spare int
	invocations  sync.WaitGroup

	mu       sync.Mutex
	running  int
	reserved int            // places of a receive that has not answered yet
	groups   map[string]int // how many run of each
	changed  chan struct{}  // closed and replaced with every change
}

func newFlight(limit, spare int) *flight {
	return &flight{limit: limit, spare: spare, groups: map[string]int{}, changed: make(chan struct{})}
}

// reserve waits until an invocation may be begun and reserves as many places as
// one receive can fill; false when ctx ends.
func (f *flight) reserve(ctx context.Context) (n int, ok bool) {
	ok = f.when(ctx, func() bool {
		n = min(f.limit-f.running-f.reserved, queue.MaxBatch)
		if n > 0 {
			f.reserved += n
		}
		return n > 0
	})
	return n, ok
}

// full waits until every place is taken but a spare one, and says by which
// groups, until changed is closed; false when ctx ends.
func (f *flight) full(ctx context.Context) (groups []string, changed <-chan struct{}, ok bool) {
	ok = f.when(ctx, func() bool {
		groups, changed = slices.Collect(maps.Keys(f.groups)), f.changed
		return f.running >= f.limit && f.running < f.limit+f.spare
	})
	return groups, changed, ok
}

func (f *flight) when(ctx context.Context, fits func() bool) bool {
	for ctx.Err() == nil {
		f.mu.Lock()
		changed := f.changed
		now := fits()
		f.mu.Unlock()
		if now {
			return true
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return false
}

// begin notes that messages were received, for which so many places had been
// reserved.
func (f *flight) begin(reserved int, messages []queue.Message) {
	f.change(func() {
		f.reserved -= reserved
		f.running += len(messages)
		for _, m := range messages {
			f.groups[m.Group]++
		}
	})
}

// end notes that a message's invocation is over.
func (f *flight) end(m queue.Message) {
	f.change(func() {
		f.running--
		if f.groups[m.Group]--; f.groups[m.Group] == 0 {
			delete(f.groups, m.Group)
		}
	})
}

func (f *flight) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	close(f.changed)
	f.changed = make(chan struct{})
}
