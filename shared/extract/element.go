package extract

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// tag is what the walker knows about an element by its name.
type tag struct {
	id    tagID
	block bool // ends a line of text
	raw   bool // holds no markup
	void  bool // has no content
	mark  byte // what it leaves in the text
}

type tagID uint8

const (
	tagOther tagID = iota
	tagA
	tagScript
	tagStyle
	tagTitle
	tagTextarea
	tagRaw
	tagNoembed
	tagImg
	tagMeta
	tagBdo
	tagIcon
	tagUnseen // not part of the text around it
	tagJoomla
)

var tags = func() map[string]tag {
	m := map[string]tag{
		"a": {id: tagA}, "bdo": {id: tagBdo}, "img": {id: tagImg, void: true}, "wbr": {void: true}, "i": {id: tagIcon},
		"script": {id: tagScript, raw: true}, "style": {id: tagStyle, raw: true},
		"title": {id: tagTitle, raw: true, block: true}, "textarea": {id: tagTextarea, raw: true, block: true},
		"xmp": {id: tagRaw, raw: true, block: true}, "noembed": {id: tagNoembed, raw: true, block: true},
		"meta": {id: tagMeta, block: true, void: true}, "input": {void: true}, "noscript": {id: tagUnseen}, "template": {id: tagUnseen}, "rt": {id: tagUnseen}, "rp": {id: tagUnseen},
		"joomla-hidden-m": {id: tagJoomla},
	}
	for _, name := range blocks {
		m[name] = tag{block: true}
	}
	for _, name := range [...]string{"br", "hr", "link", "base", "col", "area", "embed", "param", "track"} {
		m[name] = tag{block: true, void: true}
	}
	for name, t := range m {
		switch {
		case t.block:
			t.mark = markBlock
		case t.id == tagA:
			t.mark = markLink
		default:
			t.mark = markInline
		}
		m[name] = t
	}
	return m
}()

// blocks are the elements whose text does not run on into the text around
// them.
var blocks = [...]string{
	"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl",
	"dt", "fieldset", "figcaption", "figure", "footer", "form", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head",
	"header", "html", "iframe", "legend", "li", "main", "map", "menu", "nav", "object", "ol", "optgroup",
	"option", "p", "pre", "section", "select", "summary", "svg", "table", "tbody", "td", "text", "tfoot", "th",
	"thead", "tr", "ul", "video", "audio", "canvas", "button", "label",
}

// maxTagName is how much of a tag's name is looked at.
const maxTagName = 15

// namedTag is a tag with its name in lower case, cut where it is too long to matter.
type namedTag struct {
	tag
	lower [maxTagName]byte
	n     uint8
}

// name is valid until another tag of the same walker is read.
func (t *namedTag) name() []byte { return t.lower[:t.n] }

// nameTag looks a tag up by its name as it stands in the source.
func nameTag(raw []byte) namedTag {
	var t namedTag
	t.n = uint8(min(len(raw), maxTagName))
	for i := range t.n {
		t.lower[i] = lowerByte(raw[i])
	}
	t.tag = tags[string(t.lower[:t.n])]
	t.mark = max(t.mark, markInline)
	return t
}

// tagOf returns what a tag means in this source.
func (w *walker) tagOf(t *namedTag) tag {
	if w.xml {
		return tag{id: t.id, block: true, raw: t.id == tagScript || t.id == tagStyle, mark: markBlock}
	}
	return t.tag
}

// identifiers are elements of feeds whose text only looks like an address.
var identifiers = [...]string{"guid", "id", "message-id", "atom:id", "uid"}

// element handles a start tag whose attributes are in w.attrs.
func (w *walker) element(t tag, name []byte) {
	w.cur.mark(t.mark)
	for i := range w.open {
		o := &w.open[i]
		if o.tag == string(name) && !t.void {
			o.depth++
		}
		if o.kind == specialScope {
			if o.level++; o.level == 1 {
				o.children++
				o.sameName[string(name)]++
			}
		}
		if o.kind == specialBackRow && len(o.starts) < 64 {
			if o.level++; o.level == 1 && o.in == w.cur {
				o.starts = append(o.starts, len(w.cur.buf))
			}
		}
	}
	if w.xml {
		for _, id := range identifiers {
			if id == string(name) {
				w.openSpecial(name, special{kind: specialSkipped})
			}
		}
	}
	if t.id == tagUnseen {
		w.openSpecial(name, special{kind: specialHidden})
	}
	if len(w.attrs) > 0 || w.sheet.tags {
		w.attributesOf(t, name)
	}
	if t.void {
		w.leave()
	}
}

// leave notes that an element inside every open scope ended.
func (w *walker) leave() {
	for i := range w.open {
		if o := &w.open[i]; (o.kind == specialScope || o.kind == specialBackRow) && o.level > 0 {
			o.level--
		}
	}
}

