package chaos

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"gleaner/shared/crawl"
	"gleaner/shared/job"
)

// Web is a pretended web that a worker crawls without a network: what a URL
// brings follows from its text.
type Web struct {
	// Limit is how many targets a crawl gets done before its time is up; 0: all.
	Limit int
	// Poison is a URL that kills the worker that begins with it.
	Poison string
	// Bug is a URL that makes the worker panic, which its handler contains.
	Bug string
	// Broken is a URL whose batch cannot be crawled for a reason of our own.
	Broken string
	// During is called once in each crawl, in the middle; it may be nil.
	During func()
	Clock  func() time.Time
}

// Crawl implements work.Crawler.
func (w *Web) Crawl(ctx context.Context, r crawl.Request) (job.Result, error) {
	var res job.Result
	found := map[string]bool{}
	status := job.Running
	for i, t := range r.Targets {
		if t.URL == w.Poison {
			panic(Crash{Point{"Crawl " + t.URL, 1, Before}})
		}
		if t.URL == w.Bug {
			panic("a bug that only " + t.URL + " meets")
		}
		if t.URL == w.Broken {
			return job.Result{}, fmt.Errorf("crawl: %w", ErrInjected)
		}
		if i == len(r.Targets)/2 {
			if w.During != nil {
				w.During()
			}
			status = r.Stopped(ctx)
		}
		if status == job.Paused || w.Limit > 0 && i >= w.Limit {
			res.Remainder = append(res.Remainder, t)
			continue
		}
		v := job.Visit{URL: t.URL, Outcome: job.OutcomeCancelled}
		if status == job.Running {
			w.visit(t.URL, r.Job.Retries, &v, &res, found)
		}
		res.Visits = append(res.Visits, v)
	}
	return res, nil
}

// visit ends a visit the way the URL's text asks for. URLs with "flaky" time out
// until they are retried, those with "stubborn" until they are retried twice.
func (w *Web) visit(url string, round int, v *job.Visit, res *job.Result, found map[string]bool) {
	res.Pages++
	res.Bytes += 1000
	switch {
	case strings.Contains(url, "flaky") && round == 0, strings.Contains(url, "stubborn") && round < 2:
		v.Outcome = job.OutcomeTimeout
	case strings.Contains(url, "gone"):
		v.Outcome, v.Status = job.OutcomeClient, 404
	default:
		v.Outcome, v.Status = job.OutcomeNone, 200
		for _, a := range AddressesOf(url) {
			v.Outcome = job.OutcomeFound
			v.Addresses++
			if !found[a] {
				found[a] = true
				res.Addresses = append(res.Addresses, job.Address{
					Email: a, SourceURL: url, FoundBy: "text", Kind: "personal", Confidence: 0.9, FirstSeen: w.Clock(),
				})
			}
		}
	}
}

// AddressesOf are the addresses a page that can be read holds: one of its own
// and one that many pages share, on every other page.
func AddressesOf(url string) []string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(url))
	n := h.Sum32()
	if n%2 == 0 {
		return nil
	}
	return []string{
		fmt.Sprintf("a%d@own-%d.example", n, n%17),
		fmt.Sprintf("shared%d@agency-%d.example", n%5, n%3),
	}
}
