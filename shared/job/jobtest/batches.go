package jobtest

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"gleaner/shared/job"
)

var batchTests = []test{
	{"PutAndRead", testPutBatches},
	{"PutReplaces", testPutReplaces},
	{"PutOnlyWhileCreating", testPutWhileCreating},
	{"MissingBatch", testMissingBatch},
	{"ManyTargets", testManyTargets},
	{"List", testListBatches},
	{"ListCursors", testBatchCursors},
}

// randomTargets have paths that no compression makes small.
func randomTargets(n, length int) []job.Target {
	random := rand.NewChaCha8([32]byte{1})
	ts := make([]job.Target, n)
	path := make([]byte, length/2)
	for i := range ts {
		_, _ = random.Read(path) // never fails
		ts[i] = job.Target{URL: fmt.Sprintf("https://www.zufall-%d.de/%s", i, hex.EncodeToString(path)), Guessed: i%5 == 0}
	}
	return ts
}

func (f *fixture) allBatches(t tb, id job.ID, limit int) []job.Batch {
	t.Helper()
	return collect(t, limit, func(cursor string, limit int) (job.Page[job.Batch], error) {
		return f.Batches(t.Context(), id, cursor, limit)
	})
}

func testPutBatches(t *testing.T, f *fixture) {
	j := f.create(t, f.job(4))
	batches := append(f.batches(j.ID, 40, 3), lane(f.batches(j.ID, 43, 2)[40:])...)
	batches[0].Targets = []job.Target{{URL: "https://straße.de/größe?q=„ä“&x=1#日本", Guessed: true}}
	if err := f.PutBatches(t.Context(), batches); err != nil {
		t.Fatal(err)
	}
	for i := range batches {
		equal(t, batches[i], f.batch(t, batches[i].Ref))
	}
	if err := f.PutBatches(t.Context(), nil); err != nil {
		t.Errorf("none: %v", err)
	}
	f.counted(t, j.ID, job.Counters{})
}

func testPutReplaces(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	batches := f.batches(j.ID, 3, 4)
	batches[1].Targets = randomTargets(3000, 300)
	for range 2 { // repeated whole, as after a failure
		if err := f.PutBatches(t.Context(), batches); err != nil {
			t.Fatal(err)
		}
	}
	lane(batches)
	for i := range batches {
		batches[i].Targets = targets(i+7, 2)
	}
	if err := f.PutBatches(t.Context(), batches); err != nil {
		t.Fatal(err)
	}
	for i := range batches {
		equal(t, batches[i], f.batch(t, batches[i].Ref))
	}
	if got := f.allBatches(t, j.ID, 10); len(got) != len(batches) {
		t.Errorf("%d batches, want %d", len(got), len(batches))
	}
}

func testPutWhileCreating(t *testing.T, f *fixture) {
	r := f.one(t, 4)
	f.claim(t, r, "token")
	// A planner that comes late must not take the batch from its worker.
	err := f.PutBatches(t.Context(), f.batches(r.Job, 1, 4))
	wantError(t, "put batches of a running job", err, job.ErrState)
	if b := f.batch(t, r); b.Status != job.Leased || b.LeaseToken != "token" {
		t.Errorf("batch is %s by %q", b.Status, b.LeaseToken)
	}
}

func testMissingBatch(t *testing.T, f *fixture) {
	r := f.one(t, 1)
	missing := job.Ref{Job: r.Job, Key: job.PlannedKey(77)}
	other := job.Ref{Job: f.job(1).ID, Key: r.Key}
	ctx := t.Context()
	for _, r := range []job.Ref{missing, other} {
		_, err := f.Batch(ctx, r)
		wantError(t, "batch", err, job.ErrNotFound)
		_, err = f.Claim(ctx, r, job.Claim{Token: "t", Now: f.now, Lease: lease})
		wantError(t, "claim", err, job.ErrNotFound)
	}
	p := f.progress(t, r.Job)
	if p.Counters.Active != 0 {
		t.Errorf("%d active", p.Counters.Active)
	}
}

func testManyTargets(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	batches := f.batches(j.ID, 2, 5000)
	batches[1].Targets = randomTargets(5000, 240) // 600 KB and more however compressed
	if err := f.PutBatches(t.Context(), batches); err != nil {
		t.Fatal(err)
	}
	f.become(t, j.ID, job.Running)
	for i := range batches {
		equal(t, batches[i], f.batch(t, batches[i].Ref))
		equal(t, batches[i].Targets, f.claim(t, batches[i].Ref, fmt.Sprint("t", i)).Targets)
	}
}

func testListBatches(t *testing.T, f *fixture) {
	j, batches := f.running(t, 4, func(id job.ID) []job.Batch { return f.batches(id, 25, 3) })
	want := map[job.Key]job.Batch{}
	for i := range batches {
		want[batches[i].Ref.Key] = batches[i]
	}
	for _, i := range []int{0, 7, 24} {
		res := f.fetch(t, batches[i].Ref, "token")
		if i == 7 {
			f.settle(t, batches[i].Ref, res)
		}
		want[batches[i].Ref.Key] = f.batch(t, batches[i].Ref)
	}
	var order []job.Key
	for _, limit := range []int{1, 4, 25, 1000} {
		got := f.allBatches(t, j.ID, limit)
		if len(got) != len(want) {
			t.Fatalf("%d batches, want %d", len(got), len(want))
		}
		var keys []job.Key
		for i := range got {
			keys = append(keys, got[i].Ref.Key)
			equal(t, want[got[i].Ref.Key], got[i])
		}
		if order != nil {
			equal(t, order, keys)
		}
		order = keys
	}
}

func testBatchCursors(t *testing.T, f *fixture) {
	j, batches := f.running(t, 4, func(id job.ID) []job.Batch { return f.batches(id, 9, 2) })
	seen := map[job.Key]int{}
	other, _ := f.running(t, 4, func(id job.ID) []job.Batch { return f.batches(id, 9, 2) })
	for cursor, n := "", 0; ; n++ {
		page, err := f.Batches(t.Context(), j.ID, cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Items {
			seen[page.Items[i].Ref.Key]++
		}
		if cursor = page.Next; cursor == "" {
			break
		}
		if n < len(batches) { // batches come up while the list is read
			r := batches[n].Ref
			ts := f.claim(t, r, "token").Targets
			cont := job.Batch{Ref: job.Ref{Job: j.ID, Key: r.Key.Child('c')}, Targets: ts[1:], Due: f.now}
			f.save(t, r, "token", f.result(ts[:1]), &cont)
		}
		_, err = f.Batches(t.Context(), other.ID, cursor, 2)
		wantError(t, "cursor of another job", err, job.ErrCursor)
	}
	for i := range batches {
		if n := seen[batches[i].Ref.Key]; n != 1 {
			t.Errorf("batch %s listed %d times", batches[i].Ref.Key, n)
		}
	}
	for k, n := range seen {
		if n != 1 {
			t.Errorf("batch %s listed %d times", k, n)
		}
	}
	_, err := f.Batches(t.Context(), j.ID, "no cursor", 2)
	wantError(t, "no cursor", err, job.ErrCursor)
	if page, err := f.Batches(t.Context(), f.job(4).ID, "", 2); err != nil || len(page.Items) > 0 || page.Next != "" {
		t.Errorf("missing job: %d batches, next %q, %v", len(page.Items), page.Next, err)
	}
}
