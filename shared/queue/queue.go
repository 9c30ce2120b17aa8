// Package queue is the contract of Gleaner's doorbell: at-least-once messages
// with visibility timeout, receive count, delay, groups and dead letters, as SQS
// standard queues have them. Its adapters pass the suite in queuetest.
package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Limits that every adapter enforces, those of SQS.
const (
	MaxBody  = 1 << 20 // bytes of one message
	MaxDelay = 15 * time.Minute
	MaxWait  = 20 * time.Second
	MaxBatch = 10 // messages of one Receive
)

// Outgoing is a message to send.
type Outgoing struct {
	Body  string
	Group string        // whose message it is: groups get fair turns; may be empty
	Delay time.Duration // 0 to MaxDelay
}

// Message is a message received. It is invisible to others until its visibility
// timeout runs out, and comes again unless it is deleted by then.
type Message struct {
	ID       string
	Receipt  string // handle of this very receive
	Body     string
	Group    string
	Receives int // this receive included
	SentAt   time.Time
}

// Sender sends messages.
type Sender interface {
	// Send sends all messages, in parallel where that helps, and retries those
	// that are refused in passing. If some could not be sent the error is a
	// *SendError that names them; the others are sent.
	Send(ctx context.Context, messages []Outgoing) error
}

// Receiver receives messages.
type Receiver interface {
	// Receive returns up to limit (at most MaxBatch) messages, waiting up to wait for the
	// first. No message is not an error. A message received more than the
	// queue's maximum number of times goes to its dead-letter queue instead.
	// Groups take turns: many messages of one group do not keep another's waiting.
	Receive(ctx context.Context, limit int, visibility, wait time.Duration) ([]Message, error)

	// Delete removes a message for good. An outdated or unknown receipt is ErrReceipt
	// or nothing at all (SQS tells them apart only sometimes).
	Delete(ctx context.Context, receipt string) error

	// ChangeVisibility makes the message visible again after d (0: at once).
	ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error
}

// Depth says how much lies in a queue. On SQS the figures are approximate.
type Depth struct {
	Visible, InFlight, Delayed int
}

// Queue is a whole queue.
type Queue interface {
	Sender
	Receiver
	Depth(ctx context.Context) (Depth, error)
}

// Errors that callers decide on.
var (
	ErrReceipt  = errors.New("receipt is unknown or outdated")
	ErrTooLarge = errors.New("message is larger than 1 MiB")
)

// SendError names the messages that could not be sent.
type SendError struct {
	Failed []int // indices into the slice given to Send
	Err    error // one of the causes
}

// Error implements error.
func (e *SendError) Error() string {
	return fmt.Sprintf("%d messages not sent: %v", len(e.Failed), e.Err)
}

// Unwrap gives the cause.
func (e *SendError) Unwrap() error { return e.Err }
