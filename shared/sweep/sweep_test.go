package sweep_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
	"gleaner/shared/job/jobtest"
	"gleaner/shared/sweep"
)

// place is a sweeper with a clock of its own.
type place struct {
	store *sqlitestore.Store
	bells jobtest.Bells
	rung  []job.Bell // by the last sweep
	now   time.Time
	sweep.Sweeper
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{now: time.Now()}
	clock := func() time.Time { return p.now }
	s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "gleaner.db"), sqlitestore.WithClock(clock))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	p.store = s
	p.Sweeper = sweep.Sweeper{Store: s, Bells: &p.bells, Now: clock, Log: slog.New(slog.DiscardHandler)}
	return p
}

// create stores a job with so many batches.
func (p *place) create(t *testing.T, status job.Status, batches int, change ...func(*job.Job)) job.ID {
	t.Helper()
	ctx := t.Context()
	j := job.Job{
		ID: job.NewID(p.now, 1), Owner: "anna", Status: job.Creating, Batches: batches, URLs: batches,
		CreatedAt: p.now, ExpiresAt: p.now.Add(30 * 24 * time.Hour),
	}
	for _, f := range change {
		f(&j)
	}
	if _, _, err := p.store.CreateJob(ctx, j); err != nil {
		t.Fatal(err)
	}
	for n := range batches {
		b := job.Batch{
			Ref: job.Ref{Job: j.ID, Key: job.PlannedKey(n)}, Status: job.Pending,
			Due: p.now.Add(time.Minute), Targets: []job.Target{{URL: "https://example.org/"}},
		}
		if err := p.store.PutBatches(ctx, []job.Batch{b}); err != nil {
			t.Fatal(err)
		}
	}
	if status != job.Creating {
		if _, err := job.Mutate(ctx, p.store, j.ID, func(j *job.Job) error { return j.Become(status, p.now, "") }); err != nil {
			t.Fatal(err)
		}
	}
	return j.ID
}

