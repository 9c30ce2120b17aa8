// Package quota bounds what one owner may have Gleaner do: jobs that run at
// once and URLs a day. It stands behind httpapi.Quota.
package quota

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/record"
)

// The defaults of Limits: what nobody reaches who does not mean to.
const (
	DefaultURLsPerDay  = 10_000_000
	DefaultRunningJobs = 100
)

// Limits are what each owner may have. The zero value of a field means its
// default, a negative one no limit.
type Limits struct {
	URLsPerDay  int // URLs handed in within one day (UTC); a repeated request counts once
	RunningJobs int // jobs that run at once; starting another is refused
}

// ParseLimits reads limits as they stand in environment variables: a number, 0
// or "none" for no limit, nothing for the default.
func ParseLimits(urlsPerDay, runningJobs string) (l Limits, err error) {
	if l.URLsPerDay, err = parse(urlsPerDay); err != nil {
		return l, fmt.Errorf("quota: URLs per day: %w", err)
	}
	if l.RunningJobs, err = parse(runningJobs); err != nil {
		return l, fmt.Errorf("quota: running jobs: %w", err)
	}
	return l, nil
}

func parse(s string) (int, error) {
	switch s = strings.TrimSpace(s); s {
	case "":
		return 0, nil
	case "0", "none":
		return -1, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is neither none nor a number from 0 up", s)
	}
	return n, nil
}

// Jobs is what is asked of the job store.
type Jobs interface {
	JobsByStatus(ctx context.Context, s job.Status, cursor string, limit int) (job.Page[job.Job], error)
}

// Quota counts what owners hand in. It is safe for concurrent use, also by many
// processes on the same store: the URLs of a day are never let in beyond the
// limit. Running jobs are looked at, not reserved, so that as many more can get
// in as are handed in at the same instant.
type Quota struct {
	jobs   Jobs
	limits Limits
	now    func() time.Time

	records record.Store
	days    ledgers
}

// New makes a Quota. now may be nil.
func New(jobs Jobs, records record.Store, l Limits, now func() time.Time) *Quota {
	if now == nil {
		now = time.Now
	}
	if l.URLsPerDay == 0 {
		l.URLsPerDay = DefaultURLsPerDay
	}
	if l.RunningJobs == 0 {
		l.RunningJobs = DefaultRunningJobs
	}
	return &Quota{jobs: jobs, limits: l, now: now, records: records, days: ledgers{records: records}}
}

// retryRunning is when to ask again while too many jobs run.
const retryRunning = time.Minute

// Take implements httpapi.Quota. After an error other than *ExceededError
// the URLs may have been taken.
func (q *Quota) Take(ctx context.Context, owner string, c Charge) (taken bool, err error) {
	paid, err := q.paid(ctx, owner, c.Request)
	if err != nil || paid {
		return false, err
	}
	if c.Starts {
		if err := q.running(ctx, owner); err != nil {
			return false, err
		}
	}
	limit := q.limits.URLsPerDay
	switch {
	case limit < 0 || c.URLs <= 0:
		return false, nil
	case c.URLs > limit:
		return false, &ExceededError{
			Reason:     fmt.Sprintf("%d URLs are more than the %d that may be handed in within a day.", c.URLs, limit),
			RetryAfter: 24 * time.Hour,
		}
	}
	day, left := q.today(owner)
	before, ok, err := q.days.add(ctx, day, c.URLs, limit)
	switch {
	case err != nil:
		return false, fmt.Errorf("quota of %s: %w", owner, err)
	case !ok:
		return false, &ExceededError{
			Reason: fmt.Sprintf("%d of the %d URLs of today (UTC) have been handed in; %d more would be too many.",
				before, limit, c.URLs),
			RetryAfter: left,
		}
	}
	first, err := q.pay(ctx, owner, c.Request)
	if err != nil || first {
		return true, err
	}
	// The same request was under way twice, and the other one was quicker.
	return false, q.giveBack(ctx, owner, c.URLs)
}

// Return implements httpapi.Quota.
func (q *Quota) Return(ctx context.Context, owner string, c Charge) error {
	if c.Request != "" {
		if err := q.records.Delete(ctx, receipts(owner), receipt(c.Request)); err != nil {
			return fmt.Errorf("quota of %s: %w", owner, err)
		}
	}
	return q.giveBack(ctx, owner, c.URLs)
}

func (q *Quota) giveBack(ctx context.Context, owner string, urls int) error {
	day, _ := q.today(owner)
	if _, _, err := q.days.add(ctx, day, -urls, 0); err != nil {
		return fmt.Errorf("quota of %s: %w", owner, err)
	}
	return nil
}

// today is an owner's ledger of this day, and the time until it ends.
func (q *Quota) today(owner string) (ledger, time.Duration) {
	now := q.now().UTC()
	midnight := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
	return ledger{owner: owner, day: now.Format(time.DateOnly), ends: midnight}, midnight.Sub(now)
}

// A receipt says that a request has been paid for. It outlives the idempotency
// key of a request and the time in which a job's chunks may be appended.
const receiptTTL = job.IdempotencyTTL + 24*time.Hour

func receipts(owner string) string { return "quota-paid#" + owner }

func receipt(request string) string {
	sum := sha256.Sum256([]byte(request))
	return hex.EncodeToString(sum[:])
}

func (q *Quota) paid(ctx context.Context, owner, request string) (bool, error) {
	if request == "" {
		return false, nil
	}
	_, err := q.records.Get(ctx, receipts(owner), receipt(request))
	if err != nil && !errors.Is(err, record.ErrNotFound) {
		return false, fmt.Errorf("quota of %s: %w", owner, err)
	}
	return err == nil, nil
}

// pay notes that a request has been paid for, and reports whether it had not been before.
func (q *Quota) pay(ctx context.Context, owner, request string) (first bool, err error) {
	if request == "" {
		return true, nil
	}
	err = q.records.Create(ctx, record.Record{
		Partition: receipts(owner), Sort: receipt(request), Expires: q.now().Add(receiptTTL),
	})
	if err != nil && !errors.Is(err, record.ErrExists) {
		return false, fmt.Errorf("quota of %s: %w", owner, err)
	}
	return err == nil, nil
}

// running refuses when the owner has all the jobs running that he may have.
// Jobs that run are few whatever the number of those that ran: they are looked
// up by status.
func (q *Quota) running(ctx context.Context, owner string) error {
	if q.limits.RunningJobs < 0 {
		return nil
	}
	n := 0
	for cursor := ""; ; {
		page, err := q.jobs.JobsByStatus(ctx, job.Running, cursor, job.MaxPage)
		if err != nil {
			return fmt.Errorf("quota of %s: %w", owner, err)
		}
		for i := range page.Items {
			if page.Items[i].Owner == owner {
				n++
			}
		}
		if n >= q.limits.RunningJobs {
			return &ExceededError{
				Reason:     fmt.Sprintf("%d jobs are running, and no more may at once. Wait for one to end, or pause or cancel one.", n),
				RetryAfter: retryRunning,
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}
