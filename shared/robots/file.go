// Package robots reads and applies the Robots Exclusion Protocol of RFC 9309,
// and the robots directives of HTTP headers and HTML pages.
//
// It is pure: bytes in, decisions out. Who fetches /robots.txt, how redirects
// and errors are treated (RFC 9309 §2.3) and how long an answer is kept (§2.4)
// is the caller's business; [AllowAll] and [DisallowAll] are the answers for a
// file that is unavailable (4xx) or unreachable (5xx, no connection).
package robots

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// MaxBytes is how much of a robots.txt is read: the smallest limit RFC 9309
// §2.5 permits, 500 KiB.
const MaxBytes = 500 * 1024

// File is a parsed robots.txt. It is immutable after [Parse] and safe for
// concurrent use.
type File struct {
	groups   []group
	sitemaps []string
}

// group is one or more user-agent lines and what follows them (RFC 9309 §2.1).
type group struct {
	agents   []string // product tokens in lower case, or "*"
	rules    []pattern
	delay    time.Duration
	hasDelay bool
}

// everyone is the product token that stands for all crawlers not named.
const everyone = "*"

// AllowAll is the File of a site without restrictions, as for a robots.txt
// that is unavailable (RFC 9309 §2.3.1.3).
func AllowAll() *File { return &File{} }

// DisallowAll is the File of a site that forbids everything, as for a
// robots.txt that is unreachable (RFC 9309 §2.3.1.4).
func DisallowAll() *File {
	return &File{groups: []group{{
		agents: []string{everyone},
		rules:  []pattern{{text: "/"}},
	}}}
}

// Sitemaps returns the values of the file's Sitemap lines, in order and
// without duplicates, as written: they belong to no group, may point to other
// hosts, and are not checked to be URLs.
func (f *File) Sitemaps() []string { return slices.Clone(f.sitemaps) }

// Agent returns the rules for a crawler with this product token (RFC 9309
// §2.2.1): those of all groups that name it, compared without regard to case,
// merged; if there are none, those of all groups for "*"; else no rules, which
// allows everything. Anything in product from the first octet that cannot be
// part of a token, such as a version, is ignored.
func (f *File) Agent(product string) *Rules {
	r := &Rules{}
	for _, g := range f.applicable(product) {
		for _, p := range g.rules {
			r.rules = append(r.rules, compile(p))
		}
		if g.hasDelay {
			r.delay, r.hasDelay = max(r.delay, g.delay), true
		}
	}
	// The first match is then the longest, and Allow comes first in a tie.
	slices.SortStableFunc(r.rules, func(a, b rule) int {
		if d := cmp.Compare(b.octets, a.octets); d != 0 {
			return d
		}
		switch {
		case a.allow == b.allow:
			return strings.Compare(a.text, b.text)
		case a.allow:
			return -1
		default:
			return 1
		}
	})
	r.rules = slices.CompactFunc(r.rules, func(a, b rule) bool { return a.text == b.text && a.allow == b.allow })
	return r
}

// Only returns a File with nothing but what one product token needs: its
// rules, its delay and the sitemaps. Its Agent answers for that token are those
// of f; it is what to store when only one crawler will ever ask.
func (f *File) Only(product string) *File {
	out := &File{sitemaps: f.sitemaps}
	one := group{agents: []string{everyone}}
	for _, g := range f.applicable(product) {
		one.rules = append(one.rules, g.rules...)
		if g.hasDelay {
			one.delay, one.hasDelay = max(one.delay, g.delay), true
		}
	}
	if len(one.rules) > 0 || one.hasDelay {
		out.groups = []group{one}
	}
	return out
}

// applicable selects the groups that product must obey.
func (f *File) applicable(product string) []group {
	token := productToken(product)
	if found := f.naming(token); len(found) > 0 || token == everyone {
		return found
	}
	return f.naming(everyone)
}

func (f *File) naming(token string) []group {
	var found []group
	for _, g := range f.groups {
		if token != "" && slices.Contains(g.agents, token) {
			found = append(found, g)
		}
	}
	return found
}

// productToken cuts a user-agent value down to its product token in lower
// case. The RFC's identifier has letters, hyphen and underscore; digits are
// taken too, since real tokens have them and "bot2" must not be read as "bot".
func productToken(s string) string {
	s = strings.TrimLeft(s, " \t")
	if strings.HasPrefix(s, everyone) {
		return everyone
	}
	end := 0
	for end < len(s) && isTokenOctet(s[end]) {
		end++
	}
	return strings.ToLower(s[:end])
}

func isTokenOctet(c byte) bool {
	return c == '-' || c == '_' || isAlnum(c)
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
