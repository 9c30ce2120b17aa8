package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"gleaner/infra/local"
	"gleaner/shared/job"
	"gleaner/shared/record"
)

const (
	pollGap    = 100 * time.Millisecond
	farGap     = 20 * time.Millisecond // that job is short
	jobTimeout = 2 * time.Hour
	// maxTimesNothing is how much longer a poll may take than a request that asks
	// for nothing.
	maxTimesNothing = 8
)

// poll is one look at the job while it runs.
type poll struct {
	glance
	processed int64
	store     time.Duration // of the same from the store, without HTTP
}

type polls struct {
	all   []poll
	total int64
}

// watch polls the job from another process, as a browser is one, until the job has
// ended. Now and then that process creates a job of the URLs beside, if there are any.
func watch(ctx context.Context, e *Env, s *server, store job.JobStore, id job.ID, gap time.Duration, beside ...string) (*polls, job.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	p, said := &polls{}, time.Now()
	var snap job.Snapshot
	o := order{Base: s.base, Path: "/jobs/" + string(id) + "/progress", Gap: gap}
	if len(beside) > 0 {
		o.Jobs = asJSON(beside)
	}
	err := e.look(ctx, o, func(seen glance) error {
		before := snap.Processed
		if err := json.Unmarshal(seen.Answer, &snap); err != nil {
			return err
		}
		if snap.Processed < before {
			return errors.New("progress went back")
		}
		began := time.Now()
		if _, err := store.Progress(ctx, id); err != nil {
			return err
		}
		p.all = append(p.all, poll{glance: seen, processed: snap.Processed, store: time.Since(began)})
		p.total = snap.Total
		if snap.Status.Final() {
			return errSeenEnough
		}
		if time.Since(said) > 15*time.Second {
			said = time.Now()
			e.note("million: %d of %d, %.0f a second", snap.Processed, snap.Total, snap.Rate)
		}
		return nil
	})
	return p, snap, err
}

// report sums the polls of a job up and returns how much longer one took than a
// request for nothing (p50).
func (p *polls) report(r *Report, of, want string) float64 {
	var all, store, nothing, created samples
	for _, one := range p.all {
		if one.Created > 0 {
			created = append(created, one.Created)
		}
		all, store, nothing = append(all, one.Took), append(store, one.store), append(nothing, one.Nothing)
	}
	r.add(of+", polls", float64(len(all)), "", "")
	r.add(of+", poll over HTTP, p50", all.at(0.5), "ms", "")
	r.add(of+", poll over HTTP, p99", all.at(0.99), "ms", want)
	r.add(of+", request for nothing at the same time, p50", nothing.at(0.5), "ms", "")
	r.add(of+", request for nothing at the same time, p99", nothing.at(0.99), "ms", "")
	r.add(of+", the store's part of a poll, p50", store.at(0.5), "ms", "")
	r.add(of+", the store's part of a poll, p99", store.at(0.99), "ms", "")
	if len(created) > 0 {
		r.add(of+", start of a small job beside it, p50", created.at(0.5), "ms", "")
		r.add(of+", start of a small job beside it, p99", created.at(0.99), "ms", "< 50")
	}
	return all.at(0.5) / nothing.at(0.5)
}

func (p *polls) reportMillion(r *Report) {
	const of = "the whole job"
	p.report(r, of, "< 5, although the hosts never wait and all processors are full")
	var first, last samples
	size := 0
	for _, one := range p.all {
		size = max(size, len(one.Answer))
		switch {
		case one.processed > 0 && one.processed < p.total/5:
			first = append(first, one.Took)
		case one.processed > p.total*4/5:
			last = append(last, one.Took)
		}
	}
	r.add(of+", poll over HTTP in its first fifth, p50", first.at(0.5), "ms", "")
	r.add(of+", poll over HTTP in its last fifth, p50", last.at(0.5), "ms", "as in the first")
	r.add("largest answer to a poll", float64(size), "bytes", "< 32,768")
	r.most("largest answer to a poll, bytes", float64(size), 32<<10)
}

// requestsOfAPoll counts them.
func requestsOfAPoll(ctx context.Context, r *Report, node *local.Node, id job.ID) error {
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

// pollFar polls a job on hosts that take their time, as hosts do, and says of how
// many URLs.
func pollFar(ctx context.Context, e *Env, r *Report, s *server, node *local.Node, web *site) (urls int, err error) {
	urls = e.pick(20_000, 4_000)
	lines := make([]string, urls)
	for i := range lines {
		lines[i] = web.url(farHost, i%(urls/2), i/(urls/2))
	}
	answer, err := s.do(ctx, http.MethodPost, "/jobs?follow=none", "text/plain", asText(lines), http.StatusAccepted)
	if err != nil {
		return 0, err
	}
	var a jobAnswer
	if err := json.Unmarshal(answer, &a); err != nil {
		return 0, err
	}
	p, last, err := watch(ctx, e, s, node.Store, job.ID(a.Job.ID), farGap)
	if err != nil {
		return 0, err
	}
	times := p.report(r, fmt.Sprintf("a job on hosts that take %d ms on average (%.0f pages/s)", farLatency.Milliseconds(), last.Rate), "< 5")
	r.most("poll to a request for nothing, p50", times, e.allowed(maxTimesNothing))
	return urls, nil
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
