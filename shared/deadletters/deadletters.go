// Package deadletters handles the dead-letter queue: it settles what could not be
// processed, with its reason, so that every job ends.
package deadletters

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/bells"
	"gleaner/shared/job"
)

// Burier settles a batch that cannot be processed, and answers bells. Both
// answer an error for which errors.Is finds job.ErrLeased while a worker is
// still at a batch concerned.
type Burier interface {
	Bury(ctx context.Context, r job.Ref, reason string) error
	Ring(ctx context.Context, b job.Bell) error
}

// Handler settles dead letters.
type Handler struct {
	Worker Burier
	Jobs   job.JobStore
	Now    func() time.Time
	Log    *slog.Logger
}

// Handle settles each message's batch. Messages that must come again (the store
// did not answer, or a worker still holds the batch) are named in the response.
func (h *Handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	return bells.Each(ctx, e, h.Log, func(ctx context.Context, b job.Bell) error {
		err := h.settle(ctx, b)
		if err == nil {
			h.Log.WarnContext(ctx, "dead letter settled", "job", b.Job, "batch", b.Key, "kind", b.Kind)
		}
		return err
	}), nil
}

func (h *Handler) settle(ctx context.Context, b job.Bell) error {
	switch b.Kind {
	case job.BellBatch:
		return h.Worker.Bury(ctx, b.Ref, "the batch was handed out again and again and never ended")
	case job.BellPlan:
		return h.change(ctx, b.Job, func(j *job.Job) error {
			if j.Status != job.Creating {
				return job.ErrUnchanged
			}
			return j.Become(job.Failed, h.Now(), "its list could not be planned")
		})
	case job.BellWindUp:
		return h.Worker.Ring(ctx, b) // nobody else does it: from here it comes again until it is done
	case job.BellWebhook:
		return nil // the job is as completed as it was
	default: // a retry that could not be added: the job goes on without it
		return h.change(ctx, b.Job, func(j *job.Job) error {
			if j.Adding.IsZero() {
				return job.ErrUnchanged
			}
			j.Adding = time.Time{}
			return nil
		})
	}
}

func (h *Handler) change(ctx context.Context, id job.ID, change func(*job.Job) error) error {
	_, err := job.Mutate(ctx, h.Jobs, id, change)
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		return fmt.Errorf("deadletters: job %s: %w", id, err)
	}
	return nil
}
