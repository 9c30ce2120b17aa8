package pushtest

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/push"
)

// Gateway is an API Gateway in the small: connections in memory, and a real
// @connections endpoint to reach them by.
type Gateway struct {
	// URL is where @connections is served, a stage included.
	URL string
	// Answer, if set, is asked first for every request to @connections: a status
	// other than 0 is its answer.
	Answer func(connection string) (status int, exception string)

	handler Handler
	count   atomic.Uint64
	mu      sync.Mutex
	clients map[string]*gatewayClient
}

// NewGateway starts a gateway in front of h and ends it with the test.
func NewGateway(t testing.TB, h Handler) *Gateway {
	g := &Gateway{handler: h, clients: map[string]*gatewayClient{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /stage/@connections/{id}", g.post)
	mux.HandleFunc("DELETE /stage/@connections/{id}", g.remove)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	g.URL = server.URL + "/stage"
	return g
}

// Dial connects a client.
func (g *Gateway) Dial(ctx context.Context, query url.Values) (Client, error) {
	id := base64.URLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, g.count.Add(1))) // ends with =, as theirs do
	c := &gatewayClient{gateway: g, id: id, in: make(chan []byte, 1024), closed: make(chan struct{})}
	e := c.event("CONNECT", "$connect", "")
	e.QueryStringParameters = map[string]string{}
	for name := range query {
		e.QueryStringParameters[name] = query.Get(name)
	}
	r, err := g.handler(ctx, e)
	if err != nil {
		return nil, &Refused{Status: http.StatusInternalServerError}
	}
	if r.StatusCode >= http.StatusMultipleChoices {
		return nil, &Refused{Status: r.StatusCode}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.clients[id] = c
	return c, nil
}

func (g *Gateway) client(id string) *gatewayClient {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.clients[id]
}

func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request) (*gatewayClient, bool) {
	id := r.PathValue("id")
	if g.Answer != nil {
		if status, exception := g.Answer(id); status != 0 {
			answer(w, status, exception)
			return nil, false
		}
	}
	c := g.client(id)
	if c == nil {
		answer(w, http.StatusGone, "GoneException")
	}
	return c, c != nil
}

func (g *Gateway) post(w http.ResponseWriter, r *http.Request) {
	c, ok := g.refuse(w, r)
	if !ok {
		return
	}
	data, err := io.ReadAll(r.Body)
	if err != nil || len(data) > push.MaxMessage {
		answer(w, http.StatusRequestEntityTooLarge, "PayloadTooLargeException")
		return
	}
	c.in <- data
}

func (g *Gateway) remove(w http.ResponseWriter, r *http.Request) {
	if c, ok := g.refuse(w, r); ok {
		_ = c.end(context.WithoutCancel(r.Context()))
		w.WriteHeader(http.StatusNoContent)
	}
}

func answer(w http.ResponseWriter, status int, exception string) {
	w.Header().Set("Content-Type", "application/json")
	if exception != "" {
		w.Header().Set("X-Amzn-ErrorType", exception)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"message":null}`)
}

type gatewayClient struct {
	gateway *Gateway
	id      string
	in      chan []byte
	once    sync.Once
	closed  chan struct{}
}

func (c *gatewayClient) event(kind, route, body string) events.APIGatewayWebsocketProxyRequest {
	return events.APIGatewayWebsocketProxyRequest{
		Body: body,
		RequestContext: events.APIGatewayWebsocketProxyRequestContext{
			ConnectionID: c.id, EventType: kind, RouteKey: route, Stage: "stage",
		},
	}
}

// Send implements Client.
func (c *gatewayClient) Send(ctx context.Context, message []byte) error {
	r, err := c.gateway.handler(ctx, c.event("MESSAGE", "$default", string(message)))
	if err != nil || r.StatusCode >= http.StatusInternalServerError {
		c.in <- []byte(`{"message":"Internal server error"}`)
	}
	return nil
}

// Receive implements Client. What was posted before the end is still received.
func (c *gatewayClient) Receive(ctx context.Context) ([]byte, error) {
	select {
	case data := <-c.in:
		return data, nil
	default:
	}
	select {
	case data := <-c.in:
		return data, nil
	case <-c.closed:
		return nil, errors.New("connection is closed")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close implements Client.
func (c *gatewayClient) Close() error { return c.end(context.Background()) }

func (c *gatewayClient) end(ctx context.Context) (err error) {
	c.once.Do(func() {
		c.gateway.mu.Lock()
		delete(c.gateway.clients, c.id)
		c.gateway.mu.Unlock()
		close(c.closed)
		_, err = c.gateway.handler(ctx, c.event("DISCONNECT", "$disconnect", ""))
	})
	return err
}
