package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/work"
)

// TakeOver goes on at once with everything that a process left which is known to
// have died, without waiting for a bell to come again, the sweeper or the end of
// anybody's time: with plans begun before the time given, and with all batches.
// Leases of batches must have been ended before. It is for an installation on one
// machine; it does no harm elsewhere to anything but the plans that other processes
// are at.
func (s *Service) TakeOver(ctx context.Context, before time.Time) error {
	if err := s.TakeOverPlans(ctx, before); err != nil {
		return err
	}
	if err := s.takeOver(ctx, job.Running, before, s.takeOverRun); err != nil {
		return err
	}
	return s.takeOver(ctx, job.Cancelled, before, s.takeOverRest)
}

// TakeOverPlans is TakeOver of plans alone.
func (s *Service) TakeOverPlans(ctx context.Context, before time.Time) error {
	return s.takeOver(ctx, job.Creating, before, s.takeOverPlan)
}

func (s *Service) takeOver(ctx context.Context, status job.Status, before time.Time, do func(context.Context, job.Job, time.Time) error) error {
	for cursor := ""; ; {
		page, err := s.store.JobsByStatus(ctx, status, cursor, job.MaxPage)
		if err != nil {
			return fmt.Errorf("control: taking over: %w", err)
		}
		for _, j := range page.Items {
			if err := do(ctx, j, before); err != nil && !errors.Is(err, job.ErrNotFound) {
				return fmt.Errorf("control: taking over %s: %w", j.ID, err)
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// takeOverPlan frees a job from a planner that died, for whoever repeats the
// request, and has it planned if its list is complete.
func (s *Service) takeOverPlan(ctx context.Context, j job.Job, before time.Time) error {
	j, err := job.Mutate(ctx, s.store, j.ID, func(j *job.Job) error {
		if j.Status != job.Creating || j.Adding.IsZero() || !j.Adding.Before(before) {
			return job.ErrUnchanged
		}
		j.Adding = time.Time{}
		return nil
	})
	if err != nil || j.Open || j.Chunks == 0 || !j.Adding.IsZero() {
		return err
	}
	return s.ring(ctx, j.ID, job.BellPlan, 0)
}

// takeOverRun rings what is left of a running job: its retry, or its batches.
// One of which nothing is left is completed.
func (s *Service) takeOverRun(ctx context.Context, j job.Job, _ time.Time) error {
	if !j.Adding.IsZero() {
		return s.ring(ctx, j.ID, job.BellRetry, 0)
	}
	if err := s.RingPending(ctx, j); err != nil {
		return err
	}
	return work.CompleteIfDone(ctx, s.store, s.bells, j.ID, s.now())
}

// takeOverRest has a job wound up that was cancelled so lately that its bell may
// still be on its way: no worker is left for whose end it would have to wait.
func (s *Service) takeOverRest(ctx context.Context, j job.Job, before time.Time) error {
	if before.Sub(j.FinishedAt) > windUpTime {
		return nil
	}
	return s.ring(ctx, j.ID, job.BellWindUp, 0)
}

// windUpTime is how long after the cancellation a job is surely wound up: its
// bell rings after work.MaxLease, and once more if its worker dies over it.
const windUpTime = 3 * work.MaxLease
