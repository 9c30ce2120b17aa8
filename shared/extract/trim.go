package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// escapes are the hexadecimal codes that a lost escape leaves before an
// address: of space, line ends, quotes, brackets, slash, colon and equals.
var escapes = [...]string{"20", "3a", "3e", "3c", "22", "27", "2f", "0a", "0d", "09", "26", "3d", "2c", "3b", "28", "a0"}

// escapeCode reports whether b begins with one of those codes.
func escapeCode(b []byte) bool {
	if class[b[0]]&class[b[1]]&isHex == 0 {
		return false
	}
	for _, e := range escapes {
		if foldPrefix(b, e) {
			return true
		}
	}
	return false
}

// trimLocal removes from the front of the local part what does not belong to
// it and reports whether a local part remains.
func trimLocal(b []byte, c *candidate, l *layer) bool {
	full := len(c.local)
	loc := c.local
	// A hidden element or a tag may separate a label from the address.
	loc = cutAtMarks(b, c, loc)
	if c.lo > 0 && b[c.lo-1] == '%' && len(loc) > 1 && class[loc[0]]&isHex != 0 && class[loc[1]]&isHex != 0 {
		loc = loc[2:]
	}
	if len(loc) >= 5 && loc[0] == 'u' && loc[1] == '0' && loc[2] == '0' && escapeCode(loc[3:]) {
		loc = loc[5:]
	}
	if len(loc) > 4 && loc[0] == 'x' && escapeCode(loc[1:]) && roleLocal(string(bytes.ToLower(loc[3:]))) {
		loc = loc[3:]
	}
	if i := bytes.LastIndex(loc, []byte("..")); i >= 0 {
		if i > 0 && len(loc)-i <= 4 {
			return false // "m...r@site.de": masked
		}
		loc = loc[i+2:]
	}
	// "030 1234info@": the digits go with those before them.
	plus := numberBefore(b, c.lo)
	underscore := c.hi < len(b) && b[c.hi] == '_'
	for len(loc) > 0 && (loc[0] == '.' || loc[0] == '\'' || loc[0] == '-' || loc[0] == '&' || loc[0] == '+' || loc[0] == '_' && underscore) {
		if loc[0] == '.' && l.place >= inScript {
			return false // a path expression
		}
		plus = plus || loc[0] == '+'
		loc = loc[1:]
	}
	if underscore && len(loc) == full && l.place == inText && !bytes.HasPrefix(c.local, []byte("_")) {
		return false
	}
	loc = trimPhone(loc, plus)
	loc = trimScript(loc)
	if len(loc) > 4 && escapeCode(loc) && roleLocal(string(bytes.ToLower(loc[2:]))) {
		loc = loc[2:]
	}
	if rest := trimLabel(loc); len(rest) < len(loc) {
		loc = rest
	}
	if len(loc) == 0 || loc[len(loc)-1] == '.' || loc[len(loc)-1] == '\'' || bytes.Contains(loc, []byte("..")) {
		return false
	}
	if len(loc) < full {
		c.glued = c.glued || class[c.local[full-len(loc)-1]]&(isLetter|isDigit) != 0 || c.local[full-len(loc)-1] >= utf8.RuneSelf
		c.local = loc
		c.lo = advance(b, c.lo, full-len(loc))
		for c.lo < len(b) && (b[c.lo] == markInline || b[c.lo] == markLink || b[c.lo] == markDecoy) {
			c.lo++
		}
	}
	return true
}

// cutAtMarks cuts the local part at the edge of a link, and at a tag when
// what stands before the tag is a label or a telephone number.
func cutAtMarks(b []byte, c *candidate, loc []byte) []byte {
	for _, m := range c.leftMarks {
		if m.n == 0 || m.n >= len(loc) {
			continue
		}
		head := loc[:len(loc)-m.n]
		if m.kind == markLink || isNeighbour(head) || class[head[len(head)-1]]&isDigit != 0 && (len(head) > 3 || numberBefore(b, c.lo) && allDigits(head)) || isLabelEnd(head) ||
			isUpper(head[0]) && bytes.EqualFold(head, loc[len(loc)-m.n:]) {
			return loc[len(loc)-m.n:]
		}
	}
	return loc
}

// numberBefore reports whether a number stands before b[i], with a separator of
// telephone numbers between.
func numberBefore(b []byte, i int) bool {
	return i > 1 && class[b[i-2]]&isDigit != 0 && (b[i-1] == ' ' || b[i-1] == '/' || b[i-1] == ')')
}

func isLabelEnd(head []byte) bool {
	i := bytes.LastIndexAny(head, "-. ")
	return i >= 0 && isNeighbour(head[i+1:])
}

// trimPhone cuts a telephone number off the front: digits and their
// punctuation with letters directly after them.
func trimPhone(loc []byte, plus bool) []byte {
	if n := bytes.IndexAny(loc, ".0123456789"); n > 2 && n < 9 && isNeighbour(loc[:n]) {
		if rest := bytes.TrimLeft(loc[n:], "."); len(rest) > 0 && class[rest[0]]&isDigit != 0 {
			if cut := trimPhone(rest, true); len(cut) < len(rest) {
				return cut
			}
		}
	}
	i, digits, marks := 0, 0, 0
	for i < len(loc) && (class[loc[i]]&isDigit != 0 || loc[i] == '-' || loc[i] == '.' || loc[i] == '+') {
		if class[loc[i]]&isDigit != 0 {
			digits++
		} else {
			marks++
		}
		i++
	}
	rest := loc[i:]
	if i == 0 || len(rest) == 0 || len(rest) < 2 && !plus || class[rest[0]]&isLetter == 0 && rest[0] < utf8.RuneSelf {
		return loc
	}
	switch {
	case plus && digits >= 3:
		return rest
	case digits >= 6 && (marks > 0 || loc[0] == '0' || roleLocal(string(bytes.ToLower(rest)))):
		return rest
	}
	return loc
}

// trimScript cuts letters of another script off the front: Chinese, Cyrillic
// and others glue a label to an ASCII address.
func trimScript(loc []byte) []byte {
	if len(loc) == 0 || loc[len(loc)-1] >= utf8.RuneSelf {
		return loc
	}
	for i := len(loc); i > 0; {
		r, w := utf8.DecodeLastRune(loc[:i])
		if r >= 0x250 { // beyond the Latin blocks
			return loc[i:]
		}
		i -= w
	}
	return loc
}

// labels are words that stand directly before an address when the separator
// was lost. They are cut off only before a role.
var labels = [...]string{"e-mail", "email", "mail", "kontakt", "contact", "mailto", "correo", "courriel"}

func trimLabel(loc []byte) []byte {
	switch {
	case len(loc) < 6:
		return loc
	default:
		if c := loc[0] | 0x20; c != 'e' && c != 'm' && c != 'k' && c != 'c' {
			return loc
		}
	}
	for _, w := range labels {
		if len(loc) <= len(w)+1 || !foldPrefix(loc, w) {
			continue
		}
		rest := loc[len(w):]
		if w == "e-mail" && isUpper(loc[0]) && class[rest[0]]&isLetter != 0 {
			return rest // nobody's address begins so
		}
		if (isUpper(loc[0]) || w == "mailto" || w == "e-mail") && class[rest[0]]&isLetter != 0 &&
			in(roles(), strings.ToLower(string(rest))) {
			return rest
		}
	}
	return loc
}
