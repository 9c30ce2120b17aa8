package sqlitestore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
	"gleaner/shared/record"
)

var localNow = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func localJob(t *testing.T, s *sqlitestore.Store, shards int, change ...func(*job.Job)) job.Job {
	t.Helper()
	j := job.Job{ID: job.NewID(localNow, shards), Owner: "o", Status: job.Creating, CreatedAt: localNow, ExpiresAt: localNow.AddDate(0, 1, 0)}
	for _, f := range change {
		f(&j)
	}
	j, _, err := s.CreateJob(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func feed(ctx context.Context, t *testing.T, s *sqlitestore.Store, after int64) (keys []string, last int64) {
	t.Helper()
	last = after
	changes, err := s.Feed(ctx, after, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if c.Seq <= last {
			t.Errorf("change %d after %d", c.Seq, last)
		}
		if !c.At.Equal(localNow) {
			t.Errorf("change at %v", c.At)
		}
		keys, last = append(keys, c.PK+" "+c.SK), c.Seq
	}
	return keys, last
}

func TestFeedNamesWhatChanged(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.WithClock(func() time.Time { return localNow }))
	ctx := t.Context()
	if end, err := s.FeedEnd(ctx); err != nil || end != 0 {
		t.Fatalf("end %d, %v", end, err)
	}
	j := localJob(t, s, 2)
	id := string(j.ID)
	var last int64
	expect := func(what string, want ...string) {
		t.Helper()
		var got []string
		got, last = feed(ctx, t, s, last)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
		if end, err := s.FeedEnd(ctx); err != nil || end != last {
			t.Errorf("end %d, want %d, %v", end, last, err)
		}
	}
	expect("create", "J#"+id+" META", "J#"+id+"#0 STAT", "J#"+id+"#1 STAT")
	r := job.Ref{Job: j.ID, Key: job.PlannedKey(1)}
	if err := s.PutBatches(ctx, []job.Batch{{Ref: r, Targets: []job.Target{{URL: "https://a.de/"}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := job.Mutate(ctx, s, j.ID, func(j *job.Job) error { return j.Become(job.Running, localNow, "") }); err != nil {
		t.Fatal(err)
	}
	expect("start", "J#"+id+" META")
	if _, err := s.Claim(ctx, r, job.Claim{Token: "t", Now: localNow, Lease: time.Minute}); err != nil {
		t.Fatal(err)
	}
	expect("claim", "J#"+id+"#1 STAT")
	res := job.Result{Visits: []job.Visit{{URL: "https://a.de/", Outcome: job.OutcomeNone}}}
	if err := s.SaveResult(ctx, r, "t", res, nil); err != nil {
		t.Fatal(err)
	}
	expect("save")
	if _, err := s.Settle(ctx, r, job.TallyOf(&res), localNow, localNow); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Settle(ctx, r, job.TallyOf(&res), localNow, localNow); err == nil {
		t.Fatal("settled twice")
	}
	expect("settle", "J#"+id+"#1 STAT")
	if done, err := s.PurgeJob(ctx, j.ID, 1000); err != nil || !done {
		t.Fatal(done, err)
	}
	expect("purge", "J#"+id+" META")
}

func TestFeedIsTrimmed(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.WithClock(func() time.Time { return localNow }))
	j := localJob(t, s, 1)
	const keep = 1500
	sqlitestore.KeepFeed(s, keep)
	if err := sqlitestore.EmitMany(t.Context(), s, j.ID, 5000); err != nil {
		t.Fatal(err)
	}
	end, err := s.FeedEnd(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Feed(t.Context(), 0, 1)
	if err != nil || len(first) != 1 {
		t.Fatal(first, err)
	}
	if kept := end - first[0].Seq + 1; kept < keep || kept > keep+1<<10 {
		t.Errorf("%d changes kept", kept)
	}
}

// What a purge leaves behind would never be found again.
func TestPurgeLeavesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gleaner.db")
	s, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	j := localJob(t, s, 4, func(j *job.Job) { j.Idempotency = &job.Idempotency{Key: "k"} })
	r := job.Ref{Job: j.ID, Key: job.PlannedKey(0)}
	if err := s.PutChunk(ctx, j.ID, job.Chunk{}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutBatches(ctx, []job.Batch{{Ref: r}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(ctx, r, job.Claim{Token: "t", Now: localNow, Lease: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveResult(ctx, r, "t", job.Result{}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutAddresses(ctx, r, []job.Address{{Email: "a@b.de"}}, localNow); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutDomains(ctx, r, []string{"b.de"}, localNow); err != nil {
		t.Fatal(err)
	}
	if done, err := s.PurgeJob(ctx, j.ID, 1000); err != nil || !done {
		t.Fatal(done, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, table := range []string{"job", "idempotency", "chunk", "counter", "batch", "targets", "result", "address", "run", "domain"} {
		var n int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil || n > 0 {
			t.Errorf("%d rows left in %s, %v", n, table, err)
		}
	}
}

func TestExpiredJobsAreToBePurged(t *testing.T) {
	t.Parallel()
	s := open(t)
	j := localJob(t, s, 1)
	for at, want := range map[time.Time]int{j.ExpiresAt: 0, j.ExpiresAt.Add(time.Second): 1} {
		ids, err := s.DeletedJobs(t.Context(), at, 10)
		if err != nil || len(ids) != want {
			t.Errorf("%v: %v, %v", at, ids, err)
		}
	}
}

func TestExpiredRecordsAreDropped(t *testing.T) {
	t.Parallel()
	now := localNow
	path := filepath.Join(t.TempDir(), "gleaner.db")
	s, err := sqlitestore.Open(t.Context(), path, sqlitestore.WithClock(func() time.Time { return now }))
	if err != nil {
		t.Fatal(err)
	}
	var rs []record.Record
	for i := range 120 {
		rs = append(rs, record.Record{Partition: "p", Sort: fmt.Sprint(i), Expires: now.Add(time.Minute)})
	}
	if err := s.PutAll(t.Context(), rs); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	for i := range 3 {
		if err := s.Put(t.Context(), record.Record{Partition: "p", Sort: fmt.Sprint("new", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM record").Scan(&n); err != nil || n != 3 {
		t.Errorf("%d rows left, %v", n, err)
	}
}

func TestFileIsForTheOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gleaner.db")
	s, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path+suffix, info.Mode())
		}
	}
}

// Two stores of one file are what two processes have.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gleaner.db")
	var stores []*sqlitestore.Store
	for range 2 {
		s, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		stores = append(stores, s)
	}
	j := localJob(t, stores[0], 1)
	var batches []job.Batch
	for i := range 40 {
		batches = append(batches, job.Batch{Ref: job.Ref{Job: j.ID, Key: job.PlannedKey(i)}, Targets: []job.Target{{URL: "https://a.de/"}}})
	}
	if err := stores[1].PutBatches(t.Context(), batches); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := map[job.Key]int{}
	for n, s := range stores {
		wg.Go(func() {
			for i := range batches {
				_, err := s.Claim(t.Context(), batches[i].Ref, job.Claim{Token: fmt.Sprint(n), Now: localNow, Lease: time.Minute})
				if err == nil {
					mu.Lock()
					won[batches[i].Ref.Key]++
					mu.Unlock()
				} else if !strings.Contains(err.Error(), "leased") {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i := range batches {
		if won[batches[i].Ref.Key] != 1 {
			t.Errorf("batch %d was claimed %d times", i, won[batches[i].Ref.Key])
		}
	}
	for _, s := range stores {
		p, err := s.Progress(context.WithoutCancel(t.Context()), j.ID)
		if err != nil || p.Counters.Active != 40 {
			t.Errorf("%d active, %v", p.Counters.Active, err)
		}
	}
}

// A page of a filter that matches few ends after some thousands of addresses,
// and the list after the last of them.
func TestFilterOverManyPages(t *testing.T) {
	t.Parallel()
	s := open(t)
	j := localJob(t, s, 1)
	r := job.Ref{Job: j.ID, Key: job.PlannedKey(0)}
	all := make([]job.Address, 45_000)
	for i := range all {
		all[i] = job.Address{Email: fmt.Sprintf("a%05d@tannhof.de", i), SourceURL: "https://tannhof.de/", Kind: "role"}
	}
	rare := []int{0, 19_998, 19_999, 20_000, 39_999, 40_000, 44_999}
	for _, i := range rare {
		all[i].SourceURL, all[i].Kind = "https://tannhof.de/Über_50%", "personal"
	}
	if _, err := s.PutAddresses(t.Context(), r, all, localNow); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]job.AddressFilter{
		"narrowed": {Kind: "personal"}, "escaped": {Search: "R_50%"}, "not narrowed": {Search: "über"},
	} {
		for _, limit := range []int{1, 2, 100} {
			var got []string
			pages := 0
			for cursor := ""; ; {
				page, err := s.Addresses(t.Context(), j.ID, f, cursor, limit)
				if err != nil {
					t.Fatal(err)
				}
				pages++
				for i := range page.Items {
					got = append(got, page.Items[i].Email)
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			var want []string
			for _, i := range rare {
				want = append(want, all[i].Email)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, limit %d: %v", name, limit, got)
			}
			if pages > len(rare)+3 {
				t.Errorf("%s, limit %d: %d pages", name, limit, pages)
			}
		}
	}
}
