package crawl

import (
	"net/url"

	"gleaner/shared/follow"
	"gleaner/shared/job"
)

// followFor is how far the links of a listed page are followed.
func (r *run) followFor(u *url.URL) job.Follow {
	if r.opt.Follow != job.FollowAuto {
		return r.opt.Follow
	}
	if (u.Path == "" || u.Path == "/") && u.RawQuery == "" {
		return job.FollowContact
	}
	return job.FollowNone
}

// spare is how many links beyond the budget are ranked, since some turn out to
// be visited or disallowed.
const spare = 8

// followFrom queues the best of a page's links and returns those it chose from.
// r.mu is held.
func (r *run) followFrom(p *page, links follow.Page) []follow.Link {
	v := p.visit
	if r.halted != goingOn {
		return nil
	}
	if links.Canonical != "" {
		if u, err := url.Parse(links.Canonical); err == nil && follow.SameSite(p.u, u) {
			v.site.visited[follow.Canonical(u)] = true
		}
	}
	if v.budget <= 0 || v.ended || r.siteDone(v) || !r.wantsLinks(p) {
		return nil
	}
	var best []follow.Link
	if v.follow == job.FollowContact {
		best = follow.Contact(links, v.budget+spare)
	} else {
		best = follow.Site(links, v.budget+spare)
	}
	r.queueLinks(v, best, p.depth+1)
	return best
}

func (r *run) siteDone(v *visit) bool {
	return r.opt.StopAfterSite > 0 && len(v.site.emails) >= r.opt.StopAfterSite
}

// queueLinks queues links for a visit while its budget lasts. No page is fetched
// twice in a batch, whoever links to it. r.mu is held.
func (r *run) queueLinks(v *visit, links []follow.Link, depth int) {
	for _, l := range links {
		if v.budget <= 0 || r.halted != goingOn {
			return
		}
		u, err := url.Parse(l.URL)
		if err != nil {
			continue
		}
		canonical := follow.Canonical(u)
		s := r.siteOf(u)
		if s.visited[canonical] {
			continue
		}
		if _, refused := r.refuse(u); refused {
			continue
		}
		if o := r.origins[originName(u)]; o != nil && o.state == originReady && !r.opt.IgnoreRobots && !o.book.rules.Allowed(u.RequestURI()) {
			continue
		}
		s.visited[canonical] = true
		v.budget--
		v.pending++
		r.admit(&page{visit: v, u: u, depth: depth})
	}
}
