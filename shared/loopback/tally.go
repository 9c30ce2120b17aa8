package loopback

import (
	"maps"
	"sync"
)

// Tally counts how often each page was asked for, or whatever else has a name. It
// may be used by many at once; the zero value has counted nothing.
type Tally struct {
	mu sync.Mutex
	n  map[string]int
}

// Add counts a name once more and says how often that makes.
func (t *Tally) Add(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]int{}
	}
	t.n[name]++
	return t.n[name]
}

// Count says how often a name was counted.
func (t *Tally) Count(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n[name]
}

// Counts are all names that were counted; the caller may change them.
func (t *Tally) Counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := maps.Clone(t.n)
	if counts == nil {
		counts = map[string]int{}
	}
	return counts
}
