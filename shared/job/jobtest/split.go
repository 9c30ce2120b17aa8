package jobtest

import (
	"testing"

	"gleaner/shared/job"
)

var splitTests = []test{
	{"Halves", testSplit},
	{"InLane", testSplitInLane},
	{"OneHost", testSplitOneHost},
	{"NeedsTheLease", testSplitLost},
	{"AgainChangesNothing", testSplitAgain},
	{"DownToOne", testSplitDown},
}

// halves are the two halves of a batch.
func (f *fixture) halves(b job.Batch) [2]job.Batch {
	half := (len(b.Targets) + 1) / 2
	make := func(letter byte, ts []job.Target) job.Batch {
		return job.Batch{Ref: job.Ref{Job: b.Ref.Job, Key: b.Ref.Key.Child(letter)}, Status: job.Pending, Targets: ts}
	}
	return [2]job.Batch{make('a', b.Targets[:half]), make('b', b.Targets[half:])}
}

func (f *fixture) split(t tb, r job.Ref, token string) [2]job.Batch {
	t.Helper()
	halves := f.halves(f.claim(t, r, token))
	if err := f.Split(t.Context(), r, token, halves, f.now); err != nil {
		t.Fatalf("split: %v", err)
	}
	return halves
}

func testSplit(t *testing.T, f *fixture) {
	r := f.one(t, 5)
	halves := f.split(t, r, "token")
	b := f.batch(t, r)
	if b.Status != job.Done || !b.Split || !b.Due.IsZero() || !b.Finished.Equal(f.now) || b.Result != nil {
		t.Errorf("split batch %+v", b)
	}
	for i := range halves {
		halves[i].Due = f.now
		equal(t, halves[i], f.batch(t, halves[i].Ref))
	}
	f.counted(t, r.Job, job.Counters{BatchesDone: 1, ExtraBatches: 2})
	for i := range halves {
		f.settle(t, halves[i].Ref, f.fetch(t, halves[i].Ref, "token"))
	}
	p := f.progress(t, r.Job)
	if !p.AllSettled() || p.Counters.Processed != 5 {
		t.Errorf("progress %+v", p.Counters)
	}
}

func testSplitInLane(t *testing.T, f *fixture) {
	j, batches := f.runningLane(t, 2, 6)
	r := batches[0].Ref
	halves := f.split(t, r, "token")
	a, b := f.batch(t, halves[0].Ref), f.batch(t, halves[1].Ref)
	if a.Held || a.Next != b.Ref.Key || !a.Due.Equal(f.now) {
		t.Errorf("first half %+v", a)
	}
	if !b.Held || b.Next != batches[1].Ref.Key || !b.Due.IsZero() {
		t.Errorf("second half %+v", b)
	}
	if last := f.batch(t, batches[1].Ref); !last.Held {
		t.Error("the batch behind is not held")
	}
	var order []job.Key
	for key := a.Ref.Key; key != ""; {
		order = append(order, key)
		key = f.finish(t, job.Ref{Job: j.ID, Key: key}, len(f.batch(t, job.Ref{Job: j.ID, Key: key}).Targets))
	}
	equal(t, []job.Key{a.Ref.Key, b.Ref.Key, batches[1].Ref.Key}, order)
	if p := f.progress(t, j.ID); !p.AllSettled() || p.Counters.Processed != 12 {
		t.Errorf("progress %+v", p.Counters)
	}
}

