package robots

import "strings"

// pattern is a rule as it is kept and stored: its path in canonical form, with
// '*' and a final '$' as the only octets that have a meaning of their own.
type pattern struct {
	text  string
	allow bool
}

func newPattern(path string, allow bool) pattern {
	end := strings.HasSuffix(path, "$")
	text := canonical(strings.TrimSuffix(path, "$"), true)
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	if end {
		text += "$"
	}
	return pattern{text: text, allow: allow}
}

// canonical brings a path and query into the one form that is compared octet
// by octet (RFC 9309 §2.2.2). Percent-encoded unreserved octets (RFC 3986
// §2.3) are decoded; octets outside ASCII and reserved ones are encoded, with
// upper-case digits.
//
// What gives a URL its structure is left alone, as in the RFC's own table:
// '/', '?', '=' and '&' stay, and differ from %2F, %3F, %3D and %26. Only
// within a query do '/' and '?' mean the same encoded or not, and become plain.
//
// In a rule (asRule) '*' stays as the wildcard; in a URL it is an octet like
// any other and becomes %2A, and '$' is %24 in both, so that a rule can name
// them (§2.2.3). A fragment in a URL is dropped.
func canonical(s string, asRule bool) string {
	if isCanonical(s, asRule) {
		return s
	}
	out := make([]byte, 0, len(s)+16)
	query := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		encoded := false
		if c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			c, encoded = unhex(s[i+1])<<4|unhex(s[i+2]), true
			i += 2
		}
		switch {
		case isUnreserved(c):
			out = append(out, c)
		case encoded && (!query || c != '/' && c != '?'):
			out = appendEncoded(out, c)
		case c == '/' || c == '=' || c == '&':
			out = append(out, c)
		case c == '?':
			out = append(out, c)
			query = true
		case c == '*' && asRule:
			out = append(out, c)
		case c == '#' && !asRule:
			return string(out)
		default:
			out = appendEncoded(out, c)
		}
	}
	return string(out)
}

// isCanonical reports whether canonical would return s as it is: the common
// case, worth no allocation.
func isCanonical(s string, asRule bool) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case isUnreserved(c), c == '/', c == '?', c == '=', c == '&', c == '*' && asRule:
		default:
			return false
		}
	}
	return true
}

// packed is a canonical text with each percent-encoding as one octet, so that
// no wildcard ends within one: "/*0" must not match "/%20". The octet is the
// encoded one, except for the four that also occur plain; those take the place of
// control characters, which take two octets.
func packed(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
			switch {
			case c == '/':
				c = packedSlash
			case c == '?':
				c = packedQuery
			case c == '=':
				c = packedEqual
			case c == '&':
				c = packedAnd
			case c <= packedAnd:
				out = append(out, 0)
			}
		}
		out = append(out, c)
	}
	return string(out)
}

const (
	packedSlash = iota + 1
	packedQuery
	packedEqual
	packedAnd
)

func appendEncoded(out []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(out, '%', digits[c>>4], digits[c&15])
}

func isUnreserved(c byte) bool {
	return isAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
