// Package sweep is what happens every minute: bells that stayed silent are rung
// again, jobs that are done are completed, abandoned creations fail, and deleted
// jobs are purged.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gleaner/shared/control"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/work"
)

// Times of the sweeper.
const (
	// Interval is how often a sweep is meant to run.
	Interval = time.Minute
	// AbandonedAfter is how long a creation may take that nobody keeps open.
	AbandonedAfter = 15 * time.Minute
	// OpenFor is how long a list may be kept open for further chunks.
	OpenFor = 24 * time.Hour
)

// Sizes of the sweeper's steps.
const (
	jobPage   = 100
	ringLimit = 2000 // bells a sweep rings for one job
	purgeStep = 5000 // items a sweep purges of one job
)

// Sweeper sweeps. It is safe to run on many machines at once.
type Sweeper struct {
	Store job.Store
	Bells queue.Sender
	Now   func() time.Time
	Log   *slog.Logger
}

// Report says what a sweep did.
type Report struct {
	Rung      int `json:"rung"`
	Completed int `json:"completed"`
	Abandoned int `json:"abandoned"`
	Purged    int `json:"purged"`
}

// Sweep looks at every unfinished and every deleted job once. One job's fault
// does not keep it from the others; the faults come back joined.
func (s *Sweeper) Sweep(ctx context.Context) (Report, error) {
	var r Report
	err := errors.Join(
		s.each(ctx, job.Running, func(j job.Job) error { return s.running(ctx, j, &r) }),
		s.each(ctx, job.Creating, func(j job.Job) error { return s.creating(ctx, j, &r) }),
		s.purge(ctx, &r),
	)
	return r, err
}

func (s *Sweeper) each(ctx context.Context, status job.Status, do func(job.Job) error) error {
	var faults []error
	for cursor := ""; ; {
		page, err := s.Store.JobsByStatus(ctx, status, cursor, jobPage)
		if err != nil {
			return errors.Join(append(faults, fmt.Errorf("sweep: jobs %s: %w", status, err))...)
		}
		for _, j := range page.Items {
			if err := do(j); err != nil && !errors.Is(err, job.ErrNotFound) {
				faults = append(faults, fmt.Errorf("sweep: job %s: %w", j.ID, err))
			}
		}
		if cursor = page.Next; cursor == "" || ctx.Err() != nil {
			return errors.Join(faults...)
		}
	}
}

func (s *Sweeper) running(ctx context.Context, j job.Job, r *Report) error {
	now := s.Now()
	p, err := s.Store.Progress(ctx, j.ID)
	if err != nil || p.Job.Status != job.Running {
		return err
	}
	switch {
	case p.AllSettled():
		r.Completed++
		return work.CompleteIfDone(ctx, s.Store, s.Bells, j.ID, now)
	case !p.Job.Adding.IsZero():
		if now.Sub(p.Job.Adding) < work.BellGrace {
			return nil
		}
		r.Rung++
		return s.ring(ctx, p.Job, job.BellRetry)
	}
	horizon := now
	if now.Sub(p.Counters.UpdatedAt) < work.BellGrace {
		horizon = now.Add(-work.Patience)
	}
	refs, err := s.Store.Due(ctx, j.ID, horizon, ringLimit)
	if err != nil || len(refs) == 0 {
		return err
	}
	r.Rung += len(refs)
	s.Log.InfoContext(ctx, "ringing silent batches", "job", j.ID, "batches", len(refs))
	return control.Ring(ctx, s.Store, s.Bells, p.Job, refs, now.Add(work.BellGrace))
}

func (s *Sweeper) creating(ctx context.Context, j job.Job, r *Report) error {
	age := s.Now().Sub(j.CreatedAt)
	switch {
	case j.Open && age < OpenFor, !j.Open && age < work.BellGrace:
		return nil
	case !j.Open && j.Chunks > 0 && age < OpenFor+AbandonedAfter:
		r.Rung++
		return s.ring(ctx, j, job.BellPlan)
	case !j.Open && age < AbandonedAfter:
		return nil
	}
	r.Abandoned++
	_, err := job.Mutate(ctx, s.Store, j.ID, func(j *job.Job) error {
		if j.Status != job.Creating {
			return job.ErrUnchanged
		}
		return j.Become(job.Failed, s.Now(), "its creation was abandoned")
	})
	return err
}

func (s *Sweeper) ring(ctx context.Context, j job.Job, kind job.BellKind) error {
	bell := job.Bell{Ref: job.Ref{Job: j.ID}, Kind: kind}
	return s.Bells.Send(ctx, []queue.Outgoing{{Body: bell.Encode(), Group: bell.Group()}})
}

func (s *Sweeper) purge(ctx context.Context, r *Report) error {
	ids, err := s.Store.DeletedJobs(ctx, s.Now().Add(-job.UndoTime), jobPage)
	if err != nil {
		return fmt.Errorf("sweep: deleted jobs: %w", err)
	}
	var faults []error
	for _, id := range ids {
		done, err := s.Store.PurgeJob(ctx, id, purgeStep)
		if err != nil {
			faults = append(faults, fmt.Errorf("sweep: purging %s: %w", id, err))
		}
		if done {
			r.Purged++
		}
	}
	return errors.Join(faults...)
}
