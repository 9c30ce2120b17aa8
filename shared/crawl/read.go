package crawl

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/http"
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
	html      bool
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
	if isHTML(contentType, text) && (r.wantsLinks(b.page) || speaks(text, product)) {
		got.html = true
		got.links = follow.Scan(text, b.page.u, product)
		got.links.NoFollow = got.links.NoFollow || tag.NoFollow
		if got.links.NoIndex {
			got.end.outcome, got.end.detail = job.OutcomeNoIndex, "meta robots"
			return got
		}
	}
	reader := r.c.readers[0]
	if r.opt.KeepObfuscated {
		reader = r.c.readers[1]
	}
	got.addresses = reader.Extract(extract.Document{URL: b.page.u.String(), ContentType: contentType, Body: text})
	return got
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

// speaks reports whether a page has a meta element that may concern us: robots
// directives or a refresh. It costs little beside reading the whole page for links.
func speaks(text []byte, product string) bool {
	words := [...]string{"robots", "refresh", strings.ToLower(product)}
	for {
		i := nextM(text)
		if i < 0 {
			return false
		}
		text = text[i+1:]
		if len(text) < len("meta") || !strings.EqualFold(string(text[:len("meta")]), "meta") {
			continue
		}
		element := text[:min(len(text), 1000)]
		if end := bytes.IndexByte(element, '>'); end >= 0 {
			element = element[:end]
		}
		element = bytes.ToLower(element)
		for _, w := range words {
			if bytes.Contains(element, []byte(w)) {
				return true
			}
		}
	}
}

// nextM returns the index of the first "<m" or "<M", or -1. It looks at eight
// bytes at a time: pages have thousands of tags, and few of them begin so.
func nextM(text []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+9 <= len(text); i += 8 {
		first, second := binary.LittleEndian.Uint64(text[i:]), binary.LittleEndian.Uint64(text[i+1:])
		differ := (first ^ '<'*ones) | ((second | ' '*ones) ^ 'm'*ones) // a byte of zeros where neither does
		if zero := (differ - ones) &^ differ & tops; zero != 0 {
			return i + bits.TrailingZeros64(zero)/8
		}
	}
	for ; i+1 < len(text); i++ {
		if text[i] == '<' && text[i+1]|' ' == 'm' {
			return i
		}
	}
	return -1
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
