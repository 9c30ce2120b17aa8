package push

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"gleaner/shared/job"
)

// Actions that a client may ask for.
const (
	ActionSubscribe   = "subscribe"
	ActionUnsubscribe = "unsubscribe"
	ActionPing        = "ping"
)

// Request is a message from a client.
type Request struct {
	Action string `json:"action"`
	Job    string `json:"job,omitempty"`
}

// Types of messages to a client.
const (
	TypeProgress     = "progress"
	TypeSubscribed   = "subscribed"
	TypeUnsubscribed = "unsubscribed"
	TypePong         = "pong"
	TypeError        = "error"
)

// Message is a message to a client. A client leaves alone what has another type
// or none: the front itself sends {"message":"Internal server error",…} when the
// function behind it fails.
type Message struct {
	Type     string        `json:"type"`
	Job      job.ID        `json:"job,omitempty"`
	Version  int64         `json:"version,omitempty"`  // of Progress
	Progress *job.Snapshot `json:"progress,omitempty"` // TypeProgress
	Status   int           `json:"status,omitempty"`   // TypeError: an HTTP status (RFC 9110)
	Detail   string        `json:"detail,omitempty"`   // TypeError: for people
}

// Encode is the message as it is posted. One with a snapshot is always below
// MaxMessage: see Progress.
func (m Message) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // an & in a URL would be six bytes
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("encode %s message: %w", m.Type, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// Text limits of a snapshot that is too large as it is.
const (
	clippedText    = 500
	clippedHistory = 3
)

// Progress is the message that carries a snapshot, always smaller than
// MaxMessage. What a job can hold does not always fit: addresses found on pages
// with very long URLs, a history full of long reasons. Then the oldest of the recent
// addresses are left out first, then old history; last, long texts are cut. The
// figures always stay.
func Progress(s job.Snapshot) ([]byte, error) {
	for {
		data, err := Message{Type: TypeProgress, Job: s.ID, Version: s.Version, Progress: &s}.Encode()
		if err != nil || len(data) < MaxMessage {
			return data, err
		}
		if !shrink(&s) {
			return nil, fmt.Errorf("snapshot of job %s: %w", s.ID, ErrTooLarge)
		}
	}
}

// shrink takes one thing away; false if nothing is left that could go.
func shrink(s *job.Snapshot) bool {
	switch {
	case len(s.Recent) > 0:
		s.Recent = s.Recent[:len(s.Recent)-1]
	case len(s.History) > clippedHistory:
		s.History = s.History[1:]
	case clippable(s):
		s.Name, s.Reason = clip(s.Name), clip(s.Reason)
		clipped := make([]job.Change, len(s.History)) // the caller's stays as it is
		for i, c := range s.History {
			c.Reason = clip(c.Reason)
			clipped[i] = c
		}
		s.History = clipped
	default:
		return false
	}
	return true
}

func clippable(s *job.Snapshot) bool {
	if len(s.Name) > clippedText || len(s.Reason) > clippedText {
		return true
	}
	for _, c := range s.History {
		if len(c.Reason) > clippedText {
			return true
		}
	}
	return false
}

// clip cuts text to at most clippedText bytes, between characters.
func clip(text string) string {
	const ellipsis = "…"
	if len(text) <= clippedText {
		return text
	}
	end := clippedText - len(ellipsis)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
