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

// Handle answers each message of the event. Those that must come again are
// named in the response (ReportBatchItemFailures); the error is always nil, for
// an error would bring all of them back. What is no bell is logged and let go:
// it would be none the next time either.
func (h *Handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	var failed events.SQSEventResponse
	for i := range e.Records {
		m := &e.Records[i]
		bell, err := job.ParseBell(m.Body)
		if err != nil {
			h.Log.ErrorContext(ctx, "message dropped", "message", m.MessageId, "error", err)
			continue
		}
		if err := h.answer(ctx, bell); err != nil {
			h.Log.ErrorContext(ctx, "bell not answered; it comes again", "job", bell.Job, "batch", bell.Key,
				"kind", bell.Kind, "receives", m.Attributes["ApproximateReceiveCount"], "error", err)
			failed.BatchItemFailures = append(failed.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return failed, nil
}

// answer keeps a panic from taking down a process that serves others too.
func (h *Handler) answer(ctx context.Context, b job.Bell) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h.Worker.Ring(ctx, b)
}
