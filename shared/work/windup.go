package work

import (
	"context"
	"errors"
	"fmt"

	"gleaner/shared/job"
)

// windUpPage is how many batches are looked at together.
const windUpPage = 50

// windUp settles the batches that workers of a cancelled job left behind: what
// was fetched is counted, and what was claimed by a worker that died ends as
// cancelled. Batches that never ran stay as they are. It answers an error while
// a worker is still at one of them.
func (w *Worker) windUp(ctx context.Context, id job.ID) error {
	j, err := w.Store.Job(ctx, id)
	switch {
	case errors.Is(err, job.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("work: winding up %s: %w", id, err)
	case j.Status != job.Cancelled || !j.DeletedAt.IsZero():
		return nil
	}
	var left []error
	for cursor := ""; ; {
		page, err := w.Store.Batches(ctx, id, cursor, windUpPage)
		if err != nil {
			return fmt.Errorf("work: winding up %s: %w", id, err)
		}
		for i := range page.Items {
			b := &page.Items[i]
			if b.Status == job.Leased || b.Status == job.Fetched {
				left = append(left, w.abandon(ctx, j, b.Ref, job.OutcomeCancelled, ""))
			}
		}
		if cursor = page.Next; cursor == "" {
			return errors.Join(left...)
		}
	}
}

// abandon settles a batch whose worker is gone: with what it brought, if that is
// stored, or with one outcome for every target. errors.Is(err, job.ErrLeased)
// while a worker is still at it.
func (w *Worker) abandon(ctx context.Context, j job.Job, ref job.Ref, o job.Outcome, detail string) error {
	b, _, err := w.claim(ctx, ref)
	switch {
	case errors.Is(err, job.ErrLeased):
		return fmt.Errorf("work: abandoning %s: %w", ref, err)
	case isAnswer(err):
		return nil
	case err != nil:
		return fmt.Errorf("work: abandoning %s: %w", ref, err)
	}
	if b.Status == job.Fetched {
		return w.finish(ctx, j, &b)
	}
	return w.giveUp(ctx, j, b, o, detail)
}
