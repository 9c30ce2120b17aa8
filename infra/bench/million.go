package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"gleaner/infra/local"
	"gleaner/shared/audit"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
	"gleaner/shared/record"
)

const (
	chunkURLs    = 50_000
	pagesPerHost = 50
	pollGap      = 100 * time.Millisecond
	jobTimeout   = 2 * time.Hour
	// maxTimesNothing is how much longer a poll may take than a request that asks
	// for nothing.
	maxTimesNothing = 15
)

// million creates a job of a million URLs in chunks over HTTP and runs the whole of
// it in this process: server, store, queue, workers, notifier. The site it crawls
// is another process.
func million(ctx context.Context, e *Env, r *Report) error {
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
	log := slog.New(slog.NewJSONHandler(e.Notes, &slog.HandlerOptions{Level: slog.LevelError}))
	forgetPeak()
	node, err := local.Open(ctx, local.Config{Dir: dir, Log: log, Fetch: fetch.Config{
		Resolver: siteNames, AllowNets: []netip.Prefix{siteNet},
	}})
	if err != nil {
		return err
	}
	defer func() { _ = node.Close() }()
	handler, err := node.Handler()
	if err != nil {
		return err
	}
	s, err := serve(ctx, handler)
	if err != nil {
		return err
	}
	defer s.close()

	// The workers run from the beginning: a plan of this size is theirs to make.
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- node.Run(running) }()
	defer stop()

	urls := e.million()
	hosts := max(1, urls/pagesPerHost)
	id, err := createInChunks(ctx, e, r, s, web, urls, hosts)
	if err != nil {
		return err
	}
	cpu := cpuTime()
	polls, last, err := watch(ctx, e, s, node.Store, id)
	if err != nil {
		return err
	}
	took := time.Duration(last.ElapsedMS) * time.Millisecond
	r.add("whole job", took.Seconds(), "s", "")
	r.add("whole job", float64(urls)/took.Seconds(), "pages/s", "")
	r.add("CPU, the whole process", (cpuTime()-cpu).Seconds()/float64(urls)*1000, "s/1,000 pages", "")
	r.add("peak memory of the process (VmHWM)", peakMemory(), "MB", "bounded")
	if err := polls.report(ctx, r, node, id); err != nil {
		return err
	}
	if err := pollFar(ctx, e, r, s, node, web); err != nil {
		return err
	}
	stop()
	if err := <-ended; err != nil {
		return err
	}
	return verify(ctx, e, r, node, last, urls, hosts)
}

// createInChunks creates the job and returns its id.
func createInChunks(ctx context.Context, e *Env, r *Report, s *server, web *site, urls, hosts int) (job.ID, error) {
	began := time.Now()
	answer, err := s.do(ctx, http.MethodPost, "/jobs", "application/json",
		fmt.Appendf(nil, `{"name":"million","open":true,"expect":%d,"options":{"follow":"none"}}`, urls), http.StatusCreated)
	if err != nil {
		return "", err
	}
	var a jobAnswer
	if err := json.Unmarshal(answer, &a); err != nil {
		return "", err
	}
	base := "/jobs/" + a.Job.ID
	var chunks samples
	for first := 0; first < urls; first += chunkURLs {
		lines := make([]string, 0, chunkURLs)
		for i := first; i < min(first+chunkURLs, urls); i++ {
			lines = append(lines, web.url(leanHost, i%hosts, i/hosts))
		}
		body, at := asText(lines), time.Now()
		if _, err := s.do(ctx, http.MethodPut, base+"/chunks/"+strconv.Itoa(len(chunks)), "text/plain", body, http.StatusOK); err != nil {
			return "", err
		}
		chunks = append(chunks, time.Since(at))
	}
	at := time.Now()
	if _, err := s.do(ctx, http.MethodPost, base+"/start", "application/json", fmt.Appendf(nil, `{"chunks":%d}`, len(chunks)), http.StatusAccepted); err != nil {
		return "", err
	}
	r.add(fmt.Sprintf("PUT of %d URLs, p50", min(urls, chunkURLs)), chunks.at(0.5), "ms", "")
	r.add(fmt.Sprintf("PUT of %d URLs, p99", min(urls, chunkURLs)), chunks.at(0.99), "ms", "")
	r.add("POST start", float64(time.Since(at).Microseconds())/1000, "ms", "")
	r.add(fmt.Sprintf("creation of %d URLs in all", urls), time.Since(began).Seconds(), "s", "")
	e.note("million: %d URLs handed in after %.1f s", urls, time.Since(began).Seconds())
	return job.ID(a.Job.ID), nil
}

