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
}

func siteOf(u *url.URL) site {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	return site{
		host:   strings.TrimPrefix(host, "www."),
		domain: registrable(host),
		full:   strings.ToLower(u.Host),
		self:   key(u),
	}
}

// registrable returns the part of a host that its owner registered, by the
// public suffix list with its private part: "a.github.io" is not "b.github.io".
// It is empty for IP addresses, single labels and suffixes themselves.
func registrable(host string) string {
	if net.ParseIP(host) != nil {
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
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == s.domain || host == s.host {
		return true
	}
	return strings.HasSuffix(host, "."+s.domain) && registrable(host) == s.domain
}

// sameHost reports whether u is on the page's own host, "www." or not.
func (s *site) sameHost(u *url.URL) bool {
	return strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), "www.") == s.host
}

// SameSite reports whether two addresses have the same registrable domain, or,
// where there is none (IP addresses, "localhost"), the same host and port.
func SameSite(a, b *url.URL) bool {
	s := siteOf(a)
	return s.has(b)
}

// key is the canonical form further reduced to what makes two links on one page
// the same: without scheme, "www." and a final slash.
func key(u *url.URL) string {
	_, rest, _ := strings.Cut(Canonical(u), "://")
	rest = strings.TrimPrefix(rest, "www.")
	path, query, found := strings.Cut(rest, "?")
	path = strings.TrimSuffix(path, "/")
	if found {
		return path + "?" + query
	}
	return path
}

// candidate is a link of the site that is worth a look.
type candidate struct {
	link  Link
	url   *url.URL
	key   string
	order int
}

// candidates are the page's links on its own site, cleaned, without those to itself and
// without traps, except for reasons that tolerated accepts.
func candidates(p *Page, tolerated ...string) []candidate {
	if p.NoFollow {
		return nil
	}
	base := p.URL
	if base == nil {
		base = p.Base
	}
	if base == nil {
		return nil
	}
	s := siteOf(base)
	var out []candidate
	for i, l := range p.Links {
		u, err := url.Parse(l.URL)
		if err != nil || !s.has(u) {
			continue
		}
		l.URL = Clean(u)
		if u, err = url.Parse(l.URL); err != nil {
			continue
		}
		if reason, is := Trap(u); is && !slices.Contains(tolerated, reason) {
			continue
		}
		k := key(u)
		if k == s.self {
			continue
		}
		if !s.sameHost(u) {
			l.Score -= otherHost
		}
		out = append(out, candidate{link: l, url: u, key: k, order: i})
	}
	return out
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
