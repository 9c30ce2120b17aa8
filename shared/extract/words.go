package extract

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// begins marks the pairs of bytes, the first in the lower half, that may lead to
// a spelled-out sign: the beginnings of words for @ that count without brackets,
// in either case, and opening brackets. The loop over all text looks at nothing
// else.
var begins = func() (t [1 << 16]uint8) {
	set := func(a, b byte) { t[uint(a)|uint(b)<<8] = 1 }
	for _, w := range atWords {
		if w.strict {
			continue // found by its brackets
		}
		a, b := w.word[0], w.word[1]
		if a >= utf8.RuneSelf {
			set(a, b)
			up := []byte(string(unicode.ToUpper([]rune(w.word)[0])))
			set(up[0], up[1])
			continue
		}
		for _, x := range [...]byte{a, a &^ 0x20} {
			set(x, b)
			set(x, upperByte(b))
		}
	}
	for _, open := range []byte("([{") {
		for b := range 256 {
			set(open, byte(b))
		}
	}
	set("【"[0], "【"[1])
	set("（"[0], "（"[1])
	return t
}()

// goesOn marks the pairs of bytes that may follow on two that begin a word or a
// bracket: many words of any language begin like one for @, "also" and "make" and
// every second one of another script, and few go on like it. "at" is not among them.
var goesOn = func() (t [1 << 16]bool) {
	set := func(b string) {
		for last := range 256 {
			if len(b) < 4 || b[3] == byte(last) {
				t[uint(b[2])|uint(last)<<8] = true
			}
		}
	}
	for _, w := range atWords {
		runes := []rune(w.word)
		switch {
		case w.strict || w.word[:2] == "at":
		case runes[0] >= utf8.RuneSelf:
			for _, first := range cases(runes[0]) {
				for _, second := range cases(runes[1]) {
					set(string(first) + string(second))
				}
			}
		default:
			for _, third := range cases(runes[2]) {
				if len(runes) == 3 {
					set(w.word[:2] + string(third))
					continue
				}
				for _, fourth := range cases(runes[3]) {
					set(w.word[:2] + string(third) + string(fourth))
				}
			}
		}
	}
	for _, open := range wideBrackets {
		set(string(open.left))
	}
	return t
}()

// cases returns the runes whose lower case is r.
func cases(r rune) []rune {
	all := []rune{r}
	for c := unicode.SimpleFold(r); c != r; c = unicode.SimpleFold(c) {
		if unicode.ToLower(c) == r {
			all = append(all, c)
		}
	}
	return all
}

func upperByte(b byte) byte {
	if isLower(b) {
		return b &^ 0x20
	}
	return b
}

// words finds addresses whose signs are spelled out. It looks at seven pairs of
// bytes at a time: few of them begin anything.
func (s *sink) words(b []byte, l *layer) {
	i, n := 1, len(b)-1
	for ; i+8 <= len(b); i += 7 {
		x := binary.LittleEndian.Uint64(b[i:])
		found := uint(begins[uint16(x)]) | uint(begins[uint16(x>>8)])<<1 | uint(begins[uint16(x>>16)])<<2 |
			uint(begins[uint16(x>>24)])<<3 | uint(begins[uint16(x>>32)])<<4 | uint(begins[uint16(x>>40)])<<5 |
			uint(begins[uint16(x>>48)])<<6
		for ; found != 0; found &= found - 1 {
			s.wordAt(b, i+bits.TrailingZeros(found), l)
		}
	}
	for ; i < n; i++ {
		if begins[uint16(b[i])|uint16(b[i+1])<<8] != 0 {
			s.wordAt(b, i, l)
		}
	}
}

// spellsSign reports whether words would look at anything in b.
func spellsSign(b []byte) bool {
	for i := 1; i+1 < len(b); i++ {
		if begins[uint16(b[i])|uint16(b[i+1])<<8] != 0 {
			return true
		}
	}
	return false
}

