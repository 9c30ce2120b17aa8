package extract

import (
	"bytes"
)

// tagTraits gathers what the attributes of one start tag say together.
type tagTraits struct {
	effect  effect
	form    FoundBy // of the text of the element
	parts   bool    // an attribute is named like a part of an address
	encoded bool    // a class says the text is encoded
	hint    bool    // something in the tag speaks of mail
	rtl     bool
	content int // index of the content attribute, or -1
	alt     int // index of an alternative text that may stand for a sign, or -1
}

// attributesOf reads the attributes of a start tag.
func (w *walker) attributesOf(t tag, name []byte) {
	tr := tagTraits{content: -1, alt: -1}
	for i := range w.attrs {
		a := &w.attrs[i]
		if len(a.value) == 0 {
			tr.effect.hidden = tr.effect.hidden || a.id == attrHidden
			continue
		}
		switch a.id {
		case attrIgnored:
		case attrClass:
			w.classes(a.value, &tr)
		case attrIdentity:
			w.sheet.apply('#', a.value, &tr.effect)
		case attrStyle:
			plain, known := w.known.styles.at(a.value)
			if !known {
				*plain = plainStyle(a.value)
			}
			if !*plain {
				inlineStyle(a.value, &tr.effect)
			}
		case attrHidden:
			tr.effect.hidden = true
		case attrDir:
			tr.rtl = foldEqual(a.value, "rtl")
		case attrHref:
			if foldPrefix(a.value, "mailto") {
				tr.hint = true
				w.cur.mails = append(w.cur.mails, int32(len(w.cur.buf)))
			}
			w.link(*a)
		case attrCloudflare:
			w.s.cloudflare(a.value, w.pos(a.pos))
		case attrProperty:
			if f := propertyForm(a.value); f != "" {
				tr.form = f
			}
		case attrContent:
			tr.content = i
		case attrReadable:
			w.readable(*a, FoundAttribute)
			tr.parts = tr.parts || t.id == tagJoomla
		case attrAlt:
			w.readable(*a, FoundAttribute)
			if tr.alt < 0 && len(a.value) <= maxSign {
				tr.alt = i
			}
		case attrData:
			w.dataAttribute(a, &tr)
		case attrEvent:
			w.event(*a)
		case attrDocument:
			w.nested(w.value(*a), w.pos(a.pos), "")
		case attrSource:
			if a.value[0]|0x20 == 'd' && (foldPrefix(a.value, "data:text/html") || foldPrefix(a.value, "data:image/svg") && w.suspicious(*a)) {
				w.link(*a)
			}
			if t.id == tagImg {
				w.signImage(*a)
			}
			if bytes.IndexByte(a.value, '?') > 0 && w.suspicious(*a) && (foldIndex(a.value, "mail") >= 0 || foldIndex(a.value, "to=") >= 0 || foldIndex(a.value, "matmsg") >= 0) {
				w.link(*a) // a picture of an address, made on demand
			}
		default:
			w.otherAttribute(a, &tr)
		}
	}
	if tr.content >= 0 {
		form := tr.form
		if form == "" {
			form = FoundAttribute
		}
		w.readable(w.attrs[tr.content], form)
	}
	if t.id == tagOther && !t.block && bytes.IndexByte(name, '-') > 0 && mailElement(name) {
		w.elementAttributes()
	}
	if t.id == tagJoomla {
		w.joomla()
	} else if tr.parts {
		w.parts(name, tr.hint)
	}
	if t.id == tagImg && tr.alt >= 0 {
		w.signAlt(w.attrs[tr.alt])
	}
	if w.sheet.tags {
		w.sheet.applyTag(w, name, &tr.effect)
	}
	if t.void || t.raw {
		return
	}
	if !w.s.opt.KeepObfuscated {
		if tr.hint || tr.encoded {
			w.misusedAttributes()
		}
		if tr.encoded {
			w.openSpecial(name, special{kind: specialEncoded})
		}
	}
	if tr.form != "" && tr.content < 0 {
		w.openSpecial(name, special{kind: specialForm, form: tr.form})
	}
	if tr.rtl && (t.id == tagBdo || w.sheet.rtl) || tr.effect.override && (tr.rtl || tr.effect.rtl) {
		tr.effect.reversed = true
	}
	w.applyEffect(name, &tr.effect)
}

// misusedAttributes looks into attributes that have another purpose, which
// some scripts keep an encoded address in.
func (w *walker) misusedAttributes() {
	for _, a := range w.attrs {
		if len(a.value) >= 12 && (foldEqual(a.name, "rel") || foldEqual(a.name, "id") || foldEqual(a.name, "name") || foldEqual(a.name, "lang")) {
			l := w.sub(a.pos)
			l.place, l.fixed, l.words = inAttr, true, true
			w.s.opaque(w.value(a), &l, true)
		}
	}
}

