package extract

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// Lengths by RFC 5321, section 4.5.3.1, in bytes. A path is at most 256 bytes
// with its angle brackets, which leaves 254 for the address.
const (
	maxLocal   = 64
	maxDomain  = 253 // 255 on the wire, RFC 1035
	maxAddress = 254
	maxLabel   = 63
)

// Errors of Validate. Each is wrapped with the address it is about.
var (
	ErrNoAt        = errors.New("no @ between a local part and a domain")
	ErrLocalPart   = errors.New("local part is not valid (RFC 5321, section 4.1.2)")
	ErrDomain      = errors.New("domain is not a valid host name")
	ErrSuffix      = errors.New("domain does not end in a registrable public suffix")
	ErrTooLong     = errors.New("address is too long (RFC 5321, section 4.5.3.1)")
	ErrControlByte = errors.New("address holds a control character or is not UTF-8")
)

// Validate parses one address as people write it in lists (white space around
// it, a mailto: before it, angle brackets and a display name are accepted) and
// returns its normalised form: lower case, the domain as A-labels, the local
// part unquoted where quotes are not needed. The error wraps one of the Err
// values of this package.
func Validate(address string) (normalised string, err error) {
	a := strings.TrimSpace(address)
	if open := strings.LastIndexByte(a, '<'); open >= 0 && strings.HasSuffix(a, ">") {
		a = strings.TrimSpace(a[open+1 : len(a)-1])
	}
	if len(a) > 7 && strings.EqualFold(a[:7], "mailto:") {
		a = a[7:]
	}
	if len(a) > maxAddress*4 {
		return "", fmt.Errorf("validate: %w", ErrTooLong)
	}
	at := strings.LastIndexByte(a, '@')
	if at <= 0 || at == len(a)-1 {
		return "", fmt.Errorf("validate %q: %w", a, ErrNoAt)
	}
	normalised, err = normalise(a[:at], a[at+1:])
	if err != nil {
		return "", fmt.Errorf("validate %q: %w", a, err)
	}
	return normalised, nil
}

// normalise checks both halves of an address and joins their normal forms.
// Its errors are the bare sentinels: it is called for every candidate.
func normalise(local, domain string) (string, error) {
	l, err := normaliseLocal(local)
	if err != nil {
		return "", err
	}
	d, err := normaliseDomain(domain)
	if err != nil {
		return "", err
	}
	if len(l)+1+len(d) > maxAddress {
		return "", ErrTooLong
	}
	return l + "@" + d, nil
}

// normaliseLocal accepts a dot-atom or a quoted string, with the UTF-8 of
// RFC 6531, and returns it in lower case. Case is formally significant, but no
// provider of any size tells cases apart, and lists must not hold one mailbox
// twice.
func normaliseLocal(local string) (string, error) {
	if len(local) >= 2 && local[0] == '"' && local[len(local)-1] == '"' {
		content, err := unquoteLocal(local[1 : len(local)-1])
		if err != nil {
			return "", err
		}
		local = content
		if dotAtom(local) != nil {
			return quoteLocal(strings.ToLower(local))
		}
	}
	if err := dotAtom(local); err != nil {
		return "", err
	}
	l := lower(local)
	if len(l) > maxLocal {
		return "", ErrTooLong
	}
	return l, nil
}

// lower returns s in lower case and NFC, without allocating for plain ASCII
// that is lower case already.
func lower(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	return norm.NFC.String(strings.ToLower(norm.NFC.String(s)))
}

func unquoteLocal(q string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(q); i++ {
		c := q[i]
		switch c {
		case '\\':
			i++
			if i == len(q) {
				return "", ErrLocalPart
			}
			c = q[i]
		case '"':
			return "", ErrLocalPart
		}
		if c < ' ' || c == 0x7f {
			return "", ErrControlByte
		}
		b.WriteByte(c)
	}
	if b.Len() == 0 || !utf8.ValidString(b.String()) {
		return "", ErrLocalPart
	}
	return b.String(), nil
}

func quoteLocal(s string) (string, error) {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	if b.Len() > maxLocal {
		return "", ErrTooLong
	}
	return b.String(), nil
}

// dotAtom checks RFC 5321's Dot-string with the UTF-8 of RFC 6531.
func dotAtom(s string) error {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' {
		return ErrLocalPart
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.':
			if s[i-1] == '.' {
				return ErrLocalPart
			}
		case c >= utf8.RuneSelf:
			r, w := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && w == 1 {
				return ErrControlByte
			}
			if !letterRune(r) {
				return ErrLocalPart
			}
			i += w - 1
		case class[c]&isAtext == 0:
			return ErrLocalPart
		}
	}
	return nil
}

// letterRune reports whether a rune beyond ASCII may stand in a local part or
// a domain: letters, marks and digits of any script.
func letterRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)
}

// normaliseDomain checks that domain is a host name with a registrable name
// under a suffix of the ICANN section of the public suffix list and returns
// it in lower case, internationalised labels as A-labels.
func normaliseDomain(domain string) (string, error) {
	domain = strings.TrimSuffix(domain, ".")
	if len(domain) > maxDomain*3 {
		return "", ErrTooLong
	}
	d := domain
	plain := true
	for i := 0; i < len(d); i++ {
		if d[i] >= utf8.RuneSelf || d[i] == '-' && i+1 < len(d) && d[i+1] == '-' {
			plain = false
			break
		}
	}
	if plain {
		d = strings.ToLower(d)
	} else {
		ascii, err := idna.Lookup.ToASCII(norm.NFC.String(strings.ToLower(d)))
		if err != nil {
			return "", ErrDomain
		}
		d = ascii
	}
	if len(d) > maxDomain {
		return "", ErrTooLong
	}
	if !hostName(d) {
		return "", ErrDomain
	}
	suffix := icannSuffix(d)
	if suffix == "" || len(suffix) >= len(d) {
		return "", ErrSuffix
	}
	return d, nil
}

// hostName checks letters, digits and hyphens, label lengths (RFC 1123,
// section 2.1) and that there are two labels at least.
func hostName(d string) bool {
	start, dots := 0, 0
	for i := 0; i <= len(d); i++ {
		if i < len(d) && d[i] != '.' {
			if class[d[i]]&isHost == 0 {
				return false
			}
			continue
		}
		n := i - start
		if n == 0 || n > maxLabel || d[start] == '-' || d[i-1] == '-' {
			return false
		}
		if i < len(d) {
			dots++
			start = i + 1
		}
	}
	return dots > 0
}

// icannSuffix returns the public suffix of d by the ICANN section alone, or
// the empty string when its top level domain is not in the root zone.
func icannSuffix(d string) string {
	for {
		suffix, icann := publicsuffix.PublicSuffix(d)
		if icann {
			return suffix
		}
		dot := strings.IndexByte(suffix, '.')
		if dot < 0 {
			return ""
		}
		d = suffix[dot+1:]
	}
}

// registrable returns the registrable domain of a host: what one registrant
// holds, with the private section of the list taken into account, so that two
// customers of one hosting service are not the same site.
func registrable(host string) string {
	r, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return r
}
