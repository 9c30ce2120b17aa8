package follow

import (
	"bytes"
	"html"
	"strings"
	"unicode/utf8"
)

// plainText resolves character references, collapses white space and cuts off
// at maxText bytes, not within a character.
func plainText(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	s := string(raw)
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	if !isCollapsed(s) {
		s = strings.Join(strings.Fields(s), " ")
	}
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// isCollapsed reports whether s is ASCII with no white space but single blanks
// between words.
func isCollapsed(s string) bool {
	before := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= utf8.RuneSelf || c == ' ' && before == ' ' {
			return false
		}
		before = c
	}
	return before != ' '
}

func joined(a, b []byte) string {
	x, y := plainText(a), plainText(b)
	switch {
	case x == "" || x == y:
		return y
	case y == "":
		return x
	}
	return x + " " + y
}

// attributeText resolves character references in an attribute's value. In
// attributes, unlike in text, a reference without a semicolon in front of '=' or a
// letter is none: "?a=1&copy=2" is a query, not a copyright sign.
func attributeText(raw []byte) string {
	if bytes.IndexByte(raw, '&') < 0 {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		i := bytes.IndexByte(raw, '&')
		if i < 0 {
			break
		}
		out = append(out, raw[:i]...)
		raw = raw[i:]
		n := 1
		for n < len(raw) && (raw[n] == '#' && n == 1 || isAlnum(raw[n])) {
			n++
		}
		ends := n < len(raw) && raw[n] == ';'
		if ends {
			n++
		}
		out = append(out, reference(string(raw[:n]), ends, n < len(raw) && raw[n] == '=')...)
		raw = raw[n:]
	}
	return string(append(out, raw...))
}

func reference(s string, ends, assigned bool) string {
	switch {
	case s == "&amp;":
		return "&"
	case len(s) < 3:
		return s
	case ends || s[1] == '#':
		return html.UnescapeString(s)
	case assigned:
		return s
	}
	plain := html.UnescapeString(s)
	for i := range len(plain) {
		if isAlnum(plain[i]) { // only a part of the name was one
			return s
		}
	}
	return plain
}

func isAlnum(c byte) bool { return isLetter(c) || '0' <= c && c <= '9' }

// hasToken reports whether a value of blank-separated tokens has one of these,
// in any case.
func hasToken(value []byte, tokens ...string) bool {
	if len(value) == 0 {
		return false
	}
	for field := range bytes.FieldsSeq(value) {
		for _, token := range tokens {
			if len(field) == len(token) && equalFold(field, token) {
				return true
			}
		}
	}
	return false
}
