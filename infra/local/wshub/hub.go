// Package wshub is the WebSocket front of the local runner. It does what API
// Gateway does on AWS: it makes events of what clients do, calls the function
// with them, and sends what is posted to a connection.
package wshub

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coder/websocket"

	"gleaner/shared/push"
)

// Handler is the function behind the API.
type Handler func(context.Context, events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error)

// Limits of API Gateway, the defaults of Config.
const (
	IdleTimeout = 10 * time.Minute // without a message in either direction
	MaxAge      = 2 * time.Hour    // of a connection
	MaxMessage  = 128 << 10        // bytes of one message from a client
	CallTimeout = 29 * time.Second // of one call of the function
)

// Defaults of our own.
const (
	WriteTimeout = 10 * time.Second // for a client to take one message
	Buffer       = 128              // messages that wait for a slow client
)

// Config says how a Hub works. Zero fields mean the defaults above.
type Config struct {
	Handler Handler
	Log     *slog.Logger // slog.Default if nil
	// Routes are the actions that have a route of their own; other messages go
	// to $default. They matter only to functions that look at the route key.
	Routes []string

	IdleTimeout, MaxAge, CallTimeout, WriteTimeout time.Duration
	Buffer                                         int
}

// Hub holds connections. It is an http.Handler for the WebSocket's path, a
// push.Publisher, and at Connections the @connections endpoint.
type Hub struct {
	cfg    Config
	routes map[string]bool

	mu     sync.Mutex
	open   map[string]*connection
	closed bool
	serves sync.WaitGroup // requests being served; only added to under mu while not closed
}

var _ push.Publisher = (*Hub)(nil)

// New returns a Hub without connections.
func New(c Config) *Hub {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&c.IdleTimeout, IdleTimeout}, {&c.MaxAge, MaxAge}, {&c.CallTimeout, CallTimeout}, {&c.WriteTimeout, WriteTimeout}} {
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	if c.Buffer == 0 {
		c.Buffer = Buffer
	}
	h := &Hub{cfg: c, routes: map[string]bool{}, open: map[string]*connection{}}
	for _, r := range c.Routes {
		h.routes[r] = true
	}
	return h
}

// Len is the number of open connections.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.open)
}

// Post implements push.Publisher. A client that does not keep up with its
// messages is dropped, and gone.
func (h *Hub) Post(ctx context.Context, connection string, data []byte) error {
	switch err := ctx.Err(); {
	case err != nil:
		return fmt.Errorf("post to %s: %w", connection, err)
	case len(data) > push.MaxMessage:
		return fmt.Errorf("post to %s: %w", connection, push.ErrTooLarge)
	}
	c := h.find(connection)
	if c == nil || !c.enqueue(data) {
		return fmt.Errorf("post to %s: %w", connection, push.ErrGone)
	}
	return nil
}

// Close implements push.Publisher: it closes one connection, after the messages
// that wait for it. Shutdown closes them all.
func (h *Hub) Close(_ context.Context, connection string) error {
	if c := h.find(connection); c != nil {
		c.finish(websocket.StatusNormalClosure, "Connection Closed Normally")
	}
	return nil
}

// Shutdown lets nobody in any more, closes all connections with status 1001 and
// returns when the function has been told of each. If ctx ends before that, the
// connections are cut off and its error is returned.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	h.closed = true
	for _, c := range h.open {
		c.finish(websocket.StatusGoingAway, "Going away")
	}
	h.mu.Unlock()
	done := make(chan struct{})
	go func() {
		h.serves.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	h.mu.Lock()
	for _, c := range h.open {
		c.cut()
	}
	h.mu.Unlock()
	return fmt.Errorf("wshub: shutting down: %w", ctx.Err())
}

func (h *Hub) find(connection string) *connection {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open[connection]
}

// enter admits a request unless the hub is shutting down.
func (h *Hub) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.serves.Add(1)
	return true
}

// ServeHTTP upgrades a request from the same origin whose connection the
// function accepts, and serves the connection until it ends.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
		return
	}
	defer h.serves.Done()
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "this address speaks WebSocket only (RFC 6455)", http.StatusUpgradeRequired)
		return
	}
	// Asked before the function is, so that a page of another site cannot use up a ticket.
	if !sameOrigin(r) {
		http.Error(w, "the Origin is not that of this server", http.StatusForbidden)
		return
	}
	// What the client breaks off must not end the function's calls: on AWS it cannot.
	ctx := context.WithoutCancel(r.Context())
	c := newConnection(h, r)
	answer, err := c.connect(ctx, r)
	if err != nil {
		h.cfg.Log.ErrorContext(ctx, "connecting failed", "connection", c.id, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		http.Error(w, http.StatusText(answer.StatusCode), answer.StatusCode)
		return
	}
	c.serve(ctx, func() (*websocket.Conn, error) {
		return websocket.Accept(w, r, nil) // which has answered if it fails
	})
}

func (h *Hub) register(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open[c.id] = c
	if h.closed { // Shutdown has not seen it
		c.finish(websocket.StatusGoingAway, "Going away")
	}
}

func (h *Hub) unregister(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, c.id)
}

// call calls the function, and contains its panic, which on AWS would end its
// own sandbox only.
func (h *Hub) call(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (r events.APIGatewayProxyResponse, err error) {
	call, cancel := context.WithTimeout(ctx, h.cfg.CallTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("wshub: handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return h.cfg.Handler(call, e)
}

// sameOrigin reports whether a request comes from a page of this server, or from
// no page at all: only browsers send an Origin (RFC 6455, 10.2).
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// newID makes a connection's name, of the form API Gateway gives them: base64
// with padding, so that whoever puts it in a URL must escape it.
func newID() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails
	return base64.URLEncoding.EncodeToString(random)
}

// closing is what a connection's end is to the function: the status and reason
// that API Gateway gives.
func closing(err error) (websocket.StatusCode, string) {
	var sent websocket.CloseError
	switch {
	case errors.Is(err, websocket.ErrMessageTooBig):
		return websocket.StatusMessageTooBig, "Message too big"
	case !errors.As(err, &sent):
		return websocket.StatusAbnormalClosure, "Connection Closed Abnormally"
	case sent.Code == websocket.StatusNoStatusRcvd:
		return sent.Code, "Client-side close frame status not set"
	default:
		return sent.Code, sent.Reason
	}
}
