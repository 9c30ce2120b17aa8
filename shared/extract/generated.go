package extract

import (
	"strings"
	"unicode/utf8"
)

// contentOf looks for addresses in a content property by itself, for elements
// that no simple selector reaches.
func (w *walker) contentOf(e *effect, pos int) {
	if len(e.after) < 8 || strings.Contains(e.after, "attr(") {
		return
	}
	text := w.generated(e.after)
	if strings.IndexByte(text, '@') > 0 {
		l := layer{form: FoundCSS, pos: pos, fixed: true, depth: w.l.depth}
		w.s.scan([]byte(text), &l)
	}
}

// generated evaluates a content property: strings and attr() of the current
// element. Anything else, and text that cannot be part of an address, gives
// the empty string.
func (w *walker) generated(v string) string {
	if v == "" || v == "none" || len(v) > 512 {
		return ""
	}
	if v == "@" { // an icon of an @, not a declaration
		return v
	}
	var out []byte
	for v = strings.TrimSpace(v); v != ""; v = strings.TrimSpace(v) {
		switch {
		case v[0] == '"' || v[0] == '\'':
			n := 1
			for n < len(v) && v[n] != v[0] {
				if v[n] == '\\' {
					n++
				}
				n++
			}
			if n >= len(v) {
				return ""
			}
			out = cssString(out, v[1:n])
			v = v[n+1:]
		case strings.HasPrefix(v, "attr("):
			end := strings.IndexByte(v, ')')
			if end < 0 {
				return ""
			}
			name := strings.TrimSpace(v[5:end])
			for _, a := range w.attrs {
				if foldEqual(a.name, strings.ToLower(name)) {
					out = append(out, w.value(a)...)
				}
			}
			v = v[end+1:]
		default:
			return ""
		}
	}
	if len(out) == 0 || !utf8.Valid(out) {
		return ""
	}
	return string(out)
}

// cssString decodes the escapes of a CSS string.
func cssString(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			dst = append(dst, s[i])
			continue
		}
		i++
		r, n := rune(0), 0
		for n < 6 && i+n < len(s) && class[s[i+n]]&isHex != 0 {
			r = r<<4 | rune(unhex(s[i+n]))
			n++
		}
		if n == 0 {
			dst = append(dst, s[i])
			continue
		}
		i += n - 1
		if i+1 < len(s) && s[i+1] == ' ' {
			i++
		}
		if r >= 0xE000 && r <= 0xF8FF {
			continue // private use: an icon
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
