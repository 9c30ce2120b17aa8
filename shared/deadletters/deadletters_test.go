package deadletters_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/deadletters"
	"gleaner/shared/job"
)

// burier notes what it is asked for.
type burier struct {
	buried []job.Ref
	rung   []job.Bell
	err    error
}

func (b *burier) Bury(_ context.Context, r job.Ref, reason string) error {
	if reason == "" {
		return errors.New("no reason given")
	}
	b.buried = append(b.buried, r)
	return b.err
}

func (b *burier) Ring(_ context.Context, bell job.Bell) error {
	b.rung = append(b.rung, bell)
	return b.err
}

type place struct {
	store  *sqlitestore.Store
	burier *burier
	h      *deadletters.Handler
}

func newPlace(t *testing.T) *place {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	b := &burier{}
	return &place{s, b, &deadletters.Handler{Worker: b, Jobs: s, Now: time.Now, Log: slog.New(slog.DiscardHandler)}}
}

// letter handles a dead bell and reports whether it comes again.
func (p *place) letter(t *testing.T, b job.Bell) (again bool) {
	t.Helper()
	res, err := p.h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: b.Encode()}}})
	if err != nil {
		t.Fatal(err)
	}
	return len(res.BatchItemFailures) > 0
}

func (p *place) create(t *testing.T, change func(*job.Job)) job.ID {
	t.Helper()
	j := job.Job{ID: job.NewID(time.Now(), 1), Owner: "anna", CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
	if _, _, err := p.store.CreateJob(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if _, err := job.Mutate(t.Context(), p.store, j.ID, func(j *job.Job) error { change(j); return nil }); err != nil {
		t.Fatal(err)
	}
	return j.ID
}

func (p *place) job(t *testing.T, id job.ID) job.Job {
	t.Helper()
	j, err := p.store.Job(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestBatch(t *testing.T) {
	p := newPlace(t)
	r := job.Ref{Job: job.NewID(time.Now(), 1), Key: job.PlannedKey(7)}
	if p.letter(t, job.Bell{Ref: r}) || len(p.burier.buried) != 1 || p.burier.buried[0] != r {
		t.Errorf("buried %v", p.burier.buried)
	}
	p.burier.err = &job.LeasedError{Until: time.Now()}
	if !p.letter(t, job.Bell{Ref: r}) {
		t.Error("given up while a worker is at the batch")
	}
}

// A list that cannot be planned ends as a failed job; one that was planned after
// all is left alone.
func TestPlan(t *testing.T) {
	p := newPlace(t)
	id := p.create(t, func(*job.Job) {})
	bell := job.Bell{Ref: job.Ref{Job: id}, Kind: job.BellPlan}
	if p.letter(t, bell) {
		t.Error("comes again")
	}
	if j := p.job(t, id); j.Status != job.Failed || j.Reason == "" {
		t.Errorf("%s, %q", j.Status, j.Reason)
	}
	if p.letter(t, bell) {
		t.Error("the second time: comes again")
	}
	running := p.create(t, func(j *job.Job) { j.Status = job.Running })
	p.letter(t, job.Bell{Ref: job.Ref{Job: running}, Kind: job.BellPlan})
	if j := p.job(t, running); j.Status != job.Running {
		t.Errorf("a running job became %s", j.Status)
	}
	if p.letter(t, job.Bell{Ref: job.Ref{Job: job.NewID(time.Now(), 1)}, Kind: job.BellPlan}) {
		t.Error("a letter about a job that is gone comes again")
	}
}

// A retry whose batches cannot be added does not hold the job for ever.
func TestRetry(t *testing.T) {
	p := newPlace(t)
	id := p.create(t, func(j *job.Job) { j.Status, j.Adding = job.Running, time.Now() })
	if p.letter(t, job.Bell{Ref: job.Ref{Job: id}, Kind: job.BellRetry}) {
		t.Error("comes again")
	}
	if j := p.job(t, id); !j.Adding.IsZero() || j.Status != job.Running {
		t.Errorf("%s, adding since %s", j.Status, j.Adding)
	}
}

// What a cancelled job's workers left is settled here if nowhere else, and what
// is no bell is let go.
func TestWindUp(t *testing.T) {
	p := newPlace(t)
	b := job.Bell{Ref: job.Ref{Job: job.NewID(time.Now(), 1)}, Kind: job.BellWindUp}
	p.burier.err = errors.New("a worker is still at it")
	if !p.letter(t, b) {
		t.Error("given up")
	}
	p.burier.err = nil
	if p.letter(t, b) || len(p.burier.rung) != 2 || p.burier.rung[1].Kind != job.BellWindUp {
		t.Errorf("rung %v", p.burier.rung)
	}
	res, err := p.h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: "hello"}}})
	if err != nil || len(res.BatchItemFailures) > 0 {
		t.Errorf("%+v, %v", res, err)
	}
}
