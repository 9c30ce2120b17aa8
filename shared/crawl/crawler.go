package crawl

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"gleaner/shared/extract"
	"gleaner/shared/fetch"
	"gleaner/shared/fetch/lru"
	"gleaner/shared/job"
	"gleaner/shared/record"
	"gleaner/shared/robots"
	"gleaner/shared/suppress"
)

// Config is what a Crawler needs. The zero value of a field means its default.
type Config struct {
	Fetch fetch.Config
	// Records shares robots.txt files and page validators with other workers and
	// holds the suppression lists; nil: nothing is shared or suppressed.
	Records record.Store
	// Connections is how many requests one batch has under way at most;
	// default job.MaxConnections.
	Connections int
	// Now is the clock for deadlines and for what is stored; default time.Now.
	Now func() time.Time
	// Log gets what an operator should know; default slog.Default.
	Log *slog.Logger
	// Retry is what is tried again; the zero value means its defaults.
	Retry RetryPolicy
	// Grace is how long requests under way may still take once a batch is to
	// end early; default 5 s.
	Grace time.Duration
	// Poll is how often Request.Stopped is asked; default 1 s.
	Poll time.Duration
}

// HeapLimit is what a process that is a worker and nothing else should give to
// debug.SetMemoryLimit, or set as GOMEMLIMIT. Bodies are kept outside the heap,
// in at most 40 MiB; with this limit for the rest a worker with 100
// connections stays under 100 MB, whatever the sites send.
const HeapLimit = 36 << 20

// Crawler crawls batches. It is safe for concurrent use.
type Crawler struct {
	cfg     Config
	client  *fetch.Client
	hosts   *fetch.Hosts
	robots  *lru.Cache[string, *rulebook] // by origin
	schemes *lru.Cache[string, string]    // by authority without port: the scheme that works
	lists   *suppress.Cache
	readers [2]*extract.Extractor // [1] keeps obfuscated addresses as they are
	cpu     chan struct{}         // one token for each page being read
	knock   *rate.Limiter         // at sites not seen lately

	mu     sync.Mutex
	active int // calls of Crawl under way
}

// Sizes of what is remembered between batches.
const (
	rememberHosts  = 10_000
	rememberRobots = 2_000
)

// A crawler begins with so many sites a second, and so many at once. A batch that
// begins would ask for a hundred names and open a hundred connections within a
// millisecond, and a machine with several batches for a thousand: a burst that name
// servers and routers meet with loss, and in which the process does nothing else.
const (
	newSites       = 1000
	newSitesAtOnce = 20
)

// New returns a Crawler, or an error that says what is wrong with cfg.
func New(cfg Config) (*Crawler, error) {
	if cfg.Connections == 0 {
		cfg.Connections = job.MaxConnections
	}
	if cfg.Connections < 1 || cfg.Connections > job.MaxConnections {
		return nil, fmt.Errorf("crawl: %d connections are not between 1 and %d", cfg.Connections, job.MaxConnections)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Grace == 0 {
		cfg.Grace = 5 * time.Second
	}
	if cfg.Poll == 0 {
		cfg.Poll = time.Second
	}
	cfg.Retry.normalise()
	client, err := fetch.NewClient(cfg.Fetch)
	if err != nil {
		return nil, fmt.Errorf("crawl: %w", err)
	}
	cfg.Fetch = client.Config()
	meta := concerns(cfg.Fetch.Product)
	c := &Crawler{
		cfg:     cfg,
		client:  client,
		hosts:   fetch.NewHosts(rememberHosts),
		robots:  lru.New[string, *rulebook](rememberRobots),
		schemes: lru.New[string, string](rememberHosts),
		readers: [2]*extract.Extractor{extract.New(extract.Options{Meta: meta}), extract.New(extract.Options{KeepObfuscated: true, Meta: meta})},
		cpu:     make(chan struct{}, runtime.GOMAXPROCS(0)),
		knock:   rate.NewLimiter(newSites, newSitesAtOnce),
	}
	if cfg.Records != nil {
		c.lists = suppress.NewCache(cfg.Records)
	}
	return c, nil
}

// Request is one batch to crawl.
type Request struct {
	Job     job.Job // its options and owner; the options may be unnormalised
	Targets []job.Target
	// Deadline is when to begin nothing new; zero: none. What was not begun by
	// then is Result.Remainder.
	Deadline time.Time
	// Stopped says where the job stands; nil: it goes on. It is asked about once
	// a second. Paused: nothing new is begun, and what was not begun is the
	// remainder. Cancelled (or any other final status): nothing new is begun, and
	// what was not begun ends as job.OutcomeCancelled.
	Stopped func(context.Context) job.Status
	// Enough says that the job as a whole has the addresses it wants: what was
	// not begun ends as job.OutcomeSkipped. nil: never. It is asked often.
	Enough func() bool
	// Log gets what concerns this batch, and names it; nil: Config.Log.
	Log *slog.Logger
}

// Crawl visits the targets. Each of them is in the result exactly once, with an
// outcome in Visits or untouched in Remainder, in the order given. An error
// means a fault of our own side: ctx ended, or the suppression lists could not
// be read; there is no result then.
func (c *Crawler) Crawl(ctx context.Context, req Request) (job.Result, error) {
	if err := req.Job.Options.Normalise(); err != nil {
		return job.Result{}, fmt.Errorf("crawl: %w", err)
	}
	if req.Log == nil {
		req.Log = c.cfg.Log.With("job", req.Job.ID)
	}
	var list *suppress.List
	if c.lists != nil {
		var err error
		if list, err = c.lists.For(ctx, req.Job.Owner); err != nil {
			return job.Result{}, fmt.Errorf("crawl: suppression list: %w", err)
		}
	}
	c.enter()
	defer c.leave()
	return newRun(c, req, list).crawl(ctx)
}

func (c *Crawler) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active++
}

// leave closes idle connections after the last batch: a frozen Lambda must not
// hold them, and the next batch has other hosts.
func (c *Crawler) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active--; c.active == 0 {
		c.client.Rest()
	}
}

// rulebook is a site's robots.txt as far as it concerns us.
type rulebook struct {
	rules    *robots.Rules
	sitemaps []string
}
