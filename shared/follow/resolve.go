package follow

import (
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// resolver makes a page's links absolute. Most links need no parsing for
// that, only putting together; whatever is not plain takes the long way.
type resolver struct {
	base   *url.URL
	origin string // scheme://host, or "" if the base is odd
	dir    string // origin and path up to the last slash
}

func newResolver(base *url.URL) resolver {
	r := resolver{base: base}
	if (base.Scheme == "http" || base.Scheme == "https") && base.Host != "" && base.User == nil && isPlainHost(base.Host) {
		r.origin = base.Scheme + "://" + base.Host
		path := base.EscapedPath()
		r.dir = r.origin + path[:strings.LastIndexByte(path, '/')+1]
		if !strings.HasPrefix(path, "/") {
			r.dir = r.origin + "/"
		}
	}
	return r
}

// absolute resolves a link. ok is false for what cannot be visited: other
// schemes, fragments of the same page, nonsense.
func (r *resolver) absolute(href string) (target string, ok bool) {
	href = strings.Trim(href, " \t\r\n\f")
	if i := strings.IndexByte(href, '#'); i >= 0 {
		href = href[:i]
	}
	if href == "" || len(href) > maxURL {
		return "", false
	}
	if r.origin != "" && isPlain(href) {
		switch rooted := href[0] == '/'; {
		case rooted && (len(href) == 1 || href[1] != '/'):
			return r.origin + href, true
		case !rooted && isLetterOrDigit(href[0]) && !hasScheme(href):
			return r.dir + href, true
		}
		if target, ok := plainAbsolute(href); ok {
			return target, true
		}
	}
	if hasScheme(href) && !isWeb(href) {
		return "", false
	}
	u, ok := r.parse(href)
	if !ok {
		return "", false
	}
	if target = u.String(); len(target) > maxURL {
		return "", false
	}
	return target, true
}

// parse resolves a link the long way, with the leniency of browsers towards
// blanks, backslashes and stray percent signs.
func (r *resolver) parse(href string) (*url.URL, bool) {
	href = strings.Trim(href, " \t\r\n\f")
	u, err := url.Parse(mended(href))
	if err != nil {
		return nil, false
	}
	u = r.base.ResolveReference(u)
	u.Fragment, u.RawFragment, u.User = "", "", nil
	u.Scheme = strings.ToLower(u.Scheme)
	if u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(href) > maxURL {
		return nil, false
	}
	if u.Host = strings.ToLower(u.Host); !isPlainHost(u.Host) {
		host, err := idna.Lookup.ToASCII(u.Hostname())
		if err != nil || host == "" {
			return nil, false
		}
		if port := u.Port(); port != "" {
			host += ":" + port
		}
		u.Host = host
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, true
}

// mended writes a link as url.Parse wants it.
func mended(s string) string {
	if isPlain(s) {
		return s
	}
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, len(s)+16)
	query := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\t' || c == '\n' || c == '\r':
		case c == '\\' && !query:
			out = append(out, '/')
		case c == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])):
			out = append(out, "%25"...)
		case c <= ' ' || c == 0x7f || c == '"' || c == '<' || c == '>' || c == '`' || c == '{' || c == '}' || c == '|' || c == '^' || c == '\\':
			out = append(out, '%', digits[c>>4], digits[c&15])
		case c >= 0x80 && query:
			out = append(out, '%', digits[c>>4], digits[c&15])
		default:
			query = query || c == '?'
			out = append(out, c)
		}
	}
	return string(out)
}

// plainAbsolute takes over a plain "https://host/path" as it is.
func plainAbsolute(href string) (string, bool) {
	rest, ok := strings.CutPrefix(href, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(href, "http://"); !ok {
			return "", false
		}
	}
	end := strings.IndexAny(rest, "/?")
	host := rest
	if end >= 0 {
		host = rest[:end]
	}
	switch {
	case host == "" || !isPlainHost(host):
		return "", false
	case end < 0:
		return href + "/", true
	}
	return href, rest[end] == '/'
}

// isPlain reports whether a link can be used as it is: no octet that would have
// to be escaped, no dot segments, no stray percent sign.
func isPlain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if i == 0 || s[i-1] == '/' {
				return false
			}
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
		case !plainOctets[c]:
			return false
		}
	}
	return true
}

// plainOctets stand for themselves in paths and queries.
var plainOctets = func() (table [256]bool) {
	for c := range 128 {
		table[c] = isAlnum(byte(c))
	}
	for _, c := range "/-_?&=+~,:;@!$'()*" {
		table[c] = true
	}
	return table
}()

// isPlainHost reports whether host, with or without a port, is in lower case
// ASCII and needs no conversion.
func isPlainHost(host string) bool {
	for i := range len(host) {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return host != ""
}

// hasScheme reports whether a link begins like "mailto:".
func hasScheme(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == ':':
			return i > 0
		case isLetter(c), i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return false
}

func isWeb(s string) bool {
	scheme, _, _ := strings.Cut(s, ":")
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

func isLetterOrDigit(c byte) bool { return isAlnum(c) }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
