package quota_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
	"gleaner/shared/quota"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, now *time.Time) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "gleaner.db"), sqlitestore.WithClock(func() time.Time { return *now }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func at(now *time.Time) func() time.Time { return func() time.Time { return *now } }

// take hands in n URLs in a job that starts at once.
func take(t *testing.T, q *quota.Quota, owner string, n int) error {
	t.Helper()
	taken, err := q.Take(t.Context(), owner, quota.Charge{URLs: n, Starts: true})
	if taken == (err != nil) {
		t.Errorf("taken: %t, error: %v", taken, err)
	}
	return err
}

// refused wants a quota error and returns it.
func refused(t *testing.T, err error) *quota.ExceededError {
	t.Helper()
	var q *quota.ExceededError
	if !errors.As(err, &q) {
		t.Fatalf("not refused: %v", err)
	}
	return q
}

func TestURLsOfADay(t *testing.T) {
	now := noon
	s := open(t, &now)
	q := quota.New(s, s, quota.Limits{URLsPerDay: 100}, at(&now))
	take := func(owner string, n int) error { return take(t, q, owner, n) }
	for _, n := range []int{60, 30} {
		if err := take("anna", n); err != nil {
			t.Fatal(err)
		}
	}
	if e := refused(t, take("anna", 11)); e.RetryAfter != 12*time.Hour || !strings.Contains(e.Reason, "90 of the 100") {
		t.Errorf("%+v", e)
	}
	if err := take("anna", 10); err != nil {
		t.Errorf("the rest: %v", err)
	}
	refused(t, take("anna", 1))
	if err := take("boris", 100); err != nil {
		t.Errorf("another owner: %v", err)
	}
	if e := refused(t, take("clara", 101)); !strings.Contains(e.Reason, "100") {
		t.Errorf("more than a day has: %+v", e)
	}
	now = now.Add(12 * time.Hour)
	if err := take("anna", 100); err != nil {
		t.Errorf("the next day: %v", err)
	}
}

// Another process, which remembers nothing, finds the sum however long the
// ledger is, and a limit that was lowered holds at once.
func TestAnotherProcess(t *testing.T) {
	now := noon
	s := open(t, &now)
	q := quota.New(s, s, quota.Limits{URLsPerDay: 1_000_000}, at(&now))
	const times = 700
	for i := range times {
		if err := take(t, q, "anna", 3); err != nil {
			t.Fatal(err)
		}
		if i%97 > 0 {
			continue
		}
		other := quota.New(s, s, quota.Limits{URLsPerDay: 3*i + 3 + 2}, at(&now))
		if e := refused(t, take(t, other, "anna", 3)); !strings.HasPrefix(e.Reason, fmt.Sprint(3*i+3, " of")) {
			t.Fatalf("after %d: %+v", i+1, e)
		}
	}
}

// Processes that take at once never get more than there is, and all of it.
func TestManyAtOnce(t *testing.T) {
	now := noon
	s := open(t, &now)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		q := quota.New(s, s, quota.Limits{URLsPerDay: 200}, at(&now))
		for range 4 {
			wg.Go(func() {
				for range 20 {
					err := take(t, q, "anna", 2)
					if err == nil {
						taken.Add(2)
					} else if !errors.As(err, new(*quota.ExceededError)) {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	if taken.Load() != 200 {
		t.Errorf("%d taken of 200", taken.Load())
	}
}

// left is how many more URLs an owner may hand in, found by trying.
func left(t *testing.T, q *quota.Quota, owner string) int {
	t.Helper()
	for n := range 1000 {
		if err := take(t, q, owner, 1); err != nil {
			refused(t, err)
			return n
		}
	}
	t.Fatal("there is no end")
	return 0
}

func TestRepetitionIsFree(t *testing.T) {
	now := noon
	s := open(t, &now)
	limits := quota.Limits{URLsPerDay: 100, RunningJobs: 1}
	charge := quota.Charge{URLs: 60, Starts: true, Request: "autumn fair"}
	for i := range 5 {
		taken, err := quota.New(s, s, limits, at(&now)).Take(t.Context(), "anna", charge)
		if err != nil || taken != (i == 0) {
			t.Fatalf("try %d: taken %t, %v", i+1, taken, err)
		}
		if i == 2 { // the job it made takes the last place: it may still be asked for again
			id := job.NewID(now, 1)
			if _, _, err := s.CreateJob(t.Context(), job.Job{ID: id, Owner: "anna", Status: job.Creating, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
			become(t, s, id, job.Running)
		}
		now = now.Add(4 * time.Hour) // past midnight
	}
	if taken, err := quota.New(s, s, limits, at(&now)).Take(t.Context(), "boris", charge); err != nil || !taken {
		t.Errorf("the same name of another owner: taken %t, %v", taken, err)
	}
}

// The same request many times at once is charged once.
func TestRepetitionsAtOnce(t *testing.T) {
	now := noon
	s := open(t, &now)
	limits := quota.Limits{URLsPerDay: 200}
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			was, err := quota.New(s, s, limits, at(&now)).Take(t.Context(), "anna", quota.Charge{URLs: 20, Request: "autumn fair"})
			if err != nil {
				t.Error(err)
			}
			if was {
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	if n := left(t, quota.New(s, s, limits, at(&now)), "anna"); taken.Load() != 1 || n != 180 {
		t.Errorf("%d of them were charged, %d URLs are left of 200", taken.Load(), n)
	}
}

func TestReturn(t *testing.T) {
	now := noon
	s := open(t, &now)
	q := quota.New(s, s, quota.Limits{URLsPerDay: 100}, at(&now))
	charge := quota.Charge{URLs: 70, Request: "autumn fair"}
	for range 3 { // what was given back is to be paid for again
		if taken, err := q.Take(t.Context(), "anna", charge); err != nil || !taken {
			t.Fatalf("taken %t, %v", taken, err)
		}
		if err := q.Return(t.Context(), "anna", charge); err != nil {
			t.Fatal(err)
		}
	}
	if err := take(t, q, "anna", 90); err != nil {
		t.Fatal(err)
	}
	now = now.Add(24 * time.Hour) // nothing was taken today: nothing is given back of it
	if err := q.Return(t.Context(), "anna", charge); err != nil {
		t.Fatal(err)
	}
	if n := left(t, q, "anna"); n != 100 {
		t.Errorf("%d are left of 100", n)
	}
}

func TestRunningJobs(t *testing.T) {
	now := noon
	s := open(t, &now)
	q := quota.New(s, s, quota.Limits{RunningJobs: 2}, at(&now))
	start := func(owner string) job.ID {
		t.Helper()
		j, _, err := s.CreateJob(t.Context(), job.Job{ID: job.NewID(now, 1), Owner: owner, Status: job.Creating, CreatedAt: now, ExpiresAt: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		become(t, s, j.ID, job.Running)
		return j.ID
	}
	first := start("anna")
	start("boris")
	if err := take(t, q, "anna", 5); err != nil {
		t.Fatal(err)
	}
	start("anna")
	if e := refused(t, take(t, q, "anna", 5)); e.RetryAfter <= 0 || !strings.HasPrefix(e.Reason, "2 jobs are running") {
		t.Errorf("%+v", e)
	}
	if err := take(t, q, "boris", 5); err != nil {
		t.Errorf("another owner: %v", err)
	}
	become(t, s, first, job.Paused)
	if err := take(t, q, "anna", 5); err != nil {
		t.Errorf("one was paused: %v", err)
	}
	start("anna")
	if err := take(t, quota.New(s, s, quota.Limits{RunningJobs: -1}, at(&now)), "anna", 5); err != nil {
		t.Errorf("no limit: %v", err)
	}
}

func become(t *testing.T, s job.JobStore, id job.ID, next job.Status) {
	t.Helper()
	if _, err := job.Mutate(context.Background(), s, id, func(j *job.Job) error { return j.Become(next, noon, "") }); err != nil {
		t.Fatal(err)
	}
}

func TestParseLimits(t *testing.T) {
	for _, c := range []struct {
		urls, jobs string
		want       quota.Limits
		bad        bool
	}{
		{"", "", quota.Limits{}, false},
		{"500", " 3 ", quota.Limits{URLsPerDay: 500, RunningJobs: 3}, false},
		{"0", "none", quota.Limits{URLsPerDay: -1, RunningJobs: -1}, false},
		{"many", "", quota.Limits{}, true},
		{"", "-4", quota.Limits{}, true},
	} {
		got, err := quota.ParseLimits(c.urls, c.jobs)
		if (err != nil) != c.bad || err == nil && got != c.want {
			t.Errorf("%q %q: %+v, %v", c.urls, c.jobs, got, err)
		}
	}
}
