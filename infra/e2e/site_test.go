package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// site is a test site on many addresses of 127.0.0.0/8, each a host to a crawler.
type site struct {
	hosts   []string
	latency time.Duration

	mu   sync.Mutex
	hits map[string]int // by URL without query; robots.txt left out
}

// startSite serves so many hosts with so many pages each until the test ends.
// Page n of a host publishes an address of its own and one that all pages of the
// host share.
func startSite(t testing.TB, hosts int, latency time.Duration) *site {
	t.Helper()
	s := &site{latency: latency, hits: map[string]int{}}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	port := "0"
	for i := range hosts {
		var lc net.ListenConfig
		l, err := lc.Listen(context.Background(), "tcp", net.JoinHostPort(fmt.Sprintf("127.77.%d.%d", i/250, 1+i%250), port))
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ = net.SplitHostPort(l.Addr().String())
		s.hosts = append(s.hosts, l.Addr().String())
		go func() { _ = server.Serve(l) }()
	}
	t.Cleanup(func() { _ = server.Close() })
	return s
}

// urls lists so many pages of each host.
func (s *site) urls(pages int) []string {
	var all []string
	for p := range pages {
		for _, h := range s.hosts {
			all = append(all, fmt.Sprintf("http://%s/page/%d.html", h, p))
		}
	}
	return all
}

// wantAddresses is what so many pages of each host publish.
func (s *site) wantAddresses(pages int) map[string]bool {
	want := map[string]bool{}
	for _, h := range s.hosts {
		for p := range pages {
			for _, a := range addressesOf(h, fmt.Sprint(p)) {
				want[a] = true
			}
		}
	}
	return want
}

func addressesOf(host, page string) []string {
	name := strings.NewReplacer(".", "-", ":", "-").Replace(host)
	return []string{"page" + page + "@" + name + ".gleaner-tests.org", "office@" + name + ".gleaner-tests.org"}
}

// ServeHTTP implements http.Handler.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/robots.txt" {
		http.NotFound(w, r)
		return
	}
	time.Sleep(s.latency)
	s.mu.Lock()
	s.hits["http://"+r.Host+r.URL.Path]++
	s.mu.Unlock()
	page := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/page/"), ".html")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title><p>%s</p>", url.PathEscape(page), strings.Repeat("All of this is made up. ", 30))
	for _, a := range addressesOf(r.Host, page) {
		_, _ = fmt.Fprintf(w, "<p><a href=\"mailto:%s\">write</a></p>", a)
	}
}

// log is how often each page was asked for.
func (s *site) log() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int, len(s.hits))
	for k, n := range s.hits {
		out[k] = n
	}
	return out
}
