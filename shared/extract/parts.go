package extract

import (
	"bytes"
	"strings"
)

// dataAttribute reads a data-* attribute.
func (w *walker) dataAttribute(a *attr, tr *tagTraits) {
	tr.parts = tr.parts || a.part != partNone && len(a.value) <= 64
	tr.hint = tr.hint || a.hint
	if len(a.value) < 6 || w.s.opt.KeepObfuscated && !w.suspicious(*a) {
		return
	}
	w.unknownValue(*a, tr.hint, a.cipher)
}

// otherAttribute reads an attribute no rule is known for: those of custom
// elements, of frameworks, of old habits.
func (w *walker) otherAttribute(a *attr, tr *tagTraits) {
	tr.parts = tr.parts || a.part != partNone && len(a.value) <= 64
	if len(a.value) < 6 {
		return
	}
	tr.hint = tr.hint || a.hint
	if a.scope && a.value[0] == '{' && len(a.value) < 1024 {
		w.scopes = append(w.scopes, code{text: bytes.Clone(w.value(*a)), pos: w.pos(a.pos)})
	}
	if a.mail || w.suspicious(*a) {
		w.unknownValue(*a, a.mail, a.cipher)
	} else if n := len(w.scopes); n > 0 && !w.s.opt.KeepObfuscated && len(w.handlers) < 256 && showsExpression(a.name) && bytes.IndexByte(w.scopes[n-1].text, '@') >= 0 {
		w.handlers = append(w.handlers, code{text: bytes.Clone(w.value(*a)), pos: w.pos(a.pos), expression: true})
	}
}

// showsExpression reports whether a framework shows the value of the expression
// in an attribute, or makes a link of it.
func showsExpression(name []byte) bool {
	switch string(name) {
	case "x-text", "x-html", "v-text", "v-html", ":href", "x-bind:href", "v-bind:href":
		return true
	}
	return false
}

// unknownValue reads a value that may hold text, JSON, markup or an encoded
// address.
func (w *walker) unknownValue(a attr, hint, cipher bool) {
	if !hint && !cipher && tooPlain(a.value) {
		return
	}
	v := w.value(a)
	l := w.sub(a.pos)
	l.place, l.fixed, l.words, l.cipher = inAttr, true, true, cipher
	if l.form == "" {
		l.form = FoundDataAttribute
	}
	if len(v) > 2 && (v[0] == '{' || v[0] == '[' && v[1] != 'a') && bytes.IndexByte(v, '"') > 0 {
		before := w.s.adds
		w.s.json(v, &l)
		if hint && w.s.adds == before {
			if v[0] == '[' {
				w.s.joinList(v, &l)
			} else {
				w.s.joinObject(v, &l)
			}
		}
		return
	}
	if len(v) > 4096 {
		w.s.text(v, &l)
		return
	}
	if foldPrefix(v, "javascript:") {
		w.handler(percentDecode(v[len("javascript:"):], 1), a)
		return
	}
	if bytes.IndexByte(v, '@') >= 0 && bytes.ContainsAny(v, "'\"`") && unsettled(v, false) {
		w.handler(v, a) // an expression of a framework
		return
	}
	if bytes.HasPrefix(v, []byte("http")) || v[0] == '/' || v[0] == '#' {
		l.form = ""
		w.s.url(v, &l)
		return
	}
	w.s.opaque(v, &l, hint)
}

// tooPlain reports whether a value of a few letters, digits, hyphens and
// underscores holds nothing in any of the ways that need no hint: the others take
// more bytes or other ones, what is left are words for the signs, and base64.
func tooPlain(v []byte) bool {
	if len(v) >= 12 {
		return false
	}
	for _, c := range v {
		if class[c]&isHost == 0 && c != '_' {
			return false
		}
	}
	return !spellsSign(v) && (len(v) < 8 || !beginsBase64(v))
}

