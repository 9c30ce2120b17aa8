// Package httpapi is Gleaner's HTTP API as one http.Handler, the same behind API
// Gateway and on one's own machine. It decodes, calls a use case, maps the error
// in one place and encodes; it knows nothing about how jobs work.
//
// The handler writes plain answers: except for events and streamed exports it
// needs nothing of its http.ResponseWriter but the interface.
package httpapi

import (
	"context"
	"log/slog"
	"time"

	"gleaner/shared/apikey"
	"gleaner/shared/doctor"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/quota"
	"gleaner/shared/record"
	"gleaner/shared/submit"
)

// Controller changes jobs that exist. Errors: job.ErrNotFound, job.ErrState.
type Controller interface {
	Cancel(ctx context.Context, owner string, id job.ID) (job.Job, error)
	Pause(ctx context.Context, owner string, id job.ID) (job.Job, error)
	Resume(ctx context.Context, owner string, id job.ID) (job.Job, error)
	Retry(ctx context.Context, owner string, id job.ID) (job.Job, error)
	Delete(ctx context.Context, owner string, id job.ID) (job.Job, error)
	Restore(ctx context.Context, owner string, id job.ID) (job.Job, error)
}

// Ticket lets a browser open one WebSocket.
type Ticket struct {
	Ticket    string    `json:"ticket"`
	ExpiresAt time.Time `json:"expires_at"`
	// URL is where to connect, ticket included. If empty it is /ws on the host
	// the request came to.
	URL string `json:"url"`
}

// Tickets issues single-use tickets for the WebSocket. Those of package push are
// issued by PushTickets.
type Tickets interface {
	Issue(ctx context.Context, owner string) (Ticket, error)
}

// Doctor examines the whole installation.
type Doctor interface {
	Examine(ctx context.Context) doctor.Report
}

// Quota decides what an owner may hand in and start.
type Quota interface {
	// Take takes a charge; *quota.ExceededError if it is too much, and then nothing is
	// taken. taken is false if there was nothing to take, as for a repetition.
	Take(ctx context.Context, owner string, c quota.Charge) (taken bool, err error)
	// Return gives back what Take took for a request that was then refused.
	Return(ctx context.Context, owner string, c quota.Charge) error
}

// Auth says who may call.
type Auth int

// The ways to tell who calls.
const (
	// KeysRequired: every call but those for health and documents needs a key.
	KeysRequired Auth = iota
	// LoopbackOwner: calls from this machine need none and act for LocalOwner,
	// unless they come through a foreign host name or from a foreign page; all
	// others need a key.
	LoopbackOwner
)

// LocalOwner is who calls without a key act for with LoopbackOwner.
const LocalOwner = "local"

// Limits bound what one owner and one request may take. Zero fields mean the defaults.
type Limits struct {
	Body    int64   // bytes of a compressed body; 10 MiB
	Decoded int64   // bytes of a body after decompression; 64 MiB
	Rate    float64 // requests a second and owner, sustained; 100. Negative: no limit
	Burst   int     // requests at once; 200
	// FirstByte is how long a file that is streamed may leave its client without a
	// header while nothing is found that belongs into it; 10 s.
	FirstByte time.Duration
}

func (l Limits) withDefaults() Limits {
	if l.Body == 0 {
		l.Body = 10 << 20
	}
	if l.Decoded == 0 {
		l.Decoded = 64 << 20
	}
	if l.Rate == 0 {
		l.Rate = 100
	}
	if l.Burst == 0 {
		l.Burst = 200
	}
	if l.FirstByte == 0 {
		l.FirstByte = 10 * time.Second
	}
	return l
}

// Config is what the API is made of. Store, Records, Bells, Submit and Control are needed.
type Config struct {
	Store   job.Store
	Records record.Store
	Bells   queue.Sender // where a webhook's bell is rung
	Submit  *submit.Service
	Control Controller
	Keys    *apikey.Service // nil: made from Records
	Tickets Tickets         // nil: there is no WebSocket
	Doctor  Doctor          // nil: no deep health check
	Quota   Quota           // nil: none

	Auth    Auth
	Hosts   []string // further host names for LoopbackOwner, with or without a port
	Origins []string // web origins that may call from a browser (CORS), such as https://intern.example

	// RequestID gives the platform's id of the invocation, so that answers and
	// its logs carry the same one; may be nil.
	RequestID func(ctx context.Context) string

	Version string
	Workers int              // there are at once, for /meta; 0: job.MaxWorkers
	Log     *slog.Logger     // nil: slog.Default
	Now     func() time.Time // nil: time.Now
	Limits  Limits

	// MaxResponse is the largest body in bytes that can be sent where answers
	// are buffered, as in a Lambda function (6 MB with everything); exports
	// beyond it are refused with the reason, and an event stream ends after its
	// first event. 0: answers are streamed.
	MaxResponse int
	// StreamURL is the base URL of an endpoint that streams, named when
	// MaxResponse is in the way; may be empty.
	StreamURL string
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Keys == nil {
		c.Keys = apikey.New(c.Records, c.Now, c.Log)
	}
	if c.Workers == 0 {
		c.Workers = job.MaxWorkers
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	c.Limits = c.Limits.withDefaults()
	return c
}
