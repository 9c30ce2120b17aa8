package follow

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded is a text as words are looked up in it: in lower case, without
// diacritics, words separated by single blanks, one in front and one behind.
// "Über-uns/TEAM.html" becomes " uber uns team html ".
type folded []byte

// appendFolded folds s; glue is where a lower-case letter is followed by an
// upper-case one: with camel such words are separated ("ContactUs").
func appendFolded(out folded, s string, camel bool) folded {
	out = append(out, ' ')
	lowerBefore := false
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
				out = append(out, c)
				lowerBefore = true
			case 'A' <= c && c <= 'Z':
				if camel && lowerBefore {
					out = append(out, ' ')
				}
				out = append(out, c|0x20)
				lowerBefore = false
			case c == '\'':
				lowerBefore = false // "qui sommes-nous", "who's who": no separator
			default:
				out = separated(out)
				lowerBefore = false
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if plain, ok := plainRunes[r]; ok {
			out = append(out, plain...)
			continue
		}
		switch {
		case unicode.Is(dropped, r):
		case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r):
			out = utf8.AppendRune(out, unicode.ToLower(r))
		default:
			out = separated(out)
		}
		lowerBefore = false
	}
	return separated(out)
}

func separated(out folded) folded {
	if out[len(out)-1] != ' ' {
		out = append(out, ' ')
	}
	return out
}

// dropped are marks that writers set or leave out at will: combining accents,
// Hebrew points, Arabic vowel signs and tatweel, joiners.
var dropped = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00ad, Hi: 0x00ad, Stride: 1},
		{Lo: 0x02bc, Hi: 0x02bc, Stride: 1},
		{Lo: 0x0300, Hi: 0x036f, Stride: 1},
		{Lo: 0x0591, Hi: 0x05c7, Stride: 1},
		{Lo: 0x0640, Hi: 0x0640, Stride: 1},
		{Lo: 0x064b, Hi: 0x0652, Stride: 1},
		{Lo: 0x200b, Hi: 0x200f, Stride: 1},
		{Lo: 0x2019, Hi: 0x2019, Stride: 1},
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1},
	},
	LatinOffset: 1,
}

// plainRunes maps letters with diacritics to those without. Latin and Greek
// lose all of theirs, Cyrillic keeps й and ё apart from и and е only in
// spelling, Arabic's forms of alef become one.
var plainRunes = func() map[rune]string {
	table := map[rune]string{
		'ß': "ss", 'ẞ': "ss", 'æ': "ae", 'Æ': "ae", 'œ': "oe", 'Œ': "oe", 'ø': "o", 'Ø': "o", 'đ': "d", 'Đ': "d",
		'ð': "d", 'Ð': "d", 'þ': "th", 'Þ': "th", 'ł': "l", 'Ł': "l", 'ı': "i", 'ŀ': "l", 'ħ': "h", 'Ħ': "h", 'ŧ': "t", 'Ŧ': "t",
		'ə': "e", 'Ə': "e", 'ς': "σ",
		'أ': "ا", 'إ': "ا", 'آ': "ا", 'ى': "ي", 'ی': "ي", 'ک': "ك",
	}
	for _, block := range [][2]rune{{0x00c0, 0x024f}, {0x0386, 0x03ce}, {0x0400, 0x045f}, {0x1e00, 0x1fff}} {
		for r := block[0]; r <= block[1]; r++ {
			if _, ok := table[r]; ok {
				continue
			}
			first, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
			if first != r && unicode.IsLetter(first) {
				table[r] = string(unicode.ToLower(first))
			}
		}
	}
	return table
}()

// isUnspaced reports whether a rune belongs to a script that does not separate
// words, or joins them freely: there a word may begin and end anywhere.
func isUnspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
