package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/record"
)

// gaps are the times between one try and the next; together about an hour.
var gaps = [...]time.Duration{
	10 * time.Second, 20 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute,
	8 * time.Minute, 14 * time.Minute, 14 * time.Minute, 14 * time.Minute,
}

// MaxAttempts is how often a call is tried in all.
const MaxAttempts = len(gaps) + 1

// earlyBell is how much before its time a bell is still taken for the one that
// was meant: clocks of machines differ.
const earlyBell = 3 * time.Second

// gapAfter is the time until the next try after a number of failed ones: at least
// what the receiver asked for, at most what the queue can hold back.
func gapAfter(attempts int, asked time.Duration) time.Duration {
	gap := gaps[min(attempts, len(gaps))-1]
	gap += rand.N(gap / 20) // so that a receiver that comes back is not stormed
	return min(max(gap, asked), maxGap)
}

const maxGap = 15 * time.Minute

// Delivery is how far the call about one completion of a job has come.
type Delivery struct {
	ID  string `json:"id"`
	URL string `json:"url"`
	// Round is the latest series of tries; when a call is sent again on request,
	// a new one begins.
	Round
	// Again is how often somebody asked for the call to be sent again.
	Again int `json:"again,omitempty"`
	// Earlier are the rounds before, the latest first, at most maxEarlier. One that
	// neither was delivered nor given up was cut short by the request.
	Earlier []Round `json:"earlier,omitempty"`
}

// Round is a series of tries that ends with success or is given up.
type Round struct {
	Attempts    int       `json:"attempts"`
	Status      int       `json:"status,omitempty"` // HTTP status of the last try; 0: no answer
	Error       string    `json:"error,omitempty"`  // of the last try
	TriedAt     time.Time `json:"tried_at,omitzero"`
	NextAt      time.Time `json:"next_at,omitzero"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
	GaveUpAt    time.Time `json:"gave_up_at,omitzero"`
}

// maxEarlier bounds the rounds that a delivery remembers.
const maxEarlier = 10

func (r *Round) over() bool { return !r.DeliveredAt.IsZero() || !r.GaveUpAt.IsZero() }

// waits says that a bell comes before the time of the next try. A round that was
// just begun waits for nothing.
func (r *Round) waits(now time.Time) bool {
	return r.Attempts > 0 && now.Before(r.NextAt.Add(-earlyBell))
}

// deliveryID names one completion of a job: a job that was retried has several.
func deliveryID(j *job.Job) string {
	return string(j.ID) + "-" + strconv.FormatInt(j.FinishedAt.UnixMilli(), 10)
}

// deliveryPartition holds a job's deliveries, whose sort keys begin with the
// job's id, what was asked for about them, and the claim of the worker that calls.
func deliveryPartition(id job.ID) string { return "WD#" + string(id) }

// Deliveries returns the calls about a job, the latest completion first. A call
// that somebody asked for and no worker has got to yet is shown as begun anew.
func Deliveries(ctx context.Context, records record.Store, j *job.Job) ([]Delivery, error) {
	const most = 50
	found, _, err := records.List(ctx, deliveryPartition(j.ID), string(j.ID), "", most)
	if err != nil {
		return nil, fmt.Errorf("webhook deliveries of %s: %w", j.ID, err)
	}
	all := make([]Delivery, len(found))
	for i, r := range found {
		if err := json.Unmarshal(r.Value, &all[len(found)-1-i]); err != nil {
			return nil, fmt.Errorf("webhook delivery %s: %w", r.Sort, err)
		}
	}
	if sendable(j) != nil {
		return all, nil
	}
	latest, rest := Delivery{ID: deliveryID(j), URL: j.Options.Webhook}, all
	if len(all) > 0 && all[0].ID == latest.ID {
		latest, rest = all[0], all[1:]
	}
	latest, asked, err := withRequest(ctx, records, j, latest)
	if err != nil || !asked {
		return all, err
	}
	return append([]Delivery{latest}, rest...), nil
}

// load returns the delivery about the job's latest completion, with what is asked
// about it, and whether something is.
func load(ctx context.Context, records record.Store, j *job.Job) (d Delivery, asked bool, err error) {
	d = Delivery{ID: deliveryID(j), URL: j.Options.Webhook}
	r, err := records.Get(ctx, deliveryPartition(j.ID), d.ID)
	switch {
	case errors.Is(err, record.ErrNotFound):
	case err != nil:
		return d, false, fmt.Errorf("webhook delivery %s: %w", d.ID, err)
	default:
		if err := json.Unmarshal(r.Value, &d); err != nil {
			return d, false, fmt.Errorf("webhook delivery %s: %w", d.ID, err)
		}
	}
	return withRequest(ctx, records, j, d)
}

func (s *Service) store(ctx context.Context, j *job.Job, d Delivery) error {
	value, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("webhook delivery %s: %w", d.ID, err)
	}
	err = s.Records.Put(ctx, record.Record{Partition: deliveryPartition(j.ID), Sort: d.ID, Value: value, Expires: j.ExpiresAt})
	if err != nil {
		return fmt.Errorf("webhook delivery %s: %w", d.ID, err)
	}
	return nil
}