// after lets time pass and sweeps.
func (p *place) after(t *testing.T, d time.Duration) sweep.Report {
	t.Helper()
	p.now = p.now.Add(d)
	r, err := p.Sweep(t.Context())
	p.rung = p.bells.Take()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (p *place) status(t *testing.T, id job.ID) job.Status {
	t.Helper()
	j, err := p.store.Job(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return j.Status
}

// Silent batches are rung again, once a minute and not sooner.
func TestSilentBatches(t *testing.T) {
	p := newPlace(t)
	p.create(t, job.Running, 3)
	for n, c := range []struct {
		after time.Duration
		rung  int
	}{{30 * time.Second, 0}, {40 * time.Second, 3}, {20 * time.Second, 0}, {50 * time.Second, 3}} {
		if r := p.after(t, c.after); r.Rung != c.rung || len(p.rung) != c.rung {
			t.Errorf("sweep %d: %+v, want %d rung", n, r, c.rung)
		}
	}
}

// Where a job moves on, its other bells are believed to wait in the queue.
func TestPatience(t *testing.T) {
	p := newPlace(t)
	id := p.create(t, job.Running, 3)
	move := func() {
		t.Helper()
		r := job.Ref{Job: id, Key: job.PlannedKey(0)}
		b, err := p.store.Claim(t.Context(), r, job.Claim{Token: p.now.String(), Now: p.now, Lease: time.Second})
		if err == nil {
			err = p.store.Release(t.Context(), r, b.LeaseToken, p.now.Add(time.Hour))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		move()
		if r := p.after(t, 50*time.Second); r.Rung != 0 {
			t.Fatalf("%+v", r)
		}
	}
	p.now = p.now.Add(5 * time.Minute)
	move()
	if r := p.after(t, time.Second); r.Rung != 2 {
		t.Errorf("after more than ten minutes: %+v, want 2 rung", r)
	}
}

// Nobody else may be there to complete a job, plan a list or add a retry.
func TestLeftovers(t *testing.T) {
	p := newPlace(t)
	done := p.create(t, job.Running, 0)
	retry := p.create(t, job.Running, 0, func(j *job.Job) { j.Adding = p.now })
	unplanned := p.create(t, job.Creating, 0, func(j *job.Job) { j.Chunks = 3 })
	r := p.after(t, 2*time.Minute)
	if r.Completed != 1 || p.status(t, done) != job.Completed {
		t.Errorf("%+v, %s", r, p.status(t, done))
	}
	kinds := map[job.ID]job.BellKind{}
	for _, b := range p.rung {
		kinds[b.Job] = b.Kind
	}
	if len(p.rung) != 2 || kinds[retry] != job.BellRetry || kinds[unplanned] != job.BellPlan {
		t.Errorf("rung %v", p.rung)
	}
	if s := p.status(t, retry); s != job.Running {
		t.Errorf("a job with a retry to come is %s", s)
	}
}

func TestAbandoned(t *testing.T) {
	p := newPlace(t)
	broken := p.create(t, job.Creating, 0)
	open := p.create(t, job.Creating, 0, func(j *job.Job) { j.Open = true })
	for _, c := range []struct {
		after        time.Duration
		broken, open job.Status
	}{
		{10 * time.Minute, job.Creating, job.Creating},
		{6 * time.Minute, job.Failed, job.Creating},
		{23 * time.Hour, job.Failed, job.Creating},
		{2 * time.Hour, job.Failed, job.Failed},
	} {
		p.after(t, c.after)
		if b, o := p.status(t, broken), p.status(t, open); b != c.broken || o != c.open {
			t.Errorf("after another %s: %s and %s, want %s and %s", c.after, b, o, c.broken, c.open)
		}
	}
}

// Deleted jobs are purged when they can no longer be restored, expired ones when
// their retention is over, and paused and cancelled ones are left alone.
func TestPurge(t *testing.T) {
	p := newPlace(t)
	deleted := p.create(t, job.Running, 2, func(j *job.Job) { j.DeletedAt = p.now })
	paused := p.create(t, job.Running, 2)
	if _, err := job.Mutate(t.Context(), p.store, paused, func(j *job.Job) error { return j.Become(job.Paused, p.now, "") }); err != nil {
		t.Fatal(err)
	}
	cancelled := p.create(t, job.Cancelled, 2)
	if r := p.after(t, 9*time.Minute); r != (sweep.Report{}) || len(p.rung) > 0 {
		t.Errorf("too early: %+v", r)
	}
	if r := p.after(t, 2*time.Minute); r.Purged != 1 {
		t.Errorf("%+v", r)
	}
	if _, err := p.store.Job(t.Context(), deleted); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("still there: %v", err)
	}
	if p.status(t, paused) != job.Paused || p.status(t, cancelled) != job.Cancelled {
		t.Error("others were touched")
	}
	if r := p.after(t, 31*24*time.Hour); r.Purged != 2 {
		t.Errorf("after the retention: %+v", r)
	}
}

// One job's fault does not keep the sweeper from the others.
func TestFaults(t *testing.T) {
	p := newPlace(t)
	first, second := p.create(t, job.Running, 1), p.create(t, job.Running, 1)
	p.Store = &faulty{Store: p.store, of: first}
	p.now = p.now.Add(2 * time.Minute)
	if _, err := p.Sweep(t.Context()); !errors.Is(err, errFault) {
		t.Errorf("%v", err)
	}
	if rung := p.bells.Take(); len(rung) != 1 || rung[0].Job != second {
		t.Errorf("rung %v", rung)
	}
}

var errFault = errors.New("throttled")

type faulty struct {
	job.Store
	of job.ID
}

func (f *faulty) Progress(ctx context.Context, id job.ID) (job.Progress, error) {
	if id == f.of {
		return job.Progress{}, errFault
	}
	return f.Store.Progress(ctx, id)
}
