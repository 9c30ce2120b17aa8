package crawl

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"gleaner/shared/fetch"
	"gleaner/shared/job"
	"gleaner/shared/robots"
)

// origin is a scheme, host and port with its robots.txt (RFC 9309).
type origin struct {
	name    string // scheme://authority
	root    *url.URL
	state   originState
	book    *rulebook // when ready
	end     ending    // when failed
	waiting []*page
	u       *url.URL // where its robots.txt is looked for now
	hops    int
	tries   int
	asked   bool // the shared records were looked at

	maps  *sitemapFetch
	holds []*visit // visits that wait for the sitemaps
}

type originState int

const (
	originLoading originState = iota
	originReady
	originFailed
)

const (
	robotsTTL       = 24 * time.Hour // RFC 9309 section 2.4
	robotsRedirects = 5              // section 2.3.1.2
)

func originName(u *url.URL) string { return u.Scheme + "://" + authority(u) }

// origin returns the origin of a URL, and begins to load its robots.txt if that
// is not known. r.mu is held.
func (r *run) origin(u *url.URL) *origin {
	name := originName(u)
	if o := r.origins[name]; o != nil {
		return o
	}
	root := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}
	o := &origin{name: name, root: root, u: root.JoinPath("robots.txt")}
	r.origins[name] = o
	if book, ok := r.c.robots.Get(name, time.Now()); ok {
		r.ready(o, book)
		return o
	}
	host := authority(u)
	if s := r.silent[host]; s != nil && s.given {
		o.state, o.end = originFailed, s.end
		return o
	}
	if wait := r.c.hosts.Paused(host, time.Now()); wait > fetch.MaxPause {
		o.state = originFailed
		o.end = ending{outcome: job.OutcomeLimited, detail: "the host wants " + wait.Round(time.Second).String() + " of rest"}
		return o
	}
	r.frontier.Push(host, &task{robots: o}, true)
	return o
}

// ready gives an origin its rules and lets go on what waited for them. r.mu is held.
func (r *run) ready(o *origin, book *rulebook) {
	o.state, o.book = originReady, book
	delay, _ := book.rules.CrawlDelay()
	r.c.hosts.SetCrawlDelay(authority(o.root), delay, time.Now())
	waiting := o.waiting
	o.waiting = nil
	for _, p := range waiting {
		r.admit(p)
	}
}

// fetchRobots makes one request for a robots.txt.
func (r *run) fetchRobots(o *origin, slot *fetch.Slot) {
	if !o.asked {
		o.asked = true
		if book := r.sharedRobots(r.fetchCtx, o.name); book != nil {
			slot.Release(fetch.Silent, 0)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.ready(o, book)
			return
		}
	}
	resp, err := r.c.client.Do(r.fetchCtx, &fetch.Request{
		URL: o.u, PerHost: r.opt.PerHost, Insecure: r.opt.InsecureTLS,
		MaxBody: robots.MaxBytes + 1, Truncate: true,
		Wanted:   func(status int, _ http.Header) bool { return status/100 == 2 },
		Answered: slot.Heard,
	})
	if err != nil {
		slot.Release(fetch.Silent, 0)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.robotsFailed(o, endingOf(err))
		return
	}
	defer resp.Release()
	e := endingOfStatus(resp.Status, resp.Header, r.now())
	slot.Release(verdict(resp.Status), e.wait)
	switch {
	case resp.Status/100 == 2:
		var file *robots.File
		err := r.unpack(resp, func(text []byte) { file = robots.Parse(text) })
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			r.robotsFailed(o, endingOf(err))
			return
		}
		r.answered(authority(o.u))
		r.robotsKnown(o, file)
	case isRedirect(resp.Status):
		r.mu.Lock()
		defer r.mu.Unlock()
		r.answered(authority(o.u))
		r.robotsRedirected(o, resp.Header.Get("Location"))
	case resp.Status/100 == 4 && resp.Status != http.StatusTooManyRequests:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.answered(authority(o.u))
		r.robotsKnown(o, robots.AllowAll())
	default:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.robotsFailed(o, e)
	}
}

