package crawl

import (
	"context"
	"net/http/cookiejar"
	"net/url"
	"runtime"
	"sync"
	"time"

	"gleaner/shared/fetch"
	"gleaner/shared/follow"
	"gleaner/shared/job"
	"gleaner/shared/record"
	"gleaner/shared/suppress"
)

// run is one call of Crawl.
type run struct {
	c        *Crawler
	req      Request
	opt      job.Options
	list     *suppress.List // nil: nothing is suppressed
	frontier *fetch.Frontier[*task]
	bodies   chan body // fetched and waiting to be read
	now      func() time.Time

	fetchCtx  context.Context // of requests under way
	endFetch  context.CancelCauseFunc
	done      chan struct{} // closed when every visit has ended
	endedOnce sync.Once

	mu      sync.Mutex
	visits  []*visit
	open    int // visits that have not ended
	origins map[string]*origin
	sites   map[string]*site
	silent  map[string]*silence // by authority
	found   addresses
	retries int // left for the batch
	halted  halt
	pages   int
	bytes   int64
	fresh   []record.Record // to be shared

	// Fixed before work begins:
	targets map[string]int       // how many targets each origin has
	known   map[string]validator // pages that held no address when they were visited last, by URL
}

// visit is one target and everything fetched for it.
type visit struct {
	target  job.Target
	result  job.Visit
	site    *site
	follow  job.Follow
	budget  int // pages that may still be fetched for it, the listed one not counted
	pending int // pages queued or under way
	begun   bool
	settled bool // the listed page has its outcome
	handed  bool // goes into the remainder
	ended   bool
	started time.Time
	first   ending // how https failed before http was tried
	mapped  bool   // its site's sitemaps were asked for
	emails  map[string]struct{}
}

// page is one page to fetch for a visit.
type page struct {
	visit  *visit
	listed bool // the target's own page
	u      *url.URL
	depth  int
	hops   []string // addresses that redirected here
	tries  int
	jar    *cookiejar.Jar // of this page's redirects only; nil: no cookies were set
	baked  bool           // the last redirect set a cookie
}

// task is what waits in the frontier: exactly one field is set.
type task struct {
	page    *page
	robots  *origin
	sitemap *sitemapFetch
}

// silence counts requests in a row that a host left without any answer.
type silence struct {
	failures int
	given    bool
	end      ending
}

func newRun(c *Crawler, req Request, list *suppress.List) *run {
	opt := req.Job.Options
	r := &run{
		c: c, req: req, opt: opt, list: list, now: c.cfg.Now,
		frontier: fetch.NewFrontier[*task](c.hosts, opt.PerHost, opt.Gap),
		bodies:   make(chan body, runtime.GOMAXPROCS(0)),
		done:     make(chan struct{}),
		origins:  map[string]*origin{},
		sites:    map[string]*site{},
		silent:   map[string]*silence{},
		found:    newAddresses(),
		targets:  map[string]int{},
		known:    map[string]validator{},
		retries:  c.cfg.Retry.budget(len(req.Targets)),
	}
	for _, t := range req.Targets {
		if u, err := url.Parse(t.URL); err == nil {
			r.targets[originName(r.preferred(u, t.Guessed))]++
		}
	}
	return r
}

func (r *run) crawl(parent context.Context) (job.Result, error) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	r.fetchCtx, r.endFetch = context.WithCancelCause(ctx)
	defer r.endFetch(nil)
	r.loadShared(ctx)

	var connections, readers, watchers sync.WaitGroup
	for range r.c.cfg.Connections {
		connections.Go(r.connection)
	}
	for range runtime.GOMAXPROCS(0) {
		readers.Go(r.reader)
	}
	watchers.Go(func() { r.watch(ctx) })
	r.begin()

	select {
	case <-r.done:
	case <-ctx.Done():
	}
	cancel()
	r.frontier.Close()
	connections.Wait()
	close(r.bodies)
	readers.Wait()
	watchers.Wait()
	if err := context.Cause(parent); err != nil && !r.complete() {
		return job.Result{}, err
	}
	r.saveShared(parent)
	return r.result(), nil
}

func (r *run) complete() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open == 0
}

// begin queues every target.
func (r *run) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.req.Deadline; !d.IsZero() && !r.now().Before(d) {
		r.halted = outOfTime
	}
	pages := make([]*page, 0, len(r.req.Targets))
	for _, t := range r.req.Targets {
		v := &visit{target: t, result: job.Visit{URL: t.URL}, budget: r.opt.PageBudget - 1, pending: 1}
		r.visits = append(r.visits, v)
		r.open++
		u, err := url.Parse(t.URL)
		if err != nil {
			r.settle(v, ending{outcome: job.OutcomeInvalid, detail: shorten(err.Error())})
			r.drop(v)
			continue
		}
		v.site = r.siteOf(u)
		v.site.visited[follow.Canonical(u)] = true
		v.follow = r.followFor(u)
		pages = append(pages, &page{visit: v, listed: true, u: r.preferred(u, t.Guessed)})
	}
	// Only now, so that nobody follows a link to what is on the list itself.
	for _, p := range pages {
		r.admit(p)
	}
	if r.open == 0 {
		r.finished()
	}
}

// connection is one of the pool: it makes one request after the other.
func (r *run) connection() {
	for {
		t, slot, ok := r.frontier.Next()
		if !ok {
			return
		}
		switch {
		case t.page != nil:
			r.fetchPage(t.page, slot)
		case t.robots != nil:
			_ = r.c.knock.Wait(r.fetchCtx) // if that ends, so does the request at once
			r.fetchRobots(t.robots, slot)
		default:
			r.fetchSitemap(t.sitemap, slot)
		}
	}
}

// settle gives a visit the outcome of its listed page.
func (r *run) settle(v *visit, e ending) {
	v.settled = true
	v.result.Outcome, v.result.Detail = e.outcome, e.detail
	if e.status != 0 {
		v.result.Status = e.status
	}
}

// finish ends a page. r.mu is held.
func (r *run) finish(p *page, e ending) {
	if p.listed && !p.visit.settled {
		if e.refused && p.visit.first.outcome != "" {
			e = p.visit.first // https was supposed; why it failed says more
		}
		r.settle(p.visit, e)
	}
	r.drop(p.visit)
}

// drop takes one pending page off a visit, which ends with its last one.
func (r *run) drop(v *visit) {
	v.pending--
	if v.pending > 0 || v.ended {
		return
	}
	v.ended = true
	v.result.Addresses = len(v.emails)
	if len(v.emails) > 0 {
		v.result.Outcome, v.result.Detail = job.OutcomeFound, ""
	} else if v.result.Outcome == read {
		v.result.Outcome = job.OutcomeNone
	}
	if v.begun {
		v.result.Millis = int(time.Since(v.started).Milliseconds())
	}
	if r.open--; r.open == 0 {
		r.finished()
	}
}

func (r *run) finished() { r.endedOnce.Do(func() { close(r.done) }) }

// result collects what there is, in the order of the targets.
func (r *run) result() job.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := job.Result{Addresses: r.found.list(), Pages: r.pages, Bytes: r.bytes}
	for _, v := range r.visits {
		if v.handed {
			res.Remainder = append(res.Remainder, v.target)
		} else {
			res.Visits = append(res.Visits, v.result)
		}
	}
	return res
}
