package crawl_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/crawl"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/work"
)

// wholeWorker is a worker with its store, for the benchmarks.
type wholeWorker struct {
	b      *testing.B
	store  *sqlitestore.Store
	worker *work.Worker
}

// silence is a queue nobody listens to: batches are rung by hand.
type silence struct{}

func (silence) Send(context.Context, []queue.Outgoing) error { return nil }

func newWholeWorker(b *testing.B, c *crawl.Crawler) *wholeWorker {
	b.Helper()
	store, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	return &wholeWorker{b: b, store: store, worker: work.New(work.Config{Store: store, Bells: silence{}, Crawler: c})}
}

// run takes a job of urls through its life, in full batches one after the
// other, and returns the number of pages fetched.
func (w *wholeWorker) run(urls []string) int {
	w.b.Helper()
	ctx, now := w.b.Context(), time.Now()
	j := job.Job{
		ID: job.NewID(now, job.ShardsFor(len(urls))), Owner: "bench", Status: job.Creating, CreatedAt: now,
		ExpiresAt: now.Add(time.Hour), URLs: len(urls), Options: job.Options{Follow: job.FollowNone},
	}
	if err := j.Options.Normalise(); err != nil {
		w.b.Fatal(err)
	}
	var batches []job.Batch
	for at := 0; at < len(urls); at += job.MaxBatch {
		batch := job.Batch{Ref: job.Ref{Job: j.ID, Key: job.PlannedKey(len(batches))}, Status: job.Pending, Due: now}
		for _, u := range urls[at:min(at+job.MaxBatch, len(urls))] {
			batch.Targets = append(batch.Targets, job.Target{URL: u})
		}
		batches = append(batches, batch)
	}
	j.Batches = len(batches)
	if _, _, err := w.store.CreateJob(ctx, j); err != nil {
		w.b.Fatal(err)
	}
	if err := w.store.PutBatches(ctx, batches); err != nil {
		w.b.Fatal(err)
	}
	if _, err := job.Mutate(ctx, w.store, j.ID, func(j *job.Job) error { return j.Become(job.Running, now, "") }); err != nil {
		w.b.Fatal(err)
	}
	for i := range batches {
		if err := w.worker.Ring(ctx, job.Bell{Ref: batches[i].Ref}); err != nil {
			w.b.Fatal(err)
		}
	}
	p, err := w.store.Progress(ctx, j.ID)
	if err != nil {
		w.b.Fatal(err)
	}
	if found := p.Counters.Outcomes[job.OutcomeFound]; int(found) != len(urls) {
		w.b.Fatalf("%d of %d pages: %v", found, len(urls), p.Counters.Outcomes)
	}
	return int(p.Counters.Pages)
}
