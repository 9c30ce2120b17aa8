package extract

import (
	"bytes"
	"unicode/utf8"
)

// Marks are control bytes that the flattened text carries in the place of
// markup. They count as nothing inside an address, but where one stands may
// decide where an address ends.
const (
	markInline = 0x01 // an inline tag or a comment
	markBlock  = 0x02 // end of a block: addresses do not cross it
	markLink   = 0x03 // a link begins or ends
	markDecoy  = 0x04 // a hidden element stood here
)

// mark is a mark met while growing from the sign: how many bytes of the
// candidate lay between them.
type mark struct {
	n    int
	kind byte
}

// candidate is what grew around one @.
type candidate struct {
	local, domain []byte // without marks and invisible characters
	lo, hi        int    // the same, as offsets of the layer
	sign          int    // offset behind the sign
	leftMarks     []mark
	rightMarks    []mark
	split, decoy  bool // crossed a mark; crossed a hidden element
	glued         bool // was cut loose
	fullwidth     bool
	query         bool // stands in the query of a link
}

// scan finds the addresses of a layer: around every @, then, if the layer
// wants it, around every spelled-out sign.
func (s *sink) scan(b []byte, l *layer) {
	for i := 0; i < len(b); {
		k := bytes.IndexByte(b[i:], '@')
		if k < 0 {
			break
		}
		k += i
		w := 1
		if k > 0 && k+2 < len(b) && b[k+1] == '@' && class[b[k-1]]&isLocal != 0 && class[b[k+2]]&isLetter != 0 && l.place <= inAttr {
			w = 2 // one is there to be taken out, or escapes the other
		}
		s.sign(b, k, w, l)
		i = k + w
	}
	// U+FF20 FULLWIDTH and U+FE6B SMALL COMMERCIAL AT.
	for i := 0; i+2 < len(b); {
		k := bytes.IndexByte(b[i:], 0xEF)
		if k < 0 {
			break
		}
		k += i
		i = k + 1
		if fullwidthAt(b[k:]) {
			s.sign(b, k, 3, l)
		}
	}
	if l.words && !s.opt.KeepObfuscated {
		s.words(b, l)
		s.stars(b, l)
	}
}

func fullwidthAt(b []byte) bool {
	return len(b) >= 3 && b[0] == 0xEF && (b[1] == 0xBC && b[2] == 0xA0 || b[1] == 0xB9 && b[2] == 0xAB)
}

// sign tries the sign at b[k:k+w].
func (s *sink) sign(b []byte, k, w int, l *layer) {
	// Most signs on most pages are CSS at-rules, JSON-LD keys and handles:
	// nothing that belongs to a local part stands before them.
	if k == 0 || k+w >= len(b) {
		return
	}
	p := b[k-1]
	if p < utf8.RuneSelf && class[p]&isLocal == 0 && p > markDecoy {
		if (p == '}' || p == ')' || p == ']') && l.place <= inAttr {
			s.braces(b, k, w, l)
		}
		if p == '"' && (l.place == inText || l.place == inAttr) {
			s.quoted(b, k, w, l)
		} else if l.place != inScript && l.place != inStyle && l.place != inKey && !s.opt.KeepObfuscated {
			s.loose(b, k, w, l)
		}
		return
	}
	var c candidate
	if !s.growLeft(b, k, &c) || !s.growRight(b, k+w, &c) {
		if !s.opt.KeepObfuscated && l.place <= inAttr {
			s.loose(b, k, w, l)
		}
		return
	}
	c.fullwidth = w > 2
	if l.words && bytes.IndexByte(c.domain, '.') < 0 && !s.opt.KeepObfuscated {
		s.loose(b, k, w, l) // "info@site [dot] de"
		return
	}
	s.settle(b, &c, l)
}

