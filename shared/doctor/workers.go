package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gleaner/shared/job"
)

const (
	// stuckAfter is how long a job that runs may stand still: longer than any
	// worker's time and a few rounds of the sweeper.
	stuckAfter = 20 * time.Minute
	// lookedAt is how many running jobs are looked at, the oldest first.
	lookedAt = 200
	// named is how many stuck jobs are named.
	named = 5
)

// workers looks for running jobs that do not move and lists that are not planned.
func (d *Doctor) workers(ctx context.Context) finding {
	now := d.Now()
	running, err := d.Jobs.JobsByStatus(ctx, job.Running, "", lookedAt)
	if err != nil {
		return finding{Failing, "the running jobs could not be listed: " + err.Error(), "See the check of the store."}
	}
	creating, err := d.Jobs.JobsByStatus(ctx, job.Creating, "", lookedAt)
	if err != nil {
		return finding{Failing, "the jobs being created could not be listed: " + err.Error(), "See the check of the store."}
	}
	var stuck []string
	var active int64
	for i := range running.Items {
		if ctx.Err() != nil {
			break
		}
		p, err := d.Jobs.Progress(ctx, running.Items[i].ID)
		if err != nil {
			continue // purged meanwhile, or the check of the store says what is wrong
		}
		active += p.Counters.Active
		if p.Job.Status == job.Running && now.Sub(lastMove(&p)) > stuckAfter {
			stuck = append(stuck, string(p.Job.ID))
		}
	}
	for i := range creating.Items {
		if j := &creating.Items[i]; !j.Open && now.Sub(j.CreatedAt) > stuckAfter {
			stuck = append(stuck, string(j.ID))
		}
	}
	more := ""
	if running.Next != "" {
		more = "more than "
	}
	detail := fmt.Sprintf("%s%d jobs run on %d workers", more, len(running.Items), active)
	if len(stuck) == 0 {
		return fine(detail)
	}
	return finding{
		Degraded,
		fmt.Sprintf("%s; %d have not moved for %s: %s", detail, len(stuck), stuckAfter, strings.Join(stuck[:min(len(stuck), named)], ", ")),
		"Is the sweeper running every minute? It rings batches that were forgotten. On AWS look at the errors and throttles of worker and sweeper, and at the worker's concurrency. " +
			"Nothing is lost: cancel such a job to keep what it found, or let it go on once the cause is gone.",
	}
}

// lastMove is when a job's figures or its status changed last.
func lastMove(p *job.Progress) time.Time {
	last := p.Counters.UpdatedAt
	if n := len(p.Job.History); n > 0 && p.Job.History[n-1].At.After(last) {
		last = p.Job.History[n-1].At
	}
	return last
}
