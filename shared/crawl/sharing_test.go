package crawl_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"gleaner/shared/crawl"
	"gleaner/shared/crawl/crawltest"
	"gleaner/shared/job"
	"gleaner/shared/suppress"
)

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