// parts assembles an address whose parts stand in attributes of one tag.
func (w *walker) parts(tagName []byte, hint bool) {
	if w.s.opt.KeepObfuscated {
		return
	}
	var v [partWeakSuffix + 1][]byte
	pos := 0
	for _, a := range w.attrs {
		name := a.name
		if len(name) > 5 && foldPrefix(name, "data-") {
			name = name[5:]
		} else if attrOf(a.name) != attrOther && (string(tagName) != "email" || !foldEqual(name, "id")) && (!foldEqual(name, "name") && !foldEqual(name, "d") || bytes.IndexByte(tagName, '-') < 0) {
			continue
		}
		p := partOf(name)
		if p == partNone || len(a.value) == 0 || len(a.value) > maxAddress || v[p] != nil {
			continue
		}
		v[p] = bytes.TrimSpace(appendText(nil, a.value, nil))
		pos = max(pos, w.pos(a.pos))
	}
	l := layer{form: FoundDataAttribute, reason: w.l.reason, place: inAttr, pos: pos, fixed: true, depth: w.l.depth}
	if v[partToken] != nil {
		l.form = FoundTYPO3
		w.s.typo3Token(v[partToken], v[partVector], &l)
		if v[partLocal] == nil {
			return
		}
	}
	hint = hint || bytes.IndexByte(tagName, '-') > 0 || string(tagName) == "email" || v[partSuffix] != nil
	// "info@site" with the suffix beside it.
	if whole := v[partWeakLocal]; whole != nil && v[partSuffix] != nil {
		if i := bytes.IndexByte(whole, '@'); i > 0 {
			w.s.join(whole[:i], whole[i+1:], v[partSuffix], &l)
			return
		}
	}
	local, domain, suffix := v[partLocal], v[partDomain], v[partSuffix]
	if local == nil && (hint || domain != nil && v[partWeakLocal] != nil && roleLocal(strings.ToLower(string(v[partWeakLocal])))) {
		local = v[partWeakLocal]
	}
	if domain == nil && (hint || local != nil && v[partLocal] == nil) {
		domain = v[partWeakDomain]
	}
	if suffix == nil && hint {
		suffix = v[partWeakSuffix]
	}
	if local == nil || domain == nil {
		return
	}
	w.s.join(local, domain, suffix, &l)
}

// join puts an address together from its parts, which may themselves be
// encoded.
func (s *sink) join(local, domain, suffix []byte, l *layer) {
	for _, decode := range [...]func([]byte) []byte{
		func(b []byte) []byte { return b },
		func(b []byte) []byte { return reverseRunes(nil, b) },
		func(b []byte) []byte { return decodeBase64(b, 2) },
		rot13,
	} {
		lp, d := decode(local), decode(domain)
		if len(lp) == 0 || len(d) == 0 || allDigits(lp) {
			continue // the number of a user is no mailbox
		}
		if i := bytes.IndexByte(lp, '@'); i >= 0 {
			lp = lp[:i]
		}
		d = bytes.Trim(d, "@.")
		if t := bytes.Trim(decode(suffix), "."); len(t) > 0 && !bytes.HasSuffix(d, append([]byte{'.'}, t...)) {
			d = append(append(bytes.Clone(d), '.'), t...)
		}
		address := append(append(bytes.Clone(lp), '@'), d...)
		if dotAtom(string(lp)) == nil && hasSuffix(d) {
			before := s.adds
			s.scan(address, l)
			if s.adds > before {
				return
			}
		}
	}
}

// mailElement reports whether the name of a custom element speaks of mail or of
// hiding it. Names are cut after maxTagName bytes.
func mailElement(name []byte) bool {
	return foldIndex(name, "mai") >= 0 || foldIndex(name, "obfus") >= 0 || foldIndex(name, "cloak") >= 0 || foldIndex(name, "spam") >= 0
}

// elementAttributes reads the attributes of such an element: whatever they
// are called, one may hold an encoded address.
func (w *walker) elementAttributes() {
	for _, a := range w.attrs {
		if len(a.value) >= 8 && a.id == attrOther && !a.mail {
			w.unknownValue(a, true, a.cipher)
		}
	}
}

// joinList puts an address together from a JSON list of its parts.
func (s *sink) joinList(v []byte, l *layer) {
	if s.opt.KeepObfuscated || len(v) > 2*maxAddress {
		return
	}
	parts := bytes.Split(v, []byte{'"'})
	if len(parts) == 5 {
		s.join(parts[1], parts[3], nil, l)
	} else if len(parts) == 7 {
		s.join(parts[1], parts[3], parts[5], l)
	}
}

// joinObject puts an address together from a JSON object whose members are
// named for its parts.
func (s *sink) joinObject(v []byte, l *layer) {
	if s.opt.KeepObfuscated || len(v) > 2*maxAddress {
		return
	}
	var p [partWeakSuffix + 1][]byte
	quoted := bytes.Split(v, []byte{'"'}) // {"name":"value","name":"value"}
	for i := 1; i+2 < len(quoted); i += 4 {
		if string(bytes.TrimSpace(quoted[i+1])) != ":" {
			return
		}
		p[partOf(quoted[i])] = quoted[i+2]
	}
	if p[partLocal] != nil && p[partDomain] != nil {
		s.join(p[partLocal], p[partDomain], p[partSuffix], l)
	}
}