// poll is one look at the job while it runs.
type poll struct {
	took      time.Duration
	size      int
	processed int64
	store     time.Duration // of the same from the store, without HTTP
	nothing   time.Duration // of a request that asks for nothing
}

type polls struct {
	all   []poll
	total int64
}

// watch polls the job until it has ended.
func watch(ctx context.Context, e *Env, s *server, store job.JobStore, id job.ID) (*polls, job.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	p, said := &polls{}, time.Now()
	for {
		began := time.Now()
		answer, err := s.do(ctx, http.MethodGet, "/jobs/"+string(id)+"/progress", "", nil, http.StatusOK)
		if err != nil {
			return nil, job.Snapshot{}, err
		}
		took := time.Since(began)
		var snap job.Snapshot
		if err := json.Unmarshal(answer, &snap); err != nil {
			return nil, job.Snapshot{}, err
		}
		if len(p.all) > 0 && snap.Processed < p.all[len(p.all)-1].processed {
			return nil, snap, errors.New("progress went back")
		}
		one := poll{took: took, size: len(answer), processed: snap.Processed}
		began = time.Now()
		if _, err := store.Progress(ctx, id); err != nil {
			return nil, snap, err
		}
		one.store, began = time.Since(began), time.Now()
		if _, err := s.do(ctx, http.MethodGet, "/health", "", nil, http.StatusOK); err != nil {
			return nil, snap, err
		}
		one.nothing = time.Since(began)
		p.all = append(p.all, one)
		p.total = snap.Total
		if snap.Status.Final() {
			return p, snap, nil
		}
		if time.Since(said) > 15*time.Second {
			said = time.Now()
			e.note("million: %d of %d, %.0f a second", snap.Processed, snap.Total, snap.Rate)
		}
		select {
		case <-ctx.Done():
			return nil, snap, ctx.Err()
		case <-time.After(pollGap):
		}
	}
}

// report sums the polls up, and counts the store's requests for one.
func (p *polls) report(ctx context.Context, r *Report, node *local.Node, id job.ID) error {
	var all, first, last, store, nothing samples
	size := 0
	for _, one := range p.all {
		all = append(all, one.took)
		store, nothing = append(store, one.store), append(nothing, one.nothing)
		size = max(size, one.size)
		switch {
		case one.processed > 0 && one.processed < p.total/5:
			first = append(first, one.took)
		case one.processed > p.total*4/5:
			last = append(last, one.took)
		}
	}
	r.add("polls during the job", float64(len(all)), "", "")
	r.add("progress poll over HTTP, p50", all.at(0.5), "ms", "")
	r.add("progress poll over HTTP, p99", all.at(0.99), "ms", "")
	r.add("a request that asks for nothing, at the same time, p50", nothing.at(0.5), "ms", "")
	r.add("a request that asks for nothing, at the same time, p99", nothing.at(0.99), "ms", "")
	r.add("progress from the store, without HTTP, p50", store.at(0.5), "ms", "")
	r.add("progress from the store, without HTTP, p99", store.at(0.99), "ms", "")
	r.add("the same in the first fifth, p50", first.at(0.5), "ms", "")
	r.add("the same in the last fifth, p50", last.at(0.5), "ms", "as in the first")
	r.add("largest answer", float64(size), "bytes", "< 32,768")
	r.most("largest answer to a poll, bytes", float64(size), 32<<10)

	counted := &countingStore{Store: node.Store, records: node.Store}
	s, err := serve(ctx, api(counted, silence{}))
	if err != nil {
		return err
	}
	defer s.close()
	if _, err := s.do(ctx, http.MethodGet, "/jobs/"+string(id)+"/progress", "", nil, http.StatusOK); err != nil {
		return err
	}
	r.add("store requests of one poll", float64(counted.requests.Load()), "", "1")
	r.most("store requests of one poll", float64(counted.requests.Load()), 1)
	return nil
}

