// Package work takes batches through their life: claim, crawl, store the
// outcomes, store the addresses, settle, ring the next. A crash between any two
// steps loses nothing and counts nothing twice; whoever is rung next goes on
// from the last step that was stored.
package work

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"gleaner/shared/crawl"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/seen"
)

// Crawler visits the targets of one batch.
type Crawler interface {
	Crawl(ctx context.Context, r crawl.Request) (job.Result, error)
}

// Planner plans a job whose list is complete and starts it.
type Planner interface {
	Plan(ctx context.Context, id job.ID) error
}

// Retrier adds the batches of a retry to a job.
type Retrier interface {
	AddRetries(ctx context.Context, id job.ID) error
}

// Announcer calls the webhook of a job that is completed.
type Announcer interface {
	Announce(ctx context.Context, id job.ID) error
}

// Times of a worker.
const (
	// LeaseMargin is how long a lease outlasts the deadline of the worker that
	// holds it: a worker that died is known to be dead only after that.
	LeaseMargin = 15 * time.Second
	// BellGrace is how long a batch whose bell was just rung may stay silent
	// before the sweeper rings it again.
	BellGrace = time.Minute
	// Patience is how overdue a silent batch must be in a job that moves on before
	// the sweeper rings it: its bell is probably still waiting in the queue.
	Patience = 10 * time.Minute
	// MaxLease is the longest lease there is: that of a worker with the longest
	// time that any installation gives it.
	MaxLease = 6 * time.Minute
	// storeReserve is kept of a worker's time for storing what it fetched.
	storeReserve = 10 * time.Second
	// defaultTime is a worker's time when its context has no deadline.
	defaultTime = 5 * time.Minute
)

// Config is what a Worker is made of; Planner, Retrier, Announcer, Now and Log may
// be nil.
type Config struct {
	Store     job.Store
	Bells     queue.Sender
	Crawler   Crawler
	Planner   Planner
	Retrier   Retrier
	Announcer Announcer
	Now       func() time.Time
	Log       *slog.Logger
}

// Worker answers bells. It is safe for concurrent use.
type Worker struct {
	Config
	seen     seen.Cache
	draining atomic.Bool
	company  company
}

// New makes a Worker.
func New(c Config) *Worker {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Worker{Config: c, company: newCompany()}
}

// Drain makes the batches under way end soon: what was not begun goes into
// their continuations.
func (w *Worker) Drain() { w.draining.Store(true) }

// Ring does what the bell asks for. A nil error means that the message has done
// its duty and may be deleted, even if there was nothing to do; any error that
// it should come again.
func (w *Worker) Ring(ctx context.Context, b job.Bell) error {
	switch b.Kind {
	case job.BellPlan:
		if w.Planner == nil {
			return errors.New("work: this worker does not plan")
		}
		return w.Planner.Plan(ctx, b.Job)
	case job.BellRetry:
		if w.Retrier == nil {
			return errors.New("work: this worker adds no retries")
		}
		return w.Retrier.AddRetries(ctx, b.Job)
	case job.BellWindUp:
		return w.windUp(ctx, b.Job)
	case job.BellWebhook:
		return w.announce(ctx, b.Job)
	default:
		return w.batch(ctx, b.Ref)
	}
}

// announce calls the webhook of a job, which it completes before if whoever was
// about to did not get to it.
func (w *Worker) announce(ctx context.Context, id job.ID) error {
	if w.Announcer == nil {
		return errors.New("work: this worker calls no webhooks")
	}
	if err := CompleteIfDone(ctx, w.Store, w.Bells, id, w.Now()); err != nil && !errors.Is(err, job.ErrNotFound) {
		return err
	}
	return w.Announcer.Announce(ctx, id)
}

