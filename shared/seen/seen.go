// Package seen remembers, in a warm worker, which names (addresses and domains)
// of a job were stored already. It saves write units and never decides that
// anything is dropped: a name it has not seen is written straight away, under
// the store's own condition; a name it may have seen is looked up first.
package seen

import (
	"container/list"
	"sync"

	"github.com/bits-and-blooms/bloom/v3"

	"gleaner/shared/job"
)

// The filter's smallest size and its rate of false positives. Jobs with more
// URLs than MinNames get a filter of one name per URL, up to MaxNames (about
// 1.2 MB); beyond that the rate rises, and with it the number of look-ups, but
// nothing else.
const (
	MinNames      = 10_000
	MaxNames      = 1_000_000
	FalsePositive = 0.01
)

// maxJobs bounds the filters kept by one process.
const maxJobs = 16

// Cache holds one filter for each of the jobs a process last worked on. It is
// safe for concurrent use; the zero value is ready.
type Cache struct {
	mu    sync.Mutex
	order list.List // of *Filter, most recently used first
	byJob map[job.ID]*list.Element
}

// Filter is one job's filter, safe for concurrent use.
type Filter struct {
	id    job.ID
	mu    sync.Mutex
	bloom *bloom.BloomFilter
}

// Job returns the filter of a job of so many URLs, a new one if there is none.
func (c *Cache) Job(id job.ID, urls int) *Filter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byJob == nil {
		c.byJob = map[job.ID]*list.Element{}
	}
	if e, ok := c.byJob[id]; ok {
		c.order.MoveToFront(e)
		return e.Value.(*Filter)
	}
	n := uint(min(max(urls, MinNames), MaxNames))
	f := &Filter{id: id, bloom: bloom.NewWithEstimates(n, FalsePositive)}
	c.byJob[id] = c.order.PushFront(f)
	if c.order.Len() > maxJobs {
		last := c.order.Remove(c.order.Back()).(*Filter)
		delete(c.byJob, last.id)
	}
	return f
}

// Split divides names, by index, into those that were surely never added and
// those that may have been.
func (f *Filter) Split(names []string) (fresh, maybe []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, n := range names {
		if f.bloom.TestString(n) {
			maybe = append(maybe, i)
		} else {
			fresh = append(fresh, i)
		}
	}
	return fresh, maybe
}

// Add notes names that are stored now, whoever owns them.
func (f *Filter) Add(names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range names {
		f.bloom.AddString(n)
	}
}
