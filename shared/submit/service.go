package submit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"gleaner/shared/job"
	"gleaner/shared/queue"
)

// RingGrace is how long after the bells were rung a batch that nobody has
// claimed counts as lost, so that the sweeper rings it again.
const RingGrace = time.Minute

// Whoever plans a job holds it for planLease, noted in Job.Adding, and stops
// writing batches after planWrite: batches written once the job runs would
// overwrite what workers have done. The gap allows for clocks that differ.
const (
	planLease = 15 * time.Second
	planWrite = 12 * time.Second
)

// inlineURLs is the size up to which Start plans a job itself.
const inlineURLs = 100_000

// Service takes jobs in. It is safe for concurrent use.
type Service struct {
	store job.Store
	bells queue.Sender
	now   func() time.Time
	log   *slog.Logger
	wait  time.Duration // how long a repeated request waits for the first one

	workers int // there are at once
}

// Option changes a default of New.
type Option func(*Service)

// WithClock sets the clock; the default is time.Now.
func WithClock(now func() time.Time) Option { return func(s *Service) { s.now = now } }

// WithLogger sets where faults go that the service gets over by itself; the
// default is slog.Default.
func WithLogger(l *slog.Logger) Option { return func(s *Service) { s.log = l } }

// WithWorkers says how many workers the installation has at once, for what a
// job is said to be planned for; the default is job.MaxWorkers.
func WithWorkers(n int) Option { return func(s *Service) { s.workers = min(n, job.MaxWorkers) } }

// New returns a service that stores jobs in store and rings their batches on bells.
func New(store job.Store, bells queue.Sender, opts ...Option) *Service {
	s := &Service{store: store, bells: bells, now: time.Now, log: slog.Default(), wait: 3 * time.Second, workers: job.MaxWorkers}
	for _, o := range opts {
		o(s)
	}
	return s
}

// Request is a job to create.
type Request struct {
	Owner   string
	Name    string // at most MaxName characters
	Options job.Options
	List    List
	// Open leaves the job open for Append and Start; List must then be empty.
	Open bool
	// Expect is about how many URLs an open job will get; 0 when unknown.
	Expect int
	// Idempotency makes repeating the request harmless; may be nil.
	Idempotency *job.Idempotency
}

// Answer says what became of a list.
type Answer struct {
	Job           job.Job
	Accepted      int
	Duplicates    int
	RejectedCount int
	Rejected      []Rejected
	// Repeated is set when an earlier request with the same idempotency key had
	// created the job.
	Repeated bool
}

// EmptyError is returned for a list without a single usable address.
type EmptyError struct{ List List }

// Error implements error.
func (e *EmptyError) Error() string {
	if e.List.RejectedCount == 0 {
		return "the list is empty"
	}
	return fmt.Sprintf("none of the %d lines is a usable web address", e.List.RejectedCount)
}

// BusyError is returned while another request or worker is planning the same job.
type BusyError struct{ RetryAfter time.Duration }

// Error implements error.
func (e *BusyError) Error() string {
	return "an earlier request is still creating this job"
}

