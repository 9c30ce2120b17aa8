package extract

import (
	"bytes"
	"math/bits"
	"sync"
)

// rotatedFirst tries ROT13 before the plain reading where the letters say so.
// Both may be valid: the rotation of .org is .bet, that of .fr is .se.
func (s *sink) rotatedFirst(v []byte, l *layer) bool {
	v = plainSigns(v)
	if s.opt.KeepObfuscated || !foldPrefix(v, "znvygb:") && legibility(rot13(v)) < legibility(v)+0.15 {
		return false
	}
	return s.rotated(v, l)
}

// rotates reports whether a candidate in a script that rotates letters is rather
// one to be rotated: it has a known suffix both ways, which few have, such as
// .fr and .se, .it and .vg, .org and .bet.
func rotates(c *candidate) bool {
	last := bytes.LastIndexByte(c.domain, '.')
	if last < 0 {
		return false
	}
	switch string(bytes.ToLower(c.domain[last+1:])) {
	case "fr", "se", "it", "vg", "bet", "org", "ng", "at", "pl", "cy", "fi", "sv", "ca", "pn", "in", "va", "pm", "cz", "ru", "eh":
		return !roleLocal(string(bytes.ToLower(c.local)))
	}
	return false
}

// rotator reports whether a script has what ROT13 takes: the second half of
// the alphabet before the first, or the number and character codes.
func rotator(b []byte) bool {
	if len(b) > smallScript {
		return false
	}
	return bytes.Contains(b, []byte("zabcdefghijklm")) || bytes.Contains(b, []byte("ZABCDEFGHIJKLM")) ||
		bytes.Contains(b, []byte("13")) && charCode(b)
}

// rotatorAt is rotator with a memory: the candidates of a script come in a row.
func (s *sink) rotatorAt(b []byte) bool {
	if s.asked != &b[0] || s.askedLen != len(b) {
		s.asked, s.askedLen, s.rotates = &b[0], len(b), rotator(b)
	}
	return s.rotates
}

// letterWeights are the logarithms of the frequencies of a to z in European
// names and words, roughly, less their mean.
var letterWeights = [26]float64{
	1.0, -0.6, 0.0, 0.3, 1.3, -0.4, -0.1, 0.2, 1.0, -2.2, -0.3, 0.6, 0.2,
	0.9, 0.7, -0.3, -3.2, 0.9, 0.8, 0.8, 0.3, -0.9, -0.6, -2.4, -1.0, -1.2,
}

// legibility says how much the letters of v look like words: the mean weight
// of its letters.
func legibility(v []byte) float64 {
	sum, n := 0.0, 0
	for _, c := range v {
		if class[c]&isLetter != 0 {
			sum += letterWeights[c|0x20-'a']
			n++
		}
	}
	if n < 8 {
		return 0
	}
	return sum / float64(n)
}

// rotated reads v as ROT13, then with its digits rotated by 5 as well.
func (s *sink) rotated(v []byte, l *layer) bool {
	if !s.spend(len(v)) {
		return false
	}
	inner := *l
	inner.form = orForm(l.form, FoundROT13)
	return s.tryText(rot13(plainSigns(v)), &inner)
}

// plainSigns puts the signs where their words stand: those are not rotated.
func plainSigns(v []byte) []byte {
	for _, sign := range [...]string{"[at]", "(at)", "{at}", "/at/", "-at-", "_at_", "|at|"} {
		v = bytes.ReplaceAll(v, []byte(sign), []byte{'@'})
	}
	for _, sign := range [...]string{"[dot]", "(dot)", "{dot}", "/dot/", "-dot-", "_dot_", "|dot|"} {
		v = bytes.ReplaceAll(v, []byte(sign), []byte{'.'})
	}
	return v
}

// rot13 rotates letters by 13.
func rot13(v []byte) []byte {
	out := bytes.Clone(v)
	for i, c := range out {
		switch {
		case c >= 'a' && c <= 'z':
			out[i] = 'a' + (c-'a'+13)%26
		case c >= 'A' && c <= 'Z':
			out[i] = 'A' + (c-'A'+13)%26
		}
	}
	return out
}

// shifted reads v as text whose letters were moved by a constant, the way
// TYPO3 does it and the way plain arithmetic on character codes does. Only
// "mailto:" at the start proves a shift.
func (s *sink) shifted(v []byte, l *layer) bool {
	if len(v) < 12 || bytes.IndexByte(v[:12], ' ') >= 0 || !s.spend(len(v)) {
		return false
	}
	offsets := shifts()
	var may [len(turns)]uint64
	all := uint64(0)
	for t := range turns {
		may[t] = offsets[0][v[0]][t] & offsets[1][v[1]][t]
		all |= may[t]
	}
	for ; all != 0; all &= all - 1 {
		bit := bits.TrailingZeros64(all)
		off := bit - maxShift
		for t, turn := range turns {
			if may[t]>>bit&1 == 0 || !shiftsTo(v, off, turn) {
				continue
			}
			out := make([]byte, len(v))
			for i, c := range v {
				out[i] = turn(c, off)
			}
			inner := *l
			inner.form = orForm(l.form, FoundTYPO3)
			return s.tryText(out, &inner)
		}
	}
	return false
}

// maxShift is the largest constant that is tried, turns are the ways in which it
// moves characters.
const maxShift = 25

var turns = [...]func(byte, int) byte{typo3Shift, codeShift, letterShift}

// scheme is what a text that was moved must begin with.
const scheme = "mailto:"

// shifts says which constants turn a character into the first or the second of
// scheme: bit k is for k-maxShift. Nearly every text is out of the question by
// its first two.
var shifts = sync.OnceValue(func() *[2][256][len(turns)]uint64 {
	var table [2][256][len(turns)]uint64
	for i := range table {
		for c := range table[i] {
			for t, turn := range turns {
				for off := -maxShift; off <= maxShift; off++ {
					if off != 0 && lowerByte(turn(byte(c), off)) == scheme[i] {
						table[i][c][t] |= 1 << (off + maxShift)
					}
				}
			}
		}
	}
	return &table
})

func shiftsTo(v []byte, off int, turn func(byte, int) byte) bool {
	for i := 0; i < len(scheme); i++ {
		if lowerByte(turn(v[i], off)) != scheme[i] {
			return false
		}
	}
	return true
}

// typo3Shift moves a character within the ranges TYPO3 rotates: + to :, @ to
// Z, a to z.
func typo3Shift(c byte, off int) byte {
	for _, r := range [...][2]byte{{'+', ':'}, {'@', 'Z'}, {'a', 'z'}} {
		if c >= r[0] && c <= r[1] {
			size := int(r[1]-r[0]) + 1
			return r[0] + byte(((int(c-r[0])+off)%size+size)%size)
		}
	}
	return c
}

// codeShift moves a character code.
func codeShift(c byte, off int) byte { return byte(int(c) + off) }

// letterShift rotates letters only.
func letterShift(c byte, off int) byte {
	switch {
	case isLower(c):
		return 'a' + byte(((int(c-'a')+off)%26+26)%26)
	case isUpper(c):
		return 'A' + byte(((int(c-'A')+off)%26+26)%26)
	}
	return c
}
