package robots_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gleaner/shared/robots"
)

// symbols is the comparison form of RFC 9309 §2.2.2 written the obvious way:
// one string per octet, "%XX" for those that are compared encoded.
func symbols(s string, rule bool) []string {
	var out []string
	query := false
	for i := 0; i < len(s); i++ {
		octet, encoded := s[i], false
		if octet == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				octet, encoded = byte(n), true
				i += 2
			}
		}
		plain := string(rune(octet))
		among := func(set string) bool { return strings.Contains(set, plain) }
		switch {
		case among("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"):
			out = append(out, plain)
		case query && (plain == "/" || plain == "?"):
			out = append(out, plain)
		case !encoded && among("/=&?"):
			out = append(out, plain)
			query = query || plain == "?"
		case !encoded && rule && plain == "*":
			out = append(out, "*")
		default:
			out = append(out, fmt.Sprintf("%%%02X", octet))
		}
	}
	return out
}

// matches tries everything.
func matches(rule, url []string, toEnd bool) bool {
	switch {
	case len(rule) == 0:
		return !toEnd || len(url) == 0
	case rule[0] == "*":
		for i := 0; i <= len(url); i++ {
			if matches(rule[1:], url[i:], toEnd) {
				return true
			}
		}
		return false
	}
	return len(url) > 0 && url[0] == rule[0] && matches(rule[1:], url[1:], toEnd)
}

type referenceRule struct {
	path  string
	allow bool
}

// referenceAllowed decides by going through all rules.
func referenceAllowed(rules []referenceRule, path string) bool {
	longest, allowed := -1, true
	url := symbols(path, false)
	for _, r := range rules {
		if r.path == "" {
			continue
		}
		body, toEnd := strings.CutSuffix(r.path, "$")
		rule := symbols(body, true)
		length := len(strings.Join(rule, ""))
		if toEnd {
			length++
		}
		if !matches(rule, url, toEnd) {
			continue
		}
		if length > longest || length == longest && r.allow {
			longest, allowed = length, r.allow
		}
	}
	return allowed
}

func TestAllowedAgreesWithReference(t *testing.T) {
	// "**" is one wildcard, whose octets count once: the reference knows only single ones.
	// An encoded slash behind a wildcard has a test of its own.
	plain := []string{"a", "b", "/", "/", "?", "=", "&", "%61", "ü", "%C3%BC", "%c3%bc", ":", "%3A", "%", "%4", "$", " ", "+"}
	withWildcards := append([]string{"*", "*", "*"}, plain...)
	withSlashes := append([]string{"%2F", "%2f", "%3F", "%24", "%2A"}, plain...)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string, pieces []string) string {
			s := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 8).Draw(t, label), "")
			for strings.Contains(s, "**") {
				s = strings.ReplaceAll(s, "**", "*")
			}
			return strings.TrimSpace(s) // the file's grammar has no blanks at a line's end
		}
		pieces := rapid.SampledFrom([][]string{withWildcards, withSlashes}).Draw(t, "pieces")
		var rules []referenceRule
		var file strings.Builder
		file.WriteString("user-agent: *\n")
		for range rapid.IntRange(0, 5).Draw(t, "rules") {
			r := referenceRule{path: draw("rule", pieces), allow: rapid.Bool().Draw(t, "allow")}
			rules = append(rules, r)
			if r.allow {
				fmt.Fprintf(&file, "allow: %s\n", r.path)
			} else {
				fmt.Fprintf(&file, "disallow: %s\n", r.path)
			}
		}
		rr := robots.Parse([]byte(file.String())).Agent("gleaner")
		for range 5 {
			path := draw("url", append([]string{"*"}, withSlashes...))
			if got, want := rr.Allowed(path), referenceAllowed(rules, path); got != want {
				t.Fatalf("%s%s: allowed = %v, want %v", file.String(), path, got, want)
			}
		}
	})
}

// A rule's %2F behind a wildcard may stand for a path's %2F, or for a query's
// slash, however the URL writes that one.
func TestEncodedSlashBehindAWildcard(t *testing.T) {
	rules := robots.Parse([]byte("user-agent: *\ndisallow: /*%2Fb\n")).Agent("x")
	for path, want := range map[string]bool{
		"/a%2Fb": false, "/a%2fbc": false, "/a?x=/b": false, "/a?x=%2Fb": false, "/a/b": true, "/b": true, "/a?x=b": true,
	} {
		if got := rules.Allowed(path); got != want {
			t.Errorf("%s: allowed = %v, want %v", path, got, want)
		}
	}
}

func FuzzAllowed(f *testing.F) {
	f.Add("/a*b$", "/aXb", true)
	f.Add("/%2A", "/*", false)
	f.Add("/*/*.php?x=", "/a/b.php?x=/1", true)
	f.Fuzz(func(t *testing.T, rule, path string, allow bool) {
		if len(rule) > 40 || len(path) > 40 || !strings.HasPrefix(rule, "/") || !strings.HasPrefix(path, "/") {
			return
		}
		wild := strings.Contains(rule, "*")
		if strings.ContainsAny(rule, "\r\n#") || strings.Contains(rule, "**") || strings.Trim(rule, " \t\v\f\x00") != rule ||
			strings.ContainsAny(path, "#") || wild && strings.Contains(rule, "%") || strings.HasPrefix(path, "/robots.txt") ||
			strings.Count(rule, "*") > 5 {
			return
		}
		name := "disallow"
		if allow {
			name = "allow"
		}
		file := "user-agent: *\ndisallow: /a\n" + name + ": " + rule
		got := robots.Parse([]byte(file)).Agent("gleaner").Allowed(path)
		want := referenceAllowed([]referenceRule{{"/a", false}, {rule, allow}}, path)
		if got != want {
			t.Errorf("%q, %q: allowed = %v, want %v", file, path, got, want)
		}
	})
}
