package sqlitestore

import (
	"database/sql"
	"sync"
	"sync/atomic"
)

// A name (an address, or the domain of one) is stored once in a job. An index of
// the file would find it, but names come in no order: the more of them there are,
// the surer each new one writes a page of its own. So they lie in the file in the
// order they came, and which number a name may have is known in memory, from the
// file alone: whatever was committed since is read before the index is used, be
// it this process's or another's. It only ever points; the row there decides.

// maxIndexed is how many names of jobs that nobody stores into just then are kept
// in memory, at some eight bytes each. To read a million anew takes a tenth of a
// second for addresses, and some for domains.
const maxIndexed = 4 << 20

// indexWeight is what an index counts beside its names: it bounds how many there are.
const indexWeight = 1 << 14

// query is Query of a write under way, or of the file.
type query func(query string, args []any, fn func(*sql.Rows) error) error

// since calls add with every name of a job that was stored after the one with the
// number after, in their order. A job's numbers ascend as long as it is there.
type since func(q query, job, after int64, add func(h hash, n int64)) error

// names is the index of what a job has of one kind. It is safe for concurrent use.
type names struct {
	job   int64
	since since

	mu      sync.RWMutex
	known   int64 // names up to this number are in it
	numbers numbers
	size    atomic.Int64 // in names, for whoever does not hold mu
	used    uint64       // by indexes
}

// catchUp reads what was stored since.
func (x *names) catchUp(q query) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	defer x.sized()
	last := x.known
	err := x.since(q, x.job, x.known, func(h hash, n int64) {
		x.numbers.add(h, n)
		last = n
	})
	if err == nil { // else it may lack some; those it has will be in it twice
		x.known = last
	}
	return err
}

func (x *names) sized() { x.size.Store(indexWeight + int64(x.numbers.count)) }

// find appends the numbers that names with a hash may have.
func (x *names) find(found []int64, h hash) []int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.numbers.find(found, h)
}

// adding is what one write adds to names.
type adding struct {
	names *names
	known int64 // what names had when the write began
	fresh map[string]int64
	added []entry
	found []int64
}

type entry struct {
	hash   hash
	number int64
}

// adding begins to look for so many names, and to add those that are new.
func (x *names) adding(count int) *adding {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return &adding{names: x, known: x.known, fresh: make(map[string]int64, count)}
}

// find returns the numbers that a name may have; they are good until the next call.
func (a *adding) find(name string, h hash) []int64 {
	a.found = a.names.find(a.found[:0], h)
	if n, ok := a.fresh[name]; ok {
		a.found = append(a.found, n)
	}
	return a.found
}

func (a *adding) add(name string, h hash, n int64) {
	a.fresh[name] = n
	a.added = append(a.added, entry{h, n})
}

// committed spares reading back what was added. Whoever came between has read it
// from the file.
func (a *adding) committed() {
	x := a.names
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.known != a.known {
		return
	}
	for _, e := range a.added {
		x.numbers.add(e.hash, e.number)
		x.known = e.number
	}
	x.sized()
}

// indexes are those of jobs that names are stored into.
type indexes struct {
	mu    sync.Mutex
	of    map[indexKey]*names
	clock uint64
}

type indexKey struct {
	job     int64
	domains bool
}

// get returns an index, an empty one if there is none, and forgets those used
// longest ago if they are too many.
func (i *indexes) get(job int64, domains bool) *names {
	i.mu.Lock()
	defer i.mu.Unlock()
	key := indexKey{job, domains}
	x := i.of[key]
	if x == nil {
		if x = (&names{job: job, since: addressesSince}); domains {
			x.since = domainsSince
		}
		x.sized()
		if i.of == nil {
			i.of = map[indexKey]*names{}
		}
		i.of[key] = x
	}
	i.clock++
	x.used = i.clock
	for i.tooMany(x) {
		oldest := key
		for k, other := range i.of {
			if other.used < i.of[oldest].used {
				oldest = k
			}
		}
		delete(i.of, oldest)
	}
	return x
}

func (i *indexes) tooMany(beside *names) bool {
	sum := -beside.size.Load()
	for _, x := range i.of {
		sum += x.size.Load()
	}
	return sum > maxIndexed
}

// forget drops what is known of a job whose names are complete.
func (i *indexes) forget(job int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.of, indexKey{job, false})
	delete(i.of, indexKey{job, true})
}
