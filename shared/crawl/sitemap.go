package crawl

import (
	"bytes"
	"net/http"
	"net/url"

	"gleaner/shared/fetch"
	"gleaner/shared/follow"
	"gleaner/shared/job"
	"gleaner/shared/sitemap"
)

// sitemapFetch reads the sitemaps of one origin, one document after the other.
type sitemapFetch struct {
	origin *origin
	queue  []*url.URL
	seen   map[string]bool
	found  []follow.Link
	done   bool
}

// Bounds for one origin and batch.
const (
	maxSitemaps     = 20
	maxSitemapPages = 5000
)

// wantSitemap lets a visit take pages from its origin's sitemaps. r.mu is held.
func (r *run) wantSitemap(o *origin, v *visit) {
	if v.budget <= 0 {
		return
	}
	v.pending++
	o.holds = append(o.holds, v)
	if o.maps == nil {
		o.maps = &sitemapFetch{origin: o, seen: map[string]bool{}}
		for _, loc := range o.book.sitemaps {
			o.maps.add(loc)
		}
		r.nextSitemap(o.maps)
		return
	}
	if o.maps.done {
		r.endSitemap(o, o.maps.found)
	}
}

func (m *sitemapFetch) add(loc string) {
	u, err := url.Parse(loc)
	if err != nil || len(m.seen) >= maxSitemaps || m.seen[loc] || !follow.SameSite(m.origin.root, u) {
		return
	}
	m.seen[loc] = true
	m.queue = append(m.queue, u)
}

// nextSitemap queues the next document, or ends with what was found. r.mu is held.
func (r *run) nextSitemap(m *sitemapFetch) {
	for len(m.queue) > 0 && len(m.found) < maxSitemapPages && r.halted == goingOn {
		if _, refused := r.refuse(m.queue[0]); refused {
			m.queue = m.queue[1:]
			continue
		}
		r.frontier.Push(authority(m.queue[0]), &task{sitemap: m}, true)
		return
	}
	r.endSitemap(m.origin, m.found)
}

// endSitemap hands the pages to the visits that wait for them, each taking as
// many as its budget allows. r.mu is held.
func (r *run) endSitemap(o *origin, found []follow.Link) {
	if o.maps != nil {
		o.maps.done = true
	}
	holds := o.holds
	o.holds = nil
	for _, v := range holds {
		if len(found) > 0 && r.halted == goingOn {
			r.queueLinks(v, follow.Site(follow.Page{URL: o.root, Base: o.root, Links: found}, len(found)), 1)
		}
		r.drop(v)
	}
}

// fetchSitemap makes one request for a sitemap.
func (r *run) fetchSitemap(m *sitemapFetch, slot *fetch.Slot) {
	u := m.queue[0]
	resp, err := r.c.client.Do(r.fetchCtx, &fetch.Request{
		URL: u, PerHost: r.opt.PerHost, Insecure: r.opt.InsecureTLS, Truncate: true,
		Wanted:   func(status int, _ http.Header) bool { return status/100 == 2 },
		Answered: slot.Heard,
	})
	if err != nil {
		slot.Release(fetch.Silent, 0)
		r.afterSitemap(m, sitemap.Result{})
		return
	}
	defer resp.Release()
	e := endingOfStatus(resp.Status, resp.Header, r.now())
	slot.Release(verdict(resp.Status), e.wait)
	if isRedirect(resp.Status) {
		r.mu.Lock()
		defer r.mu.Unlock()
		m.queue = m.queue[1:]
		if next, err := target(u, resp.Header.Get("Location")); err == nil {
			m.add(next.String())
		}
		r.nextSitemap(m)
		return
	}
	var got sitemap.Result
	if resp.Body != nil {
		// What could be read is valid, whatever the error.
		_ = r.unpack(resp, func(text []byte) { got, _ = sitemap.Parse(bytes.NewReader(text), maxSitemapPages) })
	}
	r.afterSitemap(m, got)
}

func (r *run) afterSitemap(m *sitemapFetch, got sitemap.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.queue = m.queue[1:]
	for _, s := range got.Sitemaps {
		m.add(s.Loc)
	}
	for _, p := range got.Pages {
		if len(m.found) >= maxSitemapPages {
			break
		}
		m.found = append(m.found, follow.Link{URL: p.Loc})
	}
	r.nextSitemap(m)
}

// fromSitemap reports whether the job's pages also come from sitemaps.
func (r *run) fromSitemap() bool { return r.opt.Source == job.SourceSitemap }
