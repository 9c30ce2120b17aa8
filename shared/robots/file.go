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
	agents []agent
	rules  []pattern
}

// agent is a crawler that a group is for. The delay is the agent's and not the
// group's: between user-agent lines it is meant for those above it, although
// such a line doesn't part them into groups.
type agent struct {
	token    string // in lower case, or "*"
	delay    time.Duration
	hasDelay bool
}

// slow raises the agent's delay.
func (a *agent) slow(delay time.Duration) {
	a.delay, a.hasDelay = max(a.delay, delay), true
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
		agents: []agent{{token: everyone}},
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
	as, patterns := f.applicable(product)
	r := &Rules{delay: as.delay, hasDelay: as.hasDelay}
	for _, p := range patterns {
		r.rules = append(r.rules, compile(p))
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
	as, patterns := f.applicable(product)
	if len(patterns) > 0 || as.hasDelay {
		as.token = everyone
		out.groups = []group{{agents: []agent{as}, rules: patterns}}
	}
	return out
}

// applicable merges the groups that product must obey.
func (f *File) applicable(product string) (as agent, patterns []pattern) {
	token := productToken(product)
	if token == "" || !f.names(token) {
		token = everyone
	}
	for _, g := range f.groups {
		i := g.find(token)
		if i < 0 {
			continue
		}
		patterns = append(patterns, g.rules...)
		if a := g.agents[i]; a.hasDelay {
			as.slow(a.delay)
		}
	}
	return as, patterns
}

func (f *File) names(token string) bool {
	return slices.ContainsFunc(f.groups, func(g group) bool { return g.find(token) >= 0 })
}

// find returns the place of an agent in the group, or -1.
func (g *group) find(token string) int {
	return slices.IndexFunc(g.agents, func(a agent) bool { return a.token == token })
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
