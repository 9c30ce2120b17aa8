package crawl

import (
	"net/url"
	"time"

	"golang.org/x/net/publicsuffix"

	"gleaner/shared/fetch"
	"gleaner/shared/job"
)

// site is what a batch knows of one registrable domain (or of a host that has none).
type site struct {
	name    string
	visited map[string]bool     // canonical URLs fetched, queued, or on the list
	emails  map[string]struct{} // addresses found
}

// siteOf returns the site of a URL. r.mu is held.
func (r *run) siteOf(u *url.URL) *site {
	name, err := publicsuffix.EffectiveTLDPlusOne(u.Hostname())
	if err != nil {
		name = u.Host
	}
	s := r.sites[name]
	if s == nil {
		s = &site{name: name, visited: map[string]bool{}, emails: map[string]struct{}{}}
		r.sites[name] = s
	}
	return s
}

// authority is a URL's host and port, by which hosts are told apart.
func authority(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "http" {
		return u.Host + ":80"
	}
	return u.Host + ":443"
}

// preferred is the form of a listed URL to begin with: a guessed one on the
// scheme that worked before, an http one on https if its host sent us there.
func (r *run) preferred(u *url.URL, guessed bool) *url.URL {
	scheme, ok := r.c.schemes.Get(u.Host, time.Now())
	if !ok || scheme == u.Scheme || scheme == "http" && !guessed {
		return u
	}
	other := *u
	other.Scheme = scheme
	return &other
}

// admit decides whether a page may be fetched and queues it if so; if its
// site's robots.txt is not known yet, it is looked at again when it is. r.mu is held.
func (r *run) admit(p *page) {
	if r.halted != goingOn {
		r.abandon(p)
		return
	}
	if e, refused := r.refuse(p.u); refused {
		r.finish(p, e)
		return
	}
	if r.opt.IgnoreRobots {
		r.enqueue(p)
		return
	}
	o := r.origin(p.u)
	switch o.state {
	case originLoading:
		o.waiting = append(o.waiting, p)
	case originFailed:
		r.unreachable(p, o.end)
	case originReady:
		if !o.book.rules.Allowed(p.u.RequestURI()) {
			r.finish(p, ending{outcome: job.OutcomeRobots, detail: "robots.txt of " + p.u.Host})
			return
		}
		if p.listed && !p.visit.mapped && r.fromSitemap() {
			p.visit.mapped = true
			r.wantSitemap(o, p.visit)
		}
		r.enqueue(p)
	}
}

// refuse says which URLs are not fetched whatever their site says.
func (r *run) refuse(u *url.URL) (ending, bool) {
	if err := r.c.client.Guard().CheckURL(u); err != nil {
		return endingOf(err), true
	}
	if r.list.Host(u.Hostname()) {
		return ending{outcome: job.OutcomeSuppress, detail: u.Hostname()}, true
	}
	return ending{}, false
}

// enqueue puts a page into the frontier, unless its host is known to be of no
// use now.
func (r *run) enqueue(p *page) {
	host := authority(p.u)
	if s := r.silent[host]; s != nil && s.given {
		r.finish(p, s.end)
		return
	}
	if wait := r.c.hosts.Paused(host, time.Now()); wait > fetch.MaxPause {
		r.finish(p, ending{outcome: job.OutcomeLimited, detail: "the host wants " + wait.Round(time.Second).String() + " of rest"})
		return
	}
	r.frontier.Push(host, &task{page: p}, !p.listed || p.visit.begun)
}

// unreachable ends a page whose robots.txt could not be had. r.mu is held.
func (r *run) unreachable(p *page, e ending) {
	if r.fallBack(p, e) {
		return
	}
	r.finish(p, e)
}

// fallBack tries http for a bare host of the list on which https does not answer. r.mu is held.
func (r *run) fallBack(p *page, e ending) bool {
	if !p.listed || !p.visit.target.Guessed || p.u.Scheme != "https" || !e.refused || len(p.hops) > 0 {
		return false
	}
	p.visit.first = e
	plain := *p.u
	plain.Scheme = "http"
	p.u, p.tries = &plain, 0
	r.admit(p)
	return true
}
