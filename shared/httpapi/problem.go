package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"gleaner/shared/apikey"
	"gleaner/shared/job"
	"gleaner/shared/quota"
	"gleaner/shared/record"
	"gleaner/shared/submit"
)

// Problem is an error answer (RFC 9457).
type Problem struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail,omitempty"`
	Instance  string  `json:"instance,omitempty"`
	RequestID string  `json:"request_id,omitempty"`
	Errors    []Fault `json:"errors,omitempty"`
	// Stream is where a file can be had that is too large for this endpoint, with
	// the same key.
	Stream string `json:"stream,omitempty"`

	retryAfter time.Duration
}

// Fault is one field or line that is wrong.
type Fault struct {
	Field  string `json:"field,omitempty"`
	Line   int    `json:"line,omitempty"`
	Text   string `json:"text,omitempty"`
	Reason string `json:"reason"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// kind is a problem type: its slug is the fragment of its documentation.
type kind struct {
	slug   string
	status int
	title  string
}

// The problem types. The page at /docs explains them under these slugs.
var (
	kindSyntax      = kind{"malformed", http.StatusBadRequest, "The request cannot be read"}
	kindParameter   = kind{"parameter", http.StatusBadRequest, "A parameter is not valid"}
	kindField       = kind{"field", http.StatusUnprocessableEntity, "A field is not valid"}
	kindEmpty       = kind{"no-address", http.StatusUnprocessableEntity, "The list holds no usable web address"}
	kindKeyReused   = kind{"idempotency-key-reused", http.StatusUnprocessableEntity, "The idempotency key was used for another request"}
	kindAuth        = kind{"unauthenticated", http.StatusUnauthorized, "An API key is needed"}
	kindForeign     = kind{"foreign-origin", http.StatusForbidden, "Calls from other sites are refused"}
	kindNotFound    = kind{"not-found", http.StatusNotFound, "There is no such thing"}
	kindMethod      = kind{"method-not-allowed", http.StatusMethodNotAllowed, "The method is not allowed here"}
	kindState       = kind{"wrong-state", http.StatusConflict, "The job's state does not allow this"}
	kindMissing     = kind{"missing-chunks", http.StatusConflict, "Chunks are missing"}
	kindBusy        = kind{"in-progress", http.StatusConflict, "An earlier request is still under way"}
	kindConflict    = kind{"conflict", http.StatusConflict, "Somebody else was changing the same thing"}
	kindTooLarge    = kind{"too-large", http.StatusRequestEntityTooLarge, "The request is too large"}
	kindBigAnswer   = kind{"answer-too-large", http.StatusRequestEntityTooLarge, "The answer is too large for this endpoint"}
	kindMediaType   = kind{"media-type", http.StatusUnsupportedMediaType, "The media type is not supported"}
	kindRate        = kind{"too-many-requests", http.StatusTooManyRequests, "Too many requests"}
	kindInternal    = kind{"internal", http.StatusInternalServerError, "Something went wrong on our side"}
	kindUnavailable = kind{"unavailable", http.StatusServiceUnavailable, "Not available just now"}
)

func kinds() []kind {
	return []kind{
		kindSyntax, kindParameter, kindField, kindEmpty, kindKeyReused, kindAuth, kindForeign, kindNotFound,
		kindMethod, kindState, kindMissing, kindBusy, kindConflict, kindTooLarge, kindBigAnswer, kindMediaType,
		kindRate, kindInternal, kindUnavailable,
	}
}

func (k kind) problem(detail string, faults ...Fault) *Problem {
	return &Problem{Type: "/docs#problem-" + k.slug, Title: k.title, Status: k.status, Detail: detail, Errors: faults}
}

// parameterError is a fault in a path or query parameter.
func parameterError(name, reason string) *Problem {
	return kindParameter.problem(name+" "+reason, Fault{Field: name, Reason: reason})
}

// problemOf is the one place where errors become answers.
func problemOf(err error) *Problem {
	var (
		p       *Problem
		field   *job.FieldError
		empty   *submit.EmptyError
		missing *submit.MissingError
		busy    *submit.BusyError
		beyond  *quota.ExceededError
		state   *job.StateError
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &field):
		return kindField.problem(field.Error(), Fault{Field: field.Field, Reason: field.Reason})
	case errors.As(err, &empty):
		return kindEmpty.problem(empty.Error(), lineFaults(empty.List.Rejected)...)
	case errors.As(err, &missing):
		return kindMissing.problem(missing.Error(), chunkFaults(missing)...)
	case errors.As(err, &busy):
		return kindBusy.problem(busy.Error() + "; repeat it a little later").after(busy.RetryAfter)
	case errors.As(err, &beyond):
		return kindRate.problem(beyond.Reason).after(beyond.RetryAfter)
	case errors.As(err, &state):
		return kindState.problem(state.Error())
	case errors.Is(err, job.ErrIdempotency):
		return kindKeyReused.problem("The Idempotency-Key was used before with a different request.",
			Fault{Field: "Idempotency-Key", Reason: "was used before with a different request"})
	case errors.Is(err, job.ErrNothing):
		return kindState.problem("No outcome of this job is worth trying again.")
	case errors.Is(err, job.ErrState):
		return kindState.problem(submit.ErrNotOpen.Error())
	case errors.Is(err, job.ErrNotFound), errors.Is(err, apikey.ErrNotFound), errors.Is(err, record.ErrNotFound):
		return kindNotFound.problem("")
	case errors.Is(err, job.ErrCursor), errors.Is(err, record.ErrCursor):
		return parameterError("cursor", "is not of this list")
	case errors.Is(err, apikey.ErrInvalid):
		return kindAuth.problem("The API key is not valid.")
	case errors.Is(err, apikey.ErrTooMany):
		return kindConflict.problem(err.Error())
	case errors.Is(err, job.ErrConflict):
		return kindConflict.problem("Repeat the request.").after(time.Second)
	case errors.Is(err, context.DeadlineExceeded):
		return kindUnavailable.problem("It took too long.").after(time.Second)
	default:
		return kindInternal.problem("The fault was noted. Name the request id when you report it.")
	}
}

func (p *Problem) after(d time.Duration) *Problem {
	p.retryAfter = max(d, time.Second)
	return p
}

func lineFaults(rejected []submit.Rejected) []Fault {
	faults := make([]Fault, len(rejected))
	for i, r := range rejected {
		faults[i] = Fault{Line: r.Line, Text: r.Text, Reason: r.Reason}
	}
	return faults
}

func chunkFaults(m *submit.MissingError) []Fault {
	faults := make([]Fault, len(m.Numbers))
	for i, n := range m.Numbers {
		faults[i] = Fault{Field: "chunks/" + strconv.Itoa(n), Reason: "was not appended"}
	}
	return faults
}

// fail answers with a problem document.
func (c *call) fail(w http.ResponseWriter, r *http.Request, err error) {
	found := problemOf(err)
	p := *found // a Problem may be shared
	p.Instance, p.RequestID = r.URL.Path, c.requestID
	if p.Status >= http.StatusInternalServerError {
		c.fault = err
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Del("ETag")
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="gleaner"`)
	}
	body, err := json.Marshal(&p)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
