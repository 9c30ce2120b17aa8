// Package pushtest is the suite that every push.Publisher passes together with
// the front that holds its connections: Run.
package pushtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/push"
)

// Handler is the function behind a WebSocket API.
type Handler func(context.Context, events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error)

// Front is a WebSocket front and the Publisher under test, which reaches its
// connections.
type Front struct {
	Publisher push.Publisher
	// Dial connects a client with these query parameters; *Refused if the
	// function refuses.
	Dial func(ctx context.Context, query url.Values) (Client, error)
}

// Client is the client's end of a connection.
type Client interface {
	Send(ctx context.Context, message []byte) error
	// Receive returns the next message; an error once the connection is closed.
	Receive(ctx context.Context) ([]byte, error)
	Close() error
}

// Setup makes a front that calls h, and has it ended with the test.
type Setup func(t testing.TB, h Handler) Front

// Refused says with which HTTP status a connection was refused.
type Refused struct{ Status int }

// Error implements error.
func (r *Refused) Error() string { return fmt.Sprintf("connection refused with status %d", r.Status) }

// patience is how long a test waits for what must come: a busy machine takes its time.
const patience = time.Minute

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func dial(t testing.TB, f Front, query url.Values) Client {
	t.Helper()
	c, err := f.Dial(within(t), query)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func receive(t testing.TB, c Client) []byte {
	t.Helper()
	data, err := c.Receive(within(t))
	if err != nil {
		t.Fatalf("receive: %v", err)
	}
	return data
}

func receiveMessage(t testing.TB, c Client) push.Message {
	t.Helper()
	data := receive(t, c)
	var m push.Message
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatalf("message %q: %v", data, err)
	}
	return m
}

// eventually waits until ok holds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// Run runs the whole suite: the contract of the Publisher, then what clients see
// of the front, the functions and the Publisher together.
func Run(t *testing.T, setup Setup) {
	t.Run("Publisher", func(t *testing.T) { testPublisher(t, setup) })
	t.Run("Protocol", func(t *testing.T) { testProtocol(t, setup) })
	t.Run("Ends", func(t *testing.T) { testEnds(t, setup) })
}
