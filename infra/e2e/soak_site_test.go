package e2e

import (
	"context"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
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

	mu     sync.Mutex
	asked  map[string]int // requests by URL; robots.txt left out
	served map[string]int // pages sent whole, by URL
}

// startSoakSite serves on so many hosts until the test ends.
func startSoakSite(t testing.TB, hosts int) *soakSite {
	t.Helper()
	s := &soakSite{asked: map[string]int{}, served: map[string]int{}}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	port := "0"
	for i := range hosts {
		var lc net.ListenConfig
		l, err := lc.Listen(context.Background(), "tcp", net.JoinHostPort(fmt.Sprintf("127.77.%d.%d", 100+i/250, 1+i%250), port))
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
	s.mu.Lock()
	s.asked[url]++
	first := s.asked[url] == 1
	s.mu.Unlock()
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
	time.Sleep(wait)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := fmt.Fprint(w, soakPage(url, parts))
	if err == nil && r.Context().Err() == nil {
		s.mu.Lock()
		s.served[url]++
		s.mu.Unlock()
	}
}

func soakPage(url string, parts []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html><title>%s</title><p>%s</p>", parts[1], strings.Repeat("All of this is made up. ", 30))
	for _, a := range soakAddresses(url) {
		fmt.Fprintf(&b, "<p><a href=\"mailto:%s\">write</a></p>", a)
	}
	if parts[1] == "home" {
		fmt.Fprintf(&b, "<a href=\"/%s/contact\">Contact</a>", parts[0])
	}
	return b.String()
}

// requests is how often a URL was asked for and how often its page was sent.
func (s *soakSite) requests(url string) (asked, served int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[url], s.served[url]
}

// servedOf are the addresses of all pages sent below a job's path.
func (s *soakSite) servedOf(tag string) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]bool{}
	for u := range s.served {
		if strings.Contains(u, "/"+tag+"/") {
			for _, a := range soakAddresses(u) {
				all[a] = true
			}
		}
	}
	return all
}
