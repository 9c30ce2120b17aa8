// Package eventsource stands between queues, streams and clocks on one side and
// the Lambda handlers on the other, as AWS's event source mappings do: it builds
// the very events that AWS would build and keeps the same rules of concurrency,
// visibility, partial failure and retry. It knows nothing about jobs.
package eventsource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/queue"
)

// SQSHandler is a Lambda function behind a queue.
type SQSHandler func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// Queue invokes a handler with a queue's messages, one message an event.
type Queue struct {
	Queue   queue.Receiver
	Handler SQSHandler
	// MaximumConcurrency is how many invocations may run at once.
	MaximumConcurrency int
	// Timeout is the function's: an invocation's context ends with it.
	Timeout time.Duration
	// Visibility is the queue's visibility timeout; AWS wants at least 6 × Timeout.
	Visibility time.Duration
	// RetryAfter is when a message whose invocation failed comes again, doubled
	// with each further receive so that a fault that lasts does not use up the
	// message's receives at once. Zero leaves it to the visibility timeout, as AWS
	// does.
	RetryAfter time.Duration
	Log        *slog.Logger
}

// Run polls and invokes until ctx ends, then waits for the invocations under
// way, which still have their own timeouts. It returns nil.
func (q *Queue) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, q.MaximumConcurrency)
	for ctx.Err() == nil {
		free := q.acquire(ctx, slots)
		if free == 0 {
			break
		}
		messages, err := q.Queue.Receive(ctx, free, q.Visibility, queue.MaxWait)
		if err != nil && ctx.Err() == nil {
			q.Log.ErrorContext(ctx, "receiving failed", "error", err)
			sleep(ctx, time.Second)
		}
		for range free - len(messages) {
			<-slots
		}
		for _, m := range messages {
			running.Add(1)
			go func() {
				defer running.Done()
				defer func() { <-slots }()
				q.invoke(context.WithoutCancel(ctx), m)
			}()
		}
	}
	return nil
}

// acquire takes one slot, waiting for it, and as many more as are free at once.
func (q *Queue) acquire(ctx context.Context, slots chan struct{}) int {
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	n := 1
	for ; n < queue.MaxBatch; n++ {
		select {
		case slots <- struct{}{}:
		default:
			return n
		}
	}
	return n
}

func (q *Queue) invoke(ctx context.Context, m queue.Message) {
	call, cancel := context.WithTimeout(ctx, q.Timeout)
	defer cancel()
	res, err := q.call(call, Event(m))
	failed := err != nil || slices.ContainsFunc(res.BatchItemFailures, func(f events.SQSBatchItemFailure) bool {
		return f.ItemIdentifier == m.ID || f.ItemIdentifier == ""
	})
	after, done := context.WithTimeout(ctx, 30*time.Second)
	defer done()
	switch {
	case !failed:
		err = q.Queue.Delete(after, m.Receipt)
	case q.RetryAfter > 0:
		q.Log.WarnContext(ctx, "invocation failed", "message", m.ID, "receives", m.Receives, "error", err)
		err = q.Queue.ChangeVisibility(after, m.Receipt, q.retryAfter(m.Receives))
	default:
		err = nil
	}
	if err != nil && !errors.Is(err, queue.ErrReceipt) {
		q.Log.ErrorContext(ctx, "message could not be acknowledged", "message", m.ID, "error", err)
	}
}

func (q *Queue) retryAfter(receives int) time.Duration {
	return min(q.RetryAfter<<min(max(receives-1, 0), 20), q.Visibility)
}

// call contains a handler's panic, which on AWS would end its own sandbox only.
func (q *Queue) call(ctx context.Context, e events.SQSEvent) (res events.SQSEventResponse, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("eventsource: handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return q.Handler(ctx, e)
}

// Event is the event SQS makes of a message.
func Event(m queue.Message) events.SQSEvent {
	attributes := map[string]string{
		"ApproximateReceiveCount": strconv.Itoa(m.Receives),
		"SentTimestamp":           strconv.FormatInt(m.SentAt.UnixMilli(), 10),
	}
	if m.Group != "" {
		attributes["MessageGroupId"] = m.Group
	}
	return events.SQSEvent{Records: []events.SQSMessage{{
		MessageId:     m.ID,
		ReceiptHandle: m.Receipt,
		Body:          m.Body,
		Attributes:    attributes,
		EventSource:   "aws:sqs",
	}}}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
