package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Error is an answer that is no success: the server's problem document (RFC
// 9457), or what can be said without one.
type Error struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail"`
	RequestID string  `json:"request_id"`
	Faults    []Fault `json:"errors"`
	Stream    string  `json:"stream"` // of a file too large for the endpoint: where it is to be had whole

	RetryAfter time.Duration `json:"-"` // 0: not said
}

// Fault is one field or line that is wrong.
type Fault struct {
	Field  string `json:"field"`
	Line   int    `json:"line"`
	Text   string `json:"text"`
	Reason string `json:"reason"`
}

// shownFaults is how many faults Error names.
const shownFaults = 10

// Error implements error, over several lines if there are several faults.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Title)
	if e.Detail != "" && !e.oneFault() {
		b.WriteString(": " + strings.TrimSuffix(e.Detail, "."))
	}
	fmt.Fprintf(&b, " (%d)", e.Status)
	for _, f := range e.Faults[:min(len(e.Faults), shownFaults)] {
		b.WriteString("\n  " + f.String())
	}
	if more := len(e.Faults) - shownFaults; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	if e.Status >= http.StatusInternalServerError && e.RequestID != "" {
		b.WriteString("\n  request id " + e.RequestID)
	}
	return b.String()
}

// oneFault reports whether the detail says what the only fault says.
func (e *Error) oneFault() bool {
	return len(e.Faults) == 1 && strings.Contains(e.Detail, e.Faults[0].Reason)
}

// String is the fault as one line for people.
func (f Fault) String() string {
	switch {
	case f.Line > 0:
		return fmt.Sprintf("line %d: %q %s", f.Line, f.Text, f.Reason)
	case f.Field != "":
		return f.Field + " " + f.Reason
	default:
		return f.Reason
	}
}

// is reports whether the error is of the problem type with that slug, such as
// "not-found"; the types are described at /docs.
func (e *Error) is(slug string) bool { return strings.HasSuffix(e.Type, "#problem-"+slug) }

// NotFound reports whether err says that there is no such thing (for the owner
// of the key that was used).
func NotFound(err error) bool { return statusOf(err) == http.StatusNotFound }

// Unauthorized reports whether err says that an API key is needed or not valid.
func Unauthorized(err error) bool { return statusOf(err) == http.StatusUnauthorized }

// Refused reports whether err says that nobody listens at the endpoint.
func Refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

func statusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// errorOf reads an answer that is no success.
func errorOf(res *http.Response) error {
	e := &Error{}
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || !strings.HasSuffix(kind, "json") || json.Unmarshal(body, e) != nil {
		*e = Error{}
	}
	if e.Title == "" { // not ours: a gateway's own answer, such as {"message":"Too Many Requests"}
		var gateway struct {
			Message string `json:"message"`
		}
		_ = json.Unmarshal(body, &gateway)
		e.Title, e.Detail = "The server answered "+res.Status, gateway.Message
	}
	e.Status = res.StatusCode
	if e.RequestID == "" {
		e.RequestID = res.Header.Get("X-Request-Id")
	}
	e.RetryAfter = retryAfter(res.Header)
	return e
}
