package follow

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Canonical returns the form of an address by which pages of one site are told
// apart: two addresses with the same form need only one visit.
//
// Scheme and host are in lower case, the host in ASCII (IDNA) and without a final
// dot, the scheme's own port, user information and fragment are gone;
// percent-encoding is normalised and dot segments are resolved (RFC 3986 §6.2.2);
// an empty path is "/"; session ids and tracking parameters are removed, and so
// is an empty query. Parameters are sorted by name, those of one name staying in
// their order: which comes first means nothing to almost every server, and sites link
// to one page in several orders. As some server may care, visit [Clean]
// addresses and compare canonical ones.
func Canonical(u *url.URL) string { return normal(u, true) }

// Clean is [Canonical] with the parameters in their own order: the address to visit.
func Clean(u *url.URL) string { return normal(u, false) }

func normal(u *url.URL, sorted bool) string {
	scheme := strings.ToLower(u.Scheme)
	var b strings.Builder
	b.Grow(len(u.Path) + len(u.RawQuery) + len(u.Host) + 16)
	b.WriteString(scheme)
	b.WriteString("://")
	b.WriteString(canonicalHost(scheme, u))
	b.WriteString(canonicalPath(u.EscapedPath()))
	if q := canonicalQuery(u.RawQuery, sorted); q != "" {
		b.WriteByte('?')
		b.WriteString(q)
	}
	return b.String()
}

func canonicalHost(scheme string, u *url.URL) string {
	host := asciiHost(u)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	port := u.Port()
	if port == "" || scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		return host
	}
	return host + ":" + port
}

// asciiHost returns the host without its port, in lower case and ASCII (RFC
// 5891), without a final dot.
func asciiHost(u *url.URL) string {
	host := strings.TrimRight(strings.ToLower(u.Hostname()), ".")
	if !isPlainHost(host) {
		if ascii, err := idna.Lookup.ToASCII(host); err == nil {
			return ascii
		}
	}
	return host
}

func canonicalPath(path string) string {
	if path == "" || path == "/" {
		return "/"
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	path = normalEncoding(path)
	if strings.Contains(path, ";") || strings.Contains(path, "(") {
		path = withoutSession(path)
	}
	if strings.Contains(path, "/.") {
		path = withoutDots(path)
	}
	return path
}

// withoutSession removes ";jsessionid=…" parameters and ASP.NET's "/(S(…))" segments.
func withoutSession(path string) string {
	segments := strings.Split(path, "/")
	kept := segments[:0]
	for _, s := range segments {
		if isCookieless(s) {
			continue
		}
		name, rest, _ := strings.Cut(s, ";")
		for param := range strings.SplitSeq(rest, ";") {
			key, value, _ := strings.Cut(param, "=")
			if param != "" && !isSessionParam(strings.ToLower(key), value) {
				name += ";" + param
			}
		}
		kept = append(kept, name)
	}
	if out := strings.Join(kept, "/"); out != "" {
		return out
	}
	return "/"
}

// isCookieless recognises the segment in which ASP.NET keeps a session, "(S(…))",
// alone or with the others of its kind, "(A(…)S(…)F(…))".
func isCookieless(segment string) bool {
	return len(segment) > 6 && strings.HasPrefix(segment, "(") && strings.HasSuffix(segment, "))") &&
		strings.IndexByte("ASFasf", segment[1]) >= 0 && segment[2] == '('
}

// withoutDots resolves "." and ".." segments (RFC 3986 §5.2.4).
func withoutDots(path string) string {
	segments := strings.Split(path[1:], "/")
	kept := segments[:0]
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".", "..":
			if s == ".." && len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, s)
		}
	}
	return "/" + strings.Join(kept, "/")
}

func canonicalQuery(query string, sorted bool) string {
	if query == "" {
		return ""
	}
	var params []string
	for param := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(param, "=")
		if name := strings.ToLower(key); param == "" || isTrackingParam(name) || isSessionParam(name, value) {
			continue
		}
		params = append(params, normalEncoding(param))
	}
	if sorted {
		slices.SortStableFunc(params, func(a, b string) int {
			x, _, _ := strings.Cut(a, "=")
			y, _, _ := strings.Cut(b, "=")
			return strings.Compare(x, y)
		})
	}
	return strings.Join(params, "&")
}

// normalEncoding decodes percent-encoded unreserved octets, writes the other
// encodings in upper case, and encodes what should have been.
func normalEncoding(s string) string {
	if strings.IndexByte(s, '%') < 0 && isPlain(s) {
		return s
	}
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
			if isAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~' {
				out = append(out, c)
			} else {
				out = append(out, '%', digits[c>>4], digits[c&15])
			}
			continue
		}
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>\^`+"`{|}%", c) >= 0 {
			out = append(out, '%', digits[c>>4], digits[c&15])
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
