// Package chaos runs jobs through the real use cases, handlers and adapters in a
// small world with its own clock and queue, in which processes die, messages
// come twice, late and out of order, and writes fail, and compares the end with
// that of a world where nothing went wrong.
//
// Its crash points cost nothing in production, for they are not in it: they are
// in a wrapper around the store and the queue, before and after each call, and
// so between any two steps of everything that is stored or rung.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
)

// When says on which side of a call a fault strikes.
type When string

// The sides.
const (
	Before When = "before" // the call never reached the store
	After  When = "after"  // it took effect, and nobody heard of it
)

// Point is a named crash point: one side of the n-th call of an operation.
type Point struct {
	Op   string
	Nth  int // from 1
	When When
}

// String implements fmt.Stringer.
func (p Point) String() string { return fmt.Sprintf("%s#%d/%s", p.Op, p.Nth, p.When) }

// Crash is what a dying process panics with.
type Crash struct{ Point }

// ErrInjected is the fault of a store or queue that did not answer.
var ErrInjected = errors.New("injected fault")

// Faults decides what goes wrong. It is safe for concurrent use.
type Faults struct {
	mu    sync.Mutex
	calls map[string]int
	seen  []Point
	// Decide is asked at each side of each call: panic with Crash to die, return
	// an error to fail, nil to go on. It may be nil.
	Decide func(Point) error
}

// Seen lists the points passed so far.
func (f *Faults) Seen() []Point {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Point(nil), f.seen...)
}

func (f *Faults) around(op string, call func() error) error {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[op]++
	n := f.calls[op]
	f.mu.Unlock()
	if err := f.at(Point{op, n, Before}); err != nil {
		return err
	}
	err := call()
	if late := f.at(Point{op, n, After}); late != nil {
		return late
	}
	return err
}

func (f *Faults) at(p Point) error {
	f.mu.Lock()
	f.seen = append(f.seen, p)
	decide := f.Decide
	f.mu.Unlock()
	if decide == nil {
		return nil
	}
	return decide(p)
}

// faultySender passes messages on, with faults.
type faultySender struct {
	queue.Sender
	faults *Faults
}

func (s *faultySender) Send(ctx context.Context, ms []queue.Outgoing) error {
	return s.faults.around("Send", func() error { return s.Sender.Send(ctx, ms) })
}

// faultyStore is a store whose writes, and the reads between them, can fail.
type faultyStore struct {
	job.Store
	faults *Faults
}

func (s *faultyStore) CreateJob(ctx context.Context, j job.Job) (out job.Job, created bool, err error) {
	err = s.faults.around("CreateJob", func() (err error) { out, created, err = s.Store.CreateJob(ctx, j); return err })
	return out, created, err
}

func (s *faultyStore) UpdateJob(ctx context.Context, j job.Job) (out job.Job, err error) {
	err = s.faults.around("UpdateJob", func() (err error) { out, err = s.Store.UpdateJob(ctx, j); return err })
	return out, err
}

func (s *faultyStore) PurgeJob(ctx context.Context, id job.ID, limit int) (done bool, err error) {
	err = s.faults.around("PurgeJob", func() (err error) { done, err = s.Store.PurgeJob(ctx, id, limit); return err })
	return done, err
}

func (s *faultyStore) Progress(ctx context.Context, id job.ID) (p job.Progress, err error) {
	err = s.faults.around("Progress", func() (err error) { p, err = s.Store.Progress(ctx, id); return err })
	return p, err
}

func (s *faultyStore) PutChunk(ctx context.Context, id job.ID, c job.Chunk) error {
	return s.faults.around("PutChunk", func() error { return s.Store.PutChunk(ctx, id, c) })
}

func (s *faultyStore) PutBatches(ctx context.Context, b []job.Batch) error {
	return s.faults.around("PutBatches", func() error { return s.Store.PutBatches(ctx, b) })
}

func (s *faultyStore) Claim(ctx context.Context, r job.Ref, c job.Claim) (b job.Batch, err error) {
	err = s.faults.around("Claim", func() (err error) { b, err = s.Store.Claim(ctx, r, c); return err })
	return b, err
}

func (s *faultyStore) Release(ctx context.Context, r job.Ref, token string, due time.Time) error {
	return s.faults.around("Release", func() error { return s.Store.Release(ctx, r, token, due) })
}

func (s *faultyStore) SaveResult(ctx context.Context, r job.Ref, token string, res job.Result, cont *job.Batch) error {
	return s.faults.around("SaveResult", func() error { return s.Store.SaveResult(ctx, r, token, res, cont) })
}

func (s *faultyStore) Settle(ctx context.Context, r job.Ref, t job.Tally, now, due time.Time) (next job.Key, err error) {
	err = s.faults.around("Settle", func() (err error) { next, err = s.Store.Settle(ctx, r, t, now, due); return err })
	return next, err
}

func (s *faultyStore) Split(ctx context.Context, r job.Ref, token string, halves [2]job.Batch, now time.Time) error {
	return s.faults.around("Split", func() error { return s.Store.Split(ctx, r, token, halves, now) })
}

func (s *faultyStore) AddRetry(ctx context.Context, b job.Batch, origins []job.Key, off map[job.Outcome]int) error {
	return s.faults.around("AddRetry", func() error { return s.Store.AddRetry(ctx, b, origins, off) })
}

func (s *faultyStore) Rang(ctx context.Context, refs []job.Ref, due time.Time) error {
	return s.faults.around("Rang", func() error { return s.Store.Rang(ctx, refs, due) })
}

func (s *faultyStore) PutAddresses(ctx context.Context, r job.Ref, a []job.Address, expires time.Time) (mine []bool, err error) {
	err = s.faults.around("PutAddresses", func() (err error) { mine, err = s.Store.PutAddresses(ctx, r, a, expires); return err })
	return mine, err
}

func (s *faultyStore) PutDomains(ctx context.Context, r job.Ref, d []string, expires time.Time) (mine []bool, err error) {
	err = s.faults.around("PutDomains", func() (err error) { mine, err = s.Store.PutDomains(ctx, r, d, expires); return err })
	return mine, err
}

func (s *faultyStore) Due(ctx context.Context, id job.ID, now time.Time, limit int) (refs []job.Ref, err error) {
	err = s.faults.around("Due", func() (err error) { refs, err = s.Store.Due(ctx, id, now, limit); return err })
	return refs, err
}
