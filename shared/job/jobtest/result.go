package jobtest

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"gleaner/shared/job"
)

var resultTests = []test{
	{"IsKept", testSaveResult},
	{"NeedsTheLease", testSaveLost},
	{"LeaseThatRanOutUnnoticed", testSaveLate},
	{"AgainIsHarmless", testSaveAgain},
	{"AtOnceIsHarmless", testSaveRace},
	{"Continuation", testContinuation},
	{"ContinuationInLane", testContinuationInLane},
	{"ContinuationOfContinuation", testContinuationTwice},
	{"ContinuationTakesOverFromLast", testContinuationOfLast},
	{"FiveMegabytes", testLargeResult},
}

func testSaveResult(t *testing.T, f *fixture) {
	r := f.one(t, 9)
	b := f.claim(t, r, "token")
	res := f.result(b.Targets)
	res.Addresses[0].Sources = []string{"https://a.de/1", "https://a.de/ü"}
	res.Addresses[0].Raw = "anna (ät) tischlerei-oehlert <punkt> de"
	res.Visits[1].FinalURL, res.Visits[1].BadCert = "https://a.de/?x=1&y=<2>", true
	f.save(t, r, "token", res, nil)
	b.Status, b.Result = job.Fetched, &res
	equal(t, b, f.batch(t, r))
	f.counted(t, r.Job, job.Counters{Active: 1}) // nothing is counted before it settles
}

func testSaveLost(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	ctx := t.Context()
	res := f.result(targets(0, 2))
	wantError(t, "save to a pending batch", f.SaveResult(ctx, r, "token", res, nil), job.ErrLeaseLost)
	f.claim(t, r, "token")
	wantError(t, "save by a stranger", f.SaveResult(ctx, r, "other", res, nil), job.ErrLeaseLost)
	cont := job.Batch{Ref: job.Ref{Job: r.Job, Key: r.Key.Child('c')}, Targets: targets(0, 1), Due: f.now}
	wantError(t, "save by a stranger", f.SaveResult(ctx, r, "other", res, &cont), job.ErrLeaseLost)
	_, err := f.Batch(ctx, cont.Ref)
	wantError(t, "the stranger's continuation", err, job.ErrNotFound)
	if b := f.batch(t, r); b.Status != job.Leased || b.Result != nil {
		t.Errorf("batch %+v", b)
	}
	f.counted(t, r.Job, job.Counters{Active: 1})
}

// A worker that overran its lease keeps its work if nobody took the batch.
func testSaveLate(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	b := f.claim(t, r, "token")
	f.tick(10 * lease)
	f.save(t, r, "token", f.result(b.Targets), nil)
	if b := f.batch(t, r); b.Status != job.Fetched {
		t.Errorf("batch is %s", b.Status)
	}
}

func testSaveAgain(t *testing.T, f *fixture) {
	r := f.one(t, 4)
	ts := f.claim(t, r, "token").Targets
	res := f.result(ts[:2])
	cont := job.Batch{Ref: job.Ref{Job: r.Job, Key: r.Key.Child('c')}, Targets: ts[2:], Due: f.now.Add(time.Minute)}
	for range 3 {
		f.save(t, r, "token", res, &cont)
		f.counted(t, r.Job, job.Counters{Active: 1, ExtraBatches: 1})
	}
	equal(t, &res, f.batch(t, r).Result)
	f.claim(t, cont.Ref, "heir")
	f.save(t, r, "token", res, &cont) // must not take the continuation from its worker
	if b := f.batch(t, cont.Ref); b.Status != job.Leased || b.LeaseToken != "heir" {
		t.Errorf("continuation is %s by %q", b.Status, b.LeaseToken)
	}
	f.settle(t, r, res)
	wantError(t, "save to a done batch", f.SaveResult(t.Context(), r, "token", res, &cont), job.ErrDone)
	if b := f.batch(t, r); b.Status != job.Done {
		t.Errorf("batch is %s", b.Status)
	}
	f.counted(t, r.Job, job.Counters{
		Active: 1, ExtraBatches: 1, Processed: 2, BatchesDone: 1, Pages: 4, Bytes: 2000,
		Outcomes: map[job.Outcome]int64{job.OutcomeNone: 1, job.OutcomeFound: 1},
	})
}

