package extract

import (
	"unicode"
	"unicode/utf8"
)

// fence is what stands on one side of a spelled-out sign.
type fence struct {
	n       int  // bytes
	space   bool // white space among them
	line    bool // a line end among them
	bracket bool
	deco    byte // a symbol such as - _ * | / ~ . that decorates the word
	repeat  int
	quote   bool // a quotation mark beyond ASCII among the brackets
	block   bool // the edge of a block behind a bracket: a cell of its own
}

// maxFence bounds the bytes between a part of an address and a sign.
const maxFence = 12

// fenceLeft reads the fence that ends before b[i].
func fenceLeft(b []byte, i int) (f fence) {
	for i > 0 && f.n < maxFence {
		c := b[i-1]
		w := 1
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeLastRune(b[max(0, i-4):i])
			if !f.rune(r) {
				return f
			}
			w = size
		} else if !f.byte(c) {
			return f
		}
		f.n += w
		i -= w
	}
	return f
}

// fenceRight reads the fence that begins at b[i].
func fenceRight(b []byte, i int) (f fence) {
	for i < len(b) && f.n < maxFence {
		c := b[i]
		w := 1
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(b[i:])
			if !f.rune(r) {
				return f
			}
			w = size
		} else if !f.byte(c) {
			return f
		}
		f.n += w
		i += w
	}
	return f
}

// byte notes a byte of ASCII, which may be a mark; false ends the fence.
func (f *fence) byte(c byte) bool {
	switch {
	case class[c]&isSpace != 0:
		f.space = true
		f.line = f.line || c == '\n'
	case c == markBlock && f.bracket && !f.block:
		f.block = true
	case c >= markInline && c <= markDecoy && c != markBlock:
	case c == '[' || c == '(' || c == '{' || c == '<' || c == ']' || c == ')' || c == '}' || c == '>':
		f.bracket = true
	case decoration(c):
		f.deco = c
		f.repeat++
	default:
		return false
	}
	return true
}

// rune notes a rune beyond ASCII; false ends the fence.
func (f *fence) rune(r rune) bool {
	switch {
	case unicode.IsSpace(r):
		f.space = true
	case invisible(r):
	case r == '【' || r == '】' || r == '（' || r == '）' || r == '［' || r == '］' || r == '〔' || r == '〕' || r == '«' || r == '»' ||
		r == '‹' || r == '›' || r == '「' || r == '」' || r == '｛' || r == '｝':
		f.bracket = true
	case r >= '‘' && r <= '‟' || r == '″':
		f.bracket, f.quote = true, true
	case r == '–' || r == '—' || r == '·' || r == '…' || r == '•':
		f.deco = '-'
	default:
		return false
	}
	return true
}

func decoration(c byte) bool {
	switch c {
	case '-', '_', '*', '|', '/', '\\', '~', '#', '.', '\'', '"', '=', ':', '+', '^', '!', '`', '%':
		return true
	}
	return false
}

// strength says how surely a word between two fences stands for a sign.
type strength uint8

const (
	notSign strength = iota
	bareSign
	strongSign
)

func fenced(left, right *fence) strength {
	switch {
	case left.block != right.block:
		if left.bracket && right.bracket {
			return bareSign // a line or a cell ends at the sign
		}
		return notSign
	case left.bracket && right.bracket:
		if left.deco != 0 && right.deco != 0 && left.deco != right.deco {
			return notSign
		}
		return strongSign
	case left.bracket != right.bracket:
		return notSign
	case left.deco == '.' && left.space != right.space:
		return notSign // a host name in .at ends a sentence
	case left.deco != 0 && left.deco == right.deco && left.repeat == right.repeat:
		return strongSign
	case left.deco != 0 || right.deco != 0:
		return notSign
	case left.space && right.space:
		return bareSign
	}
	return notSign
}
