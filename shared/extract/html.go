package extract

import (
	"bytes"
	"sync"
)

// walker reads one HTML layer: it splits markup, flattens text and hands
// attributes, scripts and style sheets to their readers. It follows the
// tokenizer of the HTML standard as far as addresses can tell the difference.
type walker struct {
	s            *sink
	l            layer
	src          []byte
	text, hidden flat
	cur          *flat
	at, amp, pct cursor
	bsl, frag    cursor
	js           *jsRun // the page's scripts, once one of them ran
	jsPos        int    // position and form of what ran last
	jsForm       FoundBy
	pending      []code // scripts that may be needed by later ones
	handlers     []code // scripts in attributes
	scopes       []code // objects in attributes whose members those use
	open         []special
	attrs        []attr
	scratch      []byte
	sheet        sheet
	off          int       // of the tag being read
	eof          [256]bool // searches for this byte failed: there are no more
	noComment    bool
	noCDATA      bool
	known        lore
	late, second bool // rules came after elements; they are known now
	xml          bool // the source is XML: names mean nothing, elements are blocks
}

// lore is what a walker has learned of names, on this page and those before.
type lore struct {
	tags    nameMemo[namedTag]
	names   nameMemo[nameTraits] // of attributes
	classes memo[bool]           // they say nothing by themselves
	lists   memo[knownList]      // of classes
	styles  memo[bool]           // values of style attributes: they do nothing
}

// attr is one attribute as it stands in the source.
type attr struct {
	name, value []byte
	pos         int // of the value
	nameTraits
}

// cursor answers whether a byte occurs in a range. Ranges come in ascending
// order, but for attributes that are looked at twice, so that the layer is searched once.
type cursor struct {
	b    byte
	from int // b does not occur from here
	next int // to there, where it does
}

func (c *cursor) in(src []byte, lo, hi int) bool {
	if lo >= c.from && hi <= c.next {
		return false // most often: small enough to be inlined
	}
	return c.search(src, lo, hi)
}

func (c *cursor) search(src []byte, lo, hi int) bool {
	if c.next < lo {
		c.from = lo
		if k := bytes.IndexByte(src[lo:], c.b); k >= 0 {
			c.next = lo + k
		} else {
			c.next = len(src)
		}
	}
	if lo < c.from {
		return bytes.IndexByte(src[lo:hi], c.b) >= 0
	}
	return c.next < hi
}

var walkers = sync.Pool{New: func() any { return new(walker) }}

// html reads src as HTML.
func (s *sink) html(src []byte, l layer) {
	s.walk(src, l, func(w *walker) {
		w.walk()
		if w.late && w.lateMatters() {
			// Rules came after the elements they are for: once more, with
			// the rules known.
			w.restart()
		}
		w.finish()
	})
}

// lateMatters reports whether a rule that came late is for something that
// stood before it.
func (w *walker) lateMatters() bool {
	if bytes.IndexByte(w.src, '@') < 0 && !bytes.Contains(w.src, []byte("&#")) {
		return false
	}
	for _, r := range w.sheet.rules[w.sheet.early:] {
		if r.kind != 't' && bytes.Contains(w.src[:w.sheet.latePos], []byte(r.name)) {
			return true
		}
	}
	return false
}

// restart starts over with the style sheet that was read.
func (w *walker) restart() {
	if !w.s.spend(len(w.src)) {
		return
	}
	w.text.reset(false)
	w.hidden.reset(true)
	w.cur = &w.text
	w.open, w.attrs = w.open[:0], w.attrs[:0]
	w.js, w.pending, w.handlers, w.scopes = nil, w.pending[:0], w.handlers[:0], w.scopes[:0]
	w.resetCursors()
	w.noComment, w.noCDATA, w.second = false, false, true
	w.walk()
}

func (w *walker) resetCursors() {
	w.at, w.amp, w.pct = cursor{b: '@', next: -1}, cursor{b: '&', next: -1}, cursor{b: '%', next: -1}
	w.bsl, w.frag = cursor{b: '\\', next: -1}, cursor{b: '#', next: -1}
	w.eof = [256]bool{}
}

// walk lends a pooled walker for src to f.
func (s *sink) walk(src []byte, l layer, f func(*walker)) {
	w := walkers.Get().(*walker)
	w.s, w.l, w.src = s, l, src
	w.text.reset(false)
	w.hidden.reset(true)
	w.cur = &w.text
	w.resetCursors()
	w.open, w.attrs = w.open[:0], w.attrs[:0]
	w.sheet.reset()
	w.noComment, w.noCDATA, w.xml, w.off = false, false, false, 0
	w.late, w.second = false, false
	f(w)
	w.s, w.src, w.cur = nil, nil, nil
	clear(w.pending)
	clear(w.handlers)
	clear(w.scopes)
	w.js, w.pending, w.handlers, w.scopes = nil, w.pending[:0], w.handlers[:0], w.scopes[:0]
	clear(w.attrs[:cap(w.attrs)])
	walkers.Put(w)
}

// pos returns the position in the document of offset off of the source.
func (w *walker) pos(off int) int { return w.l.at(off) }

func (w *walker) walk() {
	src := w.src
	for i := 0; i < len(src); {
		if src[i] != '<' { // one tag often follows on another
			j := bytes.IndexByte(src[i:], '<')
			if j < 0 {
				w.chars(i, len(src))
				return
			}
			w.chars(i, i+j)
			i += j
		}
		i = w.markup(i)
	}
}

