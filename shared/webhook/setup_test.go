package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/crawl"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/record"
	"gleaner/shared/submit"
	"gleaner/shared/webhook"
	"gleaner/shared/work"
)

// call is one request that a receiver got.
type call struct {
	header http.Header
	body   []byte
}

// receiver answers with the statuses of a script, then with 200.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	script []int
	calls  []call
}

func newReceiver(t *testing.T, script ...int) *receiver {
	r := &receiver{script: script}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, call{req.Header.Clone(), body})
		if len(r.script) == 0 {
			return
		}
		status := r.script[0]
		r.script = r.script[1:]
		switch status {
		case http.StatusFound:
			w.Header().Set("Location", "/elsewhere")
		case http.StatusTooManyRequests:
			w.Header().Set("Retry-After", "300")
		case 0:
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

// world is a worker with a webhook on a SQLite store, whose clock and queue the
// test turns by hand.
type world struct {
	t       *testing.T
	store   *sqlitestore.Store
	jobs    *flaky
	records *flakyRecords
	worker  *work.Worker
	now     time.Time
	mu      sync.Mutex // guards waiting
	waiting []queue.Outgoing
	deaf    bool // sending fails
}

func (w *world) Send(_ context.Context, messages []queue.Outgoing) error {
	if w.deaf {
		return errors.New("the queue is down")
	}
	for _, m := range messages {
		if m.Delay < 0 || m.Delay > queue.MaxDelay {
			w.t.Errorf("delay of %s", m.Delay)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, messages...)
	return nil
}

// flaky fails the updates of jobs as long as it is told to.
type flaky struct {
	job.Store
	fail bool
}

func (f *flaky) UpdateJob(ctx context.Context, j job.Job) (job.Job, error) {
	if f.fail {
		return job.Job{}, errors.New("the store is down")
	}
	return f.Store.UpdateJob(ctx, j)
}

// flakyRecords fails a number of writes.
type flakyRecords struct {
	record.Store
	fail int
}

func (f *flakyRecords) Put(ctx context.Context, r record.Record) error {
	if f.fail > 0 {
		f.fail--
		return errors.New("the store is down")
	}
	return f.Store.Put(ctx, r)
}

// crawler finds an address on every page.
type crawler struct{}

func (crawler) Crawl(_ context.Context, r crawl.Request) (job.Result, error) {
	var res job.Result
	for _, t := range r.Targets {
		res.Visits = append(res.Visits, job.Visit{URL: t.URL, Outcome: job.OutcomeFound})
		res.Addresses = append(res.Addresses, job.Address{Email: "info@" + t.Host(), SourceURL: t.URL, FirstSeen: time.Unix(1, 0)})
	}
	return res, nil
}

func newWorld(t *testing.T, nets ...string) *world {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w := &world{t: t, store: store, jobs: &flaky{Store: store}, records: &flakyRecords{Store: store}, now: time.Now().Truncate(time.Millisecond)}
	clock := func() time.Time { return w.now }
	allowed, err := fetch.ParseNets(strings.Join(nets, ","))
	if err != nil {
		t.Fatal(err)
	}
	hooks, err := webhook.New(webhook.Config{
		Jobs: w.jobs, Records: w.records, Bells: w, Now: clock,
		Fetch: fetch.Config{AllowNets: allowed, ContactURL: "https://gleaner-tests.org/crawler"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.worker = work.New(work.Config{Store: w.jobs, Bells: w, Crawler: crawler{}, Announcer: hooks, Now: clock})
	return w
}

// job creates a job and rings its batches, so that all that is left is its webhook.
func (w *world) job(url string) job.ID {
	w.t.Helper()
	made, err := submit.New(w.store, w, submit.WithClock(func() time.Time { return w.now })).Create(w.t.Context(), submit.Request{
		Owner: "kai", List: submit.ParseText("baeckerei-lindhorst.de\nmuehle-harlesiel.de"), Options: job.Options{Webhook: url},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.round()
	return made.Job.ID
}

// round waits until every bell that waits has rung once, and answers them all.
func (w *world) round() {
	w.t.Helper()
	bells := w.waiting
	w.waiting = nil
	for _, m := range bells {
		w.now = w.now.Add(m.Delay)
		if err := w.ring(m); err != nil {
			w.t.Fatalf("%s: %v", m.Body, err)
		}
	}
}

func (w *world) ring(m queue.Outgoing) error {
	w.t.Helper()
	bell, err := job.ParseBell(m.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.worker.Ring(w.t.Context(), bell)
}

// loseOutcome answers the bell that waits, but the outcome of its call cannot be
// stored: so it comes again, and that goes well.
func (w *world) loseOutcome() {
	w.t.Helper()
	bell := w.waiting[0]
	w.waiting, w.records.fail = nil, 1
	if err := w.ring(bell); err == nil {
		w.t.Fatal("no error")
	}
	if err := w.ring(bell); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) delivery(id job.ID) webhook.Delivery {
	w.t.Helper()
	j, err := w.store.Job(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := webhook.Deliveries(w.t.Context(), w.store, &j)
	if err != nil || len(all) != 1 {
		w.t.Fatalf("deliveries %+v, %v", all, err)
	}
	return all[0]
}
