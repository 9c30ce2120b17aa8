// Package demosite is a small web of invented companies, served on loopback, on
// which Gleaner shows itself and is tested on a machine without internet. It
// knows which addresses are to be found on it and how each page ought to end.
package demosite

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"gleaner/shared/job"
)

// Zone is the domain under which the site's hosts live. Its names resolve on
// the site's own resolver only.
const Zone = "gleaner-demo.org"

// Site is the running site.
type Site struct {
	// Latency is the mean time a page takes to answer.
	Latency time.Duration

	port     int
	server   *http.Server
	pages    map[string]page // by host and path
	urls     []string
	want     []string
	outcomes map[job.Outcome]int

	mu   sync.Mutex
	hits map[string]int
}

// page is one page of the site.
type page struct {
	body        string
	status      int
	contentType string
	location    string
}

// Start serves the site on a free port of 127.0.0.1 until Close.
func Start(ctx context.Context, companies int) (*Site, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demosite: %w", err)
	}
	s := &Site{
		port:     l.Addr().(*net.TCPAddr).Port,
		pages:    map[string]page{},
		outcomes: map[job.Outcome]int{},
		hits:     map[string]int{},
	}
	for i := range companies {
		s.addCompany(i)
	}
	slices.Sort(s.want)
	s.want = slices.Compact(s.want)
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // a listener of our own on loopback does not fail
		}
	}()
	return s, nil
}

// Close stops the site.
func (s *Site) Close() error { return s.server.Close() }

// URLs are the pages to hand in, as a list would name them.
func (s *Site) URLs() []string { return slices.Clone(s.urls) }

// Want are the addresses published on the site, sorted: what a job of URLs with
// default options must find, no more and no less.
func (s *Site) Want() []string { return slices.Clone(s.want) }

// Outcomes is how many of URLs must end with each outcome.
func (s *Site) Outcomes() map[job.Outcome]int { return s.outcomes }

// Port is where the site listens.
func (s *Site) Port() int { return s.port }

// LookupNetIP answers for every name with the site's own address.
func (s *Site) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
}

// Hits says how often each page was asked for, by host and path.
func (s *Site) Hits() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	hits := make(map[string]int, len(s.hits))
	for k, n := range s.hits {
		hits[k] = n
	}
	return hits
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	key := host + r.URL.Path
	s.mu.Lock()
	s.hits[key]++
	nth := s.hits[key]
	s.mu.Unlock()
	p, ok := s.pages[key]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if s.Latency > 0 {
		// Spread by path, so that the same page always takes the same time.
		spread := time.Duration(len(key)*37%100) * s.Latency / 50
		select {
		case <-time.After(spread):
		case <-r.Context().Done():
			return
		}
	}
	switch {
	case p.status == statusFlaky && nth == 1:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case p.location != "":
		w.Header().Set("Location", p.location)
	}
	if p.contentType == "" {
		p.contentType = "text/html; charset=utf-8"
	}
	w.Header().Set("Content-Type", p.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(p.body)))
	if p.status > 0 {
		w.WriteHeader(p.status)
	}
	_, _ = w.Write([]byte(p.body))
}

// statusFlaky marks a page that answers 503 the first time and is there the second.
const statusFlaky = -1

func (s *Site) origin(host string) string { return fmt.Sprintf("http://%s:%d", host, s.port) }

// put adds a page and, if outcome is not empty, lists it.
func (s *Site) put(host, path string, p page, outcome job.Outcome) {
	s.pages[host+path] = p
	if outcome != "" {
		s.urls = append(s.urls, s.origin(host)+path)
		s.outcomes[outcome]++
	}
}
