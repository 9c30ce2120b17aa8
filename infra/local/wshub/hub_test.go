package wshub_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"gleaner/infra/local/wshub"
	"gleaner/shared/apigwpush"
	"gleaner/shared/push/pushtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves a hub at /ws, and its @connections under /stage.
func start(t testing.TB, c wshub.Config) (*wshub.Hub, *httptest.Server) {
	t.Helper()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	hub := wshub.New(c)
	mux := http.NewServeMux()
	mux.Handle("GET /ws", hub)
	mux.Handle("/stage/", http.StripPrefix("/stage", hub.Connections()))
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := hub.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
		if n := hub.Len(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
	return hub, server
}

// client is a real WebSocket client.
type client struct{ *websocket.Conn }

func (c client) Send(ctx context.Context, message []byte) error {
	return c.Write(ctx, websocket.MessageText, message)
}

func (c client) Receive(ctx context.Context) ([]byte, error) {
	_, data, err := c.Read(ctx)
	return data, err
}

func (c client) Close() error { return c.Conn.Close(websocket.StatusNormalClosure, "") }

func dial(ctx context.Context, server *httptest.Server, query url.Values, options *websocket.DialOptions) (client, error) {
	conn, r, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http")+"/ws?"+query.Encode(), options)
	if err == nil {
		conn.SetReadLimit(1 << 20)
		return client{conn}, nil
	}
	if r != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return client{}, &pushtest.Refused{Status: r.StatusCode}
	}
	return client{}, err
}

func dialer(server *httptest.Server) func(context.Context, url.Values) (pushtest.Client, error) {
	return func(ctx context.Context, query url.Values) (pushtest.Client, error) {
		c, err := dial(ctx, server, query, nil)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
}

func TestPublisher(t *testing.T) {
	t.Parallel()
	pushtest.Run(t, func(t testing.TB, h pushtest.Handler) pushtest.Front {
		hub, server := start(t, wshub.Config{Handler: wshub.Handler(h), Routes: []string{"subscribe", "unsubscribe", "ping"}})
		return pushtest.Front{Publisher: hub, Dial: dialer(server)}
	})
}

// The adapter for AWS passes the suite against this hub's @connections.
func TestConnectionsEndpoint(t *testing.T) {
	t.Parallel()
	cfg := aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience},
	}
	pushtest.Run(t, func(t testing.TB, h pushtest.Handler) pushtest.Front {
		_, server := start(t, wshub.Config{Handler: wshub.Handler(h)})
		return pushtest.Front{Publisher: apigwpush.New(cfg, server.URL+"/stage"), Dial: dialer(server)}
	})
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	f := &function{}
	_, server := start(t, wshub.Config{Handler: f.handle})
	for origin, want := range map[string]int{
		"":                          0,
		server.URL:                  0,
		strings.ToUpper(server.URL): 0,
		"https://example.com":       http.StatusForbidden,
		"null":                      http.StatusForbidden,
		server.URL + ".example.com": http.StatusForbidden,
		"http://127.0.0.1:1":        http.StatusForbidden,
		":":                         http.StatusForbidden,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		before := f.count("CONNECT")
		c, err := dial(t.Context(), server, nil, &websocket.DialOptions{HTTPHeader: header})
		var refused *pushtest.Refused
		if want == 0 && err != nil || want != 0 && (!errors.As(err, &refused) || refused.Status != want) {
			t.Errorf("origin %q: %v, want %d", origin, err, want)
		}
		if err == nil {
			_ = c.Close()
		}
		if asked := f.count("CONNECT") > before; asked != (want == 0) {
			t.Errorf("origin %q: the function was asked: %v", origin, asked)
		}
	}
}

func TestNoWebSocket(t *testing.T) {
	t.Parallel()
	f := &function{}
	_, server := start(t, wshub.Config{Handler: f.handle})
	r, err := server.Client().Get(server.URL + "/ws?ticket=x")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusUpgradeRequired || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		t.Errorf("%s, Upgrade %q", r.Status, r.Header.Get("Upgrade"))
	}
	if n := f.count("CONNECT"); n != 0 {
		t.Error("the function was asked")
	}
}