// applyEffect carries out what style says about an element's text.
func (w *walker) applyEffect(name []byte, e *effect) {
	if e.hidden {
		w.openSpecial(name, special{kind: specialHidden})
	}
	if e.scope != "" {
		w.openSpecial(name, special{kind: specialScope, after: e.scope})
	}
	if w.s.opt.KeepObfuscated {
		return
	}
	if e.reversed {
		w.openSpecial(name, special{kind: specialReversed})
	}
	if e.backRow {
		w.openSpecial(name, special{kind: specialBackRow})
	}
	if e.before == "" && e.after == "" {
		return
	}
	before, after := w.generated(e.before), w.generated(e.after)
	if before != "" {
		start := len(w.cur.buf)
		w.cur.literal(before, w.pos(w.off))
		w.zone(special{start: start}, FoundCSS)
	}
	if after != "" {
		w.openSpecial(name, special{kind: specialAfter, after: after})
	}
}

// value returns an attribute's value with references decoded. The result is
// valid until the next call.
func (w *walker) value(a attr) []byte {
	if !w.amp.in(w.src, a.pos, a.pos+len(a.value)) {
		return a.value
	}
	w.scratch = appendText(w.scratch[:0], a.value, nil)
	return w.scratch
}

// suspicious reports whether a value may hold an @ in some encoding.
func (w *walker) suspicious(a attr) bool {
	lo, hi := a.pos, a.pos+len(a.value)
	return w.at.in(w.src, lo, hi) || w.amp.in(w.src, lo, hi) || w.pct.in(w.src, lo, hi)
}

// readable reads a value that is meant for people.
func (w *walker) readable(a attr, form FoundBy) {
	if len(a.value) < 6 {
		return
	}
	l := w.sub(a.pos)
	l.place, l.fixed, l.words = inAttr, true, true
	if l.form == "" {
		l.form = form
	}
	v := w.value(a)
	if v[0]|0x20 == 'm' && foldPrefix(v, "mailto") {
		w.link(a)
		return
	}
	w.s.text(v, &l)
}

// text looks through decoded text that may itself hold markup, references or
// percent-encoding.
func (s *sink) text(v []byte, l *layer) {
	if len(v) <= shortValue && !telling(v) {
		if l.words && !s.opt.KeepObfuscated {
			s.words(v, l)
		}
		return
	}
	if l.depth < maxDepth {
		if holdsMarkup(v) && s.spend(len(v)) {
			inner := *l
			inner.depth++
			inner.flat, inner.fixed = nil, true
			s.html(v, inner)
			return
		}
		if k := bytes.IndexByte(v, '&'); k >= 0 {
			if _, n := reference(v[k:]); n > 0 && s.spend(len(v)) {
				inner := *l
				inner.depth++
				s.text(appendText(nil, v, nil), &inner)
				return
			}
		}
	}
	if containsPercentAt(v) {
		v = percentDecode(v, 2)
	}
	s.scan(v, l)
}

// holdsMarkup reports whether v holds a tag: its first angle bracket begins
// one, that of an address ("Anna Brenk <anna@site.de>") aside.
func holdsMarkup(v []byte) bool {
	for {
		i := bytes.IndexByte(v, '<')
		if i < 0 || i+2 >= len(v) {
			return false
		}
		v = v[i:]
		end := bytes.IndexAny(v, " \t\n/=\"'>")
		if end < 0 || v[end] != '>' || bytes.IndexByte(v[:end], '@') < 2 {
			return markupLike(v)
		}
		v = v[end:]
	}
}

// shortValue is the length up to which going through a value byte by byte is
// faster than searching it for each byte that tells something.
const shortValue = 96

// telling reports whether v holds any byte that leads to an address in markup,
// a reference, percent-encoding, or by any sign that is one character.
func telling(v []byte) bool {
	found := false
	for _, c := range v {
		found = found || tells[c]
	}
	return found
}

var tells = func() (t [256]bool) {
	for _, c := range []byte("<&%@\xEF\xE2") {
		t[c] = true
	}
	return t
}()

func markupLike(b []byte) bool {
	return class[b[1]]&isLetter != 0 || b[1] == '/' || b[1] == '!'
}

func containsPercentAt(v []byte) bool {
	for {
		i := bytes.IndexByte(v, '%')
		if i < 0 || i+2 >= len(v) {
			return false
		}
		if v[i+1] == '4' && v[i+2] == '0' || v[i+1] == '2' && v[i+2] == '5' || v[i+1] == 'u' && bytes.HasPrefix(v[i+2:], []byte("0040")) {
			return true
		}
		v = v[i+1:]
	}
}

// nested reads markup that stands inside a value as a layer of its own.
func (w *walker) nested(v []byte, pos int, form FoundBy) {
	if w.l.depth >= maxDepth || len(v) < 6 || !w.s.spend(len(v)) {
		return
	}
	l := layer{form: form, reason: w.l.reason, pos: pos, fixed: true, depth: w.l.depth + 1}
	w.s.html(bytes.Clone(v), l)
}
