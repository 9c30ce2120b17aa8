package extract

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"
)

// opaque looks for an address in a value that carries one in an unknown
// encoding: in plain, as base64, hexadecimal, backwards or rotated. It reports
// whether it found any. hint is true when the place speaks of mail, which
// makes the weaker readings admissible.
func (s *sink) opaque(v []byte, l *layer, hint bool) bool {
	v = bytes.TrimSpace(v)
	if len(v) < 6 || len(v) > 4096 || l.depth >= maxDepth {
		return false
	}
	before := s.adds
	if !allHex(v) {
		switch {
		case foldPrefix(v, "mailto:"):
			s.mailto(v[7:], l)
		case (l.cipher || foldPrefix(v, "znvygb:") || hint && bytes.Contains(v, []byte("/at/"))) && s.rotatedFirst(v, l):
		default:
			s.text(v, l)
		}
		if s.adds > before {
			return true
		}
	}
	if s.opt.KeepObfuscated {
		return false
	}
	inner := *l
	inner.depth++
	inner.fixed, inner.flat, inner.words, inner.place = true, nil, true, inAttr
	if s.base64Text(v, &inner) || s.hexText(v, &inner, hint) || s.codeList(v, &inner) || s.shifted(v, &inner) {
		return true
	}
	if (hint || oneToken(v)) && s.backwards(v, &inner) {
		return true
	}
	return (hint || l.cipher) && (s.rotated(v, &inner) || s.joinSeparated(v, &inner) || s.rotated47(v, &inner))
}

// rotated47 reads v as ROT47, which moves all printable characters.
func (s *sink) rotated47(v []byte, l *layer) bool {
	// The rotation of @ is o, that of the dot is ].
	if bytes.IndexByte(v, 'o') < 0 || bytes.IndexByte(v, ']') < 0 || !s.spend(len(v)) {
		return false
	}
	out := bytes.Clone(v)
	for i, c := range out {
		if c > ' ' && c < 0x7f {
			out[i] = '!' + (c-'!'+47)%94
		}
	}
	inner := *l
	inner.form = orForm(l.form, FoundROT13)
	return s.tryText(out, &inner)
}

// oneToken reports whether v is a single word with one @ in it, which nothing
// but an address is likely to be, read in whatever direction.
func oneToken(v []byte) bool {
	return bytes.Count(v, []byte{'@'}) == 1 && !bytes.ContainsAny(v, " \t\n/?=")
}

// codeList reads a list of character codes: "105,110,102", "69-6e-66".
func (s *sink) codeList(v []byte, l *layer) bool {
	if class[v[0]]&isHex == 0 || len(v) > 2048 {
		return false
	}
	for _, base := range [...]int{10, 16} {
		text := codes(v, base)
		if len(text) < 6 || bytes.IndexByte(text, '@') < 0 || !printable(text) || !s.spend(len(text)) {
			continue
		}
		inner := *l
		inner.form = orForm(l.form, FoundCharCode)
		if s.tryText(text, &inner) {
			return true
		}
	}
	return false
}

// codes decodes numbers with one separator between them, or returns nil.
func codes(v []byte, base int) []byte {
	var out []byte
	sep := byte(0)
	n, digits := 0, 0
	for i := 0; i <= len(v); i++ {
		if i < len(v) && class[v[i]]&isHex != 0 {
			d := int(unhex(v[i]))
			if d >= base || digits == 3 {
				return nil
			}
			n, digits = n*base+d, digits+1
			continue
		}
		if i < len(v) {
			if v[i] == ' ' && digits == 0 {
				continue // "105, 110"
			}
			if sep == 0 {
				sep = v[i]
			}
			if v[i] != sep || class[sep]&isLetter != 0 {
				return nil
			}
		}
		if digits == 0 || n > 255 {
			return nil
		}
		out = append(out, byte(n))
		n, digits = 0, 0
	}
	return out
}

// base64Text decodes v as base64 (any alphabet, with or without padding) and
// looks through the result if it is text.
func (s *sink) base64Text(v []byte, l *layer) bool {
	text := decodeBase64(v, 8)
	if len(text) < 6 || !s.spend(len(text)) {
		return false
	}
	inner := *l
	inner.form = orForm(l.form, FoundBase64)
	return s.opaque(text, &inner, true)
}

// orForm keeps a form that says more than that an attribute held the address.
func orForm(old, decoded FoundBy) FoundBy {
	switch old {
	case "", FoundAttribute, FoundDataAttribute, FoundScript, FoundMailto, FoundJSON, FoundText:
		return decoded
	}
	return old
}