// wordAt looks at what begins at b[i], which is not the first byte: a bracket, or
// what would be a word for @ if a word began there.
func (s *sink) wordAt(b []byte, i int, l *layer) {
	switch c := b[i]; {
	case c == '(' || c == '[' || c == '{':
		s.bracketed(b, i, 1, l)
	case c >= utf8.RuneSelf && i+3 < len(b) && !goesOn[uint(b[i+2])|uint(b[i+3])<<8]:
	case wideBracket(b[i:]) != 0:
		s.bracketed(b, i, 3, l)
	case class[b[i-1]]&(isLetter|isDigit) == 0 || c >= firstEastAsian:
		s.word(b, i, l)
	case c == 'A' && b[i+1] == 'T':
		s.capitalAt(b, i, l)
	}
}

// word tries the word at b[i], which begins like one for @.
func (s *sink) word(b []byte, i int, l *layer) {
	// "at" is by far the most common word to get here; nearly always it is an
	// English preposition or the beginning of another word.
	if c := b[i]; i+2 < len(b) && c|0x20 == 'a' && b[i+1]|0x20 == 't' && b[i+2] != '-' && b[i+2]|0x20 != 's' {
		if class[b[i+2]]&(isLetter|isDigit) == 0 && (b[i+2] < utf8.RuneSelf || !wordContinues(b[i+2:])) && hostFollows(b, i+2) {
			s.spelled(b, i, i+2, l)
		}
		return
	}
	if i+3 < len(b) && b[i+1]|0x20 != 't' && !goesOn[uint(b[i+2])|uint(b[i+3])<<8] {
		return
	}
	if w := matchWord(b[i:], looseAt[b[i]], false); w > 0 && hostFollows(b, i+w) {
		s.spelled(b, i, i+w, l)
	}
}

// dotInitial are the bytes with which a word for the dot may begin.
var dotInitial = func() (t [256]bool) {
	for _, w := range dotWords {
		t[w.word[0]], t[upperByte(w.word[0])] = true, true
	}
	for _, w := range dashWords {
		t[w.word[0]], t[upperByte(w.word[0])] = true, true
	}
	for _, w := range underscoreWords {
		t[w.word[0]], t[upperByte(w.word[0])] = true, true
	}
	for c := utf8.RuneSelf; c < 256; c++ {
		t[c] = true
	}
	return t
}()

// hostFollows is the cheap test before the costly one: does what follows at
// b[i] look like a host name, a label and then something that may be a dot?
func hostFollows(b []byte, i int) bool {
	end := min(len(b), i+maxFence)
	for i < end && class[b[i]]&(isLetter|isDigit) == 0 && b[i] < utf8.RuneSelf && (b[i] != markBlock || b[i-1] == ')' || b[i-1] == ']') {
		i++
	}
	if i == end || b[i] == markBlock {
		return false
	}
	end = min(len(b), i+maxLabel)
	for i < end && (class[b[i]]&isHost != 0 || b[i] == markInline) {
		if b[i] == '-' && dashedDot(b[i:]) {
			return true
		}
		i++
	}
	if i+1 >= len(b) {
		return false
	}
	if b[i] >= utf8.RuneSelf {
		return true // decided by runes, not here
	}
	if b[i] == '.' {
		return class[b[i+1]]&isSpace == 0 && b[i+1] != markBlock
	}
	// "-dot-" and "_dot_" were taken for a part of the label.
	if b[i-1] == '-' || b[i-1] == markInline || b[i] == '_' {
		return true
	}
	end = min(len(b)-1, i+maxFence)
	for i < end && class[b[i]]&(isLetter|isDigit) == 0 && b[i] < utf8.RuneSelf && b[i] != markBlock && b[i] != '.' {
		i++
	}
	return dotInitial[b[i]]
}

