package crawl

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"gleaner/shared/extract"
	"gleaner/shared/fetch"
	"gleaner/shared/follow"
	"gleaner/shared/job"
)

// accept prefers what can hold addresses.
const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,text/plain;q=0.8,application/pdf;q=0.7,*/*;q=0.5"

// fetchPage makes one request for a page.
func (r *run) fetchPage(p *page, slot *fetch.Slot) {
	if !r.mayStart(p) {
		slot.Release(fetch.Silent, 0)
		return
	}
	req := &fetch.Request{
		URL: p.u, PerHost: r.opt.PerHost, Insecure: r.opt.InsecureTLS,
		Accept: accept, Language: r.opt.Language, Wanted: wanted, Answered: slot.Heard,
	}
	r.condition(p, req)
	if p.jar != nil {
		req.Cookies = p.jar.Cookies(p.u)
	}
	resp, err := r.c.client.Do(r.fetchCtx, req)
	if err != nil {
		slot.Release(fetch.Silent, 0)
		r.mu.Lock()
		defer r.mu.Unlock()
		if errors.Is(err, errHalted) || errors.Is(err, context.Canceled) {
			r.abandon(p)
			return
		}
		e := endingOf(err)
		if resp != nil {
			e.status = resp.Status
			r.noteAnswer(p, resp)
		}
		r.failed(p, e)
		return
	}
	e := ending{status: resp.Status}
	if resp.Status/100 != 2 {
		e = endingOfStatus(resp.Status, resp.Header, r.now())
	}
	if resp.Body != nil {
		b := body{page: p, resp: resp}
		if r.opt.StopAfterSite > 0 || r.opt.StopAfterJob > 0 {
			b.slot = slot // the host's next page may not be needed
		} else {
			slot.Release(fetch.Fine, 0)
		}
		r.bodies <- b
		return
	}
	slot.Release(verdict(resp.Status), e.wait)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered(authority(p.u))
	switch {
	case isRedirect(resp.Status):
		r.redirected(p, resp)
		return
	case resp.Status == http.StatusNotModified && req.ETag+req.LastModified != "":
		r.noteAnswer(p, resp)
		r.unchanged(p, ending{status: resp.Status})
	case resp.Status == http.StatusNoContent, resp.Status == http.StatusResetContent:
		r.noteAnswer(p, resp)
		r.finish(p, e)
	case resp.Status/100 == 2:
		r.noteAnswer(p, resp)
		e.outcome, e.detail = job.OutcomeType, shorten(resp.Header.Get("Content-Type"))
		r.finish(p, e)
	default:
		r.noteAnswer(p, resp)
		r.failed(p, e)
	}
}

// wanted says which bodies are read: successes of a type that can hold addresses.
func wanted(status int, h http.Header) bool {
	if status/100 != 2 || status == http.StatusNoContent || status == http.StatusResetContent {
		return false
	}
	contentType := h.Get("Content-Type")
	return contentType == "" || extract.Supported(contentType)
}

// mayStart decides at the last moment whether a page's request is made.
func (r *run) mayStart(p *page) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := p.visit
	if r.halted != goingOn {
		r.abandon(p)
		return false
	}
	if !p.listed || !v.begun {
		if n := r.opt.StopAfterSite; n > 0 && len(v.site.emails) >= n {
			r.finish(p, ending{outcome: job.OutcomeSkipped})
			return false
		}
		if r.req.Enough != nil && r.req.Enough() {
			r.stopLocked(enough)
			r.abandon(p)
			return false
		}
	}
	if !v.begun {
		v.begun, v.started = true, time.Now()
	}
	p.tries++
	if p.listed {
		v.result.Attempts++
	}
	return true
}

// noteAnswer counts an answer that is no redirect. r.mu is held.
func (r *run) noteAnswer(p *page, resp *fetch.Response) {
	r.pages++
	v := p.visit
	v.result.Pages++
	if !p.listed {
		return
	}
	v.result.Status = resp.Status
	v.result.BadCert = v.result.BadCert || resp.BadCert
	if final := p.u.String(); final != v.target.URL {
		v.result.FinalURL = final
	}
	if v.target.Guessed && p.u.Scheme == "http" && len(p.hops) == 0 {
		r.c.schemes.Put(p.u.Host, "http", time.Now().Add(robotsTTL))
	}
}

// failed tries a page again later or ends it. r.mu is held.
func (r *run) failed(p *page, e ending) {
	host := authority(p.u)
	if unanswered(e) {
		r.unheard(host, e)
	} else {
		r.answered(host)
	}
	if r.fallBack(p, e) {
		return
	}
	if at, ok := r.again(e, p.tries); ok {
		if s := r.silent[host]; s == nil || !s.given {
			r.frontier.PushAt(host, &task{page: p}, at)
			return
		}
	}
	if e.wait > fetch.MaxPause {
		r.abstain(host, ending{outcome: job.OutcomeLimited, detail: e.detail})
	}
	r.finish(p, e)
}

// redirected goes on to where a page was moved. r.mu is held.
func (r *run) redirected(p *page, resp *fetch.Response) {
	v := p.visit
	e := ending{status: resp.Status}
	next, err := target(p.u, resp.Header.Get("Location"))
	if err != nil {
		r.noteAnswer(p, resp)
		e.outcome, e.detail = job.OutcomeProtocol, shorten("Location: "+err.Error())
		r.finish(p, e)
		return
	}
	if p.listed {
		v.result.Status = resp.Status
		v.result.BadCert = v.result.BadCert || resp.BadCert
	}
	p.keepCookies(resp.Header)
	if upgrade(p.u, next) && (resp.Status == http.StatusMovedPermanently || resp.Status == http.StatusPermanentRedirect) {
		r.c.schemes.Put(p.u.Host, "https", time.Now().Add(robotsTTL))
	}
	r.hop(p, next, e)
}

// hop moves a page to the address it was redirected to. r.mu is held.
func (r *run) hop(p *page, next *url.URL, e ending) {
	v := p.visit
	here := p.u.String()
	p.hops = append(p.hops, here)
	there := next.String()
	switch {
	case slices.Contains(p.hops, there) && !p.baked:
		e.outcome, e.detail = job.OutcomeLoop, shorten("back to "+there)
		r.finish(p, e)
		return
	case len(p.hops) > r.c.cfg.Fetch.MaxRedirects:
		e.outcome, e.detail = job.OutcomeRedirects, shorten("the next would be "+there)
		r.finish(p, e)
		return
	}
	canonical := follow.Canonical(next)
	if !p.listed && (!follow.SameSite(p.u, next) || v.site.visited[canonical]) {
		r.finish(p, e)
		return
	}
	if p.listed {
		v.result.FinalURL = there
	}
	r.siteOf(next).visited[canonical] = true
	p.u, p.tries = next, 0
	r.admit(p)
}

// keepCookies keeps the cookies of a redirect for the requests it leads to. Many
// sites send a visitor without a cookie in a circle until he has one; beyond the one
// page nothing is kept.
func (p *page) keepCookies(h http.Header) {
	cookies := (&http.Response{Header: h}).Cookies()
	p.baked = len(cookies) > 0 && len(cookies) <= maxCookies
	if !p.baked {
		return
	}
	if p.jar == nil {
		p.jar, _ = cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}) // it never fails
	}
	before := p.jar.Cookies(p.u)
	p.jar.SetCookies(p.u, cookies)
	after := p.jar.Cookies(p.u)
	p.baked = !slices.EqualFunc(before, after, func(a, b *http.Cookie) bool { return a.Name == b.Name && a.Value == b.Value })
}

// maxCookies is how many cookies of one answer are kept.
const maxCookies = 20

// target resolves the target of a redirect.
func target(base *url.URL, location string) (*url.URL, error) {
	if location == "" {
		return nil, errors.New("missing")
	}
	next, err := base.Parse(strings.TrimSpace(location))
	if err != nil {
		return nil, err
	}
	next.Fragment, next.RawFragment = "", ""
	next.Host = strings.ToLower(next.Host)
	if ascii, err := idna.Lookup.ToASCII(next.Hostname()); err == nil && ascii != next.Hostname() {
		next.Host = ascii
		if port := next.Port(); port != "" {
			next.Host += ":" + port
		}
	}
	if next.Path == "" && next.Opaque == "" {
		next.Path = "/"
	}
	return next, nil
}

// upgrade reports whether next is u on https.
func upgrade(u, next *url.URL) bool {
	return u.Scheme == "http" && next.Scheme == "https" && u.Host == next.Host && u.Port() == "" && u.RequestURI() == next.RequestURI()
}
