package jobtest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gleaner/shared/job"
)

var retryTests = []test{
	{"TakesOldOutcomesOff", testRetry},
	{"MarkedOriginIsConflict", testRetryConflict},
	{"OneWinner", testRetryRace},
	{"ManyOrigins", testRetryOrigins},
	{"RetryOfARetry", testRetryAgain},
}

func (f *fixture) retry(r job.Ref, round int, ts []job.Target) job.Batch {
	return job.Batch{
		Ref: job.Ref{Job: r.Job, Key: job.RetryKey(round, r.Key.Seq())}, Status: job.Pending, Targets: ts, Due: f.now.Add(time.Minute),
	}
}

func testRetry(t *testing.T, f *fixture) {
	r := f.one(t, 8)
	res := f.fetch(t, r, "token")
	f.settle(t, r, res)
	var failed []job.Target
	for _, v := range res.Visits {
		if v.Outcome.Retryable() {
			failed = append(failed, job.Target{URL: v.URL})
		}
	}
	b := f.retry(r, 1, failed)
	if err := f.AddRetry(t.Context(), b, []job.Key{r.Key}, map[job.Outcome]int{job.OutcomeTimeout: 2}); err != nil {
		t.Fatal(err)
	}
	equal(t, b, f.batch(t, b.Ref))
	if origin := f.batch(t, r); origin.Retried != b.Ref.Key || origin.Status != job.Done {
		t.Errorf("origin %+v", origin)
	}
	f.counted(t, r.Job, job.Counters{
		Processed: 8, BatchesDone: 1, ExtraURLs: 2, ExtraBatches: 1, Pages: 16, Bytes: 8000,
		Outcomes: map[job.Outcome]int64{job.OutcomeNone: 4, job.OutcomeFound: 2},
	})
	if p := f.progress(t, r.Job); p.Total() != 10 || p.OpenBatches() != 1 {
		t.Errorf("total %d, open %d", p.Total(), p.OpenBatches())
	}
	f.claim(t, b.Ref, "token")
	second := job.Result{Visits: []job.Visit{
		{URL: failed[0].URL, Outcome: job.OutcomeFound}, {URL: failed[1].URL, Outcome: job.OutcomeTimeout},
	}}
	f.save(t, b.Ref, "token", second, nil)
	f.settle(t, b.Ref, second)
	f.counted(t, r.Job, job.Counters{
		Processed: 10, BatchesDone: 2, ExtraURLs: 2, ExtraBatches: 1, Pages: 16, Bytes: 8000,
		Outcomes: map[job.Outcome]int64{job.OutcomeNone: 4, job.OutcomeFound: 3, job.OutcomeTimeout: 1},
	})
}

func testRetryConflict(t *testing.T, f *fixture) {
	_, batches := f.running(t, 1, func(id job.ID) []job.Batch { return f.batches(id, 2, 4) })
	for i := range batches {
		f.settle(t, batches[i].Ref, f.fetch(t, batches[i].Ref, "token"))
	}
	first, second := batches[0].Ref, batches[1].Ref
	superseded := map[job.Outcome]int{job.OutcomeTimeout: 1}
	if err := f.AddRetry(t.Context(), f.retry(first, 1, targets(0, 1)), []job.Key{first.Key}, superseded); err != nil {
		t.Fatal(err)
	}
	before := f.progress(t, first.Job).Counters
	b := f.retry(second, 2, targets(1, 1))
	for _, origins := range [][]job.Key{{first.Key}, {second.Key, first.Key}, {first.Key, second.Key}} {
		wantError(t, "retry of a marked origin", f.AddRetry(t.Context(), b, origins, superseded), job.ErrConflict)
	}
	_, err := f.Batch(t.Context(), b.Ref)
	wantError(t, "batch of the retry", err, job.ErrNotFound)
	if origin := f.batch(t, second); origin.Retried != "" {
		t.Errorf("origin is marked by %q", origin.Retried)
	}
	equal(t, before, f.progress(t, first.Job).Counters)
	many := make([]job.Key, job.MaxRetryOrigins+1)
	for i := range many {
		many[i] = job.PlannedKey(i)
	}
	if err := f.AddRetry(t.Context(), b, many, superseded); err == nil {
		t.Errorf("%d origins were taken", len(many))
	}
}

