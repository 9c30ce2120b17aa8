// Package demosite is a small web of invented companies, served on loopback, on
// which Gleaner shows itself and is tested on a machine without internet. It
// knows which addresses are to be found on it and how each page ought to end.
package demosite

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/loopback"
)

// zone is the domain under which the site's hosts live. Its names resolve on
// the site's own resolver only.
const zone = "gleaner-demo.org"

// Site is the running site.
type Site struct {
	// Latency is the mean time a page takes to answer.
	Latency time.Duration

	web      *loopback.Web
	pages    map[string]page // by host and path
	listed   []string        // those to hand in, by host and path
	want     []string
	outcomes map[job.Outcome]int
	flaky    loopback.Tally // requests for pages that fail the first time
}

// address is where all the hosts of the site are.
var address = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// Net is the network of that address.
var Net = netip.PrefixFrom(address, address.BitLen())

// Names resolves every name to the site's address.
var Names = loopback.Names(func(string) (netip.Addr, bool) { return address, true })

// page is one page of the site.
type page struct {
	body        string
	status      int
	contentType string
	location    string
}

// Start serves the site on a free port of 127.0.0.1 until Close.
func Start(ctx context.Context, companies int) (*Site, error) {
	s := &Site{pages: map[string]page{}, outcomes: map[job.Outcome]int{}}
	for i := range companies {
		s.addCompany(i)
	}
	slices.Sort(s.want)
	s.want = slices.Compact(s.want)
	web, err := loopback.Serve(ctx, address, 1, s)
	if err != nil {
		return nil, fmt.Errorf("demosite: %w", err)
	}
	s.web = web
	return s, nil
}

// Close stops the site.
func (s *Site) Close() error { return s.web.Close() }

// URLs are the pages to hand in, as a list would name them.
func (s *Site) URLs() []string {
	urls := make([]string, len(s.listed))
	for i, page := range s.listed {
		host, path, _ := strings.Cut(page, "/")
		urls[i] = fmt.Sprintf("http://%s:%d/%s", host, s.web.Port(), path)
	}
	return urls
}

// Want are the addresses published on the site, sorted: what a job of URLs with
// default options must find, no more and no less.
func (s *Site) Want() []string { return slices.Clone(s.want) }

// Outcomes is how many of URLs must end with each outcome.
func (s *Site) Outcomes() map[job.Outcome]int { return s.outcomes }

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	key := host + r.URL.Path
	p, ok := s.pages[key]
	if !ok {
		http.NotFound(w, r)
		return
	}
	// Spread by path, so that the same page always takes the same time.
	if !loopback.Delay(r, time.Duration(len(key)*37%100)*s.Latency/50) {
		return
	}
	switch {
	case p.status == statusFlaky && s.flaky.Add(key) == 1:
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

// put adds a page and, if outcome is not empty, lists it.
func (s *Site) put(host, path string, p page, outcome job.Outcome) {
	s.pages[host+path] = p
	if outcome != "" {
		s.listed = append(s.listed, host+path)
		s.outcomes[outcome]++
	}
}
