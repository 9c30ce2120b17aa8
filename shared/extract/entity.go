package extract

import (
	"bytes"
	"html"
	"unicode/utf8"
)

// appendText appends b to dst with its character references decoded. When f
// is given, offsets of references that stand for printable ASCII are noted.
func appendText(dst, b []byte, f *flat) []byte {
	for {
		k := bytes.IndexByte(b, '&')
		if k < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:k]...)
		b = b[k:]
		r, n := reference(b)
		if n == 0 {
			dst = append(dst, '&')
			b = b[1:]
			continue
		}
		if f != nil && r > ' ' && r < utf8.RuneSelf {
			f.refs = append(f.refs, int32(len(dst)))
		}
		dst = utf8.AppendRune(dst, r)
		b = b[n:]
	}
}

// reference decodes the character reference at the start of b, which is an
// ampersand, and returns its rune and length, or 0, 0. Numeric references may
// lack their semicolon, as in every browser.
func reference(b []byte) (rune, int) {
	if len(b) < 3 {
		return 0, 0
	}
	if b[1] == '#' {
		return numericReference(b)
	}
	if class[b[1]]&isLetter == 0 {
		return 0, 0
	}
	n := 1
	for n < len(b) && n < 33 && class[b[n]]&(isLetter|isDigit) != 0 {
		n++
	}
	closed := n < len(b) && b[n] == ';'
	if closed {
		switch string(b[1:n]) { // the map is slow for what every page is full of
		case "amp":
			return '&', n + 1
		case "nbsp":
			return 0xA0, n + 1
		case "quot":
			return '"', n + 1
		case "uuml":
			return 'ü', n + 1
		case "auml":
			return 'ä', n + 1
		case "ouml":
			return 'ö', n + 1
		case "eacute":
			return 'é', n + 1
		}
		if r, ok := named[string(b[1:n])]; ok {
			return r, n + 1
		}
	} else {
		// The oldest names work without a semicolon.
		if r, ok := openNamed[string(b[1:n])]; ok {
			return r, n
		}
		return 0, 0
	}
	s := html.UnescapeString(string(b[:n+1]))
	r, w := utf8.DecodeRuneInString(s)
	if w != len(s) || r == '&' {
		return 0, 0
	}
	return r, n + 1
}

func numericReference(b []byte) (rune, int) {
	i, base := 2, rune(10)
	if b[2]|0x20 == 'x' {
		i, base = 3, 16
	}
	start := i
	var r rune
	for ; i < len(b) && i-start < 16; i++ {
		c := b[i]
		switch {
		case class[c]&isDigit != 0:
			r = r*base + rune(c-'0')
		case base == 16 && class[c]&isHex != 0:
			r = r*base + rune(c|0x20-'a'+10)
		default:
			goto done
		}
		if r > utf8.MaxRune {
			r = utf8.RuneError
			base = 0 // keep consuming digits
		}
	}
done:
	if i == start {
		return 0, 0
	}
	if base == 0 || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0xD800 && r < 0xE000 {
		r = utf8.RuneError
	}
	if i < len(b) && b[i] == ';' {
		i++
	}
	return r, i
}

// named are the references that matter in and around addresses; the standard
// library knows the other two thousand.
var named = map[string]rune{
	"amp": '&', "AMP": '&', "lt": '<', "LT": '<', "gt": '>', "GT": '>', "quot": '"', "QUOT": '"', "apos": '\'',
	"nbsp": 0xA0, "NonBreakingSpace": 0xA0, "ensp": ' ', "emsp": ' ', "thinsp": ' ', "hairsp": ' ', "numsp": ' ',
	"commat": '@', "period": '.', "lowbar": '_', "UnderBar": '_', "plus": '+', "hyphen": '-', "dash": '-',
	"colon": ':', "semi": ';', "comma": ',', "sol": '/', "bsol": '\\', "num": '#', "percnt": '%', "excl": '!', "quest": '?',
	"equals": '=', "dollar": '$', "ast": '*', "midast": '*', "lpar": '(', "rpar": ')', "lsqb": '[', "lbrack": '[',
	"rsqb": ']', "rbrack": ']', "lcub": '{', "lbrace": '{', "rcub": '}', "rbrace": '}', "vert": '|', "verbar": '|',
	"VerticalLine": '|', "grave": '`', "Hat": '^', "Tab": '\t', "NewLine": '\n', "shy": 0xAD, "zwnj": 0x200C,
	"zwj": 0x200D, "ZeroWidthSpace": 0x200B, "NoBreak": 0x2060, "lrm": 0x200E, "rlm": 0x200F, "auml": 'ä', "ouml": 'ö',
	"uuml": 'ü', "Auml": 'Ä', "Ouml": 'Ö', "Uuml": 'Ü', "szlig": 'ß', "eacute": 'é', "egrave": 'è', "agrave": 'à', "aring": 'å',
}

var openNamed = map[string]rune{
	"amp": '&', "AMP": '&', "lt": '<', "LT": '<', "gt": '>', "GT": '>', "quot": '"', "QUOT": '"', "nbsp": 0xA0, "shy": 0xAD,
	"auml": 'ä', "ouml": 'ö', "uuml": 'ü', "Auml": 'Ä', "Ouml": 'Ö', "Uuml": 'Ü', "szlig": 'ß', "eacute": 'é', "egrave": 'è',
}
