package control_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/audit"
	"gleaner/shared/control"
	"gleaner/shared/crawl"
	"gleaner/shared/job"
	"gleaner/shared/job/jobtest"
	"gleaner/shared/sweep"
	"gleaner/shared/work"
)

const owner = "anna"

// halves is a crawl in which every other URL times out until it is retried.
type halves struct{}

func (halves) Crawl(_ context.Context, r crawl.Request) (job.Result, error) {
	var res job.Result
	for i, t := range r.Targets {
		v := job.Visit{URL: t.URL, Outcome: job.OutcomeFound, Addresses: 1}
		if i%2 == 1 && r.Job.Retries == 0 {
			v.Outcome, v.Addresses = job.OutcomeTimeout, 0
		} else {
			res.Addresses = append(res.Addresses, job.Address{Email: fmt.Sprintf("p%x@baeckerei-lindhorst.de", t.URL), SourceURL: t.URL, FirstSeen: time.Now()})
		}
		res.Visits = append(res.Visits, v)
		res.Pages++
	}
	return res, nil
}

// place is an installation without a network.
type place struct {
	*jobtest.Clock
	store   *sqlitestore.Store
	bells   *jobtest.Bells
	control *control.Service
	worker  *work.Worker
	sweeper *sweep.Sweeper
}

func newPlace(t *testing.T) *place {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	p := &place{Clock: jobtest.NewClock(), store: s, bells: &jobtest.Bells{}}
	p.control = control.New(s, p.bells, p.Now, nil)
	p.worker = work.New(work.Config{Store: s, Bells: p.bells, Crawler: halves{}, Retrier: p.control, Now: p.Now})
	p.sweeper = &sweep.Sweeper{Store: s, Bells: p.bells, Now: p.Now, Log: slog.New(slog.DiscardHandler)}
	return p
}

// begin stores a job in the given state: 4 batches of 3 URLs, the first of them
// crawled unless the job is still being created.
func (p *place) begin(t *testing.T, state job.Status) job.ID {
	t.Helper()
	ctx := t.Context()
	id := job.NewID(p.Now(), 1)
	const batches, size = 4, 3
	stored := make([]job.Batch, batches)
	for i := range stored {
		stored[i] = job.Batch{Ref: job.Ref{Job: id, Key: job.PlannedKey(i)}, Status: job.Pending, Due: p.Now().Add(time.Minute)}
		for n := range size {
			stored[i].Targets = append(stored[i].Targets, job.Target{URL: fmt.Sprintf("https://h%d.example.org/%d", i, n)})
		}
	}
	_, _, err := p.store.CreateJob(ctx, job.Job{
		ID: id, Owner: owner, Status: job.Creating, Batches: batches, URLs: batches * size,
		CreatedAt: p.Now(), ExpiresAt: p.Now().Add(24 * time.Hour),
	})
	if err == nil {
		err = p.store.PutBatches(ctx, stored)
	}
	if err == nil && state != job.Creating && state != job.Failed {
		p.become(t, id, job.Running)
		err = p.worker.Ring(ctx, job.Bell{Ref: stored[0].Ref})
	}
	if err != nil {
		t.Fatal(err)
	}
	switch state {
	case job.Completed:
		for i := range stored {
			if err := p.worker.Ring(ctx, job.Bell{Ref: stored[i].Ref}); err != nil {
				t.Fatal(err)
			}
		}
	case job.Creating, job.Running:
	default:
		p.become(t, id, state)
	}
	if j, err := p.store.Job(ctx, id); err != nil || j.Status != state {
		t.Fatalf("set up as %s: %s, %v", state, j.Status, err)
	}
	p.bells.Take()
	return id
}

func (p *place) become(t *testing.T, id job.ID, next job.Status) {
	t.Helper()
	if _, err := job.Mutate(t.Context(), p.store, id, func(j *job.Job) error { return j.Become(next, p.Now(), "") }); err != nil {
		t.Fatal(err)
	}
}