// joinSeparated reads "info|site.de": the parts with a stand-in for the sign.
func (s *sink) joinSeparated(v []byte, l *layer) bool {
	if k := bytes.Index(v, []byte("//")); k > 0 {
		v = append(bytes.Clone(v[:k]), v[k+1:]...) // a habit of one plugin
	}
	i := bytes.IndexAny(v, "|,#;*!:~/\\ \t")
	if i <= 0 || i == len(v)-1 || bytes.ContainsAny(v[i+1:], "|,#;*!:~/\\ \t") {
		return false
	}
	if dotAtom(string(v[:i])) != nil || !hasSuffix(v[i+1:]) {
		return false
	}
	inner := *l
	inner.reason = ReasonGuessed
	before := s.adds
	s.join(v[:i], v[i+1:], nil, &inner)
	return s.adds > before
}

// typo3Token decodes TYPO3's data-mailto-token by the offset of its
// data-mailto-vector, or by whatever offset makes it a mailto: link.
func (s *sink) typo3Token(token, vector []byte, l *layer) {
	if off, ok := smallInt(vector); ok {
		out := make([]byte, len(token))
		for _, sign := range [...]int{-1, 1} {
			for i, c := range token {
				out[i] = typo3Shift(c, sign*off)
			}
			if s.tryText(out, l) {
				return
			}
		}
	}
	s.shifted(token, l)
}

// smallInt reads a decimal number of at most three digits.
func smallInt(b []byte) (int, bool) {
	b = bytes.TrimSpace(b)
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 3 || !allDigits(b) {
		return 0, false
	}
	n := 0
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

// joomla reads <joomla-hidden-mail first="..." last="..." text="...">, all of
// them base64.
func (w *walker) joomla() {
	if w.s.opt.KeepObfuscated {
		return
	}
	var first, last []byte
	l := layer{form: FoundJoomla, reason: w.l.reason, place: inAttr, fixed: true, depth: w.l.depth, words: true}
	for _, a := range w.attrs {
		switch {
		case foldEqual(a.name, "first"):
			first = joomlaPart(a.value)
			l.pos = w.pos(a.pos)
		case foldEqual(a.name, "last"):
			last = joomlaPart(a.value)
		case foldEqual(a.name, "text"):
			if text := joomlaPart(a.value); text != nil {
				w.s.text(text, &l)
			}
		}
	}
	if first != nil && last != nil {
		w.s.recipient(append(append(bytes.Clone(first), '@'), last...), &l)
	}
}

// joomlaPart decodes one of its attributes.
func joomlaPart(v []byte) []byte { return decodeBase64(v, 2) }

// signs are alternative texts of images of an @.
var signs = [...]string{"@", "at", "(at)", "[at]", "{at}", "at sign", "at-sign", "at symbol", "arroba", "arobase", "chiocciola", "ät", "(@)", "[@]"}

// signAlt puts the sign into the text that an image of it stands for.
func (w *walker) signAlt(alt attr) {
	v := bytes.TrimSpace(w.value(alt))
	if !mayBeSign(v) {
		return
	}
	for _, sign := range signs {
		if foldEqual(v, sign) {
			w.cur.literal("@", w.pos(alt.pos))
			return
		}
	}
	if sign, n := bracketedSign(v); n == len(v) && sign == '.' || signOf(bytes.Trim(v, "[](){} "), false) == '.' || string(v) == "." {
		w.cur.literal(".", w.pos(alt.pos))
	}
}

// mayBeSign is the cheap test before the costly ones: brackets and blanks aside,
// nearly every text has the wrong beginning, end or length.
func mayBeSign(v []byte) bool {
	for len(v) > 0 && fences[v[0]] {
		v = v[1:]
	}
	for len(v) > 0 && fences[v[len(v)-1]] {
		v = v[:len(v)-1]
	}
	return altShapes.may(v)
}

// fences may stand around a sign.
var fences = func() (t [256]bool) {
	for _, c := range []byte("[](){}<> \x01") {
		t[c] = true
	}
	return t
}()

var altShapes = func() *shapes {
	all := []signWord{{".", true}, {"@", true}}
	for _, sign := range signs {
		all = append(all, signWord{strings.Trim(sign, "()[]{}"), true})
	}
	return shapesOf(all, dotWords)
}()

// maxSign is the longest alternative text that is taken for a sign.
const maxSign = 16

// signImage does the same by the file name of an image without alternative
// text.
func (w *walker) signImage(src attr) {
	base := src.value[bytes.LastIndexByte(src.value, '/')+1:]
	i := bytes.IndexByte(base[:min(len(base), maxSign)], '.')
	if i <= 0 {
		return
	}
	switch string(base[:i]) {
	case "at", "at-sign", "atsign", "at_sign", "arroba", "klammeraffe", "at-symbol", "arobase", "chiocciola", "snabel-a":
	default:
		return
	}
	for _, a := range w.attrs {
		if foldEqual(a.name, "alt") && len(a.value) > 0 {
			return
		}
	}
	w.cur.literal("@", w.pos(src.pos))
}
