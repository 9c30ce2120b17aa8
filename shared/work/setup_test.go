package work_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/control"
	"gleaner/shared/crawl"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
	"gleaner/shared/job/jobtest"
	"gleaner/shared/work"
)

const owner = "anna"

// place is a worker with all it needs.
type place struct {
	*jobtest.Clock
	store   *sqlitestore.Store
	bells   *jobtest.Bells
	control *control.Service
	worker  *work.Worker
}

func newPlace(t *testing.T, c work.Crawler) *place {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	p := &place{Clock: jobtest.NewClock(), store: s, bells: &jobtest.Bells{}}
	p.control = control.New(s, p.bells, p.Now, nil)
	p.worker = work.New(work.Config{Store: s, Bells: p.bells, Crawler: c, Retrier: p.control, Now: p.Now})
	return p
}

// begin stores a running job of these batches.
func (p *place) begin(t *testing.T, batches ...[]string) job.ID {
	t.Helper()
	ctx := t.Context()
	id := job.NewID(p.Now(), 1)
	j := job.Job{
		ID: id, Owner: owner, Status: job.Creating, Batches: len(batches), CreatedAt: p.Now(), ExpiresAt: p.Now().Add(24 * time.Hour),
		Options: job.Options{Follow: job.FollowNone, PerHost: 2},
	}
	stored := make([]job.Batch, len(batches))
	for i, urls := range batches {
		j.URLs += len(urls)
		stored[i] = job.Batch{Ref: job.Ref{Job: id, Key: job.PlannedKey(i)}, Status: job.Pending, Due: p.Now().Add(time.Minute)}
		for _, u := range urls {
			stored[i].Targets = append(stored[i].Targets, job.Target{URL: u})
		}
	}
	if _, _, err := p.store.CreateJob(ctx, j); err != nil {
		t.Fatal(err)
	}
	if err := p.store.PutBatches(ctx, stored); err != nil {
		t.Fatal(err)
	}
	if _, err := job.Mutate(ctx, p.store, id, func(j *job.Job) error { return j.Become(job.Running, p.Now(), "") }); err != nil {
		t.Fatal(err)
	}
	return id
}

func bellOf(id job.ID, n int) job.Bell {
	return job.Bell{Ref: job.Ref{Job: id, Key: job.PlannedKey(n)}}
}

func (p *place) progress(t *testing.T, id job.ID) job.Progress {
	t.Helper()
	got, err := p.store.Progress(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// visits are the outcomes of a job's URLs.
func (p *place) visits(t *testing.T, id job.ID) map[string]job.Outcome {
	t.Helper()
	all := map[string]job.Outcome{}
	page, err := p.store.Batches(t.Context(), id, "", job.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	for i := range page.Items {
		if r := page.Items[i].Result; r != nil {
			for _, v := range r.Visits {
				if _, twice := all[v.URL]; twice {
					t.Errorf("%s has two outcomes", v.URL)
				}
				all[v.URL] = v.Outcome
			}
		}
	}
	return all
}

// site is a site that remembers what was asked for. Each page waits for leave.
type site struct {
	*httptest.Server
	leave func()

	mu    sync.Mutex
	asked map[string]int
	total int
	more  chan struct{} // a token for each page asked for
}

func newSite(t *testing.T, leave func()) *site {
	t.Helper()
	s := &site{leave: leave, asked: map[string]int{}, more: make(chan struct{}, 10_000)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		s.mu.Lock()
		s.asked[r.URL.Path]++
		s.total++
		s.mu.Unlock()
		s.more <- struct{}{}
		s.leave()
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<a href='mailto:%s@baeckerei-lindhorst.de'>write</a>", strings.Trim(r.URL.Path, "/"))
	}))
	t.Cleanup(s.Close)
	return s
}

// urls are n pages of the site, on the given number of its names.
func (s *site) urls(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s/page%d", s.URL, i)
	}
	return all
}

func (s *site) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// realCrawler crawls loopback.
func realCrawler(t *testing.T, change ...func(*crawl.Config)) *crawl.Crawler {
	t.Helper()
	cfg := crawl.Config{Fetch: fetch.Config{AllowPrivate: true}}
	for _, f := range change {
		f(&cfg)
	}
	c, err := crawl.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
