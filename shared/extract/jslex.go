package extract

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsKind is the kind of a token of a script.
type jsKind uint8

const (
	jsEOF jsKind = iota
	jsName
	jsNumber
	jsString
	jsTemplate // the raw text between back quotes
	jsRegexp
	jsPunct
	jsBad
)

// jsToken is one token.
type jsToken struct {
	kind    jsKind
	text    string // name, punctuator, or decoded string
	flags   string // of a regular expression
	num     float64
	pos     int
	newline bool // a line ended before it
}

// jsLexer splits a script into tokens.
type jsLexer struct {
	src     string
	pos     int
	prevEnd bool // the token before ends an expression: / divides
	tokens  *int // tokens that may still be read
}

// punctuators, longest first within their first byte.
var jsPuncts = [...]string{
	">>>=", "===", "!==", "**=", "<<=", ">>=", ">>>", "...", "&&=", "||=", "??=", "=>", "==", "!=", "<=", ">=",
	"&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "**",
}

func (x *jsLexer) next() jsToken {
	*x.tokens--
	newline := x.space()
	t := jsToken{pos: x.pos, newline: newline}
	if x.pos >= len(x.src) || *x.tokens < 0 {
		return t
	}
	c := x.src[x.pos]
	switch {
	case jsNameByte(c) && class[c]&isDigit == 0:
		start := x.pos
		for x.pos < len(x.src) && jsNameByte(x.src[x.pos]) {
			x.pos++
		}
		t.kind, t.text = jsName, x.src[start:x.pos]
		x.prevEnd = !jsOperatorWord(t.text)
	case class[c]&isDigit != 0 || c == '.' && x.pos+1 < len(x.src) && class[x.src[x.pos+1]]&isDigit != 0:
		t.kind, t.num = jsNumber, x.number()
		x.prevEnd = true
	case c == '"' || c == '\'':
		t.kind = jsString
		if end := jsStringEnd(x.src, x.pos); end < 0 {
			t.kind = jsBad
			x.pos++
		} else {
			t.text = jsUnescape(x.src[x.pos+1 : end])
			x.pos = end + 1
		}
		x.prevEnd = true
	case c == '`':
		end := strings.IndexByte(x.src[x.pos+1:], '`')
		if end < 0 {
			t.kind = jsBad
			x.pos++
			break
		}
		t.kind, t.text = jsTemplate, x.src[x.pos+1:x.pos+1+end]
		x.pos += end + 2
		x.prevEnd = true
	case c == '/' && !x.prevEnd:
		x.regexp(&t)
	default:
		t.kind, t.text = jsPunct, x.punct()
		x.prevEnd = t.text == ")" || t.text == "]" || t.text == "}"
	}
	return t
}

// space skips white space, comments and the markers that hide scripts from
// browsers of the last century; it reports whether a line ended.
func (x *jsLexer) space() (newline bool) {
	for x.pos < len(x.src) {
		c := x.src[x.pos]
		rest := x.src[x.pos:]
		switch {
		case c == '\n' || c == '\r':
			newline = true
			x.pos++
		case class[c]&isSpace != 0:
			x.pos++
		case strings.HasPrefix(rest, "//"), strings.HasPrefix(rest, "<!--"), strings.HasPrefix(rest, "-->") && newline:
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			x.pos += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				x.pos = len(x.src)
				return newline
			}
			x.pos += end + 4
		case strings.HasPrefix(rest, "<![CDATA["):
			x.pos += 9
		case strings.HasPrefix(rest, "]]>"):
			x.pos += 3
		case strings.HasPrefix(rest, "\u00a0"):
			x.pos += 2
		default:
			return newline
		}
	}
	return newline
}

func jsNameByte(c byte) bool {
	return class[c]&(isLetter|isDigit) != 0 || c == '_' || c == '$' || c >= utf8.RuneSelf
}

func jsOperatorWord(s string) bool {
	switch s {
	case "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "instanceof":
		return true
	}
	return false
}

