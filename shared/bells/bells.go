// Package bells handles the queue's messages: each is a bell that a worker
// answers.
package bells

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/job"
)

// Answerer does what a bell asks for; nil means that its message may go.
type Answerer interface {
	Ring(ctx context.Context, b job.Bell) error
}

// Handler turns SQS events into bells.
type Handler struct {
	Worker Answerer
	Log    *slog.Logger
}

// Handle answers each message of the event; see Each.
func (h *Handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	return Each(ctx, e, h.Log, h.ring), nil
}

// ring keeps a panic from taking down a process that serves others too.
func (h *Handler) ring(ctx context.Context, b job.Bell) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h.Worker.Ring(ctx, b)
}

// Each has answer deal with the bell of each message. Those for which it returns
// an error must come again and are named in the response
// (ReportBatchItemFailures); a function that returned an error instead would get
// all of them back. What is no bell is logged and let go: it would be none the
// next time either.
func Each(ctx context.Context, e events.SQSEvent, log *slog.Logger, answer func(context.Context, job.Bell) error) events.SQSEventResponse {
	var failed events.SQSEventResponse
	for i := range e.Records {
		m := &e.Records[i]
		bell, err := job.ParseBell(m.Body)
		if err != nil {
			log.ErrorContext(ctx, "message dropped", "message", m.MessageId, "error", err)
			continue
		}
		if err := answer(ctx, bell); err != nil {
			log.ErrorContext(ctx, "bell not answered; it comes again", "job", bell.Job, "batch", bell.Key,
				"kind", bell.Kind, "receives", m.Attributes["ApproximateReceiveCount"], "error", err)
			failed.BatchItemFailures = append(failed.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return failed
}