// finish answers every bell, and sweeps, until nothing is left to be done.
func (p *place) finish(t *testing.T) {
	t.Helper()
	for quiet := 0; quiet < 3; {
		rung := p.bells.Take()
		for _, b := range rung {
			if err := p.worker.Ring(t.Context(), b); err != nil && !errors.Is(err, job.ErrLeased) {
				t.Fatal(err)
			}
		}
		if len(rung) > 0 {
			quiet = 0
			continue
		}
		quiet++
		p.Pass(10 * time.Minute)
		if _, err := p.sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

type action func(ctx context.Context, owner string, id job.ID) (job.Job, error)

func (p *place) actions() map[string]action {
	return map[string]action{
		"cancel": p.control.Cancel, "pause": p.control.Pause, "resume": p.control.Resume,
		"retry": p.control.Retry, "delete": p.control.Delete, "restore": p.control.Restore,
	}
}

// allowed says what each action makes of a job in each state; a state left out
// refuses it.
var allowed = map[string]map[job.Status]job.Status{
	"cancel": {job.Creating: job.Cancelled, job.Running: job.Cancelled, job.Paused: job.Cancelled, job.Cancelled: job.Cancelled},
	"pause":  {job.Running: job.Paused, job.Paused: job.Paused},
	"resume": {job.Running: job.Running, job.Paused: job.Running},
	"retry":  {job.Completed: job.Running, job.Cancelled: job.Running},
	"delete": {
		job.Creating: job.Creating, job.Running: job.Running, job.Paused: job.Paused,
		job.Completed: job.Completed, job.Cancelled: job.Cancelled, job.Failed: job.Failed,
	},
	"restore": {
		job.Creating: job.Creating, job.Running: job.Running, job.Paused: job.Paused,
		job.Completed: job.Completed, job.Cancelled: job.Cancelled, job.Failed: job.Failed,
	},
}

// Each action is allowed in the right states only, does the same when it is
// repeated, and concerns nobody but the job's owner.
func TestStates(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for name, do := range p.actions() {
		for _, state := range job.Statuses() {
			id := p.begin(t, state)
			if _, err := do(t.Context(), "boris", id); !errors.Is(err, job.ErrNotFound) {
				t.Errorf("%s of somebody else's %s job: %v", name, state, err)
			}
			want, may := allowed[name][state]
			for _, time := range []string{"first", "second"} {
				j, err := do(t.Context(), owner, id)
				if may && (err != nil || j.Status != want) {
					t.Errorf("%s of a %s job, %s time: %s, %v; want %s", name, state, time, j.Status, err, want)
				}
				if !may && !errors.Is(err, job.ErrState) {
					t.Errorf("%s of a %s job, %s time: %s, %v; want job.ErrState", name, state, time, j.Status, err)
				}
			}
			got, err := p.store.Job(t.Context(), id)
			if err != nil || may && got.Status != want || !may && got.Status != state {
				t.Errorf("%s left a %s job %s, %v", name, state, got.Status, err)
			}
			if got.DeletedAt.IsZero() == (name == "delete") {
				t.Errorf("%s left a job deleted at %s", name, got.DeletedAt)
			}
		}
	}
}

func TestRestoreEnds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.begin(t, job.Running)
	if _, err := p.control.Delete(t.Context(), owner, id); err != nil {
		t.Fatal(err)
	}
	p.Pass(job.UndoTime - time.Second)
	if _, err := p.control.Restore(t.Context(), owner, id); err != nil {
		t.Errorf("within the undo time: %v", err)
	}
	if len(p.bells.Take()) != 3 {
		t.Error("the batches left are not rung")
	}
	if _, err := p.control.Delete(t.Context(), owner, id); err != nil {
		t.Fatal(err)
	}
	p.Pass(job.UndoTime)
	if _, err := p.control.Restore(t.Context(), owner, id); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("after the undo time: %v", err)
	}
	p.Pass(time.Second)
	if _, err := p.sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.store.Job(t.Context(), id); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("not purged: %v", err)
	}
}

