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
	// Spare is how many more may run while that many do, each begun for a group
	// that has none under way: so a group need not wait until one of another's
	// long ones ends, and a group that is alone leaves no place empty for it. Queue
	// must then be a GroupReceiver.
	Spare int
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

// GroupReceiver is a queue that can pass over groups.
type GroupReceiver interface {
	queue.Receiver
	// ReceiveExcept is Receive without waiting, but leaves the messages of the
	// groups named.
	ReceiveExcept(ctx context.Context, groups []string, limit int, visibility time.Duration) ([]queue.Message, error)
	// Rang is closed when messages may have become ready.
	Rang() <-chan struct{}
}

// Run polls and invokes until ctx ends, then waits for the invocations under
// way, which still have their own timeouts. The only error is that of a Spare
// which the queue cannot serve.
func (q *Queue) Run(ctx context.Context) error {
	others, can := q.Queue.(GroupReceiver)
	if q.Spare > 0 && !can {
		return fmt.Errorf("eventsource: a queue of type %T cannot pass over groups", q.Queue)
	}
	f := newFlight(q.MaximumConcurrency, q.Spare)
	defer f.invocations.Wait()
	var spare sync.WaitGroup
	defer spare.Wait()
	if q.Spare > 0 {
		spare.Go(func() { q.runSpare(ctx, f, others) })
	}
	for free, ok := f.reserve(ctx); ok; free, ok = f.reserve(ctx) {
		messages, err := q.Queue.Receive(ctx, free, q.Visibility, queue.MaxWait)
		q.begin(ctx, f, free, messages, err)
	}
	return nil
}

// spareLook is how often messages are looked for that nobody announced: those
// of another process, and those that waited for their time.
const spareLook = 250 * time.Millisecond

// runSpare serves groups that have nothing under way while all places are taken.
func (q *Queue) runSpare(ctx context.Context, f *flight, others GroupReceiver) {
	for {
		groups, changed, ok := f.full(ctx)
		if !ok {
			return
		}
		rang := others.Rang() // before looking: what comes in between rings it
		messages, err := others.ReceiveExcept(ctx, groups, 1, q.Visibility)
		q.begin(ctx, f, 0, messages, err)
		if len(messages) > 0 {
			continue
		}
		look := time.NewTimer(spareLook)
		select {
		case <-changed:
		case <-rang:
		case <-look.C:
		case <-ctx.Done():
		}
		look.Stop()
	}
}

// begin invokes the handler with what a receive brought, for which so many
// places had been reserved.
func (q *Queue) begin(ctx context.Context, f *flight, reserved int, messages []queue.Message, err error) {
	if reserved > 0 || len(messages) > 0 {
		f.begin(reserved, messages)
	}
	for _, m := range messages {
		f.invocations.Go(func() {
			defer f.end(m)
			q.invoke(context.WithoutCancel(ctx), m)
		})
	}
	if err != nil && ctx.Err() == nil {
		q.Log.ErrorContext(ctx, "receiving failed", "error", err)
		sleep(ctx, time.Second)
	}
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
