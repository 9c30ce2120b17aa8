package eventsource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// StreamHandler is a Lambda function behind a table's stream.
type StreamHandler func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error)

// StreamSource is a stream of changes.
type StreamSource interface {
	// Read returns, without waiting, at most limit records that follow the
	// position after, in order, and the position behind them. The empty position
	// is where the source was told to begin.
	Read(ctx context.Context, after string, limit int) (records []events.DynamoDBEventRecord, next string, err error)
}

// DefaultPoll is how often a Stream looks for changes unless told otherwise. AWS
// polls a stream four times a second.
const DefaultPoll = 100 * time.Millisecond

// Waits before a failed record is delivered again: the first, doubled each time up to the last.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// Stream invokes a handler with the records of a stream, one invocation at a
// time and in order, with at most one batch for each Window.
//
// AWS waits a whole window before each invocation. Here the first change after a
// quiet while is delivered at once, and only the next ones wait for the end of
// the window that it began: so a change waits no longer than Window + Poll, on
// average half as long, and the handler is not invoked more often.
type Stream struct {
	Source  StreamSource
	Handler StreamHandler
	// Filter, if set, says which records are delivered: the event source's
	// FilterCriteria. The others neither fill a batch nor begin a window.
	Filter    func(*events.DynamoDBEventRecord) bool
	BatchSize int           // records of one event; a full batch does not wait for the window
	Window    time.Duration // from the begin of one invocation to the next
	Poll      time.Duration // DefaultPoll if 0
	// Retries is how often a record that fails alone is delivered again before
	// it is left out. A batch that fails is cut in two first, which does not count.
	Retries int
	Timeout time.Duration // the function's: an invocation's context ends with it
	Log     *slog.Logger
}

// Run reads and invokes until ctx ends, then waits for the invocation under way,
// and returns nil. What is read but not delivered by then is left out: whoever
// watches is gone with the process.
func (s *Stream) Run(ctx context.Context) error {
	poll := s.Poll
	if poll == 0 {
		poll = DefaultPoll
	}
	var batch []events.DynamoDBEventRecord
	var begun time.Time // of the last invocation
	after := ""
	for ctx.Err() == nil {
		limit := s.BatchSize - len(batch)
		records, next, err := s.Source.Read(ctx, after, limit)
		if err != nil {
			if ctx.Err() == nil {
				s.Log.ErrorContext(ctx, "reading the stream failed", "error", err)
			}
			sleep(ctx, time.Second)
			continue
		}
		after = next
		batch = s.accept(batch, records)
		wait := s.Window - time.Since(begun)
		if len(batch) >= s.BatchSize || len(batch) > 0 && wait <= 0 {
			begun = time.Now()
			s.deliver(ctx, batch)
			batch = nil
			continue
		}
		if len(records) == limit {
			continue // there is more already
		}
		if len(batch) == 0 {
			wait = poll
		}
		sleep(ctx, min(poll, wait))
	}
	return nil
}

func (s *Stream) accept(batch, records []events.DynamoDBEventRecord) []events.DynamoDBEventRecord {
	for i := range records {
		if s.Filter == nil || s.Filter(&records[i]) {
			batch = append(batch, records[i])
		}
	}
	return batch
}

// deliver invokes the handler until every record is either done or given up. As
// with AWS, everything from the first failed record on is delivered again; and so
// that one bad record does not take others with it, in halves.
func (s *Stream) deliver(ctx context.Context, batch []events.DynamoDBEventRecord) {
	failures, pause := 0, firstRetry
	for ctx.Err() == nil {
		done, err := s.invoke(ctx, batch)
		if done > 0 {
			batch = batch[done:]
			failures, pause = 0, firstRetry
		}
		if len(batch) == 0 {
			return
		}
		if half := len(batch) / 2; half > 0 {
			s.deliver(ctx, batch[:half])
			batch = batch[half:]
			continue
		}
		if failures++; failures > s.Retries {
			s.Log.ErrorContext(ctx, "stream record given up",
				"sequence", batch[0].Change.SequenceNumber, "attempts", failures, "error", err)
			return
		}
		sleep(ctx, pause)
		pause = min(2*pause, lastRetry)
	}
}

var errReported = errors.New("reported by the function as failed")

// invoke returns how many records, from the first on, are done.
func (s *Stream) invoke(ctx context.Context, batch []events.DynamoDBEventRecord) (done int, err error) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Timeout)
	defer cancel()
	r, err := s.call(call, events.DynamoDBEvent{Records: batch})
	if err != nil {
		return 0, err
	}
	failed := map[string]bool{}
	for _, f := range r.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	if len(failed) == 0 {
		return len(batch), nil
	}
	for i := range batch {
		if failed[batch[i].Change.SequenceNumber] {
			return i, errReported
		}
	}
	return 0, errReported // an unknown or empty identifier: nothing is known to be done
}

// call contains a handler's panic, which on AWS would end its own sandbox only.
func (s *Stream) call(ctx context.Context, e events.DynamoDBEvent) (r events.DynamoDBEventResponse, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("eventsource: handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return s.Handler(ctx, e)
}
