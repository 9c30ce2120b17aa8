package fetch

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Bodies are read into buffers of four sizes. A connection may always have a
// small one. Larger ones are rationed for the whole process, and a reader that
// needs a larger one waits for it while holding only smaller ones: since the
// holder of a large buffer never waits for memory, waiting always ends.
//
// Buffers are slabs outside the garbage-collected heap. They are never garbage,
// and if they were on the heap, the collector would let as much rubbish again
// pile up beside them.
const smallSize = 64 << 10

// tiers are the sizes, and how many buffers of each there may be; the last size
// is the limit on bodies and one byte more, to see that there is more. Most
// pages come compressed and fit the first; together the others take 20 MiB.
var tiers = [...]struct {
	size, ration int
}{{smallSize, 0}, {256 << 10, 20}, {1 << 20, 5}, {0, 2}}

// memory hands out body buffers.
type memory struct {
	sizes   [len(tiers)]int
	rations [len(tiers)]*semaphore.Weighted // nil for the small ones

	mu   sync.Mutex
	free [len(tiers)][]*buffer // the one used last is at the end
}

func newMemory(maxBody int64) *memory {
	m := &memory{}
	for i, t := range tiers {
		m.sizes[i] = t.size
		if i == len(tiers)-1 {
			m.sizes[i] = int(maxBody) + 1
		}
		if t.ration > 0 {
			m.rations[i] = semaphore.NewWeighted(int64(t.ration))
		}
	}
	return m
}

// tierFor is the smallest tier that holds n bytes, or the largest.
func (m *memory) tierFor(n int64) int {
	for tier := range m.free {
		if n <= int64(m.sizes[tier]) {
			return tier
		}
	}
	return len(m.free) - 1
}

// buffer is one piece of memory.
type buffer struct {
	data []byte
	tier int
	from *memory
}

// take waits for a buffer of the tier. pause and resume are called around the
// waiting, so that a site is not blamed for our own shortage.
func (m *memory) take(ctx context.Context, tier int, pause, resume func()) (*buffer, error) {
	if r := m.rations[tier]; r != nil && !r.TryAcquire(1) {
		pause()
		err := r.Acquire(ctx, 1)
		resume()
		if err != nil {
			return nil, context.Cause(ctx)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.free[tier]); n > 0 {
		b := m.free[tier][n-1]
		m.free[tier] = m.free[tier][:n-1]
		return b, nil
	}
	return &buffer{data: newSlab(m.sizes[tier]), tier: tier, from: m}, nil
}

func (b *buffer) release() {
	if b == nil {
		return
	}
	m := b.from
	if b.tier == len(tiers)-1 {
		restSlab(b.data) // rarely needed, and worth 80 small ones
	}
	m.mu.Lock()
	m.free[b.tier] = append(m.free[b.tier], b)
	m.mu.Unlock()
	if r := m.rations[b.tier]; r != nil {
		r.Release(1)
	}
}

// rest gives the memory of buffers that nobody uses back to the system.
func (m *memory) rest() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, tier := range m.free {
		for _, b := range tier {
			restSlab(b.data)
		}
	}
}
