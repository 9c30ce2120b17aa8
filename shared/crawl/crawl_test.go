package crawl_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gleaner/shared/crawl"
	"gleaner/shared/crawl/crawltest"
	"gleaner/shared/job"
)

// pages is a site by path; a path that is not there is not found.
type pages map[string]string

// ServeHTTP implements http.Handler.
func (p pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := p[r.URL.RequestURI()]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if to, ok := strings.CutPrefix(body, "-> "); ok {
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if strings.HasSuffix(r.URL.Path, ".txt") {
		w.Header().Set("Content-Type", "text/plain")
	}
	_, _ = io.WriteString(w, body)
}

func newCrawler(t testing.TB, site *crawltest.Site, change func(*crawl.Config)) *crawl.Crawler {
	t.Helper()
	cfg := crawl.Config{Fetch: site.FetchConfig(), Retry: crawl.RetryPolicy{Base: 20 * time.Millisecond}, Poll: 10 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	c, err := crawl.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// run crawls with options; list holds URLs, bare ones with a leading "?".
func run(t *testing.T, c *crawl.Crawler, opt job.Options, list ...string) job.Result {
	t.Helper()
	res, err := c.Crawl(t.Context(), crawl.Request{Job: job.Job{ID: "J", Owner: "anna", Options: opt}, Targets: targets(list...)})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Visits)+len(res.Remainder) != len(list) {
		t.Fatalf("%d visits and %d left of %d targets", len(res.Visits), len(res.Remainder), len(list))
	}
	return res
}

func targets(list ...string) []job.Target {
	out := make([]job.Target, len(list))
	for i, url := range list {
		plain, guessed := strings.CutPrefix(url, "?")
		out[i] = job.Target{URL: plain, Guessed: guessed}
	}
	return out
}

func emails(res job.Result) string {
	var out []string
	for _, a := range res.Addresses {
		out = append(out, a.Email)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func outcomes(res job.Result) string {
	var out []string
	for _, v := range res.Visits {
		out = append(out, string(v.Outcome))
	}
	return strings.Join(out, " ")
}

func paths(h *crawltest.Host) string {
	var out []string
	for _, r := range h.Log.Requests() {
		if r.Path != "/robots.txt" {
			out = append(out, r.Path)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// slowSite has pages that take a while.
func slowSite(t *testing.T, pagesOf int, each time.Duration) (*crawltest.Site, *crawltest.Host, []string) {
	t.Helper()
	site := crawltest.New(t)
	h := site.Host("langsam-werk.de", crawltest.Plain, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		time.Sleep(each)
		crawltest.Page(w, r)
	}))
	var list []string
	for i := range pagesOf {
		list = append(list, h.URL(fmt.Sprintf("/p%d", i)))
	}
	return site, h, list
}

func TestWhatIsNotBegunAtTheDeadlineIsHandedBack(t *testing.T) {
	t.Parallel()
	site, h, list := slowSite(t, 40, 200*time.Millisecond) // two at a time: 4 s
	c := newCrawler(t, site, nil)
	res, err := c.Crawl(t.Context(), crawl.Request{Targets: targets(list...), Deadline: time.Now().Add(2 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	done, left := len(res.Visits), len(res.Remainder)
	if done+left != 40 || done == 0 || left == 0 {
		t.Fatalf("%d done, %d left", done, left)
	}
	if n := len(strings.Fields(paths(h))); n != done {
		t.Errorf("%d pages were asked for and %d are done", n, done)
	}
	expect(t, "first left", res.Remainder[0].URL, list[done])
	for _, v := range res.Visits {
		if v.Outcome != job.OutcomeFound {
			t.Errorf("%+v", v)
		}
	}
	res, err = c.Crawl(t.Context(), crawl.Request{Targets: targets(list...), Deadline: time.Now().Add(-time.Second)})
	if err != nil || len(res.Remainder) != 40 {
		t.Errorf("a deadline that has passed: %d left, %v", len(res.Remainder), err)
	}
}

func TestAJobIsPausedAndCancelled(t *testing.T) {
	t.Parallel()
	for status, outcome := range map[job.Status]job.Outcome{job.Paused: "", job.Cancelled: job.OutcomeCancelled, job.Running: job.OutcomeFound} {
		site, _, list := slowSite(t, 12, 60*time.Millisecond)
		var asked atomic.Int64
		res, err := newCrawler(t, site, nil).Crawl(t.Context(), crawl.Request{Targets: targets(list...), Stopped: func(context.Context) job.Status {
			if asked.Add(1) < 10 {
				return job.Running
			}
			return status
		}})
		if err != nil {
			t.Fatal(err)
		}
		last := job.Outcome("")
		if len(res.Visits) == len(list) {
			last = res.Visits[len(list)-1].Outcome
		}
		if last != outcome || len(res.Visits)+len(res.Remainder) != len(list) {
			t.Errorf("%s: %d visits, %d left, the last ended as %q", status, len(res.Visits), len(res.Remainder), last)
		}
	}
}

func TestAStoppedBatchDoesNotWaitForASlowSite(t *testing.T) {
	t.Parallel()
	site, _, list := slowSite(t, 4, 20*time.Second)
	began := time.Now()
	res, err := newCrawler(t, site, func(cfg *crawl.Config) { cfg.Grace = 50 * time.Millisecond }).Crawl(t.Context(),
		crawl.Request{Targets: targets(list...), Deadline: time.Now().Add(100 * time.Millisecond)})
	if err != nil || len(res.Remainder) != 4 {
		t.Errorf("%d left, %v", len(res.Remainder), err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestAnEndedContextIsAnErrorAndLeavesNothingBehind(t *testing.T) {
	site, _, list := slowSite(t, 4, 20*time.Second)
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := newCrawler(t, site, nil).Crawl(ctx, crawl.Request{Targets: targets(list...)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http.(*conn).serve"), goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead"))
}

func TestTheGapOfAJobIsKept(t *testing.T) {
	t.Parallel()
	site, h, list := slowSite(t, 6, 30*time.Millisecond)
	const gap = 100 * time.Millisecond
	run(t, newCrawler(t, site, nil), job.Options{Gap: gap, PerHost: 4}, list...)
	if got := h.Log.Gap(); got < gap || len(h.Log.Requests()) != 7 {
		t.Errorf("a gap of %v between %d requests, want %v", got, len(h.Log.Requests()), gap)
	}
}

func TestASitesOwnerMayIgnoreItsRobotsFile(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	h := site.Host("werk-a.de", crawltest.Plain, pages{"/robots.txt": "User-agent: *\nDisallow: /", "/": "eins@werk-a.de"})
	expect(t, "outcomes", outcomes(run(t, newCrawler(t, site, nil), job.Options{IgnoreRobots: true}, h.URL("/"))), "found")
	if n := h.Log.Count("/robots.txt"); n != 0 {
		t.Errorf("robots.txt was asked for %d times", n)
	}
}

func TestBrokenCertificatesAreReadOnRequestAndNeverHidden(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	bad := site.Host("werk-a.de", crawltest.BadCert, pages{"/": "eins@werk-a.de"})
	wrong := site.Host("werk-b.de", crawltest.WrongKey, pages{"/": "eins@werk-b.de"})
	good := site.Host("werk-c.de", crawltest.HTTP2, pages{"/": "eins@werk-c.de"})
	c := newCrawler(t, site, nil)
	list := []string{bad.URL("/"), wrong.URL("/"), good.URL("/")}
	expect(t, "strict", outcomes(run(t, c, job.Options{}, list...)), "tls_failed tls_failed found")
	res := run(t, c, job.Options{InsecureTLS: true}, list...)
	expect(t, "insecure", outcomes(res), "found found found")
	for i, want := range []bool{true, true, false} {
		if res.Visits[i].BadCert != want {
			t.Errorf("%s: bad certificate %v", res.Visits[i].URL, res.Visits[i].BadCert)
		}
	}
	expect(t, "strict again", outcomes(run(t, c, job.Options{}, list...)), "tls_failed tls_failed found")
}

func TestBatchesInOneProcessShareAHostsLimits(t *testing.T) {
	t.Parallel()
	site, h, list := slowSite(t, 30, 5*time.Millisecond)
	c := newCrawler(t, site, nil)
	var all sync.WaitGroup
	for range 5 { // of different jobs, say
		all.Go(func() {
			res, err := c.Crawl(t.Context(), crawl.Request{Targets: targets(list...)})
			if err != nil || len(res.Visits) != len(list) {
				t.Errorf("%d visits, %v", len(res.Visits), err)
			}
		})
	}
	all.Wait()
	if n := h.Log.Busiest(); n > job.DefaultPerHost {
		t.Errorf("%d requests at once", n)
	}
	if most, _ := h.Log.Connections(); most > job.DefaultPerHost {
		t.Errorf("%d connections at once", most)
	}
}

func TestRetriesAreCountedAndBounded(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	var list []string
	var hosts []*crawltest.Host
	for i := range 10 {
		h := site.Host(fmt.Sprintf("werk-%d.de", i), crawltest.Plain, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/robots.txt" {
				http.NotFound(w, r)
				return
			}
			w.WriteHeader(http.StatusBadGateway)
		}))
		hosts, list = append(hosts, h), append(list, h.URL("/"))
	}
	res := run(t, newCrawler(t, site, func(cfg *crawl.Config) { cfg.Retry.Extra, cfg.Retry.PerTarget = 3, 5 }), job.Options{}, list...)
	asked := 0
	for i, h := range hosts {
		n := h.Log.Count("/")
		asked += n
		v := res.Visits[i]
		if v.Outcome != job.OutcomeServer || n > 3 || v.Pages != n || n > 1 && v.Attempts != n {
			t.Errorf("%d requests, %+v", n, v)
		}
	}
	if asked != 10+3+10/5 {
		t.Errorf("%d requests: 10 and a budget of 5 retries for the batch", asked)
	}
}

func TestADeadHostIsGivenUp(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	h := site.Host("werk-a.de", crawltest.Plain, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		panic(http.ErrAbortHandler) // the connection is closed without an answer
	}))
	var list []string
	for i := range 60 {
		list = append(list, h.URL(fmt.Sprintf("/p%d", i)))
	}
	res := run(t, newCrawler(t, site, func(cfg *crawl.Config) { cfg.Retry.Extra = 1000 }), job.Options{}, list...)
	for _, v := range res.Visits {
		if v.Outcome != job.OutcomeReset {
			t.Errorf("%+v", v)
		}
	}
	if n := len(h.Log.Requests()); n > 20 {
		t.Errorf("%d requests to a host that never answers", n)
	}
}

func TestNewSitesAreBegunGradually(t *testing.T) {
	t.Parallel()
	const sites = 80 // a thousand a second, the first twenty at once
	site := crawltest.New(t)
	var mu sync.Mutex
	var first, last time.Time // when the sites were asked for their robots.txt
	var list []string
	for i := range sites {
		h := site.Host(fmt.Sprintf("werk-%d.de", i), crawltest.Plain, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/robots.txt" {
				crawltest.Page(w, r)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if last = time.Now(); first.IsZero() {
				first = last
			}
			http.NotFound(w, r)
		}))
		list = append(list, h.URL("/"))
	}
	run(t, newCrawler(t, site, nil), job.Options{Follow: job.FollowNone}, list...)
	if took := last.Sub(first); took < 50*time.Millisecond {
		t.Errorf("%d sites were begun within %v", sites, took)
	}
}
