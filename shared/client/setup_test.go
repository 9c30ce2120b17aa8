package client_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local"
	"gleaner/infra/local/demosite"
	"gleaner/shared/client"
	"gleaner/shared/fetch"
)

// server is a whole Gleaner on loopback, with a sample site, behind a front that
// can be told to misbehave.
type server struct {
	*httptest.Server
	node *local.Node
	site *demosite.Site

	mu    sync.Mutex
	front func(http.ResponseWriter, *http.Request) bool // true: it answered
	seen  map[string]int                                // requests by method and path

	sockets []net.Conn // of WebSockets
}

// cut breaks all WebSockets, as a network does.
func (s *server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sockets {
		_ = c.Close()
	}
}

func start(t *testing.T, companies int, latency time.Duration) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	site, err := demosite.Start(ctx, companies)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	site.Latency = latency
	node, err := local.Open(ctx, local.Config{
		Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
		Fetch: fetch.Config{Resolver: demosite.Names, AllowNets: []netip.Prefix{demosite.Net}},
	})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := node.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{node: node, site: site, seen: map[string]int{}}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen[r.Method+" "+r.URL.Path]++
		front := s.front
		s.mu.Unlock()
		if front == nil || !front(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateHijacked {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.sockets = append(s.sockets, c)
		}
	}
	s.Start()
	done := make(chan error, 1)
	go func() { done <- node.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.CloseClientConnections()
		s.Close()
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// misbehave puts a front before the server; nil takes it away.
func (s *server) misbehave(front func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.front = front
}

func (s *server) requests(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[what]
}

func (s *server) client(t *testing.T, change ...func(*client.Config)) *client.Client {
	t.Helper()
	cfg := client.Config{Endpoint: s.URL}
	for _, f := range change {
		f(&cfg)
	}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
