// Package websocket handles the events of the WebSocket API: clients that
// connect with a ticket, say which jobs they watch, and go.
//
// Answers are posted, never returned: then the order of messages is that of the
// posts, and the API needs no route responses.
package websocket

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/job"
	"gleaner/shared/push"
	"gleaner/shared/record"
)

// MaxRequest is the largest message taken from a client, in bytes.
const MaxRequest = 4 << 10

// TicketParameter is the query parameter that carries the ticket.
const TicketParameter = "ticket"

// Kinds of events, as API Gateway names them in requestContext.eventType.
const (
	EventConnect    = "CONNECT"
	EventDisconnect = "DISCONNECT"
	EventMessage    = "MESSAGE"
)

// Jobs is what the handler reads of jobs; see job.JobStore.
type Jobs interface {
	Job(ctx context.Context, id job.ID) (job.Job, error)
	Progress(ctx context.Context, id job.ID) (job.Progress, error)
}

// Config is what a Handler works with.
type Config struct {
	Jobs      Jobs
	Records   record.Store
	Publisher push.Publisher
	Now       func() time.Time // time.Now if nil
	Log       *slog.Logger     // slog.Default if nil
}

// Handler handles WebSocket events. It is safe for concurrent use.
type Handler struct {
	jobs          Jobs
	tickets       *push.Tickets
	subscriptions *push.Subscriptions
	publisher     push.Publisher
	now           func() time.Time
	log           *slog.Logger
}

// New returns a handler.
func New(c Config) *Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Handler{
		jobs:          c.Jobs,
		tickets:       push.NewTickets(c.Records, push.WithClock(c.Now)),
		subscriptions: push.NewSubscriptions(c.Records, push.WithClock(c.Now)),
		publisher:     c.Publisher,
		now:           c.Now,
		log:           c.Log,
	}
}

// Handle answers one event. A connection is refused with 401 unless its ticket
// is good. Mistakes of a client are answered with an error message to it; the
// returned error is a fault on our side, and for a message the client has then
// been told, as far as it could be.
func (h *Handler) Handle(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	connection := e.RequestContext.ConnectionID
	switch e.RequestContext.EventType {
	case EventConnect:
		return h.connect(ctx, connection, e.QueryStringParameters[TicketParameter])
	case EventDisconnect:
		h.log.DebugContext(ctx, "disconnected", "connection", connection,
			"status", e.RequestContext.DisconnectStatusCode)
		return status(http.StatusOK), h.subscriptions.Disconnect(ctx, connection)
	case EventMessage:
		return h.message(ctx, connection, e.Body, e.IsBase64Encoded)
	default:
		return events.APIGatewayProxyResponse{}, fmt.Errorf("websocket: unknown event type %q", e.RequestContext.EventType)
	}
}

func (h *Handler) connect(ctx context.Context, connection, ticket string) (events.APIGatewayProxyResponse, error) {
	owner, err := h.tickets.Redeem(ctx, ticket)
	if errors.Is(err, push.ErrTicket) {
		return status(http.StatusUnauthorized), nil
	}
	if err == nil {
		err = h.subscriptions.Connect(ctx, connection, owner)
	}
	if err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	return status(http.StatusOK), nil
}

func (h *Handler) message(ctx context.Context, connection, body string, encoded bool) (events.APIGatewayProxyResponse, error) {
	err := h.act(ctx, connection, body, encoded)
	var refusal *refusal
	switch {
	case errors.As(err, &refusal):
		err = h.post(ctx, connection, push.Message{
			Type: push.TypeError, Job: refusal.job, Status: refusal.status, Detail: refusal.detail,
		})
	case err != nil && !errors.Is(err, push.ErrGone):
		err = errors.Join(err, h.post(ctx, connection, push.Message{
			Type: push.TypeError, Status: http.StatusInternalServerError, Detail: "something went wrong here; please try again",
		}))
	}
	if errors.Is(err, push.ErrGone) { // it left while we were at it: nobody waits for an answer
		return status(http.StatusGone), h.subscriptions.Disconnect(ctx, connection)
	}
	if err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	return status(http.StatusOK), nil
}

