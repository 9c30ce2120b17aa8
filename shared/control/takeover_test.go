package control_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/submit"
)

// What a process left that died at the worst moment (its bells are lost) goes on
// at once when the next one takes over: no time passes and no sweeper comes.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		leave func(t *testing.T, p *place) job.ID
		ends  job.Status
	}{
		{"every batch waits", func(t *testing.T, p *place) job.ID { return p.begin(t, job.Running) }, job.Completed},
		{"resumed, not rung", func(t *testing.T, p *place) job.ID {
			id := p.begin(t, job.Paused)
			p.must(t, p.control.Resume, id)
			return id
		}, job.Completed},
		{"all settled, not completed", func(t *testing.T, p *place) job.ID {
			id := p.begin(t, job.Completed)
			// As if the process had died before the job's last write.
			_, err := job.Mutate(t.Context(), p.store, id, func(j *job.Job) error {
				j.Status, j.FinishedAt = job.Running, time.Time{}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}, job.Completed},
		{"a retry begun", func(t *testing.T, p *place) job.ID {
			id := p.begin(t, job.Completed)
			p.must(t, p.control.Retry, id)
			return id
		}, job.Completed},
		{"cancelled over a batch", func(t *testing.T, p *place) job.ID {
			id := p.begin(t, job.Running)
			if _, err := p.store.Claim(t.Context(), job.Ref{Job: id, Key: job.PlannedKey(1)}, job.Claim{Token: "dead", Now: p.Now(), Lease: time.Minute}); err != nil {
				t.Fatal(err)
			}
			p.must(t, p.control.Cancel, id)
			return id
		}, job.Cancelled},
		{"a list complete, its plan begun", func(t *testing.T, p *place) job.ID {
			id := p.open(t)
			_, err := job.Mutate(t.Context(), p.store, id, func(j *job.Job) error {
				j.Open, j.Chunks, j.Adding = false, 1, p.Now().Truncate(time.Millisecond)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}, job.Completed},
		{"an open list", func(t *testing.T, p *place) job.ID { return p.open(t) }, job.Creating},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.worker.Planner = submit.New(p.store, p.bells, submit.WithClock(p.Now))
			id := c.leave(t, p)
			p.bells.Take()
			p.Pass(time.Second)
			if err := p.store.ExpireLeases(t.Context(), p.Now()); err != nil {
				t.Fatal(err)
			}
			if err := p.control.TakeOver(t.Context(), p.Now()); err != nil {
				t.Fatal(err)
			}
			for rung := p.bells.Take(); len(rung) > 0; rung = p.bells.Take() {
				for _, b := range rung {
					if err := p.worker.Ring(t.Context(), b); err != nil {
						t.Fatalf("%+v: %v", b, err)
					}
				}
			}
			got, err := p.store.Progress(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if got.Job.Status != c.ends || !got.Job.Adding.IsZero() || got.Counters.Active != 0 {
				t.Errorf("%s, adding since %v, %d active; want %s", got.Job.Status, got.Job.Adding, got.Counters.Active, c.ends)
			}
			if c.ends == job.Completed && got.Counters.Processed != got.Total() {
				t.Errorf("%d of %d processed", got.Counters.Processed, got.Total())
			}
		})
	}
}

// A plan that somebody began after the take-over is his.
func TestTakeOverLeavesTheLiving(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.open(t)
	held := p.Now().UTC().Truncate(time.Millisecond)
	_, err := job.Mutate(t.Context(), p.store, id, func(j *job.Job) error {
		j.Open, j.Chunks, j.Adding = false, 1, held
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.control.TakeOver(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	if j, err := p.store.Job(t.Context(), id); err != nil || !j.Adding.Equal(held) {
		t.Errorf("held since %v, %v; want %v", j.Adding, err, held)
	}
	if rung := p.bells.Take(); slices.ContainsFunc(rung, func(b job.Bell) bool { return b.Kind == job.BellPlan }) {
		t.Errorf("rung: %+v", rung)
	}
}

// must does something that is allowed.
func (p *place) must(t *testing.T, do func(context.Context, string, job.ID) (job.Job, error), id job.ID) {
	t.Helper()
	if _, err := do(t.Context(), owner, id); err != nil {
		t.Fatal(err)
	}
}

// open opens a job and hands in the first chunk of its list.
func (p *place) open(t *testing.T) job.ID {
	t.Helper()
	s := submit.New(p.store, p.bells, submit.WithClock(p.Now))
	a, err := s.Create(t.Context(), submit.Request{Owner: owner, Open: true})
	if err == nil {
		_, err = s.Append(t.Context(), owner, a.Job.ID, 0, submit.FromStrings([]string{"https://a.example.org/", "https://b.example.org/"}))
	}
	if err != nil {
		t.Fatal(err)
	}
	return a.Job.ID
}