func testSaveRace(t *testing.T, f *fixture) {
	r := f.one(t, 4)
	ts := f.claim(t, r, "token").Targets
	res := f.result(ts[:3])
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			cont := job.Batch{Ref: job.Ref{Job: r.Job, Key: r.Key.Child('c')}, Targets: ts[3:], Due: f.now}
			if err := f.SaveResult(t.Context(), r, "token", res, &cont); err != nil {
				t.Errorf("save: %v", err)
			}
		})
	}
	wg.Wait()
	f.counted(t, r.Job, job.Counters{Active: 1, ExtraBatches: 1})
	equal(t, &res, f.batch(t, r).Result)
}

// finish claims a batch, stores outcomes for its first n targets, with a
// continuation for the rest, and settles it.
func (f *fixture) finish(t tb, r job.Ref, n int) (next job.Key) {
	t.Helper()
	ts := f.claim(t, r, "finisher").Targets
	var cont *job.Batch
	if n < len(ts) {
		cont = &job.Batch{Ref: job.Ref{Job: r.Job, Key: r.Key.Child('c')}, Targets: ts[n:], Due: f.now.Add(time.Minute)}
	}
	res := f.result(ts[:n])
	f.save(t, r, "finisher", res, cont)
	return f.settle(t, r, res)
}

func testContinuation(t *testing.T, f *fixture) {
	r := f.one(t, 5)
	ts := f.claim(t, r, "token").Targets
	due := f.now.Add(5 * time.Minute)
	cont := job.Batch{Ref: job.Ref{Job: r.Job, Key: r.Key.Child('c')}, Targets: ts[2:], Due: due}
	res := f.result(ts[:2])
	f.save(t, r, "token", res, &cont)
	want := job.Batch{Ref: cont.Ref, Status: job.Pending, Targets: ts[2:], Due: due}
	equal(t, want, f.batch(t, cont.Ref)) // not held: there is no lane it could wait for
	f.settle(t, r, res)

	// It is a batch like any other.
	if b := f.claim(t, cont.Ref, "heir"); b.Attempt != 1 {
		t.Errorf("attempt %d", b.Attempt)
	}
	rest := f.result(ts[2:])
	f.save(t, cont.Ref, "heir", rest, nil)
	if next := f.settle(t, cont.Ref, rest); next != "" {
		t.Errorf("next %q", next)
	}
	p := f.progress(t, r.Job)
	if !p.AllSettled() || p.Counters.Processed != 5 || p.Counters.ExtraBatches != 1 || p.Counters.ExtraURLs != 0 {
		t.Errorf("progress %+v", p.Counters)
	}
}

func (f *fixture) runningLane(t tb, n, per int) (job.Job, []job.Batch) {
	t.Helper()
	return f.running(t, 4, func(id job.ID) []job.Batch { return lane(f.batches(id, n, per)) })
}

func testContinuationInLane(t *testing.T, f *fixture) {
	j, batches := f.runningLane(t, 3, 4)
	first, second := batches[0].Ref, batches[1].Ref
	ts := f.claim(t, first, "token").Targets
	cont := job.Batch{Ref: job.Ref{Job: j.ID, Key: first.Key.Child('c')}, Targets: ts[1:], Due: f.now.Add(time.Minute)}
	res := f.result(ts[:1])
	f.save(t, first, "token", res, &cont)

	if b := f.batch(t, first); b.Next != cont.Ref.Key {
		t.Errorf("the batch leads to %q", b.Next)
	}
	if b := f.batch(t, cont.Ref); b.Next != second.Key || !b.Held || !b.Due.IsZero() || b.Status != job.Pending {
		t.Errorf("continuation %+v", b)
	}
	if b := f.batch(t, second); !b.Held {
		t.Error("the second batch is not held")
	}
	_, err := f.Claim(t.Context(), cont.Ref, job.Claim{Token: "heir", Now: f.now, Lease: lease})
	wantError(t, "claim of the continuation", err, job.ErrHeld)

	f.tick(time.Second)
	due := f.now.Add(3 * time.Minute)
	next, err := f.Settle(t.Context(), first, job.TallyOf(&res), f.now, due)
	if err != nil || next != cont.Ref.Key {
		t.Fatalf("settled: next %q, %v", next, err)
	}
	if b := f.batch(t, cont.Ref); b.Held || !b.Due.Equal(due) {
		t.Errorf("continuation %+v", b)
	}
	if b := f.batch(t, second); !b.Held {
		t.Error("the second batch is not held")
	}
	if next := f.finish(t, cont.Ref, 3); next != second.Key {
		t.Errorf("the continuation leads to %q", next)
	}
	if next := f.finish(t, second, 4); next != batches[2].Ref.Key {
		t.Errorf("the second batch leads to %q", next)
	}
}

