package crawl_test

import (
	"bytes"
	"compress/gzip"
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
	"gleaner/shared/suppress"
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

func TestABareHomePageLeadsToItsContactPages(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	h := site.Host("baeckerei-lindhorst.de", crawltest.Plain, pages{
		"/":            `<a href="/brot">Brot</a><a href="/kontakt">Kontakt</a><a href="/impressum#top">Impressum</a><a href="https://andere-seite.de/kontakt">Kontakt</a>`,
		"/kontakt":     `anna@baeckerei-lindhorst.de <a href="/impressum">Impressum</a> <a href="/team">Team</a>`,
		"/impressum":   "anna@baeckerei-lindhorst.de und info@baeckerei-lindhorst.de",
		"/brot":        "brot@baeckerei-lindhorst.de",
		"/sub/kontakt": "x@baeckerei-lindhorst.de",
	})
	res := run(t, newCrawler(t, site, nil), job.Options{}, h.URL("/"))
	expect(t, "found", emails(res), "anna@baeckerei-lindhorst.de info@baeckerei-lindhorst.de")
	expect(t, "fetched", paths(h), "/ /impressum /kontakt")
	v := res.Visits[0]
	if v.Outcome != job.OutcomeFound || v.Pages != 3 || v.Addresses != 2 || res.Pages != 3 || res.Bytes == 0 {
		t.Errorf("%+v, %d pages", v, res.Pages)
	}
	for _, a := range res.Addresses {
		if strings.HasPrefix(a.Email, "anna") && (len(a.Sources) != 1 || a.SourceURL == a.Sources[0] || !a.OwnDomain || a.FirstSeen.IsZero()) {
			t.Errorf("%+v", a)
		}
	}
	// Any other page stands for itself.
	res = run(t, newCrawler(t, site, nil), job.Options{}, h.URL("/brot"))
	expect(t, "found", emails(res), "brot@baeckerei-lindhorst.de")
}

func TestNoPageIsFetchedTwiceInABatch(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	h := site.Host("baeckerei-lindhorst.de", crawltest.Plain, pages{
		"/":        `<a href="/kontakt">Kontakt</a><a href="/impressum">Impressum</a>`,
		"/en":      `<a href="/kontakt?utm_source=en">Kontakt</a><a href="/impressum">Impressum</a>`,
		"/kontakt": "anna@baeckerei-lindhorst.de", "/impressum": "info@baeckerei-lindhorst.de",
	})
	res := run(t, newCrawler(t, site, nil), job.Options{Follow: job.FollowContact}, h.URL("/"), h.URL("/en"), h.URL("/impressum"))
	expect(t, "fetched", paths(h), "/ /en /impressum /kontakt")
	if v := res.Visits[2]; v.Outcome != job.OutcomeFound || v.Pages != 1 {
		t.Errorf("the listed imprint: %+v", v)
	}
}

func TestAWholeSiteWithinItsBounds(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	p := pages{
		"/": `<a href="/a">A</a><a href="/b">B</a><a href="/away">Away</a>`, "/robots.txt": "User-agent: *\nDisallow: /b",
		"/a": `<a href="/a/1">1</a><a href="/a/1?PHPSESSID=0123456789abcdef0123456789abcdef">again</a>`, "/b": "b@werk-a.de", "/a/1": `<a href="/a/1/x">x</a> eins@werk-a.de`, "/a/1/x": "tief@werk-a.de",
	}
	h := site.Host("werk-a.de", crawltest.Plain, p)
	other := site.Host("fremd-b.de", crawltest.Plain, pages{"/": "x@fremd-b.de"})
	p["/away"] = "-> " + other.URL("/")
	c := newCrawler(t, site, nil)
	res := run(t, c, job.Options{Follow: job.FollowSite, PageBudget: 50}, h.URL("/"))
	expect(t, "found", emails(res), "eins@werk-a.de")
	expect(t, "fetched", paths(h), "/ /a /a/1 /away")
	expect(t, "fetched elsewhere", paths(other), "")

	many := pages{}
	for i := range 100 {
		many["/"] += fmt.Sprintf(`<a href="/p%d">%d</a>`, i, i)
		many[fmt.Sprintf("/p%d", i)] = "nothing"
	}
	h = site.Host("werk-b.de", crawltest.Plain, many)
	res = run(t, c, job.Options{Follow: job.FollowSite, PageBudget: 10}, h.URL("/"))
	if n := len(strings.Fields(paths(h))); n != 10 || res.Visits[0].Pages != 10 {
		t.Errorf("%d pages with a budget of 10", n)
	}
}

func TestEnoughIsEnough(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	h := site.Host("werk-a.de", crawltest.Plain, pages{
		"/":        `eins@werk-a.de <a href="/kontakt">Kontakt</a>`,
		"/kontakt": "zwei@werk-a.de", "/two": "drei@werk-a.de",
	})
	c := newCrawler(t, site, nil)
	res := run(t, c, job.Options{StopAfterSite: 1, PerHost: 1}, h.URL("/"), h.URL("/two"))
	expect(t, "outcomes", outcomes(res), "found skipped")
	expect(t, "fetched", paths(h), "/")

	res = run(t, c, job.Options{StopAfterJob: 1, PerHost: 1}, h.URL("/two"), h.URL("/kontakt"), h.URL("/"))
	expect(t, "outcomes", outcomes(res), "found skipped skipped")

	var have atomic.Bool
	have.Store(true)
	res, err := c.Crawl(t.Context(), crawl.Request{Targets: targets(h.URL("/")), Enough: have.Load})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "outcomes", outcomes(res), "skipped")
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
	site, h, list := slowSite(t, 40, 100*time.Millisecond)
	c := newCrawler(t, site, nil)
	res, err := c.Crawl(t.Context(), crawl.Request{Targets: targets(list...), Deadline: time.Now().Add(350 * time.Millisecond)})
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

func TestRobotsFilesAreShared(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	h := site.Host("werk-a.de", crawltest.Plain, pages{"/robots.txt": "User-agent: *\nDisallow: /no\nCrawl-delay: 0.01", "/yes": "eins@werk-a.de", "/no": "zwei@werk-a.de"})
	moved := site.Host("werk-b.de", crawltest.Plain, pages{"/": "-> " + h.URL("/no")})
	store := newRecords()
	for i := range 3 { // three workers
		c := newCrawler(t, site, func(cfg *crawl.Config) { cfg.Records = store })
		expect(t, "outcomes", outcomes(run(t, c, job.Options{Follow: job.FollowNone}, h.URL("/yes"), h.URL("/no"), h.URL("/no?2"))), "found robots_disallowed robots_disallowed")
		expect(t, "redirected", outcomes(run(t, c, job.Options{}, moved.URL("/"))), "robots_disallowed")
		if n := h.Log.Count("/robots.txt"); n != 1 {
			t.Errorf("after worker %d robots.txt was asked for %d times", i, n)
		}
	}
	if n := moved.Log.Count("/robots.txt"); n != 3 {
		t.Errorf("a file that only one worker needs was shared: asked for %d times by 3", n)
	}
	// Another worker meets the host by a redirect only.
	c := newCrawler(t, site, func(cfg *crawl.Config) { cfg.Records = store })
	expect(t, "redirected", outcomes(run(t, c, job.Options{}, moved.URL("/"))), "robots_disallowed")
	if n := h.Log.Count("/robots.txt"); n != 1 {
		t.Errorf("robots.txt was asked for %d times", n)
	}
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

func TestABrokenStoreCostsOnlyWork(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	h := site.Host("werk-a.de", crawltest.Plain, pages{"/": "eins@werk-a.de"})
	store := newRecords()
	c := newCrawler(t, site, func(cfg *crawl.Config) { cfg.Records = store })
	if _, err := c.Crawl(t.Context(), crawl.Request{Job: job.Job{Owner: "anna"}}); err != nil { // reads her list
		t.Fatal(err)
	}
	store.broken = true
	expect(t, "outcomes", outcomes(run(t, c, job.Options{}, h.URL("/"))), "found")
	// But without the suppression list nothing may be fetched.
	if _, err := c.Crawl(t.Context(), crawl.Request{Job: job.Job{Owner: "bert"}, Targets: targets(h.URL("/"))}); !errors.Is(err, errBroken) {
		t.Errorf("without a suppression list: %v", err)
	}
}

func TestSuppressedSitesAndAddressesAreLeftAlone(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	a := site.Host("www.werk-a.de", crawltest.Plain, pages{"/": "eins@werk-a.de"})
	b := site.Host("werk-b.de", crawltest.Plain, pages{"/": "eins@werk-b.de info@werk-b.de geheim@werk-b.de post@werk-a.de", "/go": "-> " + a.URL("/")})
	store := newRecords()
	for owner, text := range map[string]string{"anna": "werk-a.de\ngeheim@werk-b.de", suppress.Global: "info@*", "bert": "werk-b.de"} {
		entries, faults := suppress.Parse(text)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		if err := suppress.Add(t.Context(), store, owner, entries...); err != nil {
			t.Fatal(err)
		}
	}
	res := run(t, newCrawler(t, site, func(cfg *crawl.Config) { cfg.Records = store }), job.Options{}, a.URL("/"), b.URL("/"), b.URL("/go"))
	expect(t, "outcomes", outcomes(res), "suppressed found suppressed")
	expect(t, "found", emails(res), "eins@werk-b.de")
	if n := len(a.Log.Requests()); n != 0 {
		t.Errorf("%d requests to a suppressed site, robots.txt included", n)
	}
	if res.Visits[1].Addresses != 1 {
		t.Errorf("%+v", res.Visits[1])
	}
}

func TestBareHostsAndWhatIsRememberedOfThem(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	h := site.Host("werk-a.de", crawltest.Plain, pages{"/": "eins@werk-a.de"})
	c := newCrawler(t, site, nil)
	bare := "?https://" + h.Authority() + "/"
	res := run(t, c, job.Options{}, bare)
	expect(t, "outcome", outcomes(res), "found")
	expect(t, "final", res.Visits[0].FinalURL, h.URL("/"))
	_, first := h.Log.Connections()
	run(t, c, job.Options{}, bare)
	if _, second := h.Log.Connections(); second-first != 1 {
		t.Errorf("%d new connections for one page: https was tried again", second-first)
	}
	// Not for URLs that say https themselves, and not for names that do not exist.
	expect(t, "explicit", outcomes(run(t, c, job.Options{}, "https://"+h.Authority()+"/")), "tls_failed")
	expect(t, "lost", outcomes(run(t, c, job.Options{}, "?https://gibt-es-nicht.de/")), "dns_not_found")
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

func TestSitemaps(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	p := pages{}
	h := site.Host("werk-a.de", crawltest.Plain, p)
	p["/robots.txt"] = "User-agent: *\nDisallow: /closed\nSitemap: " + h.URL("/index.xml") + "\nSitemap: https://fremd-b.de/map.xml\nSitemap: " + h.URL("/more.xml.gz")
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = io.WriteString(zip, h.URL("/b")+"\n")
	_ = zip.Close()
	p["/more.xml.gz"], p["/b"] = packed.String(), "fuenf@werk-a.de"
	p["/index.xml"] = `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>` + h.URL("/map.xml") + `</loc></sitemap></sitemapindex>`
	p["/map.xml"] = `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>` + h.URL("/closed") + `</loc></url><url><loc>` + h.URL("/a") +
		`</loc></url><url><loc>` + h.URL("/impressum") + `</loc></url><url><loc>https://fremd-b.de/x</loc></url></urlset>`
	p["/"], p["/a"], p["/impressum"], p["/closed"] = "eins@werk-a.de", "zwei@werk-a.de", "drei@werk-a.de", "vier@werk-a.de"
	c := newCrawler(t, site, nil)
	res := run(t, c, job.Options{Source: job.SourceSitemap, Follow: job.FollowNone}, h.URL("/"))
	expect(t, "found", emails(res), "drei@werk-a.de eins@werk-a.de fuenf@werk-a.de zwei@werk-a.de")
	expect(t, "outcome", outcomes(res), "found")
	if v := res.Visits[0]; v.Pages != 4 || v.Addresses != 4 {
		t.Errorf("%+v", v)
	}
	res = run(t, c, job.Options{Source: job.SourceSitemap, Follow: job.FollowNone, PageBudget: 2}, h.URL("/"))
	expect(t, "found with a budget of 2", emails(res), "drei@werk-a.de eins@werk-a.de")
	res = run(t, c, job.Options{Source: job.SourceSitemap, Follow: job.FollowNone, PageBudget: 2}, h.URL("/"), h.URL("/robots.txt"))
	if n := len(res.Addresses); n != 3 || res.Pages != 4 {
		t.Errorf("two visits with a budget of 2 each: %d pages, %s", res.Pages, emails(res))
	}
}

func TestDirectivesOfPages(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	h := site.Host("werk-a.de", crawltest.Plain, pages{
		"/nofollow": `<meta name="robots" content="nofollow"><a href="/kontakt">Kontakt</a> eins@werk-a.de`,
		"/splash":   `<meta http-equiv="refresh" content="0; url=/start">`,
		"/start":    "zwei@werk-a.de", "/kontakt": "drei@werk-a.de",
		"/gleaner": `<meta name="gleaner" content="noindex">vier@werk-a.de`,
	})
	c := newCrawler(t, site, nil)
	expect(t, "nofollow", emails(run(t, c, job.Options{Follow: job.FollowContact}, h.URL("/nofollow"))), "eins@werk-a.de")
	res := run(t, c, job.Options{Follow: job.FollowNone}, h.URL("/splash"))
	expect(t, "refresh", emails(res), "zwei@werk-a.de")
	expect(t, "refresh leads to", res.Visits[0].FinalURL, h.URL("/start"))
	expect(t, "by name", outcomes(run(t, c, job.Options{Follow: job.FollowNone}, h.URL("/gleaner"))), "noindex")
}

func TestOnlyAddressesOfTheConfidenceWantedAreKept(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	h := site.Host("werk-a.de", crawltest.Plain, pages{"/": `<a href="mailto:eins@werk-a.de">mail</a> zwei (at) werk-a.de`})
	all := run(t, newCrawler(t, site, nil), job.Options{Follow: job.FollowNone}, h.URL("/"))
	least, most := 100, 0
	for _, a := range all.Addresses {
		least, most = min(least, int(a.Confidence*100)), max(most, int(a.Confidence*100))
	}
	if len(all.Addresses) == 0 {
		t.Fatal("nothing found")
	}
	sure := run(t, newCrawler(t, site, nil), job.Options{Follow: job.FollowNone, MinConfidence: most}, h.URL("/"))
	for _, a := range sure.Addresses {
		if int(a.Confidence*100) < most {
			t.Errorf("kept %+v", a)
		}
	}
	if sure.Visits[0].Addresses != len(sure.Addresses) {
		t.Errorf("%+v", sure.Visits[0])
	}
}

func TestAPageWithoutAddressesIsAskedForConditionally(t *testing.T) {
	t.Parallel()
	site := crawltest.New(t)
	filler := strings.Repeat("<p>the bread is baked every morning</p>", 300)
	etag := atomic.Value{}
	etag.Store(`"one"`)
	h := site.Host("werk-a.de", crawltest.Plain, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("ETag", etag.Load().(string))
			if r.Header.Get("If-None-Match") == etag.Load() {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<a href="/kontakt">Kontakt</a>`+filler)
		case "/kontakt":
			_, _ = io.WriteString(w, "eins@werk-a.de")
		case "/leer", "/voll":
			w.Header().Set("ETag", `"same"`)
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("Content-Type", "text/html")
			if r.URL.Path == "/voll" {
				_, _ = io.WriteString(w, "zwei@werk-a.de")
			}
			_, _ = io.WriteString(w, filler)
		default:
			http.NotFound(w, r)
		}
	}))
	store := newRecords()
	list := []string{h.URL("/"), h.URL("/leer"), h.URL("/voll")}
	crawlOnce := func() job.Result {
		return run(t, newCrawler(t, site, func(cfg *crawl.Config) { cfg.Records = store }), job.Options{}, list...)
	}
	expect(t, "first", outcomes(crawlOnce()), "found none found")
	res := crawlOnce()
	expect(t, "again", outcomes(res), "found unchanged found")
	expect(t, "again, found", emails(res), "eins@werk-a.de zwei@werk-a.de")
	if res.Visits[0].Status != http.StatusNotModified || res.Visits[0].Pages != 2 {
		t.Errorf("%+v", res.Visits[0])
	}
	etag.Store(`"two"`)
	res = crawlOnce()
	expect(t, "changed", outcomes(res), "found unchanged found")
	if res.Visits[0].Status != http.StatusOK {
		t.Errorf("%+v", res.Visits[0])
	}
	for key, rec := range store.items {
		if strings.Contains(string(rec.Value), "@") {
			t.Errorf("an address is stored under %s", key)
		}
	}
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
