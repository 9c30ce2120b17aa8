package submit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
)

const takeOverPoll = 100 * time.Millisecond

// takeOver makes the caller the one who plans a job that is CREATING, as soon as
// nobody else is, for which it waits up to wait: *BusyError after that. If the
// job is past planning it is returned with mine false.
func (s *Service) takeOver(ctx context.Context, id job.ID, wait time.Duration) (j job.Job, mine bool, err error) {
	for waited := time.Duration(0); ; waited += takeOverPoll {
		now := leaseTime(s.now())
		var free time.Duration
		j, err = job.Mutate(ctx, s.store, id, func(j *job.Job) error {
			mine = false
			if j.Status != job.Creating || j.Open || !j.DeletedAt.IsZero() {
				free = 0
				return job.ErrUnchanged
			}
			if free = j.Adding.Add(planLease).Sub(now); !j.Adding.IsZero() && free > 0 {
				return job.ErrUnchanged
			}
			free, mine, j.Adding = 0, true, now
			return nil
		})
		if err != nil {
			return job.Job{}, false, fmt.Errorf("take over job %s: %w", id, err)
		}
		if mine || free <= 0 {
			return j, mine, nil
		}
		if waited >= wait {
			return job.Job{}, false, &BusyError{RetryAfter: free}
		}
		select {
		case <-ctx.Done():
			return job.Job{}, false, ctx.Err()
		case <-time.After(takeOverPoll):
		}
	}
}

// writeBlock is how many batches are written between looks at the lease.
const writeBlock = 1_000

// finish stores the batches of a job the caller holds, starts it and rings it.
// note writes into the job what is not there yet. It returns the job as it
// then is, which may be CANCELLED if its owner was faster.
func (s *Service) finish(ctx context.Context, j job.Job, p job.Plan, note func(*job.Job)) (job.Job, error) {
	started, err := s.putAndRun(ctx, &j, p, note)
	if err != nil {
		s.giveUp(ctx, &j)
		return job.Job{}, fmt.Errorf("start job %s: %w", j.ID, err)
	}
	if started.Status == job.Running {
		s.ring(ctx, started, p.Ready())
	}
	return started, nil
}

func (s *Service) putAndRun(ctx context.Context, j *job.Job, p job.Plan, note func(*job.Job)) (job.Job, error) {
	for block := range slices.Chunk(p.Batches, writeBlock) {
		if err := s.keepLease(ctx, j); err != nil {
			return job.Job{}, err
		}
		left := planWrite - s.now().Sub(j.Adding)
		put, cancel := context.WithTimeout(ctx, left)
		err := s.store.PutBatches(put, block)
		cancel()
		if err != nil {
			return job.Job{}, err
		}
	}
	held := j.Adding
	run := func(j *job.Job) error {
		switch {
		case j.Adding.Equal(held) && j.Status != job.Creating: // cancelled meanwhile
			j.Adding = time.Time{}
			return nil
		case j.Status != job.Creating:
			return job.ErrUnchanged
		case !j.Adding.Equal(held):
			return errLease
		}
		note(j)
		j.Adding = time.Time{}
		return j.Become(job.Running, s.now().UTC(), "")
	}
	// The job is known as it was stored: in the usual case this saves a read.
	next := *j
	next.History = slices.Clone(j.History)
	if err := run(&next); err != nil {
		return job.Job{}, err
	}
	started, err := s.store.UpdateJob(ctx, next)
	if errors.Is(err, job.ErrConflict) {
		return job.Mutate(ctx, s.store, j.ID, run)
	}
	return started, err
}

// keepLease renews the caller's hold on the job when half of it is over.
func (s *Service) keepLease(ctx context.Context, j *job.Job) error {
	if s.now().Sub(j.Adding) < planWrite/2 {
		return nil
	}
	now, held := leaseTime(s.now()), j.Adding
	renewed, err := job.Mutate(ctx, s.store, j.ID, func(j *job.Job) error {
		if j.Status != job.Creating || !j.Adding.Equal(held) {
			return errLease
		}
		j.Adding = now
		return nil
	})
	if err != nil {
		return err
	}
	*j = renewed
	return nil
}

// giveUp lets go of a job after a fault, so that a repeat need not wait for the
// lease to run out. It is worth a try only: the lease runs out anyway.
func (s *Service) giveUp(ctx context.Context, j *job.Job) {
	held := j.Adding
	_, err := job.Mutate(ctx, s.store, j.ID, func(j *job.Job) error {
		if j.Status != job.Creating || !j.Adding.Equal(held) {
			return job.ErrUnchanged
		}
		j.Adding = time.Time{}
		return nil
	})
	if err != nil {
		s.log.WarnContext(ctx, "job stays held until its planning lease runs out",
			slog.String("job", string(j.ID)), slog.Any("error", err))
	}
}

// ring sends the bells. Those that are not sent are no fault of the request: the
// sweeper rings what is still pending after RingGrace.
func (s *Service) ring(ctx context.Context, j job.Job, refs []job.Ref) {
	messages := make([]queue.Outgoing, len(refs))
	for i, ref := range refs {
		bell := job.Bell{Ref: ref}
		messages[i] = queue.Outgoing{Body: bell.Encode(), Group: bell.Group()}
	}
	if err := s.bells.Send(ctx, messages); err != nil {
		s.log.WarnContext(ctx, "bells not rung, the sweeper will ring them",
			slog.String("job", string(j.ID)), slog.Int("batches", len(refs)), slog.Any("error", err))
	}
}
