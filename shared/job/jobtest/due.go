package jobtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gleaner/shared/job"
)

var dueTests = []test{
	{"EarliestFirst", testDue},
	{"LifeOfABatch", testDueLife},
	{"HeldIsNotDue", testDueHeld},
	{"RangPutsOff", testRang},
	{"RangLeavesOthersAlone", testRangOthers},
}

// due waits until the batches due at a time are want, in any order: equal times
// have none.
func (f *fixture) due(t tb, id job.ID, at time.Time, want ...job.Key) {
	t.Helper()
	slices.Sort(want)
	eventually(t, func() string {
		refs, err := f.Due(t.Context(), id, at, job.MaxPage)
		if err != nil {
			t.Fatalf("due: %v", err)
		}
		var got []job.Key
		for _, r := range refs {
			if r.Job != id {
				t.Fatalf("batch %s is of another job", r)
			}
			got = append(got, r.Key)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Sprintf("due %v, want %v", got, want)
		}
		return ""
	})
}

func testDue(t *testing.T, f *fixture) {
	j, batches := f.running(t, 4, func(id job.ID) []job.Batch {
		batches := f.batches(id, 9, 1)
		for i := range batches { // in an order that is not that of the keys
			batches[i].Due = f.now.Add(time.Duration((i*4)%9) * time.Minute)
		}
		return batches
	})
	sorted := slices.Clone(batches)
	slices.SortFunc(sorted, func(a, b job.Batch) int { return a.Due.Compare(b.Due) })
	var want []job.Ref
	for i := range sorted {
		want = append(want, sorted[i].Ref)
	}
	for n := range sorted {
		eventually(t, func() string {
			got, err := f.Due(t.Context(), j.ID, sorted[n].Due, 100)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want[:n+1]) {
				return fmt.Sprintf("due %v, want %v", got, want[:n+1])
			}
			return ""
		})
	}
	got, err := f.Due(t.Context(), j.ID, sorted[8].Due, 4)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, want[:4], got)
	f.due(t, j.ID, sorted[0].Due.Add(-time.Second))
}

func testDueLife(t *testing.T, f *fixture) {
	r := f.one(t, 2)
	due := f.batch(t, r).Due
	f.due(t, r.Job, due.Add(-time.Second))
	f.due(t, r.Job, due, r.Key)
	f.tick(10 * time.Minute)
	b := f.claim(t, r, "token")
	f.due(t, r.Job, b.LeaseUntil.Add(-time.Second))
	f.due(t, r.Job, b.LeaseUntil, r.Key) // lost if its worker is
	res := f.result(b.Targets)
	f.save(t, r, "token", res, nil)
	f.due(t, r.Job, b.LeaseUntil.Add(-time.Second))
	f.due(t, r.Job, b.LeaseUntil, r.Key)
	f.settle(t, r, res)
	f.due(t, r.Job, f.now.Add(24*time.Hour))

	r = f.one(t, 2)
	f.claim(t, r, "token")
	due = f.now.Add(time.Hour)
	if err := f.Release(t.Context(), r, "token", due); err != nil {
		t.Fatal(err)
	}
	f.due(t, r.Job, due.Add(-time.Second))
	f.due(t, r.Job, due, r.Key)
	f.tick(2 * time.Hour)
	halves := f.split(t, r, "token")
	f.due(t, r.Job, f.now.Add(24*time.Hour), halves[0].Ref.Key, halves[1].Ref.Key)
}

func testDueHeld(t *testing.T, f *fixture) {
	j, batches := f.runningLane(t, 3, 2)
	late := f.now.Add(24 * time.Hour)
	f.due(t, j.ID, late, batches[0].Ref.Key)
	f.settle(t, batches[0].Ref, f.fetch(t, batches[0].Ref, "token"))
	f.due(t, j.ID, f.now.Add(time.Minute), batches[1].Ref.Key)
	f.due(t, j.ID, late, batches[1].Ref.Key)
}

func testRang(t *testing.T, f *fixture) {
	j, batches := f.running(t, 4, func(id job.ID) []job.Batch { return f.batches(id, 40, 1) })
	var refs []job.Ref
	var rang, quiet []job.Key
	for i := range batches {
		if i%4 == 0 {
			quiet = append(quiet, batches[i].Ref.Key)
			continue
		}
		refs = append(refs, batches[i].Ref)
		rang = append(rang, batches[i].Ref.Key)
	}
	later := f.now.Add(time.Hour)
	if err := f.Rang(t.Context(), refs, later); err != nil {
		t.Fatal(err)
	}
	f.due(t, j.ID, later.Add(-time.Second), quiet...)
	f.due(t, j.ID, later, append(rang, quiet...)...)
	if b := f.batch(t, refs[0]); !b.Due.Equal(later) || b.Status != job.Pending || b.Attempt != 0 {
		t.Errorf("batch %+v", b)
	}
	if err := f.Rang(t.Context(), nil, later); err != nil {
		t.Errorf("none: %v", err)
	}
}

func testRangOthers(t *testing.T, f *fixture) {
	j, batches := f.running(t, 1, func(id job.ID) []job.Batch { return f.batches(id, 4, 1) })
	f.claim(t, batches[0].Ref, "token")
	res := f.fetch(t, batches[1].Ref, "token")
	f.settle(t, batches[2].Ref, f.fetch(t, batches[2].Ref, "token"))
	var refs []job.Ref
	var before []job.Batch
	for i := range batches[:3] {
		refs = append(refs, batches[i].Ref)
		before = append(before, f.batch(t, batches[i].Ref))
	}
	refs = append(refs, job.Ref{Job: j.ID, Key: job.PlannedKey(99)})
	if err := f.Rang(t.Context(), append(refs, batches[3].Ref), f.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for i := range before {
		equal(t, before[i], f.batch(t, before[i].Ref))
	}
	if b := f.batch(t, batches[3].Ref); !b.Due.Equal(f.now.Add(time.Hour)) {
		t.Errorf("due %v", b.Due)
	}
	_, err := f.Batch(t.Context(), refs[3])
	wantError(t, "a missing batch that was rung", err, job.ErrNotFound)
	f.settle(t, batches[1].Ref, res)
}
