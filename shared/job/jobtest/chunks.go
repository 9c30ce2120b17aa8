package jobtest

import (
	"errors"
	"testing"

	"gleaner/shared/job"
)

var chunkTests = []test{
	{"AscendingAndReplaced", testChunks},
	{"CallbackMayUseTheStore", testChunksReentrant},
	{"ErrorOfCallbackEndsIt", testChunksStop},
	{"Large", testLargeChunk},
}

func (f *fixture) chunks(t tb, id job.ID) []job.Chunk {
	t.Helper()
	var all []job.Chunk
	if err := f.Chunks(t.Context(), id, func(c job.Chunk) error { all = append(all, c); return nil }); err != nil {
		t.Fatalf("chunks: %v", err)
	}
	return all
}

func testChunks(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	equal(t, []job.Chunk{}, f.chunks(t, j.ID))
	var want []job.Chunk
	for i := range 12 {
		want = append(want, job.Chunk{Number: i, Targets: targets(i, i), Lines: 3 * i, Rejected: i, Duplicates: 2 * i})
	}
	for _, i := range []int{11, 3, 0, 10, 2, 9, 1, 4, 8, 5, 7, 6} {
		if err := f.PutChunk(t.Context(), j.ID, want[i]); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, want, f.chunks(t, j.ID))
	want[4] = job.Chunk{Number: 4, Targets: []job.Target{{URL: "https://straße.de/"}}, Lines: 1}
	for range 2 {
		if err := f.PutChunk(t.Context(), j.ID, want[4]); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, want, f.chunks(t, j.ID))
	equal(t, []job.Chunk{}, f.chunks(t, f.create(t, f.job(1)).ID)) // another job has none of them
}

func testChunksReentrant(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	for i := range 20 {
		if err := f.PutChunk(t.Context(), j.ID, job.Chunk{Number: i, Targets: targets(i, 2)}); err != nil {
			t.Fatal(err)
		}
	}
	err := f.Chunks(t.Context(), j.ID, func(c job.Chunk) error {
		return f.PutBatches(t.Context(), []job.Batch{{Ref: job.Ref{Job: j.ID, Key: job.PlannedKey(c.Number)}, Status: job.Pending, Targets: c.Targets, Due: f.now}})
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, targets(19, 2), f.batch(t, job.Ref{Job: j.ID, Key: job.PlannedKey(19)}).Targets)
}

func testChunksStop(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	for i := range 3 {
		if err := f.PutChunk(t.Context(), j.ID, job.Chunk{Number: i, Targets: targets(i, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	boom := errors.New("boom")
	var seen []int
	err := f.Chunks(t.Context(), j.ID, func(c job.Chunk) error {
		seen = append(seen, c.Number)
		if c.Number == 1 {
			return boom
		}
		return nil
	})
	wantError(t, "chunks", err, boom)
	equal(t, []int{0, 1}, seen)
}

func testLargeChunk(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	c := job.Chunk{Number: 0, Targets: randomTargets(10_000, 60), Lines: 10_000}
	if err := f.PutChunk(t.Context(), j.ID, c); err != nil {
		t.Fatal(err)
	}
	equal(t, []job.Chunk{c}, f.chunks(t, j.ID))
	// A smaller one in its place leaves nothing of it.
	c = job.Chunk{Number: 0, Targets: targets(0, 3), Lines: 3}
	if err := f.PutChunk(t.Context(), j.ID, c); err != nil {
		t.Fatal(err)
	}
	equal(t, []job.Chunk{c}, f.chunks(t, j.ID))
}
