package fetch

import (
	"sync"
	"time"
)

// Hosts is what a process knows about the hosts it asks, shared by all batches
// so that none of them asks a host more than it may be asked in all. A host is
// an authority, name and port. It is safe for concurrent use.
type Hosts struct {
	mu    sync.Mutex
	hosts map[string]*host
	limit int
}

// host is one authority's state.
type host struct {
	active  int       // requests under way
	unheard int       // of these, those that were not answered yet
	last    time.Time // from here the gap counts
	until   time.Time // the host asked not to be asked before
	delay   time.Duration
	crawl   time.Duration
	good    int // answers in a row since the last complaint
	waiting map[waker]struct{}
}

type waker interface{ wake(authority string) }

// Rates of adaption.
const (
	// MaxCrawlDelay caps a site's Crawl-delay: a site that wants more time than
	// this between two pages is still asked twice a minute.
	MaxCrawlDelay = 30 * time.Second
	// MaxPause is how long a batch waits for a host that names a time
	// (Retry-After); what wants longer is given up for now.
	MaxPause = 2 * time.Minute

	minDelay      = 500 * time.Millisecond // a host's first complaint costs it this
	maxDelay      = 30 * time.Second
	forgive       = 5 * time.Minute  // of not being asked end a host's delay
	recovery      = 4                // good answers that halve the delay
	forgetHost    = 10 * time.Minute // idle hosts are forgotten, when there are many
	maxRetryAfter = 24 * time.Hour
)

// NewHosts returns an empty registry that keeps about limit hosts.
func NewHosts(limit int) *Hosts {
	return &Hosts{hosts: map[string]*host{}, limit: limit}
}

// Verdict is what an answer says about how its host bears being asked.
type Verdict int

// Verdicts.
const (
	Fine       Verdict = iota // a normal answer, whatever its status
	Silent                    // no answer, or one that says nothing about load
	Overloaded                // 429 or 503: ask less often
)

func (h *Hosts) get(authority string, now time.Time) *host {
	e := h.hosts[authority]
	if e == nil {
		if len(h.hosts) >= h.limit {
			h.sweep(now)
		}
		e = &host{}
		h.hosts[authority] = e
	}
	return e
}

// sweep forgets hosts nobody asks and about which there is nothing to remember.
func (h *Hosts) sweep(now time.Time) {
	old := forgetHost
	for try := 0; try < 2 && len(h.hosts) >= h.limit; try++ {
		for name, e := range h.hosts {
			if e.active == 0 && len(e.waiting) == 0 && now.After(e.until) && now.Sub(e.last) > max(old, e.crawl, e.delay) {
				delete(h.hosts, name)
			}
		}
		old = 0
	}
}

// start begins a request if the host may be asked now. Otherwise it says when
// to come back, or, with a zero time, that w will be woken.
func (h *Hosts) start(authority string, perHost int, gap time.Duration, now time.Time, w waker) (bool, time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.get(authority, now)
	if e.delay > 0 && now.Sub(e.last) > forgive {
		e.delay, e.good = 0, 0
	}
	gap = max(gap, e.crawl, e.delay)
	if e.delay > 0 {
		perHost = 1
	}
	if e.active >= perHost || gap > 0 && e.unheard > 0 {
		if e.waiting == nil {
			e.waiting = map[waker]struct{}{}
		}
		e.waiting[w] = struct{}{}
		return false, time.Time{}
	}
	at := e.until
	if gap > 0 && !e.last.IsZero() && e.last.Add(gap).After(at) {
		at = e.last.Add(gap)
	}
	if now.Before(at) {
		return false, at
	}
	e.active++
	e.unheard++
	return true, time.Time{}
}

// heard notes that the host has begun to answer. A gap is counted from here, so
// that the host itself never sees a smaller one, however long the way to it.
func (h *Hosts) heard(authority string, now time.Time) {
	h.mu.Lock()
	e := h.get(authority, now)
	e.unheard--
	e.last = now
	h.notify(authority, e)
}

// end ends a request with what was learned from it; heard, if the host had begun to answer.
func (h *Hosts) end(authority string, heard bool, v Verdict, retryAfter time.Duration, now time.Time) {
	h.mu.Lock()
	e := h.get(authority, now)
	e.active--
	if !heard {
		e.unheard--
		e.last = now
	}
	switch v {
	case Overloaded:
		e.delay, e.good = min(max(2*e.delay, minDelay), maxDelay), 0
		e.pause(min(retryAfter, maxRetryAfter), now)
	case Fine:
		if e.delay == 0 {
			break
		}
		if e.good++; e.good >= recovery {
			e.good = 0
			if e.delay /= 2; e.delay < minDelay/2 {
				e.delay = 0
			}
		}
	case Silent:
	}
	h.notify(authority, e)
}

func (e *host) pause(d time.Duration, now time.Time) {
	if at := now.Add(d); d > 0 && at.After(e.until) {
		e.until = at
	}
}

// notify unlocks and wakes who waits for the host.
func (h *Hosts) notify(authority string, e *host) {
	waiting := e.waiting
	e.waiting = nil
	h.mu.Unlock()
	for w := range waiting {
		w.wake(authority)
	}
}

// SetCrawlDelay makes the host's own Crawl-delay, up to MaxCrawlDelay, its gap.
func (h *Hosts) SetCrawlDelay(authority string, d time.Duration, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.get(authority, now).crawl = min(max(d, 0), MaxCrawlDelay)
}

// Paused is how much longer the host asked to be left alone.
func (h *Hosts) Paused(authority string, now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.hosts[authority]; e != nil {
		return max(0, e.until.Sub(now))
	}
	return 0
}

// forsake takes w off every waiting list.
func (h *Hosts) forsake(authority string, w waker) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.hosts[authority]; e != nil {
		delete(e.waiting, w)
	}
}
