package follow

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// site is what links are compared with: the registrable domain of a page.
type site struct {
	host   string // of the page, without "www."
	domain string // registrable; "" if the host has none
	full   string // host and port
	self   string // key of the page
	origin string // its scheme and host, in canonical form
}

func siteOf(u *url.URL) site {
	host := asciiHost(u)
	self, _ := split(Clean(u))
	return site{
		host:   strings.TrimPrefix(host, "www."),
		domain: registrable(host),
		full:   strings.ToLower(u.Host),
		self:   self.key(),
		origin: self.origin,
	}
}

// registrable returns the part of a host that its owner registered, by the
// public suffix list with its private part: "a.github.io" is not "b.github.io".
// It is empty for IP addresses, single labels and suffixes themselves.
func registrable(host string) string {
	if host == "" {
		return ""
	}
	// Only what ends in a digit or holds a colon may be an address.
	if last := host[len(host)-1]; ('0' <= last && last <= '9' || strings.IndexByte(host, ':') >= 0) && net.ParseIP(host) != nil {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return domain
}

// has reports whether u belongs to the site: the same registrable domain or,
// where there is none, the same host and port.
func (s *site) has(u *url.URL) bool {
	if s.domain == "" {
		return strings.ToLower(u.Host) == s.full
	}
	host := asciiHost(u)
	if host == s.domain || host == s.host {
		return true
	}
	return strings.HasSuffix(host, "."+s.domain) && registrable(host) == s.domain
}

// sameHost reports whether u is on the page's own host, "www." or not.
func (s *site) sameHost(u *url.URL) bool {
	return strings.TrimPrefix(asciiHost(u), "www.") == s.host
}

// SameSite reports whether two addresses have the same registrable domain, or,
// where there is none (IP addresses, "localhost"), the same host and port.
func SameSite(a, b *url.URL) bool {
	s := siteOf(a)
	return s.has(b)
}

// key is a clean address reduced to what makes two links on one page the
// same: without scheme, "www." and a final slash, with sorted parameters.
func (a *address) key() string {
	_, host, _ := strings.Cut(a.origin, "://")
	k := strings.TrimPrefix(host, "www.") + strings.TrimSuffix(a.path, "/")
	if a.query != "" {
		k += "?" + canonicalQuery(a.query, true)
	}
	return k
}

// candidate is a link of the site that is worth a look.
type candidate struct {
	link Link
	key  string
}

// origins remembers what is known of schemes and hosts: a page links to few.
type origins struct {
	site  site
	known map[string]origin
}

type origin struct {
	clean    string // in canonical form
	standing standing
}

type standing int

const (
	foreign standing = iota
	sameDomain
	sameHost
)

func (o *origins) look(at string) origin {
	if known, ok := o.known[at]; ok {
		return known
	}
	var found origin
	if u, err := url.Parse(at); err == nil && o.site.has(u) {
		found = origin{clean: strings.TrimSuffix(Clean(u), "/"), standing: sameDomain}
		if o.site.sameHost(u) {
			found.standing = sameHost
		}
	}
	o.known[at] = found
	return found
}

// candidates are the page's links on its own site, cleaned, without those to
// itself and without traps, except for reasons that are tolerated. rate gives a
// link's score, or false for one that is not wanted; it is asked before
// anything that takes long.
func candidates(p *Page, rate func(*Link, address) (int, bool), tolerated ...string) []candidate {
	base := p.URL
	if base == nil {
		base = p.Base
	}
	if p.NoFollow || base == nil {
		return nil
	}
	o := origins{site: siteOf(base), known: make(map[string]origin)}
	var out []candidate
	for i := range p.Links {
		at, ok := split(p.Links[i].URL)
		if !ok {
			continue
		}
		from := o.look(at.origin)
		if from.standing == foreign {
			continue
		}
		l := p.Links[i]
		if l.Score, ok = rate(&l, at); !ok {
			continue
		}
		if from.clean != at.origin || !at.bare || !at.isClean() {
			u, err := url.Parse(l.URL)
			if err != nil {
				continue
			}
			l.URL = Clean(u)
			at, _ = split(l.URL)
		}
		if reason := trap(at.path, at.query); reason != "" && !slices.Contains(tolerated, reason) {
			continue
		}
		k := at.key()
		if k == o.site.self {
			continue
		}
		switch {
		case from.standing != sameHost:
			l.Score -= otherHost
		case from.clean == o.site.origin:
			l.Score += ownOrigin
		}
		out = append(out, candidate{link: l, key: k})
	}
	return out
}

// address is an absolute URL taken apart without being parsed.
type address struct {
	origin, path, query string
	bare                bool // there is nothing behind the path
}

func split(target string) (address, bool) {
	i := strings.Index(target, "://")
	if i < 0 {
		return address{}, false
	}
	end := strings.IndexAny(target[i+3:], "/?#")
	if end < 0 {
		return address{origin: target, bare: true}, true
	}
	end += i + 3
	rest, _, _ := strings.Cut(target[end:], "#")
	path, query, _ := strings.Cut(rest, "?")
	return address{origin: target[:end], path: path, query: query, bare: end+len(path) == len(target)}, true
}

// isClean reports whether Clean would leave path and query as they are; it
// says so only of the simplest.
func (a *address) isClean() bool {
	if a.path == "" {
		return false
	}
	for i := range len(a.path) {
		switch c := a.path[i]; c {
		case ';', '(', '%':
			return false
		case '.':
			if a.path[i-1] == '/' {
				return false
			}
		default:
			if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
				return false
			}
		}
	}
	return true
}

// segments is the number of the path's segments, 1 for "/".
func (a *address) segments() int {
	return strings.Count(strings.Trim(a.path, "/"), "/") + 1
}

// best keeps the best of those with one key, and of all of them at most max,
// the best first and in the page's order among equals.
func best(all []candidate, most int) []Link {
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.link.Score, a.link.Score) })
	seen := make(map[string]bool, len(all))
	var out []Link
	for _, c := range all {
		if len(out) >= most {
			break
		}
		if !seen[c.key] {
			seen[c.key] = true
			out = append(out, c.link)
		}
	}
	return out
}
