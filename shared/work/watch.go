package work

import (
	"context"
	"sync/atomic"

	"gleaner/shared/job"
)

// watch tells a crawl under way whether its job still wants it. It is asked
// about once a second; a store that does not answer changes nothing.
type watch struct {
	worker    *Worker
	id        job.ID
	stopAfter int64
	enough    atomic.Bool
}

// Status is the job's status: Paused also while this process drains.
func (s *watch) Status(ctx context.Context) job.Status {
	if s.worker.draining.Load() {
		return job.Paused
	}
	if s.stopAfter > 0 {
		p, err := s.worker.Store.Progress(ctx, s.id)
		if err != nil {
			return job.Running
		}
		s.enough.Store(p.Counters.Emails >= s.stopAfter)
		return live(p.Job)
	}
	j, err := s.worker.Store.Job(ctx, s.id)
	if err != nil {
		return job.Running
	}
	return live(j)
}

// live is the status as a crawl sees it: a deleted job is a cancelled one.
func live(j job.Job) job.Status {
	if !j.DeletedAt.IsZero() {
		return job.Cancelled
	}
	return j.Status
}

// Enough reports whether the whole job has the addresses it asked for.
func (s *watch) Enough() bool { return s.enough.Load() }
