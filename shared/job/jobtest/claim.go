package jobtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gleaner/shared/job"
)

var claimTests = []test{
	{"Lease", testClaim},
	{"LeasedToAnother", testClaimLeased},
	{"SameTokenAgain", testClaimAgain},
	{"LeaseRunsOut", testLeaseRunsOut},
	{"FetchedIsClaimedAsFetched", testClaimFetched},
	{"DoneAndHeld", testClaimDoneHeld},
	{"OneWinner", testClaimRace},
	{"OneHeir", testReclaimRace},
	{"Release", testRelease},
	{"ReleaseNeedsTheLease", testReleaseLost},
	{"CancelledContext", testCancelled},
}

func testClaim(t *testing.T, f *fixture) {
	r := f.one(t, 3)
	want := f.batch(t, r)
	got := f.claim(t, r, "token")
	want.Status, want.Attempt, want.LeaseToken = job.Leased, 1, "token"
	want.LeaseUntil = f.now.Add(lease)
	want.Due = want.LeaseUntil
	equal(t, want, got)
	equal(t, want, f.batch(t, r))
	f.counted(t, r.Job, job.Counters{Active: 1})
}

func testClaimLeased(t *testing.T, f *fixture) {
	r := f.one(t, 1)
	want := f.claim(t, r, "first")
	f.tick(lease - time.Second)
	_, err := f.Claim(t.Context(), r, job.Claim{Token: "second", Now: f.now, Lease: lease})
	wantError(t, "claim", err, job.ErrLeased)
	var leased *job.LeasedError
	if !errors.As(err, &leased) || !leased.Until.Equal(want.LeaseUntil) {
		t.Errorf("got %v, want a LeasedError until %v", err, want.LeaseUntil)
	}
	equal(t, want, f.batch(t, r))
}

func testClaimAgain(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	first := f.claim(t, r, "token")
	f.tick(time.Second)
	second := f.claim(t, r, "token")
	if second.Attempt != 1 || second.Status != job.Leased || second.LeaseToken != "token" || second.LeaseUntil.Before(first.LeaseUntil) {
		t.Errorf("claimed again: %+v", second)
	}
	equal(t, first.Targets, second.Targets)
	f.counted(t, r.Job, job.Counters{Active: 1})
}

func testLeaseRunsOut(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	f.claim(t, r, "first")
	f.tick(lease + time.Second)
	b := f.claim(t, r, "second")
	if b.Attempt != 2 || b.Status != job.Leased || b.LeaseToken != "second" || !b.LeaseUntil.Equal(f.now.Add(lease)) || !b.Due.Equal(b.LeaseUntil) {
		t.Errorf("claimed by the second: %+v", b)
	}
	f.counted(t, r.Job, job.Counters{Active: 1}) // it was active all the time
	ctx := t.Context()
	wantError(t, "save by the first", f.SaveResult(ctx, r, "first", f.result(b.Targets), nil), job.ErrLeaseLost)
	wantError(t, "release by the first", f.Release(ctx, r, "first", f.now), job.ErrLeaseLost)
	equal(t, b, f.batch(t, r))
}

func testClaimFetched(t *testing.T, f *fixture) {
	r := f.one(t, 4)
	res := f.fetch(t, r, "first")
	_, err := f.Claim(t.Context(), r, job.Claim{Token: "second", Now: f.now, Lease: lease})
	wantError(t, "claim while the lease runs", err, job.ErrLeased)
	f.tick(lease + time.Second)
	b := f.claim(t, r, "second")
	if b.Status != job.Fetched || b.Attempt != 2 || b.LeaseToken != "second" || !b.Due.Equal(f.now.Add(lease)) {
		t.Errorf("claimed %+v", b)
	}
	equal(t, &res, b.Result)
	f.counted(t, r.Job, job.Counters{Active: 1})
	f.settle(t, r, *b.Result)
}

func testClaimDoneHeld(t *testing.T, f *fixture) {
	_, batches := f.running(t, 1, func(id job.ID) []job.Batch { return lane(f.batches(id, 2, 2)) })
	_, err := f.Claim(t.Context(), batches[1].Ref, job.Claim{Token: "t", Now: f.now, Lease: lease})
	wantError(t, "claim of a held batch", err, job.ErrHeld)
	f.settle(t, batches[0].Ref, f.fetch(t, batches[0].Ref, "t"))
	for _, token := range []string{"t", "other"} {
		f.tick(2 * lease)
		_, err = f.Claim(t.Context(), batches[0].Ref, job.Claim{Token: token, Now: f.now, Lease: lease})
		wantError(t, "claim of a done batch", err, job.ErrDone)
	}
	if b := f.batch(t, batches[0].Ref); b.Status != job.Done || b.Attempt != 1 {
		t.Errorf("done batch: %+v", b)
	}
}

