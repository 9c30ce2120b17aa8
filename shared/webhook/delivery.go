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
	ID          string    `json:"id"`
	URL         string    `json:"url"`
	Attempts    int       `json:"attempts"`
	Status      int       `json:"status,omitempty"` // HTTP status of the last try; 0: no answer
	Error       string    `json:"error,omitempty"`  // of the last try
	TriedAt     time.Time `json:"tried_at,omitzero"`
	NextAt      time.Time `json:"next_at,omitzero"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
	GaveUpAt    time.Time `json:"gave_up_at,omitzero"`
}

func (d *Delivery) over() bool { return !d.DeliveredAt.IsZero() || !d.GaveUpAt.IsZero() }

// deliveryID names one completion of a job: a job that was retried has several.
func deliveryID(j *job.Job) string {
	return string(j.ID) + "-" + strconv.FormatInt(j.FinishedAt.UnixMilli(), 10)
}

func deliveryPartition(id job.ID) string { return "WD#" + string(id) }

// Deliveries returns the calls about a job, the latest completion first.
func Deliveries(ctx context.Context, records record.Store, id job.ID) ([]Delivery, error) {
	const most = 50
	found, _, err := records.List(ctx, deliveryPartition(id), "", "", most)
	if err != nil {
		return nil, fmt.Errorf("webhook deliveries of %s: %w", id, err)
	}
	all := make([]Delivery, len(found))
	for i, r := range found {
		if err := json.Unmarshal(r.Value, &all[len(found)-1-i]); err != nil {
			return nil, fmt.Errorf("webhook delivery %s: %w", r.Sort, err)
		}
	}
	return all, nil
}

func (s *Service) load(ctx context.Context, j *job.Job) (Delivery, error) {
	d := Delivery{ID: deliveryID(j)}
	r, err := s.Records.Get(ctx, deliveryPartition(j.ID), d.ID)
	switch {
	case errors.Is(err, record.ErrNotFound):
		return d, nil
	case err != nil:
		return d, fmt.Errorf("webhook delivery %s: %w", d.ID, err)
	}
	if err := json.Unmarshal(r.Value, &d); err != nil {
		return d, fmt.Errorf("webhook delivery %s: %w", d.ID, err)
	}
	return d, nil
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