func testContinuationTwice(t *testing.T, f *fixture) {
	j, batches := f.runningLane(t, 2, 6)
	r := batches[0].Ref
	var order []job.Key
	for key := r.Key; key != ""; {
		order = append(order, key)
		// Two of six, two of four, then the last two.
		key = f.finish(t, job.Ref{Job: j.ID, Key: key}, 2)
	}
	a, b := r.Key, batches[1].Ref.Key
	// Nothing holds what continues the last of a lane, so whether settling it
	// names the continuation is the adapter's choice.
	want := []job.Key{a, a.Child('c'), a.Child('c').Child('c'), b}
	if len(order) < len(want) {
		t.Fatalf("order %v", order)
	}
	equal(t, want, order[:len(want)])
}

// The last of a lane leads nowhere, so nothing holds its continuation.
func testContinuationOfLast(t *testing.T, f *fixture) {
	_, batches := f.runningLane(t, 2, 4)
	f.finish(t, batches[0].Ref, 4)
	last := batches[1].Ref
	f.finish(t, last, 1)
	cont := job.Ref{Job: last.Job, Key: last.Key.Child('c')}
	if b := f.batch(t, cont); b.Held || b.Next != "" || b.Due.IsZero() {
		t.Errorf("continuation %+v", b)
	}
	f.finish(t, cont, 3)
	if p := f.progress(t, last.Job); !p.AllSettled() || p.Counters.Processed != 8 {
		t.Errorf("progress %+v", p.Counters)
	}
}

func testLargeResult(t *testing.T, f *fixture) {
	j, batches := f.running(t, 1, func(id job.ID) []job.Batch { return f.batches(id, 3, 2) })
	random := rand.NewChaCha8([32]byte{2})
	noise := make([]byte, 90)
	res := job.Result{Pages: 17_000, Bytes: 1 << 40}
	for i := range 17_000 { // about 5 MB of JSON, much of it noise: 1.5 MB however compressed
		_, _ = random.Read(noise) // never fails
		v := job.Visit{URL: "https://gross.de/" + hex.EncodeToString(noise), Outcome: job.OutcomeFound, Status: 200, Addresses: 1, Millis: i}
		res.Visits = append(res.Visits, v)
		if i%200 == 0 {
			res.Addresses = append(res.Addresses, f.address(i, v.URL))
		}
	}
	r := batches[1].Ref
	f.claim(t, r, "token")
	for range 2 {
		f.save(t, r, "token", res, nil)
	}
	same := func(got *job.Result) {
		t.Helper()
		if got == nil || !slices.Equal(got.Visits, res.Visits) { // a difference would fill screens
			t.Fatal("the visits are others than were saved")
		}
		equal(t, res.Addresses, got.Addresses)
	}
	same(f.batch(t, r).Result)
	f.tick(2 * lease)
	same(f.claim(t, r, "heir").Result)
	for _, b := range f.allBatches(t, j.ID, 100) {
		if b.Ref == r {
			same(b.Result)
		} else if b.Result != nil {
			t.Errorf("batch %s has a result", b.Ref)
		}
	}
	f.settle(t, r, res)
	if got := f.progress(t, j.ID).Counters; got.Processed != 17_000 || got.Bytes != 1<<40 {
		t.Errorf("counters %+v", got)
	}
	f.markDeleted(t, j.ID)
	for done := false; !done; {
		var err error
		if done, err = f.PurgeJob(t.Context(), j.ID, 1000); err != nil {
			t.Fatal(err)
		}
	}
	f.purged(t, j.ID, batches)
}
