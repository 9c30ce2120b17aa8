package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/crawl"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/work"
)

// workerHosts is how many hosts the pages of the comparison lie on, and maxTimesBare
// how much of the bare loop's processor time a whole worker may take.
const (
	workerHosts  = 100
	maxTimesBare = 4
)

// workers compares the whole worker (claim, robots.txt, fetch, extraction, outcomes,
// addresses and counters in SQLite) with a bare net/http loop that only reads the
// bodies, in turn, each over 100 connections.
func workers(ctx context.Context, e *Env, r *Report) error {
	web, err := e.startSite(ctx)
	if err != nil {
		return err
	}
	defer web.stop()
	dir, remove, err := e.tempDir()
	if err != nil {
		return err
	}
	defer remove()
	store, err := sqlitestore.Open(ctx, filepath.Join(dir, "bench.db"))
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	crawler, err := crawl.New(crawl.Config{
		Fetch: fetch.Config{Resolver: siteNames, AllowNets: []netip.Prefix{siteNet}}, Records: store, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	ours := &lone{store: store, worker: work.New(work.Config{Store: store, Bells: silence{}, Crawler: crawler})}
	pages, rounds := e.pick(4000, 1000), e.pick(5, 3)
	for _, kind := range []byte{fastHost, slowHost} {
		latency := map[byte]int{fastHost: 0, slowHost: int(slowLatency.Milliseconds())}[kind]
		e.note("worker: %d ms of latency, %d × %d pages", latency, rounds, pages)
		urls := make([]string, pages)
		for i := range urls {
			urls[i] = web.url(kind, i%workerHosts, i)
		}
		var bare, whole rates
		if _, err := ours.crawl(ctx, urls[:workerHosts]); err != nil { // robots.txt and connections
			return err
		}
		for range rounds {
			if err := bare.take(pages, func() (int, error) { return bareLoop(ctx, urls) }); err != nil {
				return err
			}
			if err := whole.take(pages, func() (int, error) { return ours.crawl(ctx, urls) }); err != nil {
				return err
			}
		}
		name := func(s string) string { return fmt.Sprintf("%s, %d ms of latency", s, latency) }
		r.add(name("bare loop"), median(bare.pages), "pages/s", "")
		r.add(name("bare loop"), median(bare.cpu), "CPU s/1,000 pages", "")
		r.add(name("worker"), median(whole.pages), "pages/s", "")
		r.add(name("worker"), median(whole.cpu), "CPU s/1,000 pages", "at most 4 × the bare loop")
		r.add(name("worker"), median(whole.allocs), "allocations/page", "")
		r.most(name("CPU of the worker to the bare loop's"), median(whole.cpu)/median(bare.cpu), e.allowed(maxTimesBare))
	}
	return nil
}

// rates are what rounds of crawling took.
type rates struct{ pages, cpu, allocs []float64 }

func (r *rates) take(want int, run func() (int, error)) error {
	got := 0
	s, err := measured(func() (err error) { got, err = run(); return err })
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%d of %d pages were fetched", got, want)
	}
	n := float64(want)
	r.pages = append(r.pages, n/s.wall.Seconds())
	r.cpu = append(r.cpu, s.cpu.Seconds()/n*1000)
	r.allocs = append(r.allocs, s.allocs/n)
	return nil
}

// silence is a queue nobody listens to: batches are rung by hand.
type silence struct{}

// Send implements queue.Sender.
func (silence) Send(context.Context, []queue.Outgoing) error { return nil }

// lone is one worker with its store.
type lone struct {
	store  *sqlitestore.Store
	worker *work.Worker
}

// crawl takes a job of urls through its life, in full batches one after the other,
// and returns how many pages had addresses.
func (l *lone) crawl(ctx context.Context, urls []string) (int, error) {
	now := time.Now().UTC()
	id := job.NewID(now, job.ShardsFor(len(urls)))
	targets := make([]job.Target, len(urls))
	for i, u := range urls {
		targets[i].URL = u
	}
	plan := job.PlanBySize(id, targets, now, func(int) int { return job.MaxBatch }, job.MaxBatch)
	j := job.Job{
		ID: id, Owner: "bench", CreatedAt: now, ExpiresAt: now.Add(time.Hour), URLs: plan.URLs,
		Batches: len(plan.Batches), Options: job.Options{Follow: job.FollowNone},
	}
	if err := j.Options.Normalise(); err != nil {
		return 0, err
	}
	if err := running(ctx, l.store, j, plan.Batches); err != nil {
		return 0, err
	}
	for i := range plan.Batches {
		if err := l.worker.Ring(ctx, job.Bell{Ref: plan.Batches[i].Ref}); err != nil {
			return 0, err
		}
	}
	p, err := l.store.Progress(ctx, id)
	return int(p.Counters.Outcomes[job.OutcomeFound]), err
}

// running stores a job with its batches and starts it.
func running(ctx context.Context, store job.Store, j job.Job, batches []job.Batch) error {
	if _, _, err := store.CreateJob(ctx, j); err != nil {
		return err
	}
	if err := store.PutBatches(ctx, batches); err != nil {
		return err
	}
	_, err := job.Mutate(ctx, store, j.ID, func(j *job.Job) error { return j.Become(job.Running, j.CreatedAt, "") })
	return err
}

// bareLoop fetches urls over 100 connections with net/http and reads the bodies.
func bareLoop(ctx context.Context, urls []string) (int, error) {
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 2,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(siteAddress(host).String(), port))
		},
	}}
	defer client.CloseIdleConnections()
	var next, pages atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, job.MaxConnections)
	for range job.MaxConnections {
		wg.Go(func() {
			buf := make([]byte, 64<<10)
			for i := next.Add(1) - 1; i < int64(len(urls)); i = next.Add(1) - 1 {
				if err := bareFetch(ctx, client, urls[i], buf); err != nil {
					failed <- err
					return
				}
				pages.Add(1)
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
		return int(pages.Load()), nil
	}
}

func bareFetch(ctx context.Context, client *http.Client, url string, buf []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buf)
	return err
}
