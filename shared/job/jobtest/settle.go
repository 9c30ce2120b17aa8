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

var settleTests = []test{
	{"Counts", testSettle},
	{"OnlyFetched", testSettleState},
	{"AgainIsDone", testSettleAgain},
	{"ExactlyOnce", testSettleRace},
	{"ExactlyOnceInLane", testSettleLaneRace},
	{"LeaseDoesNotMatter", testSettleByHeir},
	{"LaneHandsOver", testLane},
	{"RecentAddresses", testRecent},
	{"Shards", testShards},
}

func testSettle(t *testing.T, f *fixture) {
	_, batches := f.running(t, 1, func(id job.ID) []job.Batch { return f.batches(id, 2, 8) })
	r := batches[0].Ref
	before := f.progress(t, r.Job)
	res := f.fetch(t, r, "token")
	f.tick(time.Second)
	tally := job.TallyOf(&res)
	tally.Emails, tally.Domains = 2, 1
	next, err := f.Settle(t.Context(), r, tally, f.now, f.now.Add(time.Minute))
	if err != nil || next != "" {
		t.Fatalf("next %q, %v", next, err)
	}
	b := f.batch(t, r)
	if b.Status != job.Done || !b.Finished.Equal(f.now) || !b.Due.IsZero() || b.Split {
		t.Errorf("batch %+v", b)
	}
	equal(t, &res, b.Result) // what it brought stays readable
	want := job.Counters{
		Processed: 8, BatchesDone: 1, Emails: 2, Domains: 1, Pages: 16, Bytes: 8000,
		Outcomes: map[job.Outcome]int64{job.OutcomeNone: 4, job.OutcomeFound: 2, job.OutcomeTimeout: 2},
	}
	f.counted(t, r.Job, want)

	f.settle(t, batches[1].Ref, f.fetch(t, batches[1].Ref, "token"))
	want.Processed, want.BatchesDone, want.Pages, want.Bytes = 16, 2, 32, 16000
	for o := range want.Outcomes {
		want.Outcomes[o] *= 2
	}
	f.counted(t, r.Job, want)
	p := f.progress(t, r.Job)
	if !p.AllSettled() || p.Version() <= before.Version() || p.Counters.UpdatedAt.IsZero() {
		t.Errorf("progress %+v, version %d after %d", p.Counters, p.Version(), before.Version())
	}
}

func testSettleState(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	tally := job.TallyOf(&job.Result{Visits: []job.Visit{{URL: "https://a.de/", Outcome: job.OutcomeNone}}})
	for _, status := range []job.BatchStatus{job.Pending, job.Leased} {
		_, err := f.Settle(t.Context(), r, tally, f.now, f.now)
		wantError(t, "settle of a batch that is "+string(status), err, job.ErrState)
		if status == job.Pending {
			f.counted(t, r.Job, job.Counters{})
			f.claim(t, r, "token")
		}
	}
	f.counted(t, r.Job, job.Counters{Active: 1})
	_, err := f.Settle(t.Context(), job.Ref{Job: r.Job, Key: job.PlannedKey(9)}, tally, f.now, f.now)
	wantError(t, "settle of a missing batch", err, job.ErrNotFound)
}

func testSettleAgain(t *testing.T, f *fixture) {
	_, batches := f.runningLane(t, 2, 4)
	r := batches[0].Ref
	res := f.fetch(t, r, "token")
	f.settle(t, r, res)
	finished := f.now
	before := f.progress(t, r.Job)
	f.claim(t, batches[1].Ref, "next")
	leased := f.batch(t, batches[1].Ref)
	f.tick(time.Second)
	for range 2 {
		next, err := f.Settle(t.Context(), r, job.TallyOf(&res), f.now, f.now.Add(time.Hour))
		wantError(t, "second settle", err, job.ErrDone)
		if next != batches[1].Ref.Key {
			t.Errorf("next %q: who settled and lost the answer still has to ring", next)
		}
	}
	if b := f.batch(t, r); !b.Finished.Equal(finished) {
		t.Errorf("finished %v, want %v", b.Finished, finished)
	}
	equal(t, leased, f.batch(t, batches[1].Ref))
	before.Counters.Active++
	equal(t, before.Counters.Processed, f.progress(t, r.Job).Counters.Processed)
	equal(t, before.Counters.Active, f.progress(t, r.Job).Counters.Active)
}

