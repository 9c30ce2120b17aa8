package crawl

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"gleaner/shared/extract"
	"gleaner/shared/fetch"
	"gleaner/shared/follow"
	"gleaner/shared/job"
	"gleaner/shared/robots"
)

// body is a page that was fetched and waits to be read.
type body struct {
	page *page
	resp *fetch.Response
	slot *fetch.Slot // to be released when the page was read; nil: it was released
}

// reading is what a body held.
type reading struct {
	end       ending
	addresses []extract.Address
	html      bool // links were looked for
	links     follow.Page
	size      int
}

// reader reads bodies while connections fetch the next ones. The tokens bound
// how many are read at once in the whole process.
func (r *run) reader() {
	dec := r.c.client.NewDecoder()
	for b := range r.bodies {
		r.c.cpu <- struct{}{}
		got := r.readSafely(dec, b)
		dec.Done()
		<-r.c.cpu
		b.resp.Release()
		r.apply(b, got)
		if b.slot != nil {
			b.slot.Release(fetch.Fine, 0)
		}
	}
}

// readSafely turns a panic in reading one page into that page's outcome.
func (r *run) readSafely(dec *fetch.Decoder, b body) (got reading) {
	defer func() {
		if fault := recover(); fault != nil {
			r.req.Log.Error("a page broke its reader", "url", b.page.u.String(), "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
			got = reading{end: ending{outcome: job.OutcomeCrashed, detail: shorten(fmt.Sprint(fault)), status: b.resp.Status}}
		}
	}()
	return r.read(dec, b)
}

func (r *run) read(dec *fetch.Decoder, b body) reading {
	got := reading{end: ending{status: b.resp.Status}}
	text, err := dec.Decode(b.resp, false)
	if err != nil {
		got.end = endingOf(err)
		got.end.status = b.resp.Status
		return got
	}
	got.size = len(text)
	product := r.c.cfg.Fetch.Product
	tag := robots.ParseTag(b.resp.Header["X-Robots-Tag"], product)
	if tag.NoIndex {
		got.end.outcome, got.end.detail = job.OutcomeNoIndex, "X-Robots-Tag"
		return got
	}
	contentType := b.resp.Header.Get("Content-Type")
	text = dec.UTF8(text, contentType)
	html := isHTML(contentType, text)
	links := html && r.wantsLinks(b.page)
	if links && !got.scan(text, b.page.u, product, tag) {
		return got
	}
	reader := r.c.readers[0]
	if r.opt.KeepObfuscated {
		reader = r.c.readers[1]
	}
	page := reader.Read(extract.Document{URL: b.page.u.String(), ContentType: contentType, Body: text})
	if html && !links && page.Meta && !got.scan(text, b.page.u, product, tag) {
		return got
	}
	got.addresses = page.Addresses
	return got
}

// scan reads a page for its links and for what it asks of crawlers, and reports
// whether it may be read for addresses.
func (g *reading) scan(text []byte, at *url.URL, product string, tag robots.Tag) bool {
	g.html, g.links = true, follow.Scan(text, at, product)
	g.links.NoFollow = g.links.NoFollow || tag.NoFollow
	if g.links.NoIndex {
		g.end.outcome, g.end.detail = job.OutcomeNoIndex, "meta robots"
	}
	return !g.links.NoIndex
}

// concerns returns what tells the meta elements that may change what becomes of a
// page: those follow.Scan reads NoIndex, NoFollow and Refresh from, and hardly any
// other. Most pages have none, and need not be read for links.
func concerns(product string) func(name, httpEquiv, content []byte) bool {
	product = strings.ToLower(product)
	return func(name, httpEquiv, content []byte) bool {
		if len(httpEquiv) > 0 {
			return strings.EqualFold(string(httpEquiv), "refresh")
		}
		if n := strings.ToLower(strings.TrimSpace(string(name))); n != "robots" && (product == "" || n != product) {
			return false
		}
		// Whatever forbids anything begins so: noindex, nofollow, none. A
		// character reference may stand for that.
		return bytes.Contains(bytes.ToLower(content), []byte("no")) || bytes.IndexByte(content, '&') >= 0
	}
}

// wantsLinks reports whether a page's links may be followed.
func (r *run) wantsLinks(p *page) bool {
	switch p.visit.follow {
	case job.FollowContact:
		return p.listed
	case job.FollowSite:
		return p.depth < r.opt.MaxDepth
	}
	return false
}

func isHTML(contentType string, text []byte) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if media == "" {
		start := text[:min(len(text), 512)]
		return strings.HasPrefix(http.DetectContentType(start), "text/html") || bytes.Contains(bytes.ToLower(start), []byte("<html"))
	}
	return media == "text/html" || media == "application/xhtml+xml"
}

// apply takes over what was read.
func (r *run) apply(b body, got reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := b.page
	r.answered(authority(p.u))
	r.noteAnswer(p, b.resp)
	r.bytes += int64(got.size)
	if got.end.outcome != read {
		r.finish(p, got.end)
		return
	}
	kept := r.keep(p, got.addresses)
	var links []follow.Link
	if got.html {
		if kept == 0 && p.listed && r.refreshed(p, &got.links) {
			return
		}
		links = r.followFrom(p, got.links)
	}
	if len(got.addresses) == 0 {
		r.remember(p, b.resp.Header, got.size, links)
	}
	if n := r.opt.StopAfterJob; n > 0 && r.found.len() >= n {
		defer r.stopLocked(enough)
	}
	r.finish(p, got.end)
}

// refreshed goes on from a page without addresses to where its meta refresh
// leads, as if it had been redirected. r.mu is held.
func (r *run) refreshed(p *page, links *follow.Page) bool {
	if links.Refresh == "" || links.NoFollow || r.halted != goingOn || len(p.hops) >= r.c.cfg.Fetch.MaxRedirects {
		return false
	}
	next, err := target(p.u, links.Refresh)
	if err != nil || next.String() == p.u.String() || p.visit.site.visited[follow.Canonical(next)] {
		return false
	}
	if _, refused := r.refuse(next); refused {
		return false
	}
	r.hop(p, next, ending{})
	return true
}