func (x *jsLexer) number() float64 {
	start := x.pos
	for x.pos < len(x.src) {
		c := x.src[x.pos]
		if class[c]&(isDigit|isLetter) == 0 && c != '.' && c != '_' {
			if (c != '+' && c != '-') || x.src[x.pos-1]|0x20 != 'e' || strings.HasPrefix(x.src[start:], "0x") {
				break
			}
		}
		x.pos++
	}
	text := strings.ReplaceAll(x.src[start:x.pos], "_", "")
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return f
	}
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return float64(n)
	}
	return 0
}

func (x *jsLexer) punct() string {
	rest := x.src[x.pos:]
	for _, p := range jsPuncts {
		if strings.HasPrefix(rest, p) {
			x.pos += len(p)
			return p
		}
	}
	x.pos++
	return rest[:1]
}

func (x *jsLexer) regexp(t *jsToken) {
	inClass := false
	for i := x.pos + 1; i < len(x.src) && i-x.pos < 512; i++ {
		switch c := x.src[i]; {
		case c == '\n':
			i = len(x.src)
		case c == '\\':
			i++
		case c == '[':
			inClass = true
		case c == ']':
			inClass = false
		case c == '/' && !inClass:
			t.kind, t.text = jsRegexp, x.src[x.pos+1:i]
			x.pos = i + 1
			start := x.pos
			for x.pos < len(x.src) && class[x.src[x.pos]]&isLetter != 0 {
				x.pos++
			}
			t.flags = x.src[start:x.pos]
			x.prevEnd = true
			return
		}
	}
	t.kind = jsBad
	x.pos++
}

// jsStringEnd returns the index of the quote that closes the one at s[i], or
// -1 when the line ends first.
func jsStringEnd(s string, i int) int {
	q := s[i]
	for i++; i < len(s); i++ {
		switch s[i] {
		case q:
			return i
		case '\\':
			if i+1 < len(s) && s[i+1] == '\r' && i+2 < len(s) && s[i+2] == '\n' {
				i++
			}
			i++
		case '\n':
			return -1
		}
	}
	return -1
}

// jsUnescape decodes the escapes of a string of JavaScript or JSON.
func jsUnescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return string(appendUnescaped(make([]byte, 0, len(s)), s))
}

// appendUnescaped appends s with its escapes decoded.
func appendUnescaped[T string | []byte](dst []byte, s T) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			dst = append(dst, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'n', 'v':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r', 'b', 'f':
			dst = append(dst, ' ')
		case '\n':
		case '\r':
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
		case 'x':
			r, ok := hexDigits(s, i+1, 2)
			if !ok {
				dst = append(dst, 'x')
				break
			}
			dst = utf8.AppendRune(dst, r)
			i += 2
		case 'u':
			r, n := unicodeEscape(s, i+1)
			if n == 0 {
				dst = append(dst, 'u')
				break
			}
			i += n
			if r >= 0xD800 && r < 0xDC00 && i+2 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
				if low, m := unicodeEscape(s, i+3); m > 0 && low >= 0xDC00 && low < 0xE000 {
					r = (r-0xD800)<<10 + (low - 0xDC00) + 0x10000
					i += 2 + m
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			if c >= '0' && c <= '7' {
				r, n := rune(0), 0
				for n < 3 && i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '7' && r*8 < 256 {
					r = r*8 + rune(s[i+n]-'0')
					n++
				}
				dst = utf8.AppendRune(dst, r)
				i += n - 1
				break
			}
			dst = append(dst, c)
		}
	}
	return dst
}

func hexDigits[T string | []byte](s T, i, n int) (rune, bool) {
	if i+n > len(s) {
		return 0, false
	}
	r := rune(0)
	for k := i; k < i+n; k++ {
		if class[s[k]]&isHex == 0 {
			return 0, false
		}
		r = r<<4 | rune(unhex(s[k]))
	}
	return r, true
}

// unicodeEscape reads what follows \u: four digits, or up to six in braces.
func unicodeEscape[T string | []byte](s T, i int) (r rune, n int) {
	if i < len(s) && s[i] == '{' {
		for k := i + 1; k < len(s) && k < i+8; k++ {
			if s[k] == '}' {
				return r, k + 1 - i
			}
			if class[s[k]]&isHex == 0 {
				return 0, 0
			}
			r = r<<4 | rune(unhex(s[k]))
		}
		return 0, 0
	}
	if r, ok := hexDigits(s, i, 4); ok {
		return r, 4
	}
	return 0, 0
}
