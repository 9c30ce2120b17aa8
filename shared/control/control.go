// Package control is what people do to jobs that exist: cancel, pause, resume,
// retry what failed, delete and bring back. Each call is idempotent, allowed in
// the right states only, and races safely with the job's own completion.
package control

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/work"
)

// Service changes jobs.
type Service struct {
	store job.Store
	bells queue.Sender
	now   func() time.Time
	log   *slog.Logger
}

// New makes a Service. now and log may be nil.
func New(store job.Store, bells queue.Sender, now func() time.Time, log *slog.Logger) *Service {
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: store, bells: bells, now: now, log: log}
}

// Cancel stops a job: nothing more is claimed, batches under way end within one
// page's time, and what was found is kept. Cancelling a cancelled job is
// harmless; a finished one answers *job.StateError.
func (s *Service) Cancel(ctx context.Context, owner string, id job.ID) (job.Job, error) {
	if j, err := s.mutate(ctx, owner, id, func(*job.Job) error { return job.ErrUnchanged }); err != nil || j.Status == job.Cancelled {
		return j, err
	}
	// The bell comes first: one for a job that was not cancelled after all does
	// nothing.
	if err := s.windUp(ctx, id); err != nil {
		return job.Job{}, fmt.Errorf("control: cancelling %s: %w", id, err)
	}
	return s.become(ctx, owner, id, job.Cancelled)
}

// windUp has what workers of a cancelled job leave behind that die over it
// settled once their leases have surely run out.
func (s *Service) windUp(ctx context.Context, id job.ID) error {
	return s.ring(ctx, id, job.BellWindUp, work.MaxLease)
}

// Pause makes the job's bells be ignored. Batches under way begin no further
// page, store what they have and leave the rest to their continuations.
func (s *Service) Pause(ctx context.Context, owner string, id job.ID) (job.Job, error) {
	return s.become(ctx, owner, id, job.Paused)
}

// Resume lets a paused job go on: every batch that is pending is rung.
func (s *Service) Resume(ctx context.Context, owner string, id job.ID) (job.Job, error) {
	j, err := s.mutate(ctx, owner, id, func(j *job.Job) error {
		switch j.Status {
		case job.Running:
			return job.ErrUnchanged
		case job.Paused:
			return j.Become(job.Running, s.now(), "resumed")
		default: // Completed and Cancelled become Running by a retry only
			return &job.StateError{ID: j.ID, Status: j.Status, Wanted: job.Running}
		}
	})
	if err != nil {
		return j, err
	}
	if err := s.RingPending(ctx, j); err != nil {
		s.log.WarnContext(ctx, "resumed, but not every bell was rung; the sweeper will", "job", id, "error", err)
	}
	return s.completed(ctx, j)
}

// completed completes the job if it turned out that nothing was left to do.
func (s *Service) completed(ctx context.Context, j job.Job) (job.Job, error) {
	if err := work.CompleteIfDone(ctx, s.store, s.bells, j.ID, s.now()); err != nil {
		return j, fmt.Errorf("control: %w", err)
	}
	return j, nil
}

// Delete takes the job out of every list at once. Its items go in the
// background after job.UndoTime; until then Restore brings it back. Deleting a
// deleted job is harmless.
func (s *Service) Delete(ctx context.Context, owner string, id job.ID) (job.Job, error) {
	return job.Mutate(ctx, s.store, id, func(j *job.Job) error {
		switch {
		case j.Owner != owner:
			return fmt.Errorf("job %s: %w", id, job.ErrNotFound)
		case !j.DeletedAt.IsZero():
			return job.ErrUnchanged
		}
		j.DeletedAt = s.now()
		return nil
	})
}

// Restore brings a deleted job back within job.UndoTime; job.ErrNotFound after it.
// A job that was running goes on.
func (s *Service) Restore(ctx context.Context, owner string, id job.ID) (job.Job, error) {
	j, err := job.Mutate(ctx, s.store, id, func(j *job.Job) error {
		switch {
		case j.Owner != owner:
			return fmt.Errorf("job %s: %w", id, job.ErrNotFound)
		case j.DeletedAt.IsZero():
			return job.ErrUnchanged
		case s.now().Sub(j.DeletedAt) >= job.UndoTime:
			return fmt.Errorf("job %s: %w", id, job.ErrNotFound)
		}
		j.DeletedAt = time.Time{}
		return nil
	})
	if err != nil {
		return j, err
	}
	switch j.Status {
	case job.Cancelled:
		// It may have been deleted when it was to be wound up.
		if err := s.windUp(ctx, id); err != nil {
			return job.Job{}, fmt.Errorf("control: restoring %s: %w", id, err)
		}
		return j, nil
	case job.Running:
		if err := s.RingPending(ctx, j); err != nil {
			s.log.WarnContext(ctx, "restored, but not every bell was rung; the sweeper will", "job", id, "error", err)
		}
		return s.completed(ctx, j)
	default:
		return j, nil
	}
}

func (s *Service) become(ctx context.Context, owner string, id job.ID, next job.Status) (job.Job, error) {
	return s.mutate(ctx, owner, id, func(j *job.Job) error {
		if j.Status == next {
			return job.ErrUnchanged
		}
		return j.Become(next, s.now(), "")
	})
}

// mutate changes a job that the owner can see.
func (s *Service) mutate(ctx context.Context, owner string, id job.ID, change func(*job.Job) error) (job.Job, error) {
	return job.Mutate(ctx, s.store, id, func(j *job.Job) error {
		if j.Owner != owner || !j.DeletedAt.IsZero() {
			return fmt.Errorf("job %s: %w", id, job.ErrNotFound)
		}
		return change(j)
	})
}
