package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/record"
)

// Why there is nothing to send again.
var (
	ErrNoWebhook    = errors.New("the job has no webhook")
	ErrNotCompleted = errors.New("the job is not completed")
)

// repeatTime is how long after its call arrived a request is taken for a
// repetition: a double click, or a client that did not get the answer.
const repeatTime = 5 * time.Second

// sendable says why a job is not announced; nil if it is.
func sendable(j *job.Job) error {
	switch {
	case j.Options.Webhook == "":
		return fmt.Errorf("webhook: job %s: %w", j.ID, ErrNoWebhook)
	case j.Status != job.Completed:
		return fmt.Errorf("webhook: job %s is %s: %w", j.ID, j.Status, ErrNotCompleted)
	default:
		return nil
	}
}

// SendAgain has the call about a job's latest completion sent again, at once,
// whatever became of it before: a new round of MaxAttempts tries begins, under the
// same id. It returns the delivery as it is then. Errors: ErrNoWebhook,
// ErrNotCompleted.
//
// Whoever asks while an earlier request is not answered yet gets that one, and so
// does who asks within repeatTime of the arrival of a call that was asked for. A
// call that is under way when it is asked for answers the request if it arrives.
func SendAgain(ctx context.Context, records record.Store, bells queue.Sender, j *job.Job, now time.Time) (Delivery, error) {
	if err := sendable(j); err != nil {
		return Delivery{}, err
	}
	d, asked, err := load(ctx, records, j)
	if err != nil {
		return Delivery{}, err
	}
	if d.Again > 0 && !d.DeliveredAt.IsZero() && now.Before(d.DeliveredAt.Add(repeatTime)) {
		return d, nil
	}
	if !asked {
		d = d.again(now)
		if err := ask(ctx, records, j, &d); err != nil {
			return Delivery{}, err
		}
	}
	// Rung for a request that was there already too: its bell may have been lost,
	// and one bell too many does nothing.
	if err := ring(ctx, bells, j, 0); err != nil {
		return Delivery{}, err
	}
	return d, nil
}

// again is the delivery with a new round begun.
func (d Delivery) again(at time.Time) Delivery {
	if d.Attempts > 0 {
		before := d.Round
		before.NextAt = time.Time{}
		d.Earlier = slices.Insert(slices.Clone(d.Earlier), 0, before)
		d.Earlier = d.Earlier[:min(len(d.Earlier), maxEarlier)]
	}
	d.Round = Round{NextAt: at.UTC()}
	d.Again++
	return d
}

// request is what is stored of the nth request to send a delivery again. It is a
// record of its own because the delivery is a worker's to write, who would
// overwrite what is asked while he calls; and it is numbered because of several
// that ask at once only one creates it. It is answered when the delivery counts it.
type request struct {
	At time.Time `json:"at"`
}

func requestSort(delivery string, n int) string { return "AGAIN#" + delivery + "#" + strconv.Itoa(n) }

// ask stores the request that d.Again counts, unless it is there.
func ask(ctx context.Context, records record.Store, j *job.Job, d *Delivery) error {
	value, err := json.Marshal(request{d.NextAt})
	if err != nil {
		return fmt.Errorf("webhook delivery %s: %w", d.ID, err)
	}
	err = records.Create(ctx, record.Record{
		Partition: deliveryPartition(j.ID), Sort: requestSort(d.ID, d.Again), Value: value, Expires: j.ExpiresAt,
	})
	if err != nil && !errors.Is(err, record.ErrExists) {
		return fmt.Errorf("webhook delivery %s: %w", d.ID, err)
	}
	return nil
}

// withRequest is a stored delivery begun anew, if that is asked for and no worker
// has got to it.
func withRequest(ctx context.Context, records record.Store, j *job.Job, d Delivery) (_ Delivery, asked bool, err error) {
	r, err := records.Get(ctx, deliveryPartition(j.ID), requestSort(d.ID, d.Again+1))
	if errors.Is(err, record.ErrNotFound) {
		return d, false, nil
	}
	var q request
	if err == nil {
		err = json.Unmarshal(r.Value, &q)
	}
	if err != nil {
		return d, false, fmt.Errorf("webhook delivery %s: %w", d.ID, err)
	}
	return d.again(q.At), true, nil
}