// chars appends the text at [lo, hi) to the flattened text.
func (w *walker) chars(lo, hi int) {
	b := w.src[lo:hi]
	if class[b[0]]&isSpace != 0 {
		k := 1
		for k < len(b) && class[b[k]]&isSpace != 0 {
			k++
		}
		if k == len(b) {
			w.cur.buf = append(w.cur.buf, ' ')
			return
		}
		// Indentation is one space.
		k--
		b = b[k:]
		lo += k
	}
	if !w.amp.in(w.src, lo, hi) {
		w.cur.plain(b, w.pos(lo))
		return
	}
	w.cur.text(b, w.pos(lo))
}

// markup reads what begins with the < at src[i] and returns where it ends.
func (w *walker) markup(i int) int {
	src := w.src
	if i+1 >= len(src) {
		return len(src)
	}
	switch c := src[i+1]; {
	case class[c]&isLetter != 0:
		return w.startTag(i + 1)
	case c == '/':
		if i+2 < len(src) && class[src[i+2]]&isLetter != 0 {
			return w.endTag(i + 2)
		}
		return w.skipTag(i + 2)
	case c == '!':
		return w.declaration(i)
	case c == '?':
		return w.skipTag(i + 2)
	}
	w.cur.buf = append(w.cur.buf, '<')
	return i + 1
}

// find returns the index of c at or after i, or -1. A failed search is
// remembered, which keeps hostile pages linear.
func (w *walker) find(c byte, i int) int {
	if w.eof[c] || i >= len(w.src) {
		return -1
	}
	if k := bytes.IndexByte(w.src[i:], c); k >= 0 {
		return i + k
	}
	w.eof[c] = true
	return -1
}

// skipTag returns the offset behind the next >.
func (w *walker) skipTag(i int) int {
	if k := w.find('>', i); k >= 0 {
		return k + 1
	}
	return len(w.src)
}

// declaration reads a comment, a CDATA section or a document type.
func (w *walker) declaration(i int) int {
	rest := w.src[i:]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		body := i + 4
		end := -1
		switch {
		case bytes.HasPrefix(rest[4:], []byte(">")):
			end = 0
		case !w.noComment:
			if end = bytes.Index(rest[4:], []byte("-->")); end < 0 {
				w.noComment = true
			}
		}
		w.cur.mark(markInline)
		if end < 0 {
			w.doubt()
			return w.skipTag(body)
		}
		if w.asked() && (bytes.HasPrefix(rest[4:], []byte("->")) || bytes.Contains(rest[4:4+end], []byte("--!>"))) {
			w.doubt() // to the standard it ended there
		}
		w.comment(body, body+end)
		if end == 0 && rest[4] == '>' {
			return body + 1
		}
		return body + end + 3
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		if w.xml && !w.noCDATA {
			end := bytes.Index(rest, []byte("]]>"))
			if end < 0 {
				w.noCDATA = true
				return i + 9
			}
			w.section(i+9, i+end)
			return i + end + 3
		}
		w.doubt()
		return i + 9
	}
	return w.skipTag(i + 2)
}

// section reads a CDATA section: text, or the markup of another document.
func (w *walker) section(lo, hi int) {
	if bytes.IndexByte(w.src[lo:hi], '<') < 0 {
		w.chars(lo, max(hi, lo+1))
		return
	}
	w.nested(w.src[lo:hi], w.pos(lo), w.l.form)
}

// comment looks through a comment. What stands there was published once, or
// is about to be.
func (w *walker) comment(lo, hi int) {
	if !w.at.in(w.src, lo, hi) {
		return
	}
	l := w.sub(lo)
	l.form, l.reason = FoundComment, ReasonComment
	w.s.scan(w.src[lo:hi], &l)
}

// sub returns the layer of a part of the source that begins at off.
func (w *walker) sub(off int) layer {
	return layer{form: w.l.form, reason: w.l.reason, pos: w.pos(off), fixed: w.l.fixed, depth: w.l.depth}
}

// finish looks through the flattened texts.
func (w *walker) finish() {
	for len(w.open) > 0 {
		w.closeSpecial(len(w.open) - 1)
	}
	w.finishScripts()
	for _, f := range [...]*flat{&w.text, &w.hidden} {
		if len(f.buf) < 4 {
			continue
		}
		l := w.sub(0)
		l.flat, l.words = f, true
		w.s.scan(f.buf, &l)
		w.s.overridden(f.buf, &l)
		w.again(f)
	}
}

// again looks through flattened text that holds references or, in a feed,
// markup: it was encoded twice.
func (w *walker) again(f *flat) {
	k := bytes.Index(f.buf, []byte("&#"))
	if k < 0 {
		k = bytes.Index(f.buf, []byte("&amp;#"))
	}
	if k < 0 {
		k = bytes.Index(f.buf, []byte("&commat;"))
	}
	if k < 0 && w.xml {
		if k = bytes.IndexByte(f.buf, '<'); k >= 0 && bytes.IndexByte(f.buf, '@') < 0 && !containsPercentAt(f.buf) && !bytes.Contains(f.buf, []byte("data-")) {
			k = -1
		}
	}
	if k < 0 || w.l.depth >= maxDepth || !w.s.spend(len(f.buf)) {
		return
	}
	l := layer{form: FoundEntity, reason: w.l.reason, pos: f.source(k), fixed: true, depth: w.l.depth + 1}
	if w.xml {
		l.form = FoundFeed
	}
	w.s.html(f.buf, l)
}
