// Package testsite is the site that end-to-end tests crawl: many hosts of numbered
// pages, each with an address of its own, and a log of what was asked for.
package testsite

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gleaner/shared/loopback"
)

// Net is the network in which all sites of end-to-end tests listen, each on
// addresses of its own there: what a crawler must be allowed.
const Net = "127.77.0.0/16"

// Serve serves so many hosts from an address of Net on, until the test ends.
func Serve(t testing.TB, first string, hosts int, h http.Handler) *loopback.Web {
	t.Helper()
	at := netip.MustParseAddr(first)
	if !netip.MustParsePrefix(Net).Contains(at) {
		t.Fatalf("%s is not in %s", at, Net)
	}
	web, err := loopback.Serve(t.Context(), at, hosts, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = web.Close() })
	return web
}

// Site is hosts of numbered pages, each on an address of its own and so a host to
// a crawler.
type Site struct {
	// Hosts are the hosts, with port.
	Hosts []string
	// Visits counts requests by URL, without those for robots.txt.
	Visits loopback.Tally
}

// Start serves so many hosts from an address of Net on, until the test ends. Page n
// of a host publishes an address of its own and one that all pages of the host
// share, after latency.
func Start(t testing.TB, first string, hosts int, latency time.Duration) *Site {
	t.Helper()
	s := &Site{}
	mux := http.NewServeMux() // anything else, such as robots.txt, there is not
	mux.HandleFunc("/page/{number}", func(w http.ResponseWriter, r *http.Request) {
		s.Visits.Add("http://" + r.Host + r.URL.Path)
		if loopback.Delay(r, latency) {
			number := r.PathValue("number")
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(loopback.Page("Page "+number, addresses(r.Host, number), ""))
		}
	})
	s.Hosts = Serve(t, first, hosts, mux).Hosts()
	return s
}

// URLs lists so many pages of each host.
func (s *Site) URLs(pages int) []string {
	var all []string
	for p := range pages {
		for _, h := range s.Hosts {
			all = append(all, fmt.Sprintf("http://%s/page/%d", h, p))
		}
	}
	return all
}

// Addresses are what so many pages of each host publish.
func (s *Site) Addresses(pages int) map[string]bool {
	all := map[string]bool{}
	for _, h := range s.Hosts {
		for p := range pages {
			for _, a := range addresses(h, fmt.Sprint(p)) {
				all[a] = true
			}
		}
	}
	return all
}

func addresses(host, number string) []string {
	domain := strings.NewReplacer(".", "-", ":", "-").Replace(host) + ".gleaner-tests.org"
	return []string{"page" + number + "@" + domain, "office@" + domain}
}