func TestNothingToRetry(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.begin(t, job.Completed)
	if _, err := p.control.Retry(t.Context(), owner, id); err != nil {
		t.Fatal(err)
	}
	p.finish(t)
	got, err := p.store.Progress(t.Context(), id)
	if err != nil || got.Job.Status != job.Completed || got.Counters.Outcomes[job.OutcomeTimeout] != 0 || got.Counters.ExtraURLs != 4 {
		t.Errorf("%s, %+v, %v", got.Job.Status, got.Counters, err)
	}
	if _, err := p.control.Retry(t.Context(), owner, id); !errors.Is(err, job.ErrNothing) {
		t.Errorf("again: %v", err)
	}
}

// TestRaces lets actions race with each other, with workers, with completion and
// with the sweeper, and wants the job to end in a state that one order of them
// leads to, with counters that are those of its items.
func TestRaces(t *testing.T) {
	t.Parallel()
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	for _, race := range []struct {
		name    string
		from    job.Status
		actions []string
		workers bool // answer the bells of every batch meanwhile, twice
		sweeper bool
		ends    []job.Status // after everything has settled
	}{
		{"cancel and completion", job.Running, []string{"cancel"}, true, true, []job.Status{job.Completed, job.Cancelled}},
		{"pause and settling", job.Running, []string{"pause"}, true, false, []job.Status{job.Completed, job.Paused}},
		{"pause, resume and settling", job.Running, []string{"pause", "resume", "pause", "resume"}, true, true, []job.Status{job.Completed, job.Paused}},
		{"retry twice and the sweeper", job.Completed, []string{"retry", "retry"}, false, true, []job.Status{job.Completed}},
		{"retry of a cancelled job and its workers", job.Cancelled, []string{"retry"}, true, true, []job.Status{job.Completed}},
		{"cancel and retry", job.Running, []string{"cancel", "retry"}, true, true, []job.Status{job.Completed, job.Cancelled}},
		{"delete, restore and workers", job.Running, []string{"delete", "restore"}, true, true, []job.Status{job.Completed, job.Running, ""}},
		{"everything", job.Running, []string{"cancel", "pause", "resume", "retry"}, true, true, []job.Status{job.Completed, job.Cancelled, job.Paused}},
	} {
		t.Run(race.name, func(t *testing.T) {
			p := newPlace(t)
			for range rounds {
				id := p.begin(t, race.from)
				var all sync.WaitGroup
				for _, name := range race.actions {
					all.Go(func() {
						_, err := p.actions()[name](t.Context(), owner, id)
						if err != nil && !errors.Is(err, job.ErrState) && !errors.Is(err, job.ErrNothing) && !errors.Is(err, job.ErrNotFound) {
							t.Errorf("%s: %v", name, err)
						}
					})
				}
				for n := 0; race.workers && n < 8; n++ {
					all.Go(func() {
						if err := p.worker.Ring(t.Context(), job.Bell{Ref: job.Ref{Job: id, Key: job.PlannedKey(n / 2)}}); err != nil {
							t.Error(err)
						}
					})
				}
				if race.sweeper {
					all.Go(func() {
						if _, err := p.sweeper.Sweep(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				p.finish(t)
				p.mustEnd(t, id, race.ends)
			}
		})
	}
}

func (p *place) mustEnd(t *testing.T, id job.ID, ends []job.Status) {
	t.Helper()
	j, err := p.store.Job(t.Context(), id)
	if errors.Is(err, job.ErrNotFound) && slices.Contains(ends, "") {
		return
	}
	if err != nil || !slices.Contains(ends, j.Status) {
		t.Fatalf("ended %s, %v; want one of %q", j.Status, err, ends)
	}
	r, err := audit.Recount(t.Context(), p.store, id)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Clean() || r.InFlight > 0 {
		t.Errorf("%s: %+v, %d in flight", j.Status, r.Drifts, r.InFlight)
	}
}
