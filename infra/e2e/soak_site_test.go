package e2e

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"testing"
	"time"

	"gleaner/infra/e2e/testsite"
	"gleaner/shared/loopback"
)

// soakSite is a site that behaves as badly as the web and remembers what it
// served. What a URL brings follows from its text:
//
//	http://host/<job>/page/7     a page, with addresses or without
//	http://host/<job>/gone/7     404
//	http://host/<job>/flaky/7    503 at first, then a page
//	http://host/<job>/torn/7     the connection breaks off at first, then a page
//	http://host/<job>/slow/7     a page that takes its time
//	http://host/<job>/home/7     a page with a link to http://host/<job>/contact
type soakSite struct {
	hosts []string

	asked  loopback.Tally // requests by URL; robots.txt left out
	served loopback.Tally // pages sent whole, by URL
}

// startSoakSite serves on so many hosts until the test ends.
func startSoakSite(t testing.TB, hosts int) *soakSite {
	t.Helper()
	s := &soakSite{}
	s.hosts = testsite.Serve(t, "127.77.100.1", hosts, s).Hosts()
	return s
}

// soakAddresses are the addresses on the page at a URL: one of its own and one
// that many pages share, or none.
func soakAddresses(url string) []string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(url))
	n := h.Sum32()
	if n%3 == 0 && !strings.HasSuffix(url, "/contact") {
		return nil
	}
	return []string{fmt.Sprintf("p%d@own%d.gleaner-tests.org", n, n%50), fmt.Sprintf("office%d@agency%d.gleaner-tests.org", n%7, n%5)}
}

// ServeHTTP implements http.Handler.
func (s *soakSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 2 { // robots.txt
		http.NotFound(w, r)
		return
	}
	url := "http://" + r.Host + r.URL.Path
	first := s.asked.Add(url) == 1
	wait := 20 * time.Millisecond
	switch kind := parts[1]; {
	case kind == "gone":
		http.NotFound(w, r)
		return
	case kind == "flaky" && first:
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	case kind == "torn" && first:
		panic(http.ErrAbortHandler)
	case kind == "slow":
		wait = 300 * time.Millisecond
	}
	if !loopback.Delay(r, wait) {
		return
	}
	more := ""
	if parts[1] == "home" {
		more = `<a href="/` + parts[0] + `/contact">Contact</a>`
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if _, err := w.Write(loopback.Page(parts[1], soakAddresses(url), more)); err == nil && r.Context().Err() == nil {
		s.served.Add(url)
	}
}

// requests is how often a URL was asked for and how often its page was sent.
func (s *soakSite) requests(url string) (asked, served int) {
	return s.asked.Count(url), s.served.Count(url)
}

// servedOf are the addresses of all pages sent below a job's path.
func (s *soakSite) servedOf(tag string) map[string]bool {
	all := map[string]bool{}
	for u := range s.served.Counts() {
		if strings.Contains(u, "/"+tag+"/") {
			for _, a := range soakAddresses(u) {
				all[a] = true
			}
		}
	}
	return all
}