// close handles an end tag.
func (w *walker) close(t tag, name []byte) {
	if t.void {
		return
	}
	w.leave()
	if t.block {
		w.cur.mark(t.mark)
	}
	for i := len(w.open) - 1; i >= 0; i-- {
		if o := &w.open[i]; o.tag == string(name) {
			if o.depth--; o.depth == 0 {
				w.closeSpecial(i)
			}
		}
	}
	w.cur.mark(t.mark)
}

// special is an open element that changes what its text means. It ends with
// the end tag that balances its start tag, whatever is misnested in between.
type special struct {
	tag   string
	depth int
	kind  specialKind
	form  FoundBy
	after string // text the style sheet puts at its end; name of a scope
	in    *flat  // the flattened text it began in
	start int    // offset in that

	// Of a scope: how deep inside the walk is, and the children so far.
	level, children int
	sameName        map[string]int
	starts          []int // of the children, in the flattened text
}

type specialKind uint8

const (
	specialHidden specialKind = iota
	specialReversed
	specialForm
	specialAfter
	specialScope
	specialSkipped
	specialEncoded
	specialBackRow
)

// maxSpecial bounds how many special elements are open at once; markup that
// nests them deeper is hostile.
const maxSpecial = 24

// openSpecial begins an element whose text has a meaning of its own.
func (w *walker) openSpecial(name []byte, o special) {
	if len(w.open) == maxSpecial {
		return
	}
	switch o.kind {
	case specialHidden:
		if w.cur == &w.hidden {
			return
		}
		w.text.mark(markDecoy)
		w.cur = &w.hidden
		w.cur.mark(markBlock)
	case specialForm:
		w.cur.mark(markLink)
	case specialReversed, specialAfter, specialScope, specialSkipped, specialEncoded, specialBackRow:
	}
	o.tag, o.depth, o.in, o.start = string(name), 1, w.cur, len(w.cur.buf)
	if o.kind == specialScope {
		o.sameName = make(map[string]int)
	}
	w.open = append(w.open, o)
}

// closeSpecial ends the i-th special element.
func (w *walker) closeSpecial(i int) {
	o := w.open[i]
	w.open = append(w.open[:i], w.open[i+1:]...)
	if o.kind == specialHidden {
		w.hidden.mark(markBlock)
		w.cur = &w.text
		return
	}
	now := w.cur
	w.cur = o.in // misnested, it may end where a hidden element is still open
	defer func() { w.cur = now }()
	switch o.kind {
	case specialAfter:
		w.cur.literal(o.after, w.pos(w.off))
		w.zone(o, FoundCSS)
	case specialReversed:
		if o.start < len(w.cur.buf) && w.s.spend(len(w.cur.buf)-o.start) {
			w.reverse(o.start)
			w.zone(o, FoundReversed)
		}
	case specialBackRow:
		w.reorder(o)
	case specialForm:
		w.zone(o, o.form)
		w.cur.mark(markLink)
	case specialSkipped:
		w.cur.buf = w.cur.buf[:min(o.start, len(w.cur.buf))]
	case specialEncoded:
		w.encodedText(o)
	case specialHidden, specialScope:
	}
}

// encodedText decodes the text of an element whose class says it is encoded.
func (w *walker) encodedText(o special) {
	if o.start >= len(w.cur.buf) || len(w.cur.buf)-o.start > 1024 {
		return
	}
	text := bytes.TrimSpace(rawWithoutMarks(w.cur.buf[o.start:]))
	if bytes.IndexByte(text, ' ') >= 0 {
		return
	}
	l := layer{reason: w.l.reason, place: inAttr, pos: w.pos(w.off), fixed: true, depth: w.l.depth + 1, words: true}
	w.s.opaque(bytes.Clone(text), &l, true)
}

// reorder puts the text of the children of a row last first, the way it is
// shown.
func (w *walker) reorder(o special) {
	end := len(w.cur.buf)
	if len(o.starts) < 2 || o.starts[0] < o.start || o.starts[len(o.starts)-1] > end || end-o.start > 1024 || !slices.IsSorted(o.starts) {
		return // what is misnested may have ended before text that was taken out
	}
	out := w.scratch[:0]
	for i := len(o.starts) - 1; i >= 0; i-- {
		out = append(out, w.cur.buf[o.starts[i]:end]...)
		end = o.starts[i]
	}
	w.scratch = out
	copy(w.cur.buf[o.starts[0]:], out)
	w.zone(o, FoundCSS)
}

func (w *walker) zone(o special, form FoundBy) {
	if o.start < len(w.cur.buf) {
		w.cur.zones = append(w.cur.zones, zone{int32(o.start), int32(len(w.cur.buf)), form})
	}
}

// reverse turns the flattened text from start on round, rune by rune.
func (w *walker) reverse(start int) {
	b := w.cur.buf[start:]
	w.scratch = reverseRunes(w.scratch[:0], b)
	copy(b, w.scratch)
}

// reverseRunes appends b to dst, last rune first. The result is as long as b.
func reverseRunes(dst, b []byte) []byte {
	for n := len(b); n > 0; {
		_, size := utf8.DecodeLastRune(b[:n])
		dst = append(dst, b[n-size:n]...)
		n -= size
	}
	return dst
}
