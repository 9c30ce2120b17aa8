package crawl

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"gleaner/shared/fetch"
	"gleaner/shared/follow"
	"gleaner/shared/job"
	"gleaner/shared/record"
)

// validator is what is remembered of a page that held no address: by what its
// site recognises it (RFC 9110 section 8.8), and which of its links were worth
// following. Asked again with it, a site answers in a few bytes if nothing has
// changed, and then there is still no address on the page. Pages with addresses
// are not remembered: the next job wants them again, and personal data is kept
// with the jobs only.
type validator struct {
	ETag     string   `json:"e,omitempty"`
	Modified string   `json:"m,omitempty"`
	Links    []string `json:"l,omitempty"`
}

const (
	validatorTTL        = 30 * 24 * time.Hour
	validatorPartitions = 4
	// minRemembered is the size of a page below which remembering it costs more
	// than it saves.
	minRemembered = 8 << 10
	maxValidator  = 300 // bytes of an ETag
)

// validatorKey is where a page is remembered: partition V#<n>, sort key a hash of
// the address and of everything else that decides what is found on it.
func (r *run) validatorKey(u *url.URL, mode job.Follow) (partition, sort string) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %t %s %d %d %s %s", r.c.cfg.Fetch.Product, r.c.cfg.Fetch.Version,
		r.opt.KeepObfuscated, mode, r.opt.PageBudget, r.opt.MaxDepth, r.opt.Language, u))
	return fmt.Sprintf("V#%02d", sum[0]%validatorPartitions), hex.EncodeToString(sum[:16])
}

// condition makes a request conditional if its page is remembered.
func (r *run) condition(p *page, req *fetch.Request) {
	if !p.listed || len(p.hops) > 0 {
		return
	}
	if v, ok := r.known[p.u.String()]; ok {
		req.ETag, req.LastModified = v.ETag, v.Modified
	}
}

// unchanged ends a page that is as it was when it held no address. r.mu is held.
func (r *run) unchanged(p *page, e ending) {
	e.outcome, e.detail = job.OutcomeNotMod, ""
	links := make([]follow.Link, 0)
	for _, l := range r.known[p.u.String()].Links {
		links = append(links, follow.Link{URL: l})
	}
	if !r.siteDone(p.visit) {
		r.queueLinks(p.visit, links, 1)
	}
	r.finish(p, e)
}

// remember keeps a page without addresses to be stored at the end. r.mu is held.
func (r *run) remember(p *page, header http.Header, size int, links []follow.Link) {
	if r.c.cfg.Records == nil || !p.listed || len(p.hops) > 0 || size < minRemembered {
		return
	}
	v := validator{ETag: header.Get("ETag"), Modified: header.Get("Last-Modified")}
	if v.ETag == "" && v.Modified == "" || len(v.ETag) > maxValidator || len(v.Modified) > maxValidator {
		return
	}
	for _, l := range links {
		v.Links = append(v.Links, l.URL)
	}
	value, err := json.Marshal(v)
	if err != nil || len(value) > record.MaxValue {
		return
	}
	partition, sort := r.validatorKey(p.u, p.visit.follow)
	r.fresh = append(r.fresh, record.Record{Partition: partition, Sort: sort, Value: value, Expires: r.now().Add(validatorTTL)})
}