// bracketed looks for a strict word for @ behind the bracket at b[i]; the
// loose ones are found by themselves.
func (s *sink) bracketed(b []byte, i, width int, l *layer) {
	k := i + width
	for k < len(b) && k < i+width+3 && (b[k] == ' ' || b[k] == b[i]) {
		k++
	}
	if k >= len(b) {
		return
	}
	if len(strictAt[b[k]]) == 0 || width == 1 && !bracketsWord(b[k:], closing(b[i])) {
		return
	}
	w := matchWord(b[k:], strictAt[b[k]], true)
	if w == 0 || len(looseAt[b[k]]) > 0 && matchWord(b[k:], looseAt[b[k]], false) > 0 {
		return
	}
	end := k + w
	for end < len(b) && end < k+w+4 && b[end] == ' ' {
		end++
	}
	if end == len(b) || width == 1 && b[end] != closing(b[i]) || width > 1 && !bytes.HasPrefix(b[end:], []byte(string(wideBracket(b[i:])))) {
		return
	}
	// Code is full of "f(a)": a new line or another sign next to the bracket
	// is no address.
	left, right := fenceLeft(b, k), fenceRight(b, k+w)
	if left.line || right.line || left.deco != 0 || right.deco != 0 {
		return
	}
	if left.space && class[b[k]]&isLetter != 0 && !s.bracketAllows(b, k-left.n, k+w+right.n) {
		return
	}
	s.spelled(b, k, k+w, l)
}

// wideBrackets are the brackets of East Asian text.
var wideBrackets = [...]struct{ left, right rune }{{'【', '】'}, {'〔', '〕'}, {'「', '」'}, {'（', '）'}, {'［', '］'}, {'｛', '｝'}}

// wideBracket returns what closes the East Asian bracket that b begins with,
// 0 for anything else.
func wideBracket(b []byte) rune {
	if len(b) < 3 || b[0] != 0xE3 && b[0] != 0xEF {
		return 0
	}
	r, _ := utf8.DecodeRune(b)
	for _, w := range wideBrackets {
		if r == w.left {
			return w.right
		}
	}
	return 0
}

// bracketsWord is the cheap test before the words are compared: does b have a
// closing bracket near, and before it what may be a strict word?
func bracketsWord(b []byte, closing byte) bool {
	end := bytes.IndexByte(b[:min(len(b), 64)], closing)
	return end > 0 && strictShapes.may(bytes.TrimRight(b[:end], " "))
}

// bracketAllows judges a word that means other things as well, in brackets with
// space before them, between a local part that ends at b[lo] and a host name
// that begins at b[hi]: "info (et) site.fr" or "Firma (ad) site.de".
func (s *sink) bracketAllows(b []byte, lo, hi int) bool {
	d := spelledDomain{b: b}
	d.read(hi)
	local, start := spelledLocal(b, lo, false)
	head := segmentBefore(b, start)
	return d.words > 0 || len(local) > 0 && (plausibleLocal(local) && !hasSuffix(local) || labelBefore(head) && !hasUpper(local)) || announced(head) || s.familiar(d.name)
}

// closing returns the bracket that closes another.
func closing(open byte) byte {
	switch open {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}

// capitalAt tries "infoATexampleDOTcom".
func (s *sink) capitalAt(b []byte, i int, l *layer) {
	if i+2 >= len(b) || !isLower(b[i-1]) && class[b[i-1]]&isDigit == 0 || !isLower(b[i+2]) {
		return
	}
	rest := b[i+2 : min(i+2+maxLabel, len(b))]
	k := bytes.Index(rest, []byte("DOT"))
	if k <= 0 {
		return
	}
	var d spelledDomain
	d.b, d.capital = b, true
	d.read(i + 2)
	if len(d.name) == 0 || !commonSuffix(d.name) {
		return
	}
	start := i
	for start > 0 && i-start < maxLocal && (class[b[start-1]]&isLocal != 0) {
		start--
	}
	local := bytes.ReplaceAll(b[start:i], []byte("DOT"), []byte{'.'})
	s.spelledAddress(b, bytes.Clone(local), &d, start, FoundAtDot, l, "")
}
