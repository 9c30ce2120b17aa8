package aws

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// site is a test site on many addresses of 127.77.0.0/16, each a host to a
// crawler. Every page of a host publishes an address of its own, and one that all
// pages of the host share.
type site struct {
	hosts []string

	mu   sync.Mutex
	hits map[string]int // by host and path
}

// sites numbers the sites, so that each has addresses of its own.
var sites atomic.Int64

func startSite(t testing.TB, hosts int) *site {
	t.Helper()
	s := &site{hits: map[string]int{}}
	first := int(100 + 10*sites.Add(1))
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	port := "0"
	for i := range hosts {
		var lc net.ListenConfig
		l, err := lc.Listen(context.Background(), "tcp", net.JoinHostPort(fmt.Sprintf("127.77.%d.%d", first+i/250, 1+i%250), port))
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

func (s *site) urls(pages int) []string {
	var all []string
	for p := range pages {
		for _, h := range s.hosts {
			all = append(all, fmt.Sprintf("http://%s/page/%d", h, p))
		}
	}
	return all
}

// published are all addresses on so many pages of each host.
func (s *site) published(pages int) map[string]bool {
	all := map[string]bool{}
	for _, h := range s.hosts {
		for p := range pages {
			for _, a := range addresses(h, fmt.Sprint(p)) {
				all[a] = true
			}
		}
	}
	return all
}

func addresses(host, page string) []string {
	domain := strings.NewReplacer(".", "-", ":", "-").Replace(host) + ".gleaner-tests.org"
	return []string{"page" + page + "@" + domain, "office@" + domain}
}

// ServeHTTP implements http.Handler.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, ok := strings.CutPrefix(r.URL.Path, "/page/")
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	s.hits[r.Host+r.URL.Path]++
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!doctype html><title>Page %s</title><p>%s</p>", page, strings.Repeat("All of this is made up. ", 20))
	for _, a := range addresses(r.Host, page) {
		_, _ = fmt.Fprintf(w, `<p><a href="mailto:%s">write</a></p>`, a)
	}
}

func (s *site) visited() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.hits)
}