// decodeBase64 returns the text that v is the base64 of. It returns nil when v
// is no base64, is shorter than least, or does not decode to text.
func decodeBase64(v []byte, least int) []byte {
	v = bytes.TrimRight(v, "=")
	if len(v) < max(least, 4) && (least > 4 || len(v) < 2) || len(v) > 4096 || len(v)%4 == 1 || !beginsBase64(v) {
		return nil
	}
	enc := base64.RawStdEncoding
	for _, c := range v {
		switch {
		case class[c]&(isLetter|isDigit) != 0 || c == '+' || c == '/':
		case c == '-' || c == '_':
			enc = base64.RawURLEncoding
		default:
			return nil
		}
	}
	// Most values that could be base64 are not: the first group tells.
	var probe [3]byte
	n, err := enc.Decode(probe[:], v[:min(4, len(v))])
	if err != nil || !printable(probe[:n]) || !beginsText(probe[:n]) {
		return nil
	}
	out, err := enc.AppendDecode(nil, v)
	if err != nil || !printable(out) || !utf8.Valid(out) {
		return nil
	}
	return out
}

// beginsBase64 reports whether v, of at least two bytes, may be the base64 of
// text: by the first byte of the text, and by the second if that continues a rune.
func beginsBase64(v []byte) bool {
	a, b := sextets[v[0]], sextets[v[1]]
	switch c := a<<2 | b>>4; {
	case a|b > 63 || c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f:
		return false
	case c >= utf8.RuneSelf:
		return c&0x40 != 0 && (len(v) < 3 || b&0x0c == 0x08)
	}
	return true
}

// sextets are the values of the characters of base64, in both alphabets; 0xff is
// none.
var sextets = func() (t [256]uint8) {
	for c := range t {
		t[c] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = uint8(i)
	}
	t['-'], t['_'] = t['+'], t['/']
	return t
}()

// beginsText reports whether UTF-8 may begin with b.
func beginsText(b []byte) bool {
	for len(b) > 0 && utf8.FullRune(b) {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		b = b[n:]
	}
	return true
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return true
}

// hexText decodes v as hexadecimal codes, and as XORed with its first byte
// the way Cloudflare does.
func (s *sink) hexText(v []byte, l *layer, hint bool) bool {
	if len(v) < 12 || len(v)%2 != 0 || !allHex(v) || !s.spend(len(v)) {
		return false
	}
	out := make([]byte, 0, len(v)/2)
	for i := 0; i < len(v); i += 2 {
		out = append(out, unhex(v[i])<<4|unhex(v[i+1]))
	}
	if printable(out) {
		inner := *l
		inner.form = orForm(l.form, FoundCharCode)
		return s.opaque(out, &inner, hint)
	}
	if hint {
		before := s.adds
		s.cloudflare(v, l.pos)
		return s.adds > before
	}
	return false
}

func allHex(v []byte) bool {
	for _, c := range v {
		if class[c]&isHex == 0 {
			return false
		}
	}
	return true
}

// backwards reads v from its end.
func (s *sink) backwards(v []byte, l *layer) bool {
	if !s.spend(len(v)) {
		return false
	}
	inner := *l
	inner.form = orForm(l.form, FoundReversed)
	turned := reverseRunes(nil, v)
	return s.tryText(turned, &inner) || bytes.Contains(turned, []byte("//")) && s.joinSeparated(turned, &inner)
}

// overridden looks for text behind the mark RIGHT-TO-LEFT OVERRIDE, which is
// shown backwards up to the mark that ends it or the end of the block.
func (s *sink) overridden(b []byte, l *layer) {
	for n := 0; n < 64 && !s.opt.KeepObfuscated; n++ {
		i := bytes.Index(b, []byte("\u202e"))
		if i < 0 {
			return
		}
		b = b[i+len("\u202e"):]
		seg := b[:min(len(b), maxAddress)]
		if end := bytes.IndexByte(seg, markBlock); end >= 0 {
			seg = seg[:end]
		}
		if end := bytes.Index(seg, []byte("\u202c")); end >= 0 {
			seg = seg[:end]
		}
		inner := layer{form: FoundReversed, reason: l.reason, pos: l.at(0), fixed: true, depth: l.depth + 1, words: true}
		s.tryText(reverseRunes(nil, seg), &inner)
	}
}

// tryText scans text, a mailto: link perhaps, and reports whether it held an
// address.
func (s *sink) tryText(v []byte, l *layer) bool {
	before := s.adds
	if foldPrefix(v, "mailto:") {
		s.mailto(v[7:], l)
	} else {
		s.scan(v, l)
	}
	return s.adds > before
}