// Create stores a job and starts it, or opens it for chunks. When it returns
// without error everything is durable. Errors: *job.FieldError for input that
// is out of bounds, *EmptyError, job.ErrIdempotency, *BusyError when the same
// key is being worked on elsewhere; any other error may be answered by repeating
// the request, which with an idempotency key goes on with the same job.
//
// Once the job exists it is finished even if ctx ends, within the time of a plan.
func (s *Service) Create(ctx context.Context, r Request) (Answer, error) {
	if err := r.check(); err != nil {
		return Answer{}, err
	}
	now := s.now().UTC()
	expect := len(r.List.Targets)
	if r.Open {
		if expect = r.Expect; expect <= 0 {
			expect = MaxJobURLs
		}
	}
	j := job.Job{
		ID: job.NewID(now, job.ShardsFor(expect)), Owner: r.Owner, Name: r.Name, Options: r.Options,
		Status: job.Creating, Open: r.Open, Rejected: r.List.RejectedCount, Idempotency: r.Idempotency,
		CreatedAt: now, ExpiresAt: now.Add(r.Options.Retention()),
		History: []job.Change{{Status: job.Creating, At: now}},
	}
	answer := Answer{
		Accepted: len(r.List.Targets), Duplicates: r.List.Duplicates,
		RejectedCount: r.List.RejectedCount, Rejected: r.List.Rejected,
	}
	var plan job.Plan
	if !r.Open {
		plan = job.PlanDistinct(j.ID, r.List.Targets, now.Add(RingGrace))
		s.planned(&j, plan, r.List.Duplicates)
		j.Adding = leaseTime(now)
	}
	stored, created, err := s.store.CreateJob(ctx, j)
	if err != nil {
		return Answer{}, fmt.Errorf("create job %s: %w", j.ID, err)
	}
	answer.Job, answer.Repeated = stored, !created
	if stored.Open || r.Open {
		return answer, nil
	}
	if !created {
		mine := false
		if stored, mine, err = s.takeOver(ctx, stored.ID, s.wait); err != nil {
			return Answer{}, err
		}
		if answer.Job = stored; !mine {
			return answer, nil
		}
		plan = job.PlanDistinct(stored.ID, r.List.Targets, s.now().UTC().Add(RingGrace))
	}
	answer.Job, err = s.finish(context.WithoutCancel(ctx), stored, plan, func(*job.Job) {})
	if err != nil {
		return Answer{}, err
	}
	return answer, nil
}

func (r *Request) check() error {
	if r.Name != "" && utf8.RuneCountInString(r.Name) > MaxName {
		return &job.FieldError{Field: "name", Reason: fmt.Sprintf("is longer than %d characters", MaxName)}
	}
	if r.Expect < 0 || r.Expect > MaxJobURLs {
		return &job.FieldError{Field: "expect", Reason: fmt.Sprintf("%d is not between 0 and %d", r.Expect, MaxJobURLs)}
	}
	if r.Idempotency != nil && (r.Idempotency.Key == "" || len(r.Idempotency.Key) > MaxKey) {
		return &job.FieldError{Field: "Idempotency-Key", Reason: fmt.Sprintf("is not 1 to %d bytes long", MaxKey)}
	}
	if err := r.Options.Normalise(); err != nil {
		return err
	}
	if r.Open {
		if r.List.Lines > 0 {
			return &job.FieldError{Field: "urls", Reason: "must be left out of an open job: append them as chunks"}
		}
		return nil
	}
	return r.List.check()
}

// check wants a list that is neither empty nor too long.
func (l *List) check() error {
	if len(l.Targets) == 0 {
		return &EmptyError{List: *l}
	}
	if n := len(l.Targets) + l.Duplicates + l.Over; n > MaxListURLs {
		return &job.FieldError{Field: "urls", Reason: fmt.Sprintf(
			"has %d addresses, more than the %d of one request: create the job with open=true and append chunks", n, MaxListURLs)}
	}
	return nil
}

// planned notes the figures of a plan in the job.
func (s *Service) planned(j *job.Job, p job.Plan, duplicates int) {
	j.URLs, j.Hosts, j.Batches, j.Workers = p.URLs, p.Hosts, len(p.Batches), min(p.Workers, s.workers)
	j.Duplicates = duplicates + p.Duplicates
}

// own returns a job if it is there and the owner's; job.ErrNotFound.
func (s *Service) own(ctx context.Context, owner string, id job.ID) (job.Job, error) {
	j, err := s.store.Job(ctx, id)
	if err != nil {
		return job.Job{}, err
	}
	if j.Owner != owner || !j.DeletedAt.IsZero() {
		return job.Job{}, fmt.Errorf("job %s: %w", id, job.ErrNotFound)
	}
	return j, nil
}

var errLease = errors.New("somebody else is planning the job")

// leaseTime is a time as every store gives it back.
func leaseTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
