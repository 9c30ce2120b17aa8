package fetch

import (
	"container/heap"
	"sync"
	"time"
)

// Frontier is the queue of one batch: a queue for every host, and a rule for
// which host is next. Next blocks until a request may begin; what is scheduled
// for later waits in the frontier and not in a connection. Every operation
// costs at most the logarithm of what is queued. It is safe for concurrent use.
type Frontier[T any] struct {
	hosts   *Hosts
	perHost int
	gap     time.Duration

	mu     sync.Mutex
	cond   *sync.Cond
	queues map[string]*queue[T]
	ready  byTurn[T] // hosts that may be asked, as far as is known
	asleep byWake[T] // hosts that may be asked later
	later  byTime[T] // items that are to be queued later
	timer  *time.Timer
	armed  time.Time
	turns  uint64
	size   int
	closed bool
}

// queue is one host's items in this frontier.
type queue[T any] struct {
	authority string
	urgent    fifo[T]
	normal    fifo[T]
	turn      uint64 // when it was served last, or got its first item
	wake      time.Time
	state     queueState
}

type queueState int

const (
	outside queueState = iota // empty, or waiting to be woken by Hosts
	inReady
	inAsleep
)

// delayed is an item to be queued at a time.
type delayed[T any] struct {
	at        time.Time
	authority string
	item      T
}

// NewFrontier returns an empty frontier. perHost is the number of requests to
// one host at a time, gap the least time from one answer's beginning to the
// next request.
func NewFrontier[T any](hosts *Hosts, perHost int, gap time.Duration) *Frontier[T] {
	f := &Frontier[T]{hosts: hosts, perHost: max(1, perHost), gap: gap, queues: map[string]*queue[T]{}}
	f.cond = sync.NewCond(&f.mu)
	return f
}

// Push queues an item for a host: behind the others, or, if it is urgent,
// before those that are not. It does nothing after Close.
func (f *Frontier[T]) Push(authority string, item T, urgent bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.size++
	f.push(authority, item, urgent)
}

// PushAt queues an item urgently, but not before a time.
func (f *Frontier[T]) PushAt(authority string, item T, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.size++
	heap.Push(&f.later, delayed[T]{at, authority, item})
	f.arm()
}

func (f *Frontier[T]) push(authority string, item T, urgent bool) {
	q := f.queues[authority]
	if q == nil {
		q = &queue[T]{authority: authority}
		f.queues[authority] = q
	}
	first := q.len() == 0
	if urgent {
		q.urgent.push(item)
	} else {
		q.normal.push(item)
	}
	if first && q.state == outside {
		f.turns++
		q.turn = f.turns
		f.makeReady(q)
	}
}

func (f *Frontier[T]) makeReady(q *queue[T]) {
	q.state = inReady
	heap.Push(&f.ready, q)
	f.cond.Signal()
}

// Slot is the right to make one request to a host. Release gives it back. It is
// for one goroutine.
type Slot struct {
	hosts     *Hosts
	authority string
	heard     bool
}

// Authority is the host the slot is for.
func (s *Slot) Authority() string { return s.authority }

// Heard says that the host's answer has begun.
func (s *Slot) Heard() {
	if !s.heard {
		s.heard = true
		s.hosts.heard(s.authority, time.Now())
	}
}

// Release ends the request. retryAfter is how long the host asked to be left
// alone (with Overloaded), or 0.
func (s *Slot) Release(v Verdict, retryAfter time.Duration) {
	s.hosts.end(s.authority, s.heard, v, retryAfter, time.Now())
}

// Next waits until a request may begin and returns its item and slot, or false
// once the frontier is closed.
func (f *Frontier[T]) Next() (T, *Slot, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for !f.closed {
		f.advance(time.Now())
		for len(f.ready) > 0 {
			q := heap.Pop(&f.ready).(*queue[T])
			q.state = outside
			if q.len() == 0 {
				f.forget(q)
				continue
			}
			now := time.Now()
			ok, at := f.hosts.start(q.authority, f.perHost, f.gap, now, f)
			if !ok {
				if !at.IsZero() {
					q.state, q.wake = inAsleep, at
					heap.Push(&f.asleep, q)
				}
				continue
			}
			item := q.pop()
			f.size--
			f.turns++
			q.turn = f.turns
			if q.len() > 0 {
				f.makeReady(q)
			} else {
				f.forget(q)
			}
			if len(f.ready) > 0 {
				f.cond.Signal()
			}
			f.arm()
			return item, &Slot{hosts: f.hosts, authority: q.authority}, true
		}
		f.arm()
		f.cond.Wait()
	}
	var none T
	return none, nil, false
}

// forget drops an empty host.
func (f *Frontier[T]) forget(q *queue[T]) {
	if q.state == outside && q.len() == 0 {
		delete(f.queues, q.authority)
	}
}

// advance moves what is due.
func (f *Frontier[T]) advance(now time.Time) {
	for len(f.later) > 0 && !f.later[0].at.After(now) {
		d := heap.Pop(&f.later).(delayed[T])
		f.push(d.authority, d.item, true)
	}
	for len(f.asleep) > 0 && !f.asleep[0].wake.After(now) {
		q := heap.Pop(&f.asleep).(*queue[T])
		f.makeReady(q)
	}
}

// arm sets the timer to the next moment at which something is due.
func (f *Frontier[T]) arm() {
	var next time.Time
	if len(f.later) > 0 {
		next = f.later[0].at
	}
	if len(f.asleep) > 0 && (next.IsZero() || f.asleep[0].wake.Before(next)) {
		next = f.asleep[0].wake
	}
	if next.Equal(f.armed) {
		return
	}
	f.armed = next
	switch {
	case next.IsZero():
		f.timer.Stop() // set: something was armed
	case f.timer == nil:
		f.timer = time.AfterFunc(time.Until(next), f.tick)
	default:
		f.timer.Reset(time.Until(next))
	}
}

func (f *Frontier[T]) tick() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = time.Time{}
	f.cond.Signal()
}

// wake is called by Hosts when a host may be asked again.
func (f *Frontier[T]) wake(authority string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if q := f.queues[authority]; q != nil && q.state == outside && q.len() > 0 {
		f.makeReady(q)
	}
}

// Take removes and returns what is queued for one host, also for later.
func (f *Frontier[T]) Take(authority string) []T {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []T
	if q := f.queues[authority]; q != nil {
		for q.len() > 0 {
			out = append(out, q.pop())
		}
	}
	keep := f.later[:0]
	for _, d := range f.later {
		if d.authority == authority {
			out = append(out, d.item)
		} else {
			keep = append(keep, d)
		}
	}
	clear(f.later[len(keep):])
	f.later = keep
	heap.Init(&f.later)
	f.size -= len(out)
	f.arm()
	return out
}

// Drain removes and returns everything that is queued.
func (f *Frontier[T]) Drain() []T {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.drain()
}

func (f *Frontier[T]) drain() []T {
	out := make([]T, 0, f.size)
	for name, q := range f.queues {
		for q.len() > 0 {
			out = append(out, q.pop())
		}
		f.hosts.forsake(name, f)
	}
	for _, d := range f.later {
		out = append(out, d.item)
	}
	clear(f.queues)
	f.ready, f.asleep, f.later, f.size = nil, nil, nil, 0
	f.arm()
	return out
}

// Close ends every Next with false and returns what was still queued.
func (f *Frontier[T]) Close() []T {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.cond.Broadcast()
	return f.drain()
}

// Len is the number of items queued, those for later included.
func (f *Frontier[T]) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.size
}
