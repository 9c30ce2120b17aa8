package wshub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coder/websocket"

	"gleaner/infra/local/wshub"
	"gleaner/shared/push"
	"gleaner/shared/push/pushtest"
)

// idle is a time without a message after which a connection is closed: many times
// what a busy machine takes between two messages.
const idle = 2 * time.Second

func TestIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	f := &function{}
	_, server := start(t, wshub.Config{Handler: f.handle, IdleTimeout: idle})
	c, err := dial(t.Context(), server, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for range 6 { // messages keep it open
		time.Sleep(idle / 5)
		if err := c.Send(t.Context(), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.Receive(t.Context())
	if websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("ended with %v, want status 1001", err)
	}
	if d := time.Since(begun); d < 2*idle {
		t.Errorf("closed after %v", d)
	}
	if e := f.wait(t, "DISCONNECT", 1)[0]; e.RequestContext.DisconnectStatusCode != 1001 {
		t.Errorf("disconnect %+v", e.RequestContext)
	}
}

func TestPostsKeepItOpen(t *testing.T) {
	t.Parallel()
	f := &function{}
	hub, server := start(t, wshub.Config{Handler: f.handle, IdleTimeout: idle})
	c, err := dial(t.Context(), server, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := f.of("CONNECT")[0].RequestContext.ConnectionID
	for range 6 {
		time.Sleep(idle / 5)
		if err := hub.Post(t.Context(), id, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Close()
}

func TestOldConnectionIsClosed(t *testing.T) {
	t.Parallel()
	f := &function{}
	_, server := start(t, wshub.Config{Handler: f.handle, MaxAge: 200 * time.Millisecond})
	c, err := dial(t.Context(), server, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Receive(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("ended with %v, want status 1001", err)
	}
	f.wait(t, "DISCONNECT", 1)
}

func TestMessageOfClientIsLimited(t *testing.T) {
	t.Parallel()
	f := &function{}
	_, server := start(t, wshub.Config{Handler: f.handle})
	c, err := dial(t.Context(), server, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{wshub.MaxMessage, wshub.MaxMessage + 1} {
		_ = c.Send(t.Context(), bytes.Repeat([]byte("x"), n)) // the second may break off
	}
	if _, err := c.Receive(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("ended with %v, want status 1009", err)
	}
	if e := f.wait(t, "DISCONNECT", 1)[0]; e.RequestContext.DisconnectStatusCode != 1009 {
		t.Errorf("disconnect %+v", e.RequestContext)
	}
	if n := f.count("MESSAGE"); n != 1 {
		t.Errorf("%d messages, want the one that is not too large", n)
	}
}

// A client that does not read is dropped, holds nobody up, and is gone.
func TestSlowClientIsDropped(t *testing.T) {
	t.Parallel()
	f := &function{}
	hub, server := start(t, wshub.Config{Handler: f.handle, Buffer: 4})
	var raw net.Conn
	slow, err := dial(t.Context(), server, nil, &websocket.DialOptions{HTTPClient: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (conn net.Conn, err error) {
			raw, err = (&net.Dialer{}).DialContext(ctx, network, address)
			if err == nil {
				err = raw.(*net.TCPConn).SetReadBuffer(4096)
			}
			return raw, err
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	slowID := f.of("CONNECT")[0].RequestContext.ConnectionID
	quick, err := dial(t.Context(), server, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	quickID := f.of("CONNECT")[1].RequestContext.ConnectionID

	large := bytes.Repeat([]byte("x"), push.MaxMessage)
	var dropped error
	for end := time.Now().Add(patience); dropped == nil && time.Now().Before(end); {
		begun := time.Now()
		dropped = hub.Post(t.Context(), slowID, large)
		if d := time.Since(begun); d > wshub.WriteTimeout/2 {
			t.Errorf("posting to a slow client took %v", d)
		}
		time.Sleep(time.Millisecond)
	}
	if !errors.Is(dropped, push.ErrGone) {
		t.Fatalf("error %v, want ErrGone", dropped)
	}
	if e := f.wait(t, "DISCONNECT", 1)[0]; e.RequestContext.ConnectionID != slowID || e.RequestContext.DisconnectStatusCode != 1006 {
		t.Errorf("disconnect %+v", e.RequestContext)
	}
	if err := hub.Post(t.Context(), quickID, []byte("x")); err != nil {
		t.Error(err)
	}
	if data, err := quick.Receive(t.Context()); err != nil || string(data) != "x" {
		t.Errorf("the other client got %q, %v", data, err)
	}
	_ = quick.Close()
	_ = slow.CloseNow()
}

// A write that the client never takes is given up.
func TestWriteTimesOut(t *testing.T) {
	t.Parallel()
	f := &function{}
	hub, server := start(t, wshub.Config{Handler: f.handle, Buffer: 10_000, WriteTimeout: 100 * time.Millisecond})
	c, err := dial(t.Context(), server, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := f.of("CONNECT")[0].RequestContext.ConnectionID
	large := bytes.Repeat([]byte("x"), push.MaxMessage)
	for range 1000 { // 32 MB: more than two sockets hold
		if err := hub.Post(t.Context(), id, large); err != nil {
			break
		}
	}
	f.wait(t, "DISCONNECT", 1)
	_ = c.CloseNow()
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	f := &function{}
	hub, server := start(t, wshub.Config{Handler: f.handle})
	var clients []client
	for range 20 {
		c, err := dial(t.Context(), server, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	ended := make(chan error, len(clients))
	for _, c := range clients {
		go func() {
			_, err := c.Receive(context.Background())
			ended <- err
		}()
	}
	if err := hub.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range clients {
		if err := <-ended; websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("ended with %v, want status 1001", err)
		}
	}
	if n := f.count("DISCONNECT"); n != len(clients) {
		t.Errorf("the function was told of %d ends, want %d", n, len(clients))
	}
	_, err := dial(t.Context(), server, nil, nil)
	var refused *pushtest.Refused
	if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("dial after the end: %v, want 503", err)
	}
}

// A client that does not answer the close frame cannot hold up the end.
func TestShutdownIsNotHeldUp(t *testing.T) {
	t.Parallel()
	f := &function{}
	hub, server := start(t, wshub.Config{Handler: f.handle})
	c, err := dial(t.Context(), server, nil, nil) // nobody reads
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := hub.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if d := time.Since(begun); d > 2*time.Second {
		t.Errorf("it took %v", d)
	}
	f.wait(t, "DISCONNECT", 1)
	_ = c.CloseNow()
}

func TestGetConnection(t *testing.T) {
	t.Parallel()
	f := &function{answer: func(context.Context, events.APIGatewayWebsocketProxyRequest) error { return nil }}
	_, server := start(t, wshub.Config{Handler: f.handle})
	c, err := dial(t.Context(), server, nil, &websocket.DialOptions{HTTPHeader: http.Header{"User-Agent": {"tester"}}})
	if err != nil {
		t.Fatal(err)
	}
	get := func(id string) (status int, body struct {
		ConnectedAt, LastActiveAt time.Time
		Identity                  struct{ SourceIP, UserAgent string }
	},
	) {
		r, err := server.Client().Get(server.URL + "/stage/@connections/" + id)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		return r.StatusCode, body
	}
	status, body := get(f.of("CONNECT")[0].RequestContext.ConnectionID)
	if status != http.StatusOK || body.Identity.SourceIP != "127.0.0.1" || body.Identity.UserAgent != "tester" ||
		time.Since(body.ConnectedAt) > time.Minute || body.LastActiveAt.Before(body.ConnectedAt.Truncate(time.Millisecond)) {
		t.Errorf("%d %+v", status, body)
	}
	_ = c.Close()
	if status, _ := get("AbCdEfGhIjKlMnOp="); status != http.StatusGone {
		t.Errorf("status %d of nobody's connection", status)
	}
}
