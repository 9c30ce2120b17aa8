package extract

import (
	"unicode"
	"unicode/utf8"
)

// signWord is a word that stands for a sign. strict words mean something else
// in running text ("a", "et", "chez") and count only in brackets.
type signWord struct {
	word   string // lower case
	strict bool
}

// atWords stand for @. Longer words come before their prefixes.
var atWords = []signWord{
	{"at-sign", false},
	{"atsign", false},
	{"at-mark", false},
	{"atmark", true},
	{"at mark", true},
	{"at-zeichen", false},
	{"atzeichen", false},
	{"at zeichen", false},
	{"at-symbol", false},
	{"at symbol", true},
	{"at sign", true},
	{"at-tegn", false},
	{"at-teken", false},
	{"at-merkki", false},
	{"at", false},
	{"arrobase", false},
	{"arobase", false},
	{"arroba", false},
	{"arrob", true},
	{"arond", true},
	{"a rond", true},
	{"arobas", false},
	{"ar", true},
	{"apenstaartje", false},
	{"apestaart", false},
	{"apestaartje", false},
	{"afenschwanz", true},
	{"affenschwanz", true},
	{"alfakrøll", false},
	{"alpha", true},
	{"chiocciola", false},
	{"chiocc", true},
	{"chez", false},
	{"klammeraffe", false},
	{"klamaffe", true},
	{"krøllalfa", false},
	{"kukac", false},
	{"kuyruklu a", false},
	{"snabel-a", false},
	{"snabela", false},
	{"snabel a", false},
	{"małpa", false},
	{"malpa", false},
	{"miukumauku", false},
	{"zavináč", false},
	{"zavinac", false},
	{"et", true},
	{"bei", true},
	{"ätt", true},
	{"eta", true},
	{"ed", true},
	{"a bildua", true},
	{"a còng", true},
	{"a", true},
	{"afna", true},
	{"arrova", false},
	{"affenklammer", true},
	{"grisehale", true},
	{"heliko", true},
	{"hjá", false},
	{"kanelbulle", true},
	{"majmun", true},
	{"strudel", true},
	{"bij", true},
	{"à", true},
	{"ät", false},
	{"aet", true},
	{"åt", false},
	{"ått", true},
	{"ad", true},
	{"собака", false},
	{"собачка", false},
	{"собачки", false},
	{"равлик", false},
	{"кльомба", false},
	{"маймунско а", false},
	{"маймунка", true},
	{"мајмун", true},
	{"ет", true},
	{"ат", true},
	{"эт", true},
	{"アットマーク", false},
	{"アット", false},
	{"あっと", false},
	{"艾特", false},
	{"圈a", false},
	{"小老鼠", true},
	{"골뱅이", false},
	{"παπάκι", false},
	{"παπακι", true},
	{"שטרודל", false},
	{"כרוכית", true},
	{"آت", true},
	{"في", true},
	{"στο", true},
	{"@t", true},
	{"@", true},
	{"＠", true},
	{"&", true},
	{"æt", true},
	{"aŧ", true},
}

// looseAt are the words for @ that count without brackets, strictAt the
// others, by their first byte.
var looseAt, strictAt = byFirstByte(atWords, false), byFirstByte(atWords, true)

func byFirstByte(words []signWord, strict bool) (t [256][]signWord) {
	for _, w := range words {
		if w.strict != strict {
			continue
		}
		first := w.word[0]
		t[first] = append(t[first], w)
		up := upperByte(first)
		if first >= utf8.RuneSelf {
			up = string(unicode.ToUpper([]rune(w.word)[0]))[0]
		}
		if up != first {
			t[up] = append(t[up], w)
		}
	}
	return t
}