// growLeft collects the local part before b[k] into the scratch buffer.
func (s *sink) growLeft(b []byte, k int, c *candidate) bool {
	buf := s.work.local[:]
	at, lo := len(buf), k
	c.leftMarks = s.work.marks[:0:4]
	c.lo = k
grow:
	for lo > 0 {
		ch := b[lo-1]
		switch {
		case class[ch]&isLocal != 0:
			if at == 0 {
				return false // far beyond 64 bytes: no local part
			}
			at--
			lo--
			buf[at] = ch
			c.lo = lo
		case ch == markInline || ch == markLink || ch == markDecoy:
			if len(c.leftMarks) < cap(c.leftMarks) {
				c.leftMarks = append(c.leftMarks, mark{len(buf) - at, ch})
			}
			lo--
		case ch >= utf8.RuneSelf:
			r, w := utf8.DecodeLastRune(b[max(0, lo-4):lo])
			if invisible(r) {
				c.split = true
				lo -= w
				continue
			}
			if a := narrow(r); a != 0 && class[a]&isLocal != 0 {
				r, c.fullwidth = rune(a), true
			} else if r == utf8.RuneError || !letterRune(r) {
				break grow
			}
			n := utf8.RuneLen(r)
			if at < n {
				return false
			}
			at -= n
			utf8.EncodeRune(buf[at:], r)
			lo -= w
			c.lo = lo
		default:
			if ch != '\\' || at == len(buf) || buf[at] != '_' || lo < 2 || class[b[lo-2]]&(isLetter|isDigit) == 0 {
				break grow
			}
			c.split = true // TeX and Markdown write an underscore so
			lo--
		}
	}
	c.local = buf[at:]
	return at < len(buf)
}

// growRight collects the domain from b[k] into the scratch buffer.
func (s *sink) growRight(b []byte, k int, c *candidate) bool {
	buf := s.work.domain[:0]
	c.rightMarks = s.work.marks[4:4:8]
	c.hi, c.sign = k, k
grow:
	for i := k; i < len(b); {
		ch := b[i]
		switch {
		case class[ch]&isHost != 0 || ch == '.' && (len(buf) > 0 && buf[len(buf)-1] != '.'):
			buf = append(buf, ch)
			i++
			c.hi = i
		case (ch == markBlock || ch == '\n') && len(buf) > 1 && buf[len(buf)-1] == '-' && i+1 < len(b) && class[b[i+1]]&(isLetter|isDigit) != 0:
			i++ // the name of the host is broken at its hyphen
		case ch == markInline || ch == markLink || ch == markDecoy:
			if len(c.rightMarks) < cap(c.rightMarks) {
				c.rightMarks = append(c.rightMarks, mark{len(buf), ch})
			}
			i++
		case ch >= utf8.RuneSelf:
			r, w := utf8.DecodeRune(b[i:])
			if invisible(r) {
				c.split = true
				i += w
				continue
			}
			a := narrow(r)
			switch {
			case a == '.' || a != 0 && class[a]&isHost != 0:
				buf = append(buf, a)
				c.fullwidth = true
			case r == utf8.RuneError || !letterRune(r):
				break grow
			default:
				buf = append(buf, b[i:i+w]...)
			}
			i += w
			c.hi = i
		default:
			break grow
		}
		if len(buf) > maxDomain+maxLabel {
			break
		}
	}
	c.domain = buf
	return len(buf) > 2
}

// advance returns the offset in b that lies n bytes of candidate text behind
// i: marks and invisible characters count nothing, wide forms count one.
func advance(b []byte, i, n int) int {
	for n > 0 && i < len(b) {
		ch := b[i]
		if ch < utf8.RuneSelf {
			i++
			if ch > markDecoy || ch == markBlock {
				n--
			}
			continue
		}
		r, w := utf8.DecodeRune(b[i:])
		i += w
		switch {
		case invisible(r):
		case narrow(r) != 0:
			n--
		default:
			n -= w
		}
	}
	return i
}

// invisible reports whether r is printed as nothing: soft hyphen, zero-width
// space, joiners, directional marks, word joiner, byte order mark, variation
// selectors.
func invisible(r rune) bool {
	switch {
	case r < 0xAD:
		return false
	case r == 0xAD, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x2064,
		r >= 0x2066 && r <= 0x2069, r == 0xFEFF, r == 0x034F, r == 0x180E, r >= 0xFE00 && r <= 0xFE0F:
		return true
	}
	return false
}

// narrow maps fullwidth forms, small forms and the ideographic full stops to
// ASCII, and returns 0 for any other rune.
func narrow(r rune) byte {
	switch {
	case r >= 0xFF01 && r <= 0xFF5E:
		return byte(r - 0xFF01 + '!')
	case r == 0x3002 || r == 0xFF61 || r == 0xFE52 || r == 0x2024 || r == 0xFE12:
		return '.'
	case r == 0x2010 || r == 0x2011 || r == 0xFE63: // hyphens that do not break
		return '-'
	case r == 0xFE6B:
		return '@'
	case r >= 0x1D400 && r <= 0x1D6A3: // mathematical letters, 13 alphabets of them
		n := byte((r - 0x1D400) % 52)
		if n < 26 {
			return 'A' + n
		}
		return 'a' + n - 26
	case r >= 0x1D7CE && r <= 0x1D7FF:
		return '0' + byte((r-0x1D7CE)%10)
	}
	return 0
}
