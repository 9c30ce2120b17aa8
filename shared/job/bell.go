package job

import (
	"encoding/json"
	"errors"
	"fmt"
)

// BellKind says what a bell asks for.
type BellKind string

// The kinds of bell.
const (
	BellBatch   BellKind = ""        // look at batch Key
	BellPlan    BellKind = "plan"    // plan the job's chunks and start it
	BellRetry   BellKind = "retry"   // go on adding the job's retry batches
	BellWindUp  BellKind = "windup"  // settle what a cancelled job's workers left behind
	BellWebhook BellKind = "webhook" // tell the job's webhook that the job is completed
)

// Bell is the body of a queue message. It carries no state: ringing twice, late
// or for nothing is always safe.
type Bell struct {
	Ref
	Kind BellKind `json:"k,omitempty"`
}

// Group is the queue's group of the bell: its job. Groups get fair turns, so a
// small job is not kept waiting by a large one started before it, whoever owns
// the two: on one machine that is mostly the same person. An owner does not get
// more than his share by many jobs for long, because a quota bounds those.
func (b Bell) Group() string { return string(b.Job) }

// ErrBell says that a message is no bell.
var ErrBell = errors.New("not a bell")

// Encode returns the message body.
func (b Bell) Encode() string {
	body, err := json.Marshal(b)
	if err != nil {
		panic(err) // three strings always marshal
	}
	return string(body)
}

// ParseBell reads a message body; errors.Is(err, ErrBell) when it is none.
func ParseBell(body string) (Bell, error) {
	var b Bell
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		return Bell{}, fmt.Errorf("%w: %v", ErrBell, err) //nolint:errorlint // the cause is text only
	}
	if _, err := ParseID(string(b.Job)); err != nil {
		return Bell{}, fmt.Errorf("%w: job %q", ErrBell, b.Job)
	}
	switch b.Kind {
	case BellBatch:
		if !b.Key.Valid() {
			return Bell{}, fmt.Errorf("%w: batch %q", ErrBell, b.Key)
		}
	case BellPlan, BellRetry, BellWindUp, BellWebhook:
	default:
		return Bell{}, fmt.Errorf("%w: kind %q", ErrBell, b.Kind)
	}
	return b, nil
}