// refusal is an answer to a client's mistake.
type refusal struct {
	job    job.ID
	status int
	detail string
}

// Error implements error.
func (r *refusal) Error() string { return r.detail }

func (h *Handler) act(ctx context.Context, connection, body string, encoded bool) error {
	var request push.Request
	if err := decode(body, encoded, &request); err != nil {
		return err
	}
	switch request.Action {
	case push.ActionPing:
		return h.post(ctx, connection, push.Message{Type: push.TypePong})
	case push.ActionSubscribe, push.ActionUnsubscribe:
	default:
		return &refusal{status: http.StatusBadRequest, detail: "action is none of subscribe, unsubscribe, ping"}
	}
	id, err := job.ParseID(request.Job)
	if err != nil {
		return notFound("")
	}
	if request.Action == push.ActionSubscribe {
		return h.subscribe(ctx, connection, id)
	}
	if err := h.subscriptions.Unsubscribe(ctx, connection, id); err != nil {
		return err
	}
	return h.post(ctx, connection, push.Message{Type: push.TypeUnsubscribed, Job: id})
}

func decode(body string, encoded bool, request *push.Request) error {
	if len(body) > MaxRequest {
		return &refusal{status: http.StatusRequestEntityTooLarge, detail: "the message is larger than 4 KiB"}
	}
	data := []byte(body)
	if encoded {
		var err error
		if data, err = base64.StdEncoding.DecodeString(body); err != nil {
			return &refusal{status: http.StatusBadRequest, detail: "the message is not JSON"}
		}
	}
	if err := json.Unmarshal(data, request); err != nil {
		return &refusal{status: http.StatusBadRequest, detail: `the message is not JSON of the form {"action":"subscribe","job":"…"}`}
	}
	return nil
}

// notFound is the answer for jobs that are not there and for those of others:
// nobody learns which IDs are taken.
func notFound(id job.ID) *refusal {
	return &refusal{job: id, status: http.StatusNotFound, detail: "there is no such job"}
}

func (h *Handler) subscribe(ctx context.Context, connection string, id job.ID) error {
	c, err := h.subscriptions.Connection(ctx, connection)
	if err != nil {
		return err
	}
	j, err := h.jobs.Job(ctx, id)
	if errors.Is(err, job.ErrNotFound) || err == nil && (j.Owner != c.Owner || !j.DeletedAt.IsZero()) {
		return notFound(id)
	}
	if err != nil {
		return err
	}
	err = h.subscriptions.Subscribe(ctx, c, id)
	if errors.Is(err, push.ErrLimit) {
		return &refusal{job: id, status: http.StatusTooManyRequests, detail: fmt.Sprintf(
			"a connection may watch %d jobs: unsubscribe from one, or open another connection", push.MaxSubscriptions)}
	}
	if err != nil {
		return err
	}
	if err := h.post(ctx, connection, push.Message{Type: push.TypeSubscribed, Job: id}); err != nil {
		return err
	}
	// Read after the subscription is stored: what changes from here on is the
	// notifier's to send, and what changed before is in this snapshot.
	p, err := h.jobs.Progress(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return notFound(id)
	}
	if err != nil {
		return err
	}
	data, err := push.Progress(p.Snapshot(h.now().UTC()))
	if err != nil {
		return err
	}
	return h.publisher.Post(ctx, connection, data)
}

func (h *Handler) post(ctx context.Context, connection string, m push.Message) error {
	data, err := m.Encode()
	if err != nil {
		return err
	}
	return h.publisher.Post(ctx, connection, data)
}

func status(code int) events.APIGatewayProxyResponse {
	return events.APIGatewayProxyResponse{StatusCode: code}
}
