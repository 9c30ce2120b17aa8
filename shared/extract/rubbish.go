package extract

import (
	"bytes"
	"strings"
)

// rubbish reports whether a candidate with a valid domain is one of the many
// things that are written like an address: assets, versions, keys, remotes.
func rubbish(c *candidate, p place) bool {
	d := c.domain
	if len(c.local) == 1 && len(d) > 1 && d[1] == '.' {
		return true // "a@b.co": a variable, a sample
	}
	if reserved(d) || keyword(c) || version(c.local) {
		return true
	}
	if asset(d) || len(d) <= len("12.pm") && clock(d) || bytes.EqualFold(c.local, []byte("git")) || bytes.EqualFold(c.local, []byte("hg")) {
		return true
	}
	if p >= inScript && len(d) > 1 && d[1] == '.' && singleLetters(c.local) {
		return true // "a.b@c.me": members of variables
	}
	if p == inKey || stateKey(c, p) || p <= inScript && fileSuffix(d) {
		return true
	}
	return hexKey(c.local)
}

// singleLetters reports whether a local part is letters with dots between them.
func singleLetters(local []byte) bool {
	for i, ch := range local {
		if i%2 == 1 != (ch == '.') {
			return false
		}
	}
	return true
}

// asset recognises retina assets, "logo@2x.ai", "icon@1.5x.ps".
func asset(d []byte) bool {
	i := 0
	for i < len(d) && (class[d[i]]&isDigit != 0 || d[i] == '.') {
		i++
	}
	if i == 0 || i >= len(d) {
		return false
	}
	return d[i]|0x20 == 'x' && (i+1 == len(d) || d[i+1] == '.' || d[i+1] == '-') && i <= 3
}

// clock recognises the time of day, "doors@7.pm".
func clock(d []byte) bool {
	i := 0
	for i < len(d) && class[d[i]]&isDigit != 0 {
		i++
	}
	return i > 0 && i <= 2 && (bytes.EqualFold(d[i:], []byte(".pm")) || bytes.EqualFold(d[i:], []byte(".am")))
}

// reserved recognises suffixes of the public list under which there is no
// mail of the Internet (RFC 7686, RFC 8375).
func reserved(d []byte) bool { return foldSuffix(d, ".onion") || foldSuffix(d, ".arpa") }

// keyword recognises the labels of Kotlin: "this@MainActivity.name".
func keyword(c *candidate) bool {
	switch string(c.local) {
	case "this", "super", "return", "break", "continue":
		first, _, _ := bytes.Cut(c.domain, []byte{'.'})
		return hasUpper(first)
	}
	return false
}

// version recognises numbers of versions: "1.0".
func version(local []byte) bool {
	if class[local[0]]&isDigit == 0 || bytes.IndexByte(local, '.') < 0 {
		return false
	}
	for _, ch := range local {
		if class[ch]&isDigit == 0 && ch != '.' {
			return false
		}
	}
	return true
}

// fileSuffix recognises the two top level domains that are file extensions
// first of all.
func fileSuffix(d []byte) bool {
	return foldSuffix(d, ".zip") || foldSuffix(d, ".mov")
}

// stateKey recognises paths into caches and stores, such as Apollo's
// "ROOT_QUERY.page.content@filterEmpty.0.link": a label that is a short
// number, or a GraphQL directive where the domain should be.
func stateKey(c *candidate, p place) bool {
	first, rest, _ := bytes.Cut(c.domain, []byte{'.'})
	for len(rest) > 0 {
		var l []byte
		l, rest, _ = bytes.Cut(rest, []byte{'.'})
		if len(l) <= 3 && allDigits(l) {
			return true
		}
	}
	if p < inScript {
		return false
	}
	for i := 1; i < len(first); i++ {
		if isLower(first[i-1]) && isUpper(first[i]) && (p == inKey || hasUpper(c.local) || bytes.IndexByte(c.local, '.') >= 0) {
			return true
		}
	}
	switch string(first) {
	case "include", "skip", "connection", "client", "rest", "export", "defer", "stream", "type", "filter", "computed", "arguments":
		return p == inKey || bytes.IndexByte(c.local, '.') >= 0 || bytes.IndexByte(c.local, '_') >= 0
	}
	return false
}