func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// robotsRedirected goes on to where a robots.txt was moved. More than five hops,
// or one to nowhere, mean that there is none (RFC 9309 section 2.3.1.2). r.mu is held.
func (r *run) robotsRedirected(o *origin, location string) {
	next, err := o.u.Parse(location)
	o.hops++
	if err != nil || location == "" || o.hops > robotsRedirects || next.Scheme != "http" && next.Scheme != "https" {
		r.robotsKnown(o, robots.AllowAll())
		return
	}
	next.Host, next.Fragment = strings.ToLower(next.Host), ""
	if e, refused := r.refuse(next); refused {
		r.robotsFailed(o, e)
		return
	}
	o.u = next
	if r.halted == goingOn {
		r.frontier.Push(authority(next), &task{robots: o}, true)
	}
}

// robotsKnown keeps a file for this batch, this process and the others. r.mu is held.
func (r *run) robotsKnown(o *origin, file *robots.File) {
	file = file.Only(r.c.cfg.Fetch.Product)
	book := &rulebook{rules: file.Agent(r.c.cfg.Fetch.Product), sitemaps: file.Sitemaps()}
	r.c.robots.Put(o.name, book, time.Now().Add(robotsTTL))
	r.share(o.name, file)
	r.ready(o, book)
}

// robotsFailed tries again later or gives the origin up: as long as robots.txt
// is unreachable, everything is disallowed (RFC 9309 section 2.3.1.4). Where not
// even a connection came about, the pages could not have been fetched either, and
// why says more than "robots.txt". r.mu is held.
func (r *run) robotsFailed(o *origin, e ending) {
	if r.fetchCtx.Err() != nil {
		o.state, o.end = originFailed, e
		r.giveUpOrigin(o)
		return
	}
	if e.refused { // guessed hosts go on to http at once
		kept := o.waiting[:0]
		for _, p := range o.waiting {
			if !r.fallBack(p, e) {
				kept = append(kept, p)
			}
		}
		o.waiting = kept
	}
	if unanswered(e) {
		r.unheard(authority(o.u), e)
	} else {
		r.answered(authority(o.u))
	}
	o.tries++
	if o.state == originFailed {
		return
	}
	if at, ok := r.again(e, o.tries); ok && len(o.waiting) > 0 {
		r.frontier.PushAt(authority(o.u), &task{robots: o}, at)
		return
	}
	if e.wait > fetch.MaxPause {
		r.abstain(authority(o.u), e)
	}
	o.state, o.end = originFailed, robotsEnding(e)
	r.giveUpOrigin(o)
}

func robotsEnding(e ending) ending {
	e.status = 0
	switch e.outcome {
	case job.OutcomeDNS, job.OutcomeDNSTemp, job.OutcomeBlocked, job.OutcomeConnect, job.OutcomeTLS, job.OutcomeLimited, job.OutcomeSuppress:
		return e
	}
	e.outcome, e.detail = job.OutcomeRobotsNA, shorten("robots.txt: "+e.detail)
	return e
}

// giveUpOrigin ends what waited for an origin. r.mu is held.
func (r *run) giveUpOrigin(o *origin) {
	waiting := o.waiting
	o.waiting = nil
	for _, p := range waiting {
		if r.halted != goingOn {
			r.abandon(p)
		} else {
			r.unreachable(p, o.end)
		}
	}
	r.endSitemap(o, nil)
}

// answered notes that a host is there. r.mu is held.
func (r *run) answered(host string) { delete(r.silent, host) }

// unheard notes that a host left a request without any answer. After too many
// in a row the batch leaves it alone. r.mu is held.
func (r *run) unheard(host string, e ending) {
	s := r.silent[host]
	if s == nil {
		s = &silence{}
		r.silent[host] = s
	}
	s.failures++
	if s.failures < r.c.cfg.Retry.GiveUp || s.given {
		return
	}
	s.given, s.end = true, ending{outcome: e.outcome, detail: shorten("not asked any more: " + e.detail), refused: e.refused}
	r.abstain(host, s.end)
}

// abstain ends everything that is queued for a host. r.mu is held.
func (r *run) abstain(host string, e ending) {
	for _, t := range r.frontier.Take(host) {
		switch {
		case t.page != nil:
			r.finish(t.page, e)
		case t.robots != nil:
			if t.robots.state == originLoading {
				t.robots.state, t.robots.end = originFailed, robotsEnding(e)
				r.giveUpOrigin(t.robots)
			}
		default:
			r.endSitemap(t.sitemap.origin, t.sitemap.found)
		}
	}
}
