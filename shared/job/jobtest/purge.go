package jobtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gleaner/shared/job"
)

var purgeTests = []test{
	{"EverythingGoes", testPurge},
	{"InPieces", testPurgeResumes},
	{"MissingJobIsPurged", testPurgeMissing},
}

// full is a job with items of every kind.
func (f *fixture) full(t tb) (job.Job, []job.Batch) {
	t.Helper()
	j := f.keyed("purge me", "print")
	j.ID = job.NewID(f.now, 4)
	f.create(t, j)
	for i := range 3 {
		if err := f.PutChunk(t.Context(), j.ID, job.Chunk{Number: i, Targets: targets(i, 2)}); err != nil {
			t.Fatalf("put chunk: %v", err)
		}
	}
	batches := f.batches(j.ID, 6, 8)
	batches[5].Targets = randomTargets(400, 200)
	if err := f.PutBatches(t.Context(), batches); err != nil {
		t.Fatalf("put batches: %v", err)
	}
	j = f.become(t, j.ID, job.Running)
	for i := range batches[:4] {
		r := batches[i].Ref
		res := f.fetch(t, r, fmt.Sprint("token", i))
		var domains []string
		for n := range res.Addresses {
			res.Addresses[n].Email = fmt.Sprintf("%d-%s", i, res.Addresses[n].Email)
			domains = append(domains, fmt.Sprintf("d%d-%d.de", i, n))
		}
		if _, err := f.PutAddresses(t.Context(), r, res.Addresses, j.ExpiresAt); err != nil {
			t.Fatalf("put addresses: %v", err)
		}
		if _, err := f.PutDomains(t.Context(), r, domains, j.ExpiresAt); err != nil {
			t.Fatalf("put domains: %v", err)
		}
		if i > 0 {
			f.settle(t, r, res)
		}
	}
	return j, batches
}

// purged fails unless nothing of the job is left.
func (f *fixture) purged(t tb, id job.ID, batches []job.Batch) {
	t.Helper()
	ctx := t.Context()
	_, err := f.Job(ctx, id)
	wantError(t, "job", err, job.ErrNotFound)
	_, err = f.Progress(ctx, id)
	wantError(t, "progress", err, job.ErrNotFound)
	for i := range batches {
		_, err = f.Batch(ctx, batches[i].Ref)
		wantError(t, "batch", err, job.ErrNotFound)
	}
	equal(t, []job.Chunk{}, f.chunks(t, id))
	equal(t, []job.Batch{}, f.allBatches(t, id, 100))
	equal(t, []job.Address{}, f.addresses(t, id, job.AddressFilter{}, 100))
	owners, err := f.DomainOwners(ctx, id, []string{"d0-0.de", "d1-1.de"})
	if err != nil || len(owners) > 0 {
		t.Fatalf("domains %v, %v", owners, err)
	}
	eventually(t, func() string {
		deleted, err := f.DeletedJobs(t.Context(), f.now.Add(time.Hour), job.MaxPage)
		listed := f.jobs(t, job.JobFilter{}, 100)
		if err != nil || slices.Contains(deleted, id) || slices.Contains(ids(listed), id) {
			return fmt.Sprintf("the purged job is in a list: %v", err)
		}
		return ""
	})
}

func (f *fixture) markDeleted(t tb, id job.ID) {
	t.Helper()
	if _, err := job.Mutate(t.Context(), f.Store, id, func(j *job.Job) error { j.DeletedAt = f.now; return nil }); err != nil {
		t.Fatalf("mark deleted: %v", err)
	}
}

func testPurge(t *testing.T, f *fixture) {
	bystander, others := f.full(t)
	f.owner += "-2" // the key is the owner's
	j, batches := f.full(t)
	f.markDeleted(t, j.ID)
	done, err := f.PurgeJob(t.Context(), j.ID, 100_000)
	if err != nil || !done {
		t.Fatalf("done %v, %v", done, err)
	}
	f.purged(t, j.ID, batches)
	f.create(t, f.keyed("purge me", "another print")) // the key is free again

	if got := f.allBatches(t, bystander.ID, 100); len(got) != len(others) {
		t.Errorf("another job has %d batches left of %d", len(got), len(others))
	}
	if got := f.addresses(t, bystander.ID, job.AddressFilter{}, 100); len(got) != 8 {
		t.Errorf("another job has %d addresses left of 8", len(got))
	}
}

func testPurgeResumes(t *testing.T, f *fixture) {
	j, batches := f.full(t)
	f.markDeleted(t, j.ID)
	rounds := 0
	for done := false; !done; rounds++ {
		if rounds > 200 {
			t.Fatal("not done after 200 rounds of 5")
		}
		// The job is found for as long as anything of it is there.
		if _, err := f.Job(t.Context(), j.ID); err != nil {
			t.Fatalf("after %d rounds: %v", rounds, err)
		}
		var err error
		if done, err = f.PurgeJob(t.Context(), j.ID, 5); err != nil {
			t.Fatal(err)
		}
	}
	if rounds < 2 {
		t.Errorf("%d items removed at once, limit 5", 6+3+8+8)
	}
	f.purged(t, j.ID, batches)
}

func testPurgeMissing(t *testing.T, f *fixture) {
	done, err := f.PurgeJob(t.Context(), f.job(4).ID, 10)
	if err != nil || !done {
		t.Errorf("done %v, %v", done, err)
	}
}