// A batch of no lane whose halves hold pages of one host becomes a lane of two.
func testSplitOneHost(t *testing.T, f *fixture) {
	r := f.one(t, 5)
	halves := f.halves(f.claim(t, r, "token"))
	halves[0].Next = halves[1].Ref.Key
	if err := f.Split(t.Context(), r, "token", halves, f.now); err != nil {
		t.Fatal(err)
	}
	a, b := f.batch(t, halves[0].Ref), f.batch(t, halves[1].Ref)
	if a.Held || a.Next != b.Ref.Key || !a.Due.Equal(f.now) {
		t.Errorf("first half %+v", a)
	}
	if !b.Held || b.Next != "" || !b.Due.IsZero() {
		t.Errorf("second half %+v", b)
	}
	if next := f.finish(t, a.Ref, 3); next != b.Ref.Key {
		t.Errorf("the first half leads to %q", next)
	}
	if next := f.finish(t, b.Ref, 2); next != "" {
		t.Errorf("the second half leads to %q", next)
	}
	f.counted(t, r.Job, job.Counters{
		Processed: 5, BatchesDone: 3, ExtraBatches: 2, Pages: 10, Bytes: 5000,
		Outcomes: map[job.Outcome]int64{job.OutcomeNone: 3, job.OutcomeFound: 2},
	})
}

func testSplitLost(t *testing.T, f *fixture) {
	r := f.one(t, 4)
	halves := f.halves(f.batch(t, r))
	ctx := t.Context()
	wantError(t, "split of a pending batch", f.Split(ctx, r, "token", halves, f.now), job.ErrLeaseLost)
	f.claim(t, r, "token")
	wantError(t, "split by a stranger", f.Split(ctx, r, "other", halves, f.now), job.ErrLeaseLost)
	_, err := f.Batch(ctx, halves[0].Ref)
	wantError(t, "half", err, job.ErrNotFound)
	f.save(t, r, "token", f.result(targets(0, 4)), nil)
	if err := f.Split(ctx, r, "token", halves, f.now); err == nil {
		t.Error("a fetched batch was split: its URLs would be fetched again")
	}
	if b := f.batch(t, r); b.Status != job.Fetched {
		t.Errorf("batch is %s", b.Status)
	}
	f.counted(t, r.Job, job.Counters{Active: 1})
}

func testSplitAgain(t *testing.T, f *fixture) {
	r := f.one(t, 4)
	halves := f.split(t, r, "token")
	f.claim(t, halves[0].Ref, "heir")
	// Whether it is told that all is well or that it comes too late is the
	// adapter's choice; nothing may change.
	_ = f.Split(t.Context(), r, "token", halves, f.now)
	wantError(t, "split by a stranger", f.Split(t.Context(), r, "other", halves, f.now), job.ErrLeaseLost)
	if b := f.batch(t, halves[0].Ref); b.Status != job.Leased || b.LeaseToken != "heir" {
		t.Errorf("first half is %s by %q", b.Status, b.LeaseToken)
	}
	f.counted(t, r.Job, job.Counters{Active: 1, BatchesDone: 1, ExtraBatches: 2})
	_, err := f.Settle(t.Context(), r, job.Tally{}, f.now, f.now)
	wantError(t, "settle of a split batch", err, job.ErrDone)
	_, err = f.Claim(t.Context(), r, job.Claim{Token: "late", Now: f.now, Lease: lease})
	wantError(t, "claim of a split batch", err, job.ErrDone)
}

// A batch that crashes its workers is halved until the URL that does it is alone.
func testSplitDown(t *testing.T, f *fixture) {
	r := f.one(t, 8)
	depth := 0
	for b := f.batch(t, r); len(b.Targets) > 1; depth++ {
		halves := f.split(t, b.Ref, "token")
		f.settle(t, halves[1].Ref, f.fetch(t, halves[1].Ref, "other"))
		b = f.batch(t, halves[0].Ref)
	}
	last := job.Ref{Job: r.Job, Key: r.Key + "aaa"}
	b := f.claim(t, last, "token")
	res := job.Result{Visits: []job.Visit{{URL: b.Targets[0].URL, Outcome: job.OutcomeCrashed}}}
	f.save(t, last, "token", res, nil)
	f.settle(t, last, res)
	p := f.progress(t, r.Job)
	if depth != 3 || !p.AllSettled() || p.Counters.Processed != 8 || p.Counters.Outcomes[job.OutcomeCrashed] != 1 {
		t.Errorf("depth %d, progress %+v", depth, p.Counters)
	}
}