// batch claims a batch and does what is left of it.
func (w *Worker) batch(ctx context.Context, ref job.Ref) error {
	at, ok := w.company.join(ctx)
	if !ok {
		return w.ringLater(ctx, ref, laterOn)
	}
	defer at.leave()
	log := w.Log.With("job", ref.Job, "batch", ref.Key)
	j, err := w.Store.Job(ctx, ref.Job)
	switch {
	case errors.Is(err, job.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("work: %s: %w", ref, err)
	case j.Status != job.Running || !j.DeletedAt.IsZero() || !j.Adding.IsZero():
		// What is pending is rung when the job resumes, is restored, or has all
		// its retries.
		log.DebugContext(ctx, "bell ignored", "status", j.Status)
		return nil
	}
	if w.draining.Load() {
		return errors.New("work: draining")
	}
	b, claim, err := w.claim(ctx, ref)
	switch {
	case isAnswer(err):
		log.DebugContext(ctx, "nothing to claim", "reason", err)
		return nil
	case err != nil:
		return fmt.Errorf("work: %s: %w", ref, err)
	}
	if b.Status == job.Leased {
		if crashedBefore(&b) {
			return w.comeBack(ctx, &b, w.isolate(ctx, j, b))
		}
		done, err := w.crawlApart(ctx, j, &b, claim, at)
		if err != nil || !done {
			return err
		}
	}
	return w.comeBack(ctx, &b, w.finish(ctx, j, &b))
}

// comeBack has a batch looked at again at the end of its lease if its worker
// failed over it while holding it, for until then its message finds it held. It
// returns the failure.
func (w *Worker) comeBack(ctx context.Context, b *job.Batch, failure error) error {
	if failure == nil {
		return nil
	}
	return errors.Join(failure, w.ringLater(ctx, b.Ref, max(0, b.LeaseUntil.Sub(w.Now()))+time.Second))
}

// isAnswer reports whether err means that somebody else has, had or will have
// the batch, so that its bell has nothing more to say.
func isAnswer(err error) bool {
	for _, answer := range []error{job.ErrNotFound, job.ErrDone, job.ErrHeld, job.ErrLeased, job.ErrLeaseLost} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

func (w *Worker) claim(ctx context.Context, ref job.Ref) (job.Batch, job.Claim, error) {
	now := w.Now()
	left := defaultTime
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	c := job.Claim{Token: rand.Text(), Now: now, Lease: left + LeaseMargin}
	b, err := w.Store.Claim(ctx, ref, c)
	if err != nil && !isAnswer(err) {
		b, err = w.Store.Claim(ctx, ref, c) // the write may have taken effect; the same token claims it again
	}
	return b, c, err
}

// crawl visits the batch's targets and stores the result. done is false when the
// batch was handed back and its life goes on elsewhere.
func (w *Worker) crawl(ctx context.Context, j job.Job, b *job.Batch, claim job.Claim) (done bool, err error) {
	watch := &watch{worker: w, id: j.ID, stopAfter: int64(j.Options.StopAfterJob)}
	if watch.stopAfter > 0 {
		watch.Status(ctx) // so that a job that has enough begins nothing at all
	}
	res, err := w.Crawler.Crawl(ctx, crawl.Request{
		Job:      j,
		Targets:  b.Targets,
		Deadline: w.beginUntil(ctx),
		Stopped:  watch.Status,
		Enough:   watch.Enough,
		Log:      w.Log.With("job", j.ID, "batch", b.Ref.Key),
	})
	if err != nil {
		return false, w.handBack(ctx, b, claim, fmt.Errorf("work: crawling %s: %w", b.Ref, err))
	}
	if len(res.Visits) == 0 {
		return false, w.handBack(ctx, b, claim, nil)
	}
	var cont *job.Batch
	if len(res.Remainder) > 0 {
		cont = &job.Batch{
			Ref:     job.Ref{Job: j.ID, Key: b.Ref.Key.Child('c')},
			Status:  job.Pending,
			Targets: res.Remainder,
			Due:     unsure(w.Now()),
		}
	}
	err = w.Store.SaveResult(ctx, b.Ref, claim.Token, res, cont)
	if err != nil && !isAnswer(err) {
		err = w.Store.SaveResult(ctx, b.Ref, claim.Token, res, cont)
	}
	switch {
	case isAnswer(err):
		return false, nil // another worker took over; what it does is as good
	case err != nil:
		return false, w.comeBack(ctx, b, fmt.Errorf("work: storing the outcomes of %s: %w", b.Ref, err))
	}
	b.Status, b.Result = job.Fetched, &res
	if cont != nil && b.Next == "" {
		w.ring(ctx, j, cont.Ref)
	}
	return true, nil
}

// beginUntil is when no further page may be begun.
func (w *Worker) beginUntil(ctx context.Context) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	reserve := min(storeReserve, time.Until(deadline)/4)
	return deadline.Add(-reserve)
}

// handBack releases a batch of which nothing was fetched, also when the
// context is over, and returns cause.
func (w *Worker) handBack(ctx context.Context, b *job.Batch, claim job.Claim, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LeaseMargin/2)
	defer cancel()
	due := w.Now()
	if cause != nil {
		due = due.Add(BellGrace) // the message comes again by itself
	}
	err := w.Store.Release(ctx, b.Ref, claim.Token, due)
	if err != nil && !isAnswer(err) {
		cause = errors.Join(cause, fmt.Errorf("work: releasing %s: %w", b.Ref, err))
	}
	return cause
}

// unsure is when a batch is due whose bell is only rung by whoever stores that
// it waits: in case he dies over it, the sweeper has no Patience with it.
func unsure(now time.Time) time.Time { return now.Add(BellGrace - Patience) }

// ring rings batches of a job. A bell that cannot be rung is not lost: the batch
// is due, and the sweeper rings it.
func (w *Worker) ring(ctx context.Context, j job.Job, refs ...job.Ref) {
	bells := make([]queue.Outgoing, len(refs))
	for i, r := range refs {
		bell := job.Bell{Ref: r}
		bells[i] = queue.Outgoing{Body: bell.Encode(), Group: bell.Group()}
	}
	if err := w.Bells.Send(ctx, bells); err != nil {
		w.Log.WarnContext(ctx, "bells not rung; the sweeper will", "job", j.ID, "bells", len(refs), "error", err)
	}
}

// ringLater rings a batch's bell again after a while, also when ctx is over.
func (w *Worker) ringLater(ctx context.Context, ref job.Ref, delay time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LeaseMargin/2)
	defer cancel()
	bell := job.Bell{Ref: ref}
	message := queue.Outgoing{Body: bell.Encode(), Group: bell.Group(), Delay: min(delay, queue.MaxDelay)}
	if err := w.Bells.Send(ctx, []queue.Outgoing{message}); err != nil {
		return fmt.Errorf("work: ringing %s later: %w", ref, err)
	}
	return nil
}
