package doctor

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/quota"
)

// rampUp is how long it may take until all workers are at it: Lambda adds some
// 300 a minute.
const rampUp = 5 * time.Minute

// limits says what this installation allows, and finds out whether it gets the
// workers that it is set up for: an account may have fewer executions at once than
// the deployment assumes, and Lambda then turns invocations away.
func (d *Doctor) limits(ctx context.Context) finding {
	detail := fmt.Sprintf("up to %d workers at once, %d connections each; an owner may hand in %s URLs a day and have %s jobs running",
		d.Workers, job.MaxConnections, allowed(d.Quota.URLsPerDay, quota.DefaultURLsPerDay), allowed(d.Quota.RunningJobs, quota.DefaultRunningJobs))
	depth, err := d.Queue.Depth(ctx)
	if err != nil {
		return finding{Degraded, detail + "; how many are at work could not be found out", "See the check of the queue."}
	}
	if depth.Visible == 0 || 2*depth.InFlight >= d.Workers {
		return fine(detail)
	}
	running, err := d.Jobs.JobsByStatus(ctx, job.Running, "", 1) // the oldest
	if err != nil {
		return finding{Degraded, detail + "; the running jobs could not be listed", "See the check of the store."}
	}
	if len(running.Items) == 0 || d.Now().Sub(runningSince(&running.Items[0])) < rampUp {
		return fine(detail)
	}
	return finding{
		Degraded, fmt.Sprintf("messages: %d waiting, %d at work; %s", depth.Visible, depth.InFlight, detail),
		"Fewer workers run than are allowed. On AWS: the account's quota \"Concurrent executions\" of Lambda may be smaller (a new account has 10 or 50): have it raised, " +
			"or deploy with a smaller WorkerConcurrency, so that nothing is turned away.",
	}
}

// runningSince is when a job began to run the last time.
func runningSince(j *job.Job) time.Time {
	if n := len(j.History); n > 0 {
		return j.History[n-1].At
	}
	return j.CreatedAt
}

// allowed puts a limit of package quota into words.
func allowed(n, byDefault int) string {
	switch {
	case n < 0:
		return "any number of"
	case n == 0:
		n = byDefault
	}
	return strconv.Itoa(n)
}
