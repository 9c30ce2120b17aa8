package crawl_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"gleaner/shared/crawl"
	"gleaner/shared/crawl/crawltest"
	"gleaner/shared/job"
)

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
