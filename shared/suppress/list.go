package suppress

import (
	"strings"

	"golang.org/x/net/idna"
)

// List answers whether a host or an address is suppressed. It is immutable and
// safe for concurrent use; a nil List suppresses nothing.
type List struct {
	domains   map[string]struct{}
	addresses map[string]struct{}
	locals    map[string]struct{} // local@*
	exact     map[string]struct{} // *@domain, without its subdomains
	globs     []glob
	size      int
}

// glob is any other pattern.
type glob struct{ local, domain string }

// NewList builds a list of normalised entries (as ParseEntry returns them).
func NewList(entries ...Entry) *List {
	l := &List{
		domains: map[string]struct{}{}, addresses: map[string]struct{}{},
		locals: map[string]struct{}{}, exact: map[string]struct{}{},
	}
	for _, e := range entries {
		l.add(e)
	}
	return l
}

func (l *List) add(e Entry) {
	l.size++
	switch e.Kind {
	case Domain:
		l.domains[e.Value] = struct{}{}
	case Address:
		l.addresses[e.Value] = struct{}{}
	case Pattern:
		local, domain := split(e.Value)
		switch {
		case domain == "*" && !strings.Contains(local, "*"):
			l.locals[local] = struct{}{}
		case local == "*" && !strings.Contains(domain, "*"):
			l.exact[domain] = struct{}{}
		default:
			l.globs = append(l.globs, glob{local, domain})
		}
	}
}

// Len is the number of entries.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return l.size
}

// Host reports whether a host, or a domain it belongs to, is suppressed.
func (l *List) Host(host string) bool {
	if l == nil || len(l.domains) == 0 {
		return false
	}
	host = strings.Trim(strings.ToLower(host), ".")
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	for {
		if _, ok := l.domains[host]; ok {
			return true
		}
		_, parent, ok := strings.Cut(host, ".")
		if !ok {
			return false
		}
		host = parent
	}
}

// Address reports whether an address is suppressed: itself, by its domain or by a pattern.
func (l *List) Address(email string) bool {
	if l == nil || l.size == 0 {
		return false
	}
	local, domain := split(strings.ToLower(email))
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	}
	if _, ok := l.addresses[local+"@"+domain]; ok {
		return true
	}
	if _, ok := l.locals[local]; ok {
		return true
	}
	if _, ok := l.exact[domain]; ok {
		return true
	}
	for _, g := range l.globs {
		if match(g.local, local) && match(g.domain, domain) {
			return true
		}
	}
	return l.Host(domain)
}

func split(email string) (local, domain string) {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return "", email
	}
	return email[:at], email[at+1:]
}

// match reports whether text matches a pattern in which * stands for any
// characters, also none. The pieces between stars are taken at their first
// occurrence, which suffices, so the time is linear for a pattern of few stars.
func match(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, head)
	if !ok {
		return false
	}
	pieces := strings.Split(rest, "*")
	for _, piece := range pieces[:len(pieces)-1] {
		i := strings.Index(text, piece)
		if i < 0 {
			return false
		}
		text = text[i+len(piece):]
	}
	return strings.HasSuffix(text, pieces[len(pieces)-1])
}
