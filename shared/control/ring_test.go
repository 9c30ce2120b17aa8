package control_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/control"
	"gleaner/shared/job"
	"gleaner/shared/queue"
)

// counter counts the bells of each body.
type counter map[string]int

func (c counter) Send(_ context.Context, out []queue.Outgoing) error {
	for _, o := range out {
		c[o.Body]++
	}
	return nil
}

// TestResumeRingsEveryBatchHoweverSoon pauses and resumes a job again and again
// within moments, its bells lost each time, and wants every batch rung each time:
// also where there are more batches than are looked at together.
func TestResumeRingsEveryBatchHoweverSoon(t *testing.T) {
	const batches = 1200
	ctx := t.Context()
	store, err := sqlitestore.Open(ctx, filepath.Join(t.TempDir(), "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	now := time.Now()
	id := job.NewID(now, 4)
	j, _, err := store.CreateJob(ctx, job.Job{ID: id, Owner: "o", Status: job.Creating, CreatedAt: now, ExpiresAt: now.Add(time.Hour), Batches: batches, URLs: batches})
	if err != nil {
		t.Fatal(err)
	}
	var all []job.Batch
	for n := range batches {
		all = append(all, job.Batch{
			Ref: job.Ref{Job: id, Key: job.PlannedKey(n)}, Status: job.Pending, Due: now.Add(time.Minute),
			Targets: []job.Target{{URL: fmt.Sprintf("https://h%d.example.org/", n)}},
		})
	}
	if err := store.PutBatches(ctx, all); err != nil {
		t.Fatal(err)
	}
	if err := j.Become(job.Running, now, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := store.UpdateJob(ctx, j); err != nil {
		t.Fatal(err)
	}
	bells := counter{}
	svc := control.New(store, bells, func() time.Time { return now }, nil)
	for range 4 {
		clear(bells)
		if _, err := svc.Pause(ctx, "o", id); err != nil {
			t.Fatal(err)
		}
		if _, err := svc.Resume(ctx, "o", id); err != nil {
			t.Fatal(err)
		}
		if len(bells) != batches {
			t.Fatalf("%d of %d batches were rung", len(bells), batches)
		}
		now = now.Add(700 * time.Millisecond)
	}
}