// dotWords stand for the dot.
var dotWords = []signWord{
	{"dot", false},
	{"d0t", false},
	{"period", true},
	{"punkt", false},
	{"pkt", true},
	{"point", false},
	{"pt", true},
	{"punto", false},
	{"puntu", false},
	{"ponto", false},
	{"punt", false},
	{"punct", false},
	{"punktum", false},
	{"prick", true},
	{"kropka", false},
	{"tečka", false},
	{"tecka", false},
	{"bodka", false},
	{"pont", false},
	{"pötty", true},
	{"nokta", false},
	{"točka", false},
	{"tačka", false},
	{"tacka", true},
	{"pika", true},
	{"taškas", false},
	{"titik", true},
	{"chấm", true},
	{"нокта", true},
	{"крапка", false},
	{"נקודה", true},
	{"نقطة", true},
	{"piste", false},
	{"точка", false},
	{"тчк", true},
	{"ドット", false},
	{"点", true},
	{"점", true},
	{"닷", true},
	{"τελεία", true},
	{"ponkt", true},
	{"doot", true},
	{"toh", true},
	{".", true},
	{"。", true},
	{"·", true},
}

// dashWords stand for - and _ inside an address whose sign is spelled out.
var dashWords = []signWord{
	{"dash", false},
	{"hyphen", false},
	{"minus", false},
	{"bindestrich", false},
	{"strich", true},
	{"tiret", false},
	{"guion", false},
	{"guión", false},
	{"trattino", false},
	{"hífen", false},
	{"-", true},
}

var underscoreWords = []signWord{
	{"underscore", false}, {"unterstrich", false}, {"underline", true}, {"guion bajo", false}, {"_", true},
}

// shapes tells most of what is none of a list's words at once, by its first and
// last byte and its length: a bit of the first byte's for each word.
type shapes [256]uint64

func shapesOf(lists ...[]signWord) *shapes {
	t := &shapes{}
	for _, list := range lists {
		for _, w := range list {
			t[w.word[0]] |= 1 << shape(len(w.word), w.word[len(w.word)-1])
		}
	}
	return t
}

// shape is the bit that stands for words of a length that end in a letter.
func shape(length int, last byte) int { return (7*length + int(lowerByte(last))) % 64 }

// may reports whether the whole of word may be one of the list's, in any case.
func (t *shapes) may(word []byte) bool {
	if len(word) == 0 {
		return false
	}
	for _, c := range word {
		if c >= utf8.RuneSelf {
			return true // a rune's other case may have another length
		}
	}
	return t[lowerByte(word[0])]>>shape(len(word), word[len(word)-1])&1 != 0
}

var (
	strictShapes = shapesOf(atWords)
	signShapes   = shapesOf(dotWords, dashWords, underscoreWords)
)

// matchWord returns the length of the word of list at the start of b, 0 for
// none. The word must end there.
func matchWord(b []byte, list []signWord, strict bool) int {
	for i := range list {
		w := &list[i]
		if w.strict && !strict {
			continue
		}
		n := foldPrefixUTF8(b, w.word)
		if n == 0 {
			continue
		}
		if n < len(b) && w.word[0] < firstEastAsian && wordContinues(b[n:]) && class[w.word[0]]&isLetter|boolBit(w.word[0] >= utf8.RuneSelf) != 0 {
			continue
		}
		return n
	}
	return 0
}

func boolBit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// wordContinues reports whether b begins with a letter or digit.
func wordContinues(b []byte) bool {
	if b[0] < utf8.RuneSelf {
		return class[b[0]]&(isLetter|isDigit) != 0
	}
	r, _ := utf8.DecodeRune(b)
	return unicode.IsLetter(r) && r < 0x2E80 // scripts without spaces do not continue
}

// foldPrefixUTF8 returns how many bytes of b equal the lower-case word, case
// aside; 0 when they do not.
func foldPrefixUTF8(b []byte, word string) int {
	n := 0
	for _, want := range word {
		if n >= len(b) {
			return 0
		}
		if b[n] < utf8.RuneSelf {
			if rune(lowerByte(b[n])) != want {
				return 0
			}
			n++
			continue
		}
		r, w := utf8.DecodeRune(b[n:])
		if r != want && unicode.ToLower(r) != want {
			return 0
		}
		n += w
	}
	return n
}
