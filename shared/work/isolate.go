package work

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gleaner/shared/job"
)

// Deaths forgiven to a batch before it is suspected: machines do go away. A half
// of a batch that was suspected is forgiven fewer.
const (
	forgivenWhole = 2
	forgivenHalf  = 1
)

// crashedBefore reports whether a batch just claimed is suspected of killing
// workers: it was claimed before, again and again, and neither released nor
// fetched.
func crashedBefore(b *job.Batch) bool { return b.Attempt > 1+forgiven(b) }

// lastChance reports whether a batch just claimed will be suspected if its
// worker dies once more.
func lastChance(b *job.Batch) bool { return b.Attempt == 1+forgiven(b) }

func forgiven(b *job.Batch) int {
	if last := b.Ref.Key[len(b.Ref.Key)-1]; last == 'a' || last == 'b' {
		return forgivenHalf
	}
	return forgivenWhole
}

// crawlApart crawls a batch when it may be crawled beside the others. One that
// has its last chance is handed back while it waits to be alone, for what others
// do must not cost it its chance. Where a process has one batch at a time, as on
// AWS, nobody waits.
func (w *Worker) crawlApart(ctx context.Context, j job.Job, b *job.Batch, claim job.Claim, at *seat) (done bool, err error) {
	if lastChance(b) && !at.aloneNow() {
		if err := w.handBack(ctx, b, claim, nil); err != nil {
			return false, err
		}
		if !at.alone(ctx) {
			return false, w.ringLater(ctx, b.Ref, laterOn)
		}
		again, anew, err := w.claim(ctx, b.Ref)
		switch {
		case isAnswer(err):
			return false, nil
		case err != nil:
			return false, fmt.Errorf("work: %s: %w", b.Ref, err)
		}
		if *b, claim = again, anew; b.Status == job.Fetched {
			return true, nil
		}
	}
	return w.crawl(ctx, j, b, claim)
}

// isolate splits a batch that kills workers, until the one URL that does so is
// alone; that one then ends as crashed_worker.
func (w *Worker) isolate(ctx context.Context, j job.Job, b job.Batch) error {
	if len(b.Targets) <= 1 {
		return w.giveUp(ctx, j, b, job.OutcomeCrashed, "")
	}
	halves := split(b)
	err := w.Store.Split(ctx, b.Ref, b.LeaseToken, halves, w.Now())
	switch {
	case isAnswer(err):
		return nil
	case err != nil:
		return fmt.Errorf("work: splitting %s: %w", b.Ref, err)
	}
	w.Log.WarnContext(ctx, "batch crashed a worker; split", "job", j.ID, "batch", b.Ref.Key, "targets", len(b.Targets))
	w.ring(ctx, j, halves[0].Ref)
	if halves[0].Next == "" && b.Next == "" {
		w.ring(ctx, j, halves[1].Ref)
	}
	return nil
}

// split halves a batch, between two hosts if it can; where it cannot, the halves
// are chained, so that the host is not crawled by two workers.
func split(b job.Batch) [2]job.Batch {
	targets := slices.Clone(b.Targets)
	slices.SortStableFunc(targets, func(x, y job.Target) int {
		switch hx, hy := x.Host(), y.Host(); {
		case hx < hy:
			return -1
		case hx > hy:
			return 1
		default:
			return 0
		}
	})
	middle := len(targets) / 2
	cut := middle
	boundary := func(i int) bool {
		return i > 0 && i < len(targets) && targets[i-1].Host() != targets[i].Host()
	}
	for d := range len(targets) / 4 {
		if boundary(middle - d) {
			cut = middle - d
			break
		}
		if boundary(middle + d) {
			cut = middle + d
			break
		}
	}
	half := func(letter byte, targets []job.Target) job.Batch {
		return job.Batch{
			Ref:     job.Ref{Job: b.Ref.Job, Key: b.Ref.Key.Child(letter)},
			Status:  job.Pending,
			Targets: targets,
		}
	}
	halves := [2]job.Batch{half('a', targets[:cut]), half('b', targets[cut:])}
	if !boundary(cut) {
		halves[0].Next = halves[1].Ref.Key
	}
	return halves
}

// Bury settles a batch whose bell ended in the dead-letter queue: its URLs end
// as undeliverable, with the reason, unless their outcomes are stored already.
// Like Ring it returns nil when there is nothing left to do, and errors.Is(err,
// job.ErrLeased) while a worker is still at the batch.
func (w *Worker) Bury(ctx context.Context, ref job.Ref, reason string) error {
	j, err := w.Store.Job(ctx, ref.Job)
	switch {
	case errors.Is(err, job.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("work: burying %s: %w", ref, err)
	case j.Status != job.Running || !j.DeletedAt.IsZero():
		return nil // a paused job's batches are rung again when it resumes
	}
	return w.abandon(ctx, j, ref, job.OutcomeDead, reason)
}

// giveUp ends every target of a claimed batch with one outcome.
func (w *Worker) giveUp(ctx context.Context, j job.Job, b job.Batch, o job.Outcome, detail string) error {
	res := job.Result{Visits: make([]job.Visit, len(b.Targets))}
	for i, t := range b.Targets {
		res.Visits[i] = job.Visit{URL: t.URL, Outcome: o, Detail: detail}
	}
	err := w.Store.SaveResult(ctx, b.Ref, b.LeaseToken, res, nil)
	switch {
	case isAnswer(err):
		return nil
	case err != nil:
		return fmt.Errorf("work: giving up %s: %w", b.Ref, err)
	}
	b.Result = &res
	return w.finish(ctx, j, &b)
}
