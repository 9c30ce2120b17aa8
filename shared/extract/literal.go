package extract

import "bytes"

// Lengths of string literals that are tried as an encoded address.
const (
	minLiteral  = 12 // base64 of the shortest address
	maxLiteral  = 4096
	maxLiterals = 256 // of one script
)

// literals looks through the string literals of a script that decodes base64,
// or that leaves it to a script elsewhere: lists of encoded addresses are often
// read by an index that only a browser knows. A literal that holds each
// character of base64 once is the alphabet of those behind it.
func (w *walker) literals(seg []byte, pos int) {
	if w.l.depth >= maxDepth || !w.s.spend(len(seg)) {
		return
	}
	var alphabet *[256]byte
	for i, n := 0, 0; i < len(seg) && n < maxLiterals; {
		k := bytes.IndexAny(seg[i:], "\"'`")
		if k < 0 {
			return
		}
		start := i + k + 1
		end := bytes.IndexByte(seg[start:], seg[start-1])
		if end < 0 {
			return
		}
		v := seg[start : start+end]
		i = start + end + 1
		if len(v) < minLiteral || len(v) > maxLiteral {
			continue
		}
		n++
		l := layer{reason: w.l.reason, place: inAttr, pos: pos, fixed: true, depth: w.l.depth + 1}
		if alphabet != nil {
			if plain := translate(v, alphabet); plain != nil {
				l.form = FoundBase64
				w.s.base64Literal(plain, &l)
				continue
			}
		}
		if a := base64Alphabet(v); a != nil {
			alphabet = a
			continue
		}
		w.s.base64Literal(v, &l)
	}
}

// base64Literal decodes a literal and looks through the text, if it is one
// with a sign or a link in it.
func (s *sink) base64Literal(v []byte, l *layer) {
	text := decodeBase64(v, minLiteral)
	if bytes.IndexByte(text, '@') < 0 && !bytes.Contains(text, []byte("&#")) || !s.spend(len(text)) {
		return
	}
	l.form = FoundBase64
	if foldPrefix(text, "mailto:") {
		s.mailto(text[7:], l)
		return
	}
	s.text(text, l)
}

const standardBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// base64Alphabet reads an alphabet of base64 in an order of its own, with or
// without the padding behind it, and returns what turns it into the standard one.
func base64Alphabet(v []byte) *[256]byte {
	if len(v) != 64 && len(v) != 65 {
		return nil
	}
	var t [256]byte
	letters := 0
	for i, c := range v {
		if t[c] != 0 || c <= ' ' || c >= 0x7f {
			return nil
		}
		if class[c]&(isLetter|isDigit) != 0 {
			letters++
		}
		if i == 64 {
			t[c] = '='
		} else {
			t[c] = standardBase64[i]
		}
	}
	if letters < 62 {
		return nil
	}
	if t['='] == 0 {
		t['='] = '='
	}
	return &t
}

// translate maps v through t, or returns nil when t lacks one of its bytes.
func translate(v []byte, t *[256]byte) []byte {
	out := make([]byte, len(v))
	for i, c := range v {
		if out[i] = t[c]; out[i] == 0 {
			return nil
		}
	}
	return out
}