// settleAll settles a batch from many callers at once.
func (f *fixture) settleAll(t tb, r job.Ref, tally job.Tally, next job.Key) {
	t.Helper()
	var wg sync.WaitGroup
	var won atomic.Int32
	for range 16 {
		wg.Go(func() {
			got, err := f.Settle(t.Context(), r, tally, f.now, f.now.Add(time.Minute))
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, job.ErrDone):
				t.Errorf("settle: %v", err)
			}
			if got != next {
				t.Errorf("next %q, want %q", got, next)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 16 settled it", won.Load())
	}
}

func testSettleRace(t *testing.T, f *fixture) {
	r := f.one(t, 8)
	res := f.fetch(t, r, "token")
	f.settleAll(t, r, job.TallyOf(&res), "")
	f.counted(t, r.Job, job.Counters{
		Processed: 8, BatchesDone: 1, Pages: 16, Bytes: 8000,
		Outcomes: map[job.Outcome]int64{job.OutcomeNone: 4, job.OutcomeFound: 2, job.OutcomeTimeout: 2},
	})
}

func testSettleLaneRace(t *testing.T, f *fixture) {
	j, batches := f.runningLane(t, 3, 4)
	for i := range batches {
		next := job.Key("")
		if i+1 < len(batches) {
			next = batches[i+1].Ref.Key
		}
		res := f.fetch(t, batches[i].Ref, "token")
		f.settleAll(t, batches[i].Ref, job.TallyOf(&res), next)
	}
	if p := f.progress(t, j.ID); p.Counters.Processed != 12 || p.Counters.Active != 0 || !p.AllSettled() {
		t.Errorf("progress %+v", p.Counters)
	}
}

func testSettleByHeir(t *testing.T, f *fixture) {
	r := f.one(t, 4)
	res := f.fetch(t, r, "first")
	f.tick(lease + time.Second)
	f.claim(t, r, "second")
	f.settle(t, r, res) // by whomever
	if p := f.progress(t, r.Job); p.Counters.Active != 0 || p.Counters.Processed != 4 {
		t.Errorf("counters %+v", p.Counters)
	}
}

func testLane(t *testing.T, f *fixture) {
	j, batches := f.runningLane(t, 3, 2)
	for i := range batches {
		r := batches[i].Ref
		if b := f.batch(t, r); b.Held != (i > 0) {
			t.Errorf("batch %d held: %v", i, b.Held)
		}
		if i > 0 {
			f.settle(t, batches[i-1].Ref, *f.batch(t, batches[i-1].Ref).Result)
			b := f.batch(t, r)
			if b.Held || !b.Due.Equal(f.now.Add(time.Minute)) {
				t.Errorf("batch %d after the one before it: %+v", i, b)
			}
		}
		f.fetch(t, r, fmt.Sprint("token", i))
	}
	if next := f.settle(t, batches[2].Ref, *f.batch(t, batches[2].Ref).Result); next != "" {
		t.Errorf("the last leads to %q", next)
	}
	if p := f.progress(t, j.ID); !p.AllSettled() {
		t.Errorf("progress %+v", p.Counters)
	}
}

func testRecent(t *testing.T, f *fixture) {
	j, batches := f.running(t, 1, func(id job.ID) []job.Batch { return f.batches(id, 3, 2) })
	for i := range batches {
		res := f.fetch(t, batches[i].Ref, "token")
		tally := job.TallyOf(&res)
		for n := range job.MaxRecent {
			a := f.address(10*i+n, "https://a.de/")
			a.FirstSeen = f.now.Add(-time.Duration(n) * time.Millisecond)
			tally.Recent = append(tally.Recent, a)
		}
		if _, err := f.Settle(t.Context(), batches[i].Ref, tally, f.now, f.now); err != nil {
			t.Fatal(err)
		}
		got := f.progress(t, j.ID).Counters.Recent
		if len(got) != job.MaxRecent {
			t.Fatalf("%d recent addresses", len(got))
		}
		equal(t, tally.Recent[0], got[0])
		f.tick(time.Second)
	}
	// A batch without addresses leaves them alone.
	r := f.one(t, 1)
	f.settle(t, r, f.fetch(t, r, "token"))
	if got := f.progress(t, j.ID).Counters.Recent; len(got) != job.MaxRecent {
		t.Errorf("%d recent addresses", len(got))
	}
}

// workers is how many work off batches beside each other.
const workers = 8

// workOff takes batches through their life, by several workers.
func (f *fixture) workOff(t *testing.T, batches []job.Batch) {
	t.Helper()
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := worker; i < len(batches); i += workers {
				r, token := batches[i].Ref, fmt.Sprint("token", i)
				b, err := f.Claim(t.Context(), r, job.Claim{Token: token, Now: f.now, Lease: lease})
				if err != nil {
					t.Errorf("claim: %v", err)
					return
				}
				res := f.result(b.Targets)
				if err := f.SaveResult(t.Context(), r, token, res, nil); err != nil {
					t.Errorf("save: %v", err)
					return
				}
				if _, err := f.Settle(t.Context(), r, job.TallyOf(&res), f.now, f.now); err != nil {
					t.Errorf("settle: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Every shard counts for itself, and the sum is the job's.
func testShards(t *testing.T, f *fixture) {
	j, batches := f.running(t, job.MaxShards, func(id job.ID) []job.Batch { return f.batches(id, 64, 4) })
	f.workOff(t, batches)
	f.counted(t, j.ID, job.Counters{
		Processed: 256, BatchesDone: 64, Pages: 512, Bytes: 256_000,
		Outcomes: map[job.Outcome]int64{job.OutcomeNone: 128, job.OutcomeFound: 64, job.OutcomeTimeout: 64},
	})
	if p := f.progress(t, j.ID); !p.AllSettled() {
		t.Errorf("%d open", p.OpenBatches())
	}
}