func allDigits(b []byte) bool {
	for _, ch := range b {
		if class[ch]&isDigit == 0 {
			return false
		}
	}
	return len(b) > 0
}

// hexKey recognises keys and identifiers as local parts: 16 hexadecimal
// digits and more, with or without the hyphens of a UUID.
// So are long ones behind a word: "u_" and the 32 digits of a digest.
func hexKey(local []byte) bool {
	if len(local) < 16 {
		return false
	}
	digits, letters, whole := 0, 0, true
	for _, ch := range local {
		switch {
		case class[ch]&isDigit != 0:
			digits++
		case class[ch]&isHex != 0:
			letters++
		case ch != '-':
			if digits+letters >= 24 && digits >= 6 && letters >= 2 {
				return true
			}
			digits, letters, whole = 0, 0, false
		}
	}
	if whole {
		return digits >= 4 && letters >= 1
	}
	return digits+letters >= 24 && digits >= 6 && letters >= 2
}

// generated reports whether a local part looks like the work of a program:
// long, with letters and digits that alternate often.
func generated(local []byte) bool {
	if len(local) < 20 {
		return false
	}
	digits, changes := 0, 0
	for i, ch := range local {
		digit := class[ch]&isDigit != 0
		if digit {
			digits++
		}
		if i > 0 && digit != (class[local[i-1]]&isDigit != 0) {
			changes++
		}
	}
	return digits*4 >= len(local) || changes >= 6
}

// unwanted reports whether an address in normal form is a sample, or a key or
// a handle of a service.
func (s *sink) unwanted(email string) bool {
	at := strings.LastIndexByte(email, '@')
	local, domain := email[:at], email[at+1:]
	f := s.facts(domain)
	if f.is&isSampleHost != 0 || f.is&isNoise != 0 && !roleLocal(local) || in(samplePatterns(), local) || yourOwn(local, sampleYourLocals()) {
		return true
	}
	first, _, _ := strings.Cut(domain, ".")
	return (f.is&isSampleName != 0 || local == first) && sampleLocal(local) || oneLetter(local) && oneLetter(first)
}

// oneLetter reports whether a word is one letter over and over: "xxx".
func oneLetter(word string) bool {
	return len(word) > 1 && strings.Count(word, word[:1]) == len(word)
}

// What is known about a domain.
const (
	isNoise      = 1 << iota // keys and handles live there
	isSampleHost             // no real address does
	isSampleName             // samples do
	isDisposable
	isFree
)

// domainFacts remembers what the lists say about a domain.
type domainFacts struct {
	domain string
	is     uint8
}

// facts looks a domain in normal form up in all lists. The addresses of a
// page mostly share one, so that the last few are kept.
func (s *sink) facts(domain string) *domainFacts {
	f := &s.work.facts[(len(domain)+int(domain[0])+int(domain[len(domain)/2]))&7]
	if f.domain == domain {
		return f
	}
	f.domain, f.is = domain, 0
	first, _, _ := strings.Cut(domain, ".")
	for _, list := range [...]struct {
		bit uint8
		has bool
	}{
		{isNoise, inDomains(noise(), domain)},
		{isSampleHost, inDomains(sampleHosts(), domain) || in(sampleAny(), first) || yourOwn(first, sampleYourHosts())},
		{isSampleName, in(sampleNames(), first)},
		{isDisposable, inDomains(disposable(), domain)},
		{isFree, in(freeMail(), domain)},
	} {
		if list.has {
			f.is |= list.bit
		}
	}
	return f
}

// sampleLocal reports whether a local part is one of the samples or made of
// nothing but their words: "ihr.name", "your-email-address".
func sampleLocal(local string) bool {
	local = strings.TrimRight(local, "0123456789") // "user1"
	if in(sampleLocals(), local) {
		return true
	}
	for word := range strings.FieldsFuncSeq(local, func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		if !in(sampleLocals(), word) {
			return false
		}
	}
	return true
}
