package wshub_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coder/websocket"

	"gleaner/infra/local/wshub"
	"gleaner/shared/push/pushtest"
)

// patience is how long a test waits for what must come: a busy machine takes its time.
const patience = time.Minute

// function notes its events and does as told.
type function struct {
	mu     sync.Mutex
	events []events.APIGatewayWebsocketProxyRequest
	answer func(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) error
}

func (f *function) handle(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	f.mu.Lock()
	f.events = append(f.events, e)
	f.mu.Unlock()
	if f.answer != nil {
		if err := f.answer(ctx, e); err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
	}
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
}

func (f *function) of(kind string) (found []events.APIGatewayWebsocketProxyRequest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.events {
		if e.RequestContext.EventType == kind {
			found = append(found, e)
		}
	}
	return found
}

func (f *function) count(kind string) int { return len(f.of(kind)) }

// wait returns the n events of a kind once they are there.
func (f *function) wait(t *testing.T, kind string, n int) []events.APIGatewayWebsocketProxyRequest {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		if got := f.of(kind); len(got) >= n {
			return got
		}
		if time.Now().After(end) {
			t.Fatalf("%d events %s, want %d", f.count(kind), kind, n)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	f := &function{}
	_, server := start(t, wshub.Config{Handler: f.handle, Routes: []string{"ping"}})
	before := time.Now().Add(-time.Second)
	c, err := dial(t.Context(), server, url.Values{"ticket": {"a", "b c"}}, &websocket.DialOptions{HTTPHeader: http.Header{"User-Agent": {"tester"}}})
	if err != nil {
		t.Fatal(err)
	}
	connect := f.wait(t, "CONNECT", 1)[0]
	rc := connect.RequestContext
	host := strings.TrimPrefix(server.URL, "http://")
	if rc.RouteKey != "$connect" || rc.ConnectionID == "" || rc.RequestID == "" || rc.DomainName != host || rc.Stage == "" || rc.MessageDirection != "IN" ||
		rc.Identity.SourceIP != "127.0.0.1" || rc.Identity.UserAgent != "tester" || rc.ConnectedAt < before.UnixMilli() || rc.RequestTimeEpoch < rc.ConnectedAt {
		t.Errorf("context %+v", rc)
	}
	if _, err := time.Parse("02/Jan/2006:15:04:05 -0700", rc.RequestTime); err != nil {
		t.Error(err)
	}
	if connect.QueryStringParameters["ticket"] != "b c" || len(connect.MultiValueQueryStringParameters["ticket"]) != 2 ||
		connect.Headers["Host"] != host || connect.Headers["User-Agent"] != "tester" || connect.MultiValueHeaders["Host"][0] != host {
		t.Errorf("event %+v", connect)
	}

	texts := []string{`{"action":"ping"}`, `{"action":"dance"}`, `hello`}
	for _, text := range texts {
		if err := c.Send(t.Context(), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte{0, 255}); err != nil {
		t.Fatal(err)
	}
	messages := f.wait(t, "MESSAGE", 4)
	for i, want := range []struct{ route, body string }{{"ping", texts[0]}, {"$default", texts[1]}, {"$default", texts[2]}, {"$default", "AP8="}} {
		m := messages[i]
		if m.RequestContext.RouteKey != want.route || m.Body != want.body || m.RequestContext.ConnectionID != rc.ConnectionID ||
			m.RequestContext.MessageID == "" || m.IsBase64Encoded != (i == 3) || m.QueryStringParameters != nil {
			t.Errorf("message %d: %+v", i, m)
		}
	}

	if err := c.Conn.Close(websocket.StatusCode(3000), "enough"); err != nil {
		t.Fatal(err)
	}
	e := f.wait(t, "DISCONNECT", 1)[0].RequestContext
	if e.RouteKey != "$disconnect" || e.ConnectionID != rc.ConnectionID || e.DisconnectStatusCode != 3000 || *e.DisconnectReason != "enough" {
		t.Errorf("disconnect %+v", e)
	}
}

// The event survives the wire to a compiled function.
func TestEventsAreJSON(t *testing.T) {
	t.Parallel()
	f := &function{}
	_, server := start(t, wshub.Config{Handler: f.handle})
	c, err := dial(t.Context(), server, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.CloseNow()
	f.wait(t, "DISCONNECT", 1)
	for _, e := range f.events {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back events.APIGatewayWebsocketProxyRequest
		if err := json.Unmarshal(data, &back); err != nil || back.RequestContext.ConnectionID != e.RequestContext.ConnectionID {
			t.Errorf("%s: %v", data, err)
		}
	}
}

func TestFunctionFails(t *testing.T) {
	t.Parallel()
	f := &function{answer: func(_ context.Context, e events.APIGatewayWebsocketProxyRequest) error {
		switch {
		case e.RequestContext.EventType == "CONNECT" && e.QueryStringParameters["fail"] != "", e.Body == "fail":
			return errors.New("failed")
		case e.Body == "panic":
			panic("crashed")
		}
		return nil
	}}
	_, server := start(t, wshub.Config{Handler: f.handle})
	_, err := dial(t.Context(), server, url.Values{"fail": {"1"}}, nil)
	var refused *pushtest.Refused
	if !errors.As(err, &refused) || refused.Status != http.StatusInternalServerError {
		t.Errorf("dial: %v, want 500", err)
	}
	c, err := dial(t.Context(), server, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	id := f.of("CONNECT")[1].RequestContext.ConnectionID
	for _, text := range []string{"fail", "panic"} {
		if err := c.Send(t.Context(), []byte(text)); err != nil {
			t.Fatal(err)
		}
		data, err := c.Receive(t.Context())
		var m map[string]string
		if err != nil || json.Unmarshal(data, &m) != nil || m["message"] != "Internal server error" || m["connectionId"] != id || m["requestId"] == "" {
			t.Errorf("%q, %v", data, err)
		}
	}
}
