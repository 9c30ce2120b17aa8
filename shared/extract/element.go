package extract

import (
	"bytes"
)

// tag is what the walker knows about an element by its name.
type tag struct {
	id    tagID
	block bool // ends a line of text
	raw   bool // holds no markup
	void  bool // has no content
}

type tagID uint8

const (
	tagOther tagID = iota
	tagA
	tagScript
	tagStyle
	tagTitle
	tagTextarea
	tagImg
	tagMeta
	tagBdo
	tagInput
)

var tags = func() map[string]tag {
	m := map[string]tag{
		"a": {id: tagA}, "bdo": {id: tagBdo}, "img": {id: tagImg, void: true}, "wbr": {void: true},
		"script": {id: tagScript, raw: true}, "style": {id: tagStyle, raw: true, block: true},
		"title": {id: tagTitle, raw: true, block: true}, "textarea": {id: tagTextarea, raw: true, block: true},
		"meta": {id: tagMeta, block: true, void: true}, "input": {id: tagInput, block: true, void: true},
	}
	for _, name := range neighbourhoods {
		if _, ok := m[name]; !ok {
			m[name] = tag{block: true}
		}
	}
	for _, name := range [...]string{"br", "hr", "link", "base", "col", "area", "embed", "param", "source", "track"} {
		m[name] = tag{block: true, void: true}
	}
	return m
}()

// neighbourhoods are the elements whose text does not run on into the text
// around them.
var neighbourhoods = [...]string{
	"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl",
	"dt", "fieldset", "figcaption", "figure", "footer", "form", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head",
	"header", "html", "iframe", "legend", "li", "main", "map", "menu", "nav", "noscript", "object", "ol", "optgroup",
	"option", "p", "pre", "section", "select", "summary", "svg", "table", "tbody", "td", "template", "text", "tfoot", "th",
	"thead", "tr", "ul", "video", "audio", "canvas", "button", "label",
}

// tagOf looks a lower-case name up.
func tagOf(name []byte) tag { return tags[string(name)] }

// element handles a start tag whose attributes are in w.attrs.
func (w *walker) element(t tag, name []byte) {
	if t.block {
		w.cur.mark(markBlock)
	} else if t.id == tagA {
		w.cur.mark(markLink)
	} else {
		w.cur.mark(markInline)
	}
	if len(w.open) > 0 && !t.void {
		for i := range w.open {
			if w.open[i].tag == string(name) {
				w.open[i].depth++
			}
		}
	}
	if len(w.attrs) == 0 {
		return
	}
	w.attributesOf(t, name)
}

// close handles an end tag.
func (w *walker) close(t tag, name []byte) {
	if t.void {
		return
	}
	for i := len(w.open) - 1; i >= 0; i-- {
		if o := &w.open[i]; o.tag == string(name) {
			if o.depth--; o.depth == 0 {
				w.closeSpecial(i)
			}
		}
	}
	if t.block {
		w.cur.mark(markBlock)
	} else if t.id == tagA {
		w.cur.mark(markLink)
	} else {
		w.cur.mark(markInline)
	}
}

// maxSpecial bounds how many special elements are open at once; markup that
// nests them deeper is hostile.
const maxSpecial = 24

// openSpecial begins an element whose text has a meaning of its own.
func (w *walker) openSpecial(name []byte, kind specialKind, form FoundBy) {
	if len(w.open) == maxSpecial {
		return
	}
	if kind == specialHidden {
		if w.cur == &w.hidden {
			return
		}
		w.text.mark(markDecoy)
		w.cur = &w.hidden
		w.cur.mark(markBlock)
	}
	w.open = append(w.open, special{tag: string(name), depth: 1, kind: kind, form: form, start: len(w.cur.buf)})
}

// closeSpecial ends the i-th special element.
func (w *walker) closeSpecial(i int) {
	o := w.open[i]
	w.open = append(w.open[:i], w.open[i+1:]...)
	switch o.kind {
	case specialHidden:
		w.hidden.mark(markBlock)
		w.cur = &w.text
	case specialReversed:
		if o.start < len(w.cur.buf) {
			reverseText(w.cur.buf[o.start:])
			w.zone(o, FoundReversed)
		}
	case specialForm:
		w.zone(o, o.form)
	}
}

func (w *walker) zone(o special, form FoundBy) {
	w.cur.zones = append(w.cur.zones, zone{int32(o.start), int32(len(w.cur.buf)), form})
}

// reverseText turns text round by runes.
func reverseText(b []byte) {
	reversed := []rune(string(b))
	n := 0
	var buf []byte
	for i := len(reversed) - 1; i >= 0; i-- {
		buf = append(buf, string(reversed[i])...)
	}
	n = copy(b, buf)
	_ = n
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

// attributesOf reads the attributes of a start tag.
func (w *walker) attributesOf(t tag, name []byte) {
	for _, a := range w.attrs {
		if len(a.value) == 0 {
			continue
		}
		hasAt := w.at.in(w.src, a.pos, a.pos+len(a.value)) || w.amp.in(w.src, a.pos, a.pos+len(a.value)) ||
			w.pct.in(w.src, a.pos, a.pos+len(a.value))
		switch attrOf(a.name) {
		case attrHref:
			w.link(a)
		case attrCloudflare:
			w.s.cloudflare(a.value, w.pos(a.pos))
		case attrIgnored:
		default:
			if hasAt {
				l := w.sub(a.pos)
				l.place, l.fixed, l.words = inAttr, true, true
				w.s.scan(w.value(a), &l)
			}
		}
	}
	_ = bytes.MinRead
}

type attrID uint8

const (
	attrOther attrID = iota
	attrHref
	attrCloudflare
	attrIgnored
)

func attrOf(name []byte) attrID {
	switch {
	case foldEqual(name, "href"), foldEqual(name, "action"), foldEqual(name, "formaction"), foldEqual(name, "xlink:href"):
		return attrHref
	case foldEqual(name, "data-cfemail"):
		return attrCloudflare
	case foldEqual(name, "placeholder"), foldEqual(name, "src"), foldEqual(name, "srcset"), foldEqual(name, "class"),
		foldEqual(name, "id"), foldEqual(name, "style"), foldEqual(name, "integrity"), foldEqual(name, "d"), foldEqual(name, "pattern"):
		return attrIgnored
	}
	return attrOther
}

func (w *walker) script(lo, hi int) {
	if w.at.in(w.src, lo, hi) {
		l := w.sub(lo)
		l.place = inScript
		w.s.scan(w.src[lo:hi], &l)
	}
}

func (w *walker) style(lo, hi int) {}

func (s *sink) plain(b []byte) { s.scan(b, &layer{words: true}) }

func (s *sink) words(b []byte, l *layer) {}

func (s *sink) loose(b []byte, k, w int, l *layer) {}

func (s *sink) quoted(b []byte, k, w int, l *layer) {}
