package job

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// MaxURL is the longest URL taken, in bytes.
const MaxURL = 2048

// Reasons why a line is no usable URL. Their texts are shown to people.
var (
	errEmpty    = errors.New("is empty")
	errLong     = errors.New("is longer than 2048 bytes")
	errScheme   = errors.New("is neither http nor https")
	errNoHost   = errors.New("names no host")
	errHost     = errors.New("host name is not valid")
	errUserinfo = errors.New("contains a user name or password")
	errPort     = errors.New("port is not between 1 and 65535")
	errSyntax   = errors.New("is not a web address")
	errNoDot    = errors.New("host name has no dot")
	errMail     = errors.New("is an e-mail address, not a web address")
)

// ParseTarget reads one line of a list: an http or https URL, or a bare host
// with or without a path, for which https is supposed. The URL is normalised
// (RFC 3986 section 6.2: case, default port, empty path, dot segments; host in
// ASCII per UTS 46; fragment dropped), so that two lines naming the same page
// compare equal. The error's text completes a sentence about the line.
func ParseTarget(line string) (Target, error) {
	line = trimLine(line)
	switch {
	case line == "":
		return Target{}, errEmpty
	case len(line) > MaxURL:
		return Target{}, errLong
	}
	if t, ok := parsePlain(line); ok {
		return t, nil
	}
	guessed := false
	scheme, rest, found := strings.Cut(line, "://")
	switch {
	case found && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")):
	case found && !strings.ContainsAny(scheme, "/?#"):
		return Target{}, errScheme
	case strings.HasPrefix(line, "//"):
		guessed, line = true, "https:"+line
	default:
		if s, after, ok := strings.Cut(line, ":"); ok && !strings.ContainsAny(s, "./?#") && !digitsFirst(after) {
			return Target{}, errScheme // mailto:, ftp:, javascript:
		}
		if head, _, _ := strings.Cut(line, "/"); strings.Count(head, "@") == 1 && !strings.Contains(head, ":") {
			return Target{}, errMail
		}
		guessed, line = true, "https://"+line
	}
	_ = rest
	u, err := url.Parse(line)
	if err != nil || u.Opaque != "" {
		return Target{}, errSyntax
	}
	if u.User != nil {
		return Target{}, errUserinfo
	}
	host, err := normalHost(u.Hostname())
	if err != nil {
		return Target{}, err
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if host, err = withPort(u, host); err != nil {
		return Target{}, err
	}
	u.Host, u.Fragment, u.RawFragment = host, "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	if strings.Contains(u.Path, "/.") {
		u = u.JoinPath() // cleans dot segments, keeps a trailing slash
	}
	return Target{URL: u.String(), Guessed: guessed}, nil
}

// trimLine takes off what lists have around addresses. Most have nothing, and that
// is quickly seen.
func trimLine(line string) string {
	if line != "" && plainPath[line[0]] && plainPath[line[len(line)-1]] && line[0] != '\'' && line[len(line)-1] != '\'' {
		return line
	}
	return strings.Trim(line, " \t\r\n\"'<>\ufeff")
}

func digitsFirst(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

func withPort(u *url.URL, host string) (string, error) {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	port := u.Port()
	if port == "" {
		return host, nil
	}
	n := 0
	for _, c := range port {
		if c < '0' || c > '9' || n > 65535 {
			return "", errPort
		}
		n = n*10 + int(c-'0')
	}
	if n < 1 || n > 65535 {
		return "", errPort
	}
	if u.Scheme == "http" && n == 80 || u.Scheme == "https" && n == 443 {
		return host, nil
	}
	return host + ":" + strings.TrimLeft(port, "0"), nil
}

func normalHost(host string) (string, error) {
	host = strings.TrimSuffix(host, ".")
	if host == "" {
		return "", errNoHost
	}
	if strings.Contains(host, ":") {
		ip, err := netip.ParseAddr(host)
		if err != nil || ip.Zone() != "" {
			return "", errHost
		}
		return ip.String(), nil
	}
	host = strings.ToLower(host)
	if !isASCII(host) || strings.Contains(host, "xn--") {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", errHost
		}
		host = ascii
	}
	return host, checkHost(host)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// checkHost applies RFC 1123 section 2.1 to a lower-case ASCII name (underscores,
// which real hosts have, are let through) and wants a dot, except in localhost.
func checkHost(host string) error {
	if len(host) > 253 {
		return errHost
	}
	dots, label := 0, 0
	for i := range len(host) {
		c := host[i]
		switch {
		case c == '.':
			if label == 0 || host[i-1] == '-' {
				return errHost
			}
			dots++
			label = 0
			continue
		case c == '-' && label == 0:
			return errHost
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return errHost
		}
		if label++; label > 63 {
			return errHost
		}
	}
	switch {
	case label == 0 || host[len(host)-1] == '-':
		return errHost
	case dots == 0 && host != "localhost":
		return errNoDot
	}
	return nil
}

// plainPath are the bytes of a path that no normalisation touches.
var plainPath = func() (plain [256]bool) {
	for c := byte('!'); c < 0x7f; c++ {
		plain[c] = !strings.ContainsRune("\"#%<>\\^`{|}[]", rune(c))
	}
	return plain
}()

// parsePlain is the way most lines go: lower-case ASCII, nothing to normalise.
// It keeps a list of 100,000 lines within the time a request may take.
func parsePlain(line string) (Target, bool) {
	rest, guessed := line, false
	switch {
	case strings.HasPrefix(line, "https://"):
		rest = line[len("https://"):]
	case strings.HasPrefix(line, "http://"):
		rest = line[len("http://"):]
	default:
		guessed = true
	}
	end := strings.IndexByte(rest, '/')
	host, path := rest, ""
	if end >= 0 {
		host, path = rest[:end], rest[end:]
	}
	if strings.Contains(host, "xn--") || checkHost(host) != nil || host == "localhost" && guessed {
		return Target{}, false
	}
	for i := range len(path) {
		c := path[i]
		if !plainPath[c] || c == '.' && i > 0 && path[i-1] == '/' {
			return Target{}, false
		}
	}
	switch {
	case guessed && path == "":
		return Target{URL: "https://" + host + "/", Guessed: true}, true
	case guessed:
		return Target{URL: "https://" + line, Guessed: true}, true
	case path == "":
		return Target{URL: line + "/"}, true
	}
	return Target{URL: line}, true
}

// Host is the host of a normalised URL with its port, the unit of politeness.
func (t Target) Host() string {
	from, to := t.host()
	return t.URL[from:to]
}

// host is where in the URL the host begins and ends; it is empty and at the end
// of what is no URL.
func (t Target) host() (from, to int) {
	if strings.HasPrefix(t.URL, "https://") {
		from = len("https://")
	} else if i := strings.Index(t.URL, "://"); i >= 0 {
		from = i + len("://")
	} else {
		return len(t.URL), len(t.URL)
	}
	for to = from; to < len(t.URL); to++ {
		if c := t.URL[to]; c == '/' || c == '?' || c == '#' {
			break
		}
	}
	return from, to
}