// pollFar polls a job on hosts that take their time, as hosts do: the million on
// loopback never waits, so every poll of it waits for a processor.
func pollFar(ctx context.Context, e *Env, r *Report, s *server, node *local.Node, web *site) error {
	urls := e.pick(20_000, 4_000)
	lines := make([]string, urls)
	for i := range lines {
		lines[i] = web.url(farHost, i%(urls/2), i/(urls/2))
	}
	answer, err := s.do(ctx, http.MethodPost, "/jobs?follow=none", "text/plain", asText(lines), http.StatusAccepted)
	if err != nil {
		return err
	}
	var a jobAnswer
	if err := json.Unmarshal(answer, &a); err != nil {
		return err
	}
	p, last, err := watch(ctx, e, s, node.Store, job.ID(a.Job.ID))
	if err != nil {
		return err
	}
	var all, nothing samples
	for _, one := range p.all {
		all, nothing = append(all, one.took), append(nothing, one.nothing)
	}
	name := fmt.Sprintf("hosts that take %d ms (%.0f pages/s)", farLatency.Milliseconds(), last.Rate)
	r.add("poll of a job on "+name+", p50", all.at(0.5), "ms", "")
	r.add("poll of a job on "+name+", p99", all.at(0.99), "ms", "< 5")
	r.add("a request that asks for nothing, at the same time, p99", nothing.at(0.99), "ms", "")
	r.most("poll to a request that asks for nothing, p50", all.at(0.5)/nothing.at(0.5), e.allowed(maxTimesNothing))
	return nil
}

// records is named so that both interfaces can be embedded.
type records = record.Store

// countingStore counts the requests that a poll may make.
type countingStore struct {
	job.Store
	records
	requests atomic.Int64
}

// Progress implements job.JobStore.
func (c *countingStore) Progress(ctx context.Context, id job.ID) (job.Progress, error) {
	c.requests.Add(1)
	return c.Store.Progress(ctx, id)
}

// Job implements job.JobStore.
func (c *countingStore) Job(ctx context.Context, id job.ID) (job.Job, error) {
	c.requests.Add(1)
	return c.Store.Job(ctx, id)
}

// verify compares the end with what the site published, and recounts it all.
func verify(ctx context.Context, e *Env, r *Report, node *local.Node, last job.Snapshot, urls, hosts int) error {
	emails := 0
	for h := range hosts {
		pages := (urls - h + hosts - 1) / hosts
		emails += 1 + (pages+ownAddress-1)/ownAddress
	}
	e.note("million: recounting")
	began := time.Now()
	report, err := audit.Recount(ctx, node.Store, last.ID)
	if err != nil {
		return err
	}
	r.add("recount from the items", time.Since(began).Seconds(), "s", "")
	r.add("URLs with an outcome", float64(last.Processed), "", strconv.Itoa(urls))
	r.add("addresses", float64(last.Emails), "", strconv.Itoa(emails))
	off := func(name string, got, want int64) {
		r.most("difference in "+name, float64(max(got-want, want-got)), 0)
	}
	off("outcomes", last.Processed, int64(urls))
	off("pages with addresses", last.Outcomes[job.OutcomeFound], int64(urls))
	off("addresses", last.Emails, int64(emails))
	off("domains", last.Domains, int64(hosts))
	r.most("drift of the counters, repeated URLs", float64(len(report.Drifts)+len(report.Repeated)), 0)
	if !report.Clean() {
		e.note("million: drift %+v, repeated %v", report.Drifts, report.Repeated)
	}
	return nil
}
