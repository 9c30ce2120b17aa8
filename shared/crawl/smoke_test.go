package crawl_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"gleaner/shared/crawl"
	"gleaner/shared/crawl/crawltest"
	"gleaner/shared/job"
)

func page(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, body)
	}
}

func newCrawler(t testing.TB, site *crawltest.Site, change func(*crawl.Config)) *crawl.Crawler {
	t.Helper()
	cfg := crawl.Config{Fetch: site.FetchConfig(), Retry: crawl.RetryPolicy{Base: 20 * time.Millisecond}}
	if change != nil {
		change(&cfg)
	}
	c, err := crawl.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestABatchEndsWithWhatItFound(t *testing.T) {
	site := crawltest.New(t)
	var targets []job.Target
	for i := range 30 {
		h := site.Host(fmt.Sprintf("baeckerei-%d.de", i), crawltest.Scheme(i%3), page(fmt.Sprintf("<p>Write to kontakt@baeckerei-%d.de", i)))
		targets = append(targets, job.Target{URL: h.URL("/imprint")})
	}
	res, err := newCrawler(t, site, nil).Crawl(context.Background(), crawl.Request{Targets: targets})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Visits) != 30 || len(res.Addresses) != 30 || len(res.Remainder) != 0 {
		t.Fatalf("%d visits, %d addresses, %d left", len(res.Visits), len(res.Addresses), len(res.Remainder))
	}
	for i, v := range res.Visits {
		if v.URL != targets[i].URL || v.Outcome != job.OutcomeFound || v.Addresses != 1 || v.Pages != 1 || v.Status != 200 {
			t.Errorf("visit %d: %+v", i, v)
		}
	}
}
