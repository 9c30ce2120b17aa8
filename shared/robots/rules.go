package robots

import (
	"strings"
	"time"
)

// Rules are what one crawler must obey on one site. They are immutable and
// safe for concurrent use.
type Rules struct {
	rules    []rule // most specific first
	delay    time.Duration
	hasDelay bool
}

// rule is a pattern made ready for matching: the octets before the first
// wildcard, and those after each, packed.
type rule struct {
	pattern
	octets int // length in canonical form: what "most specific" is measured in
	head   string
	parts  []string
	end    bool // must match to the end ('$')
	// hidden says that the rule has a %2F or %3F behind a wildcard and so
	// possibly within a query, where a URL's canonical form has them plain.
	hidden bool
}

func compile(p pattern) rule {
	text, end := strings.CutSuffix(p.text, "$")
	head, rest, wild := strings.Cut(text, "*")
	r := rule{pattern: p, octets: len(p.text), head: packed(head), end: end}
	if !wild {
		return r
	}
	for part := range strings.SplitSeq(rest, "*") {
		r.parts = append(r.parts, packed(part))
	}
	r.hidden = strings.Contains(rest, "%2F") || strings.Contains(rest, "%3F")
	return r
}

// CrawlDelay returns the site's Crawl-delay for this crawler, the largest if
// its groups give several, at most a day; false if it gives none. The record
// is in no standard, but webmasters write it and mean it.
func (r *Rules) CrawlDelay() (time.Duration, bool) { return r.delay, r.hasDelay }

// Allowed reports whether a URL may be fetched (RFC 9309 §2.2.2). It takes the
// path and query in escaped form, as [net/url.URL.RequestURI] gives them; what
// does not start with "/" is read as if it did.
//
// The rule with the most octets that matches decides, Allow if there are two;
// without a match the URL is allowed, and /robots.txt always is. The time is
// linear in the lengths of the URL and of the rules together, whatever wildcards they hold.
func (r *Rules) Allowed(pathAndQuery string) bool {
	if len(r.rules) == 0 {
		return true
	}
	if !strings.HasPrefix(pathAndQuery, "/") {
		pathAndQuery = "/" + pathAndQuery
	}
	target := packed(canonical(pathAndQuery, false))
	if path, _, _ := strings.Cut(target, "?"); path == "/robots.txt" {
		return true
	}
	encoded := ""
	for i := range r.rules {
		ru := &r.rules[i]
		if ru.match(target) {
			return ru.allow
		}
		if ru.hidden {
			if encoded == "" {
				encoded = encodeQuery(target)
			}
			if ru.match(encoded) {
				return ru.allow
			}
		}
	}
	return true
}

// match tries the parts from the left, each at its first occurrence behind the
// one before. That is enough: an earlier occurrence leaves the later parts
// more room, never less; so nothing is ever tried twice.
func (r *rule) match(s string) bool {
	if !strings.HasPrefix(s, r.head) {
		return false
	}
	s = s[len(r.head):]
	if len(r.parts) == 0 {
		return !r.end || s == ""
	}
	last := len(r.parts) - 1
	for _, part := range r.parts[:last] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	if r.end {
		return strings.HasSuffix(s, r.parts[last])
	}
	return strings.Contains(s, r.parts[last])
}

// encodeQuery is the canonical form turned round for rules that name an
// encoded '/' or '?' behind a wildcard: the query's are encoded instead of plain.
func encodeQuery(target string) string {
	i := strings.IndexByte(target, '?')
	if i < 0 {
		return target
	}
	out := []byte(target)
	for j := i + 1; j < len(out); j++ {
		switch out[j] {
		case '/':
			out[j] = packedSlash
		case '?':
			out[j] = packedQuery
		}
	}
	return string(out)
}