// claimAll claims a batch with callers tokens at once and returns the winner's.
func (f *fixture) claimAll(t tb, r job.Ref, callers int) string {
	t.Helper()
	var wg sync.WaitGroup
	var wins atomic.Int32
	var winner atomic.Value
	for i := range callers {
		wg.Go(func() {
			token := fmt.Sprint("racer", i)
			_, err := f.Claim(t.Context(), r, job.Claim{Token: token, Now: f.now, Lease: lease})
			switch {
			case err == nil:
				wins.Add(1)
				winner.Store(token)
			case !errors.Is(err, job.ErrLeased):
				t.Errorf("claim: %v", err)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 {
		t.Fatalf("%d of %d won", wins.Load(), callers)
	}
	return winner.Load().(string)
}

func testClaimRace(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	winner := f.claimAll(t, r, 16)
	if b := f.batch(t, r); b.LeaseToken != winner || b.Attempt != 1 {
		t.Errorf("held by %q, winner %q, attempt %d", b.LeaseToken, winner, b.Attempt)
	}
	f.counted(t, r.Job, job.Counters{Active: 1})
}

func testReclaimRace(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	f.claim(t, r, "lost")
	f.tick(lease + time.Second)
	winner := f.claimAll(t, r, 16)
	if b := f.batch(t, r); b.LeaseToken != winner || b.Attempt != 2 {
		t.Errorf("held by %q, winner %q, attempt %d", b.LeaseToken, winner, b.Attempt)
	}
	f.counted(t, r.Job, job.Counters{Active: 1})
}

func testRelease(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	f.claim(t, r, "token")
	due := f.now.Add(3 * time.Minute)
	if err := f.Release(t.Context(), r, "token", due); err != nil {
		t.Fatal(err)
	}
	b := f.batch(t, r)
	if b.Status != job.Pending || b.Attempt != 0 || !b.Due.Equal(due) {
		t.Errorf("released: %+v", b)
	}
	f.counted(t, r.Job, job.Counters{})
	// Anybody may have it at once, and the first one's token is worth nothing.
	if b := f.claim(t, r, "next"); b.Attempt != 1 {
		t.Errorf("attempt %d", b.Attempt)
	}
	wantError(t, "save with the old token", f.SaveResult(t.Context(), r, "token", f.result(b.Targets), nil), job.ErrLeaseLost)
}

func testReleaseLost(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	ctx := t.Context()
	wantError(t, "release of a pending batch", f.Release(ctx, r, "token", f.now), job.ErrLeaseLost)
	f.claim(t, r, "token")
	wantError(t, "release by a stranger", f.Release(ctx, r, "other", f.now), job.ErrLeaseLost)
	res := f.result(targets(0, 2))
	f.save(t, r, "token", res, nil)
	wantError(t, "release of a fetched batch", f.Release(ctx, r, "token", f.now), job.ErrLeaseLost)
	f.settle(t, r, res)
	wantError(t, "release of a done batch", f.Release(ctx, r, "token", f.now), job.ErrLeaseLost)
	if b := f.batch(t, r); b.Status != job.Done {
		t.Errorf("batch is %s", b.Status)
	}
}

// Who asks with a context that is over is told so, and nothing happens.
func testCancelled(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	before, progress := f.batch(t, r), f.progress(t, r.Job)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Claim(ctx, r, job.Claim{Token: "t", Now: f.now, Lease: lease}); err == nil {
		t.Error("claimed")
	}
	if _, err := f.UpdateJob(ctx, progress.Job); err == nil {
		t.Error("updated")
	}
	if _, err := f.PutAddresses(ctx, r, f.found(0, 2), f.now); err == nil {
		t.Error("addresses stored")
	}
	if _, err := f.Progress(ctx, r.Job); err == nil {
		t.Error("progress told")
	}
	equal(t, before, f.batch(t, r))
	equal(t, progress, f.progress(t, r.Job))
	equal(t, []job.Address{}, f.addresses(t, r.Job, job.AddressFilter{}, 10))
}
