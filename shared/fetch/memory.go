package fetch

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Bodies are read into buffers of three sizes. A connection may always have a
// small one. Larger ones are rationed for the whole process, and a reader that
// needs a larger one waits for it while holding only smaller ones: since the
// holder of a large buffer never waits for memory, waiting always ends.
const (
	smallSize  = 64 << 10
	mediumSize = 512 << 10

	mediumBuffers = 24
	largeBuffers  = 3
)

// memory hands out body buffers.
type memory struct {
	largeSize int
	pools     [3]sync.Pool
	rations   [3]*semaphore.Weighted // nil for the small ones
}

func newMemory(maxBody int64) *memory {
	// One byte more than the limit is read, to see that there is more.
	m := &memory{largeSize: int(maxBody) + 1}
	m.rations[1] = semaphore.NewWeighted(mediumBuffers)
	m.rations[2] = semaphore.NewWeighted(largeBuffers)
	return m
}

func (m *memory) size(tier int) int {
	return [...]int{smallSize, mediumSize, m.largeSize}[tier]
}

// tierFor is the smallest tier that holds n bytes, or the largest.
func (m *memory) tierFor(n int64) int {
	for tier := range m.pools {
		if n <= int64(m.size(tier)) {
			return tier
		}
	}
	return len(m.pools) - 1
}

// buffer is one rationed piece of memory.
type buffer struct {
	data []byte
	tier int
	from *memory
}

// take waits for a buffer of the tier. With wait it is told around the waiting,
// so that a site is not blamed for our own shortage.
func (m *memory) take(ctx context.Context, tier int, pause, resume func()) (*buffer, error) {
	if r := m.rations[tier]; r != nil && !r.TryAcquire(1) {
		pause()
		err := r.Acquire(ctx, 1)
		resume()
		if err != nil {
			return nil, context.Cause(ctx)
		}
	}
	if b, ok := m.pools[tier].Get().(*buffer); ok {
		return b, nil
	}
	return &buffer{data: make([]byte, m.size(tier)), tier: tier, from: m}, nil
}

func (b *buffer) release() {
	if b == nil {
		return
	}
	b.from.pools[b.tier].Put(b)
	if r := b.from.rations[b.tier]; r != nil {
		r.Release(1)
	}
}
