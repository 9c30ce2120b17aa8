package submit_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
)

var errCrash = errors.New("the process is gone")

// world is a store, a queue and a clock that can be told to crash: the chosen
// call either never reaches the store, or reaches it and loses its answer.
type world struct {
	job.Store // panics for what submit must not call

	mu      sync.Mutex
	now     time.Time
	jobs    map[job.ID]job.Job
	keys    map[string]job.ID
	batches map[job.ID]map[job.Key]job.Batch
	chunks  map[job.ID]map[int]job.Chunk
	bells   []job.Bell

	calls   []string
	crashAt int  // index into calls, -1 never
	after   bool // crash after the call took effect
	dead    bool
	late    int // batches written to a job that was running already
}

func newWorld() *world {
	return &world{
		now: time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC), crashAt: -1,
		jobs: map[job.ID]job.Job{}, keys: map[string]job.ID{},
		batches: map[job.ID]map[job.Key]job.Batch{}, chunks: map[job.ID]map[int]job.Chunk{},
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// restart brings a crashed process back.
func (w *world) restart() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead, w.crashAt, w.calls = false, -1, nil
}

// do runs one call of the store, or crashes at it. Once dead everything fails.
func (w *world) do(ctx context.Context, name string, effect func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.dead {
		return errCrash
	}
	w.calls = append(w.calls, name)
	if len(w.calls)-1 != w.crashAt {
		return effect()
	}
	w.dead = true
	if w.after {
		_ = effect()
	}
	return errCrash
}

func (w *world) CreateJob(ctx context.Context, j job.Job) (stored job.Job, created bool, err error) {
	err = w.do(ctx, "CreateJob", func() error {
		if j.Idempotency != nil {
			key := j.Owner + "\x00" + j.Idempotency.Key
			if id, ok := w.keys[key]; ok {
				stored = w.jobs[id]
				if stored.Idempotency.Fingerprint != j.Idempotency.Fingerprint {
					return job.ErrIdempotency
				}
				return nil
			}
			w.keys[key] = j.ID
		}
		j.Version = 1
		w.jobs[j.ID] = j
		stored, created = j, true
		return nil
	})
	return stored, created, err
}

func (w *world) Job(ctx context.Context, id job.ID) (j job.Job, err error) {
	err = w.do(ctx, "Job", func() error {
		var ok bool
		if j, ok = w.jobs[id]; !ok {
			return job.ErrNotFound
		}
		j.History = slices.Clone(j.History)
		return nil
	})
	return j, err
}

func (w *world) UpdateJob(ctx context.Context, j job.Job) (job.Job, error) {
	err := w.do(ctx, "UpdateJob", func() error {
		if w.jobs[j.ID].Version != j.Version {
			return job.ErrConflict
		}
		j.Version++
		w.jobs[j.ID] = j
		return nil
	})
	return j, err
}

func (w *world) PutBatches(ctx context.Context, batches []job.Batch) error {
	return w.do(ctx, "PutBatches", func() error {
		for _, b := range batches {
			if s := w.jobs[b.Ref.Job].Status; s != job.Creating && s != job.Cancelled {
				w.late++
				return fmt.Errorf("batch %s written to a job that is %s", b.Ref, s)
			}
			if w.batches[b.Ref.Job] == nil {
				w.batches[b.Ref.Job] = map[job.Key]job.Batch{}
			}
			w.batches[b.Ref.Job][b.Ref.Key] = b
		}
		return nil
	})
}

func (w *world) PutChunk(ctx context.Context, id job.ID, c job.Chunk) error {
	return w.do(ctx, "PutChunk", func() error {
		if w.chunks[id] == nil {
			w.chunks[id] = map[int]job.Chunk{}
		}
		w.chunks[id][c.Number] = c
		return nil
	})
}

func (w *world) Chunks(ctx context.Context, id job.ID, fn func(job.Chunk) error) error {
	return w.do(ctx, "Chunks", func() error {
		for _, n := range slices.Sorted(maps.Keys(w.chunks[id])) {
			if err := fn(w.chunks[id][n]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) Send(ctx context.Context, messages []queue.Outgoing) error {
	return w.do(ctx, "Send", func() error {
		for _, m := range messages {
			b, err := job.ParseBell(m.Body)
			if err != nil {
				return err
			}
			w.bells = append(w.bells, b)
		}
		return nil
	})
}

// urlsOf returns how often each URL is in the job's batches.
func (w *world) urlsOf(t *testing.T, id job.ID) map[string]int {
	t.Helper()
	urls := map[string]int{}
	for _, b := range w.batches[id] {
		for _, target := range b.Targets {
			urls[target.URL]++
		}
	}
	return urls
}