func testRetryRace(t *testing.T, f *fixture) {
	r := f.one(t, 8)
	f.settle(t, r, f.fetch(t, r, "token"))
	var won atomic.Int32
	var wg sync.WaitGroup
	for round := range 8 {
		wg.Go(func() {
			err := f.AddRetry(t.Context(), f.retry(r, round+1, targets(0, 2)), []job.Key{r.Key}, map[job.Outcome]int{job.OutcomeTimeout: 2})
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, job.ErrConflict):
				t.Errorf("retry: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d retries of one batch", won.Load())
	}
	p := f.progress(t, r.Job).Counters
	if p.ExtraURLs != 2 || p.ExtraBatches != 1 || p.Outcomes[job.OutcomeTimeout] != 0 {
		t.Errorf("counters %+v", p)
	}
}

func testRetryOrigins(t *testing.T, f *fixture) {
	j, batches := f.running(t, 4, func(id job.ID) []job.Batch { return f.batches(id, 4*job.MaxRetryOrigins, 4) })
	var origins []job.Key
	var failed []job.Target
	for i := range batches {
		f.settle(t, batches[i].Ref, f.fetch(t, batches[i].Ref, fmt.Sprint("t", i)))
		if batches[i].Ref.Shard() == 2 {
			origins = append(origins, batches[i].Ref.Key)
			failed = append(failed, batches[i].Targets[3])
		}
	}
	b := f.retry(job.Ref{Job: j.ID, Key: origins[0]}, 1, failed)
	if b.Ref.Shard() != 2 {
		t.Fatalf("shard %d", b.Ref.Shard())
	}
	if err := f.AddRetry(t.Context(), b, origins, map[job.Outcome]int{job.OutcomeTimeout: len(origins)}); err != nil {
		t.Fatal(err)
	}
	for _, key := range origins {
		if origin := f.batch(t, job.Ref{Job: j.ID, Key: key}); origin.Retried != b.Ref.Key {
			t.Errorf("origin %s is retried by %q", key, origin.Retried)
		}
	}
	f.settle(t, b.Ref, f.fetch(t, b.Ref, "token"))
	p := f.progress(t, j.ID)
	var outcomes int64
	for _, n := range p.Counters.Outcomes {
		outcomes += n
	}
	if !p.AllSettled() || p.Counters.Processed != p.Total() || outcomes != int64(j.URLs) {
		t.Errorf("%d outcomes of %d URLs, progress %+v", outcomes, j.URLs, p.Counters)
	}
}

func testRetryAgain(t *testing.T, f *fixture) {
	r := f.one(t, 4)
	f.settle(t, r, f.fetch(t, r, "token"))
	for round := 1; round <= 3; round++ {
		b := f.retry(job.Ref{Job: r.Job, Key: job.PlannedKey(0)}, round, targets(0, 1))
		if err := f.AddRetry(t.Context(), b, []job.Key{r.Key}, map[job.Outcome]int{job.OutcomeTimeout: 1}); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		f.claim(t, b.Ref, "token")
		res := job.Result{Visits: []job.Visit{{URL: b.Targets[0].URL, Outcome: job.OutcomeTimeout}}}
		f.save(t, b.Ref, "token", res, nil)
		f.settle(t, b.Ref, res)
		r = b.Ref
	}
	if c := f.progress(t, r.Job).Counters; c.Outcomes[job.OutcomeTimeout] != 1 || c.ExtraURLs != 3 || c.Processed != 7 {
		t.Errorf("counters %+v", c)
	}
}
