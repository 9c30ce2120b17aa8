package extract

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// startTag reads the tag whose name begins at src[i].
func (w *walker) startTag(i int) int {
	w.off = i
	known, n := w.tagNamed(i)
	end, closed := w.attributes(n)
	if !closed {
		return end // the layer ends inside a tag: it is no tag
	}
	t, name := w.tagOf(known), known.name()
	if t.id == tagOther && !t.block && n-i > 5 && bytes.IndexByte(w.src[i:n], '@') > 0 {
		w.doubt()
		w.chars(max(0, i-1), n) // "<anna@site.de>", the brackets not encoded
		return n
	}
	w.element(t, name)
	switch {
	case t.raw:
		return w.rawText(t, string(name), end)
	case t.id == tagMeta:
		w.meta()
	}
	return end
}

func tagNameEnd(c byte) bool { return nameByte[c]&endsTagName != 0 }

// What ends names and values in tags.
const (
	isBlank     = 1 << iota // white space, to the HTML standard
	endsTagName             // white space, the end of the tag, a slash
	endsAttrName
	endsValue // one without quotes
)

var nameByte = func() (t [256]uint8) {
	for _, c := range []byte(" \t\n\r\f") {
		t[c] = isBlank | endsTagName | endsAttrName | endsValue
	}
	t['>'] = endsTagName | endsAttrName | endsValue
	t['/'] = endsTagName | endsAttrName
	t['='] = endsAttrName
	return t
}()

// tagNamed reads the name of a tag at src[i] and returns what is known of the tag
// and where the name ends.
func (w *walker) tagNamed(i int) (t *namedTag, end int) {
	end, head, tail := w.nameAt(i, endsTagName)
	t, known := w.known.tags.at(head, tail, end-i)
	if !known {
		*t = nameTag(w.src[i:end])
	}
	return t, end
}

// attributes reads attributes from src[i] to the end of the tag into w.attrs
// and returns the offset behind the tag.
func (w *walker) attributes(i int) (end int, closed bool) {
	w.attrs = w.attrs[:0]
	if i < len(w.src) && w.src[i] == '>' {
		return i + 1, true
	}
	if end := w.quietTag(i); end > 0 {
		return end, true
	}
	w.attrs, end, closed = w.readAttributes(w.attrs, i)
	return end, closed
}

// readAttributes appends the attributes from src[i] on to attrs.
func (w *walker) readAttributes(attrs []attr, i int) (all []attr, end int, closed bool) {
	src := w.src
	for {
		for i < len(src) && nameByte[src[i]]&endsTagName != 0 {
			if src[i] == '>' {
				return attrs, i + 1, true
			}
			i++
		}
		if i >= len(src) {
			return attrs, len(src), false
		}
		start := i
		nameEnd, head, tail := w.nameAt(start, endsAttrName)
		traits, known := w.known.names.at(head, tail, nameEnd-start)
		if !known {
			*traits = traitsOf(src[start:nameEnd])
		}
		i = nameEnd
		if i < len(src) && src[i] != '=' {
			i = skipSpace(src, i)
		}
		lo, hi := i, i // of the value
		if i < len(src) && src[i] == '=' {
			i = skipSpace(src, i+1)
			if i >= len(src) {
				return attrs, len(src), false
			}
			lo = i
			if q := src[i]; q == '"' || q == '\'' {
				lo = i + 1
				if hi = w.closing(q, lo); hi < 0 {
					// An unclosed quote: the standard drops the rest of the
					// page, we drop the tag.
					return attrs, w.skipTag(i), true
				}
				i = hi + 1
			} else {
				for i < len(src) && nameByte[src[i]]&endsValue == 0 {
					i++
				}
				hi = i
			}
		}
		if len(attrs) < maxAttrs {
			if len(attrs) == cap(attrs) {
				attrs = slices.Grow(attrs, 16)
			}
			attrs = attrs[:len(attrs)+1]
			a := &attrs[len(attrs)-1]
			a.name, a.value, a.pos, a.nameTraits = src[start:nameEnd], src[lo:hi], lo, *traits
		}
	}
}

// quietTag returns the offset behind a tag whose name ends at n, if a list of
// classes that does nothing is all it has, as most tags of most pages with
// attributes do; 0 if that is not so.
func (w *walker) quietTag(n int) int {
	const class = ` class="`
	if n+len(class) >= len(w.src) || string(w.src[n:n+len(class)]) != class || w.sheet.tags {
		return 0
	}
	n += len(class)
	end := w.closing('"', n)
	if end < 0 || end+1 >= len(w.src) || w.src[end+1] != '>' || !w.quietClasses(w.src[n:end]) {
		return 0
	}
	return end + 2
}

// skipSpace returns the index of the first byte at or after i that is no white
// space.
func skipSpace(src []byte, i int) int {
	for i < len(src) && nameByte[src[i]]&isBlank != 0 {
		i++
	}
	return i
}

// closing returns the index of the quote q at or after i, or -1. Most values are
// shorter than what a search has to get ready.
func (w *walker) closing(q byte, i int) int {
	for end := i + 16; i < end && i+8 <= len(w.src); i += 8 {
		if marks := zeros(binary.LittleEndian.Uint64(w.src[i:]) ^ uint64(q)*ones); marks != 0 {
			return i + firstMarked(marks)
		}
	}
	return w.find(q, i)
}

// maxAttrs bounds the attributes of one tag that are looked at.
const maxAttrs = 256

// endTag reads the end tag whose name begins at src[i].
func (w *walker) endTag(i int) int {
	w.off = i
	known, n := w.tagNamed(i)
	w.close(w.tagOf(known), known.name())
	return w.endOf(n)
}

// endOf returns the offset behind an end tag whose name ends at n.
func (w *walker) endOf(n int) int {
	if n < len(w.src) && w.src[n] == '>' {
		return n + 1
	}
	next := w.skipTag(n)
	if bytes.ContainsAny(w.src[n:next], "\"'") {
		w.doubt() // it has attributes, to the standard, and may be longer
	}
	return next
}

// rawText reads the content of an element that holds no markup, from src[i]
// to its end tag.
func (w *walker) rawText(t tag, name string, i int) int {
	src := w.src
	end, next := len(src), len(src)
	for k := i; ; {
		j := bytes.Index(src[k:], []byte("</"))
		if j < 0 {
			break
		}
		k += j + 2
		if foldPrefix(src[k:], name) && (k+len(name) == len(src) || tagNameEnd(src[k+len(name)])) {
			end = k - 2
			next = w.endOf(k + len(name))
			break
		}
	}
	if end > i {
		w.raw(t, i, end)
	}
	if t.id == tagNoembed || t.id == tagScript && w.asked() && hidesEnd(src[i:end]) {
		w.doubt()
	}
	w.close(t, []byte(name))
	return next
}

// hidesEnd reports whether a script holds what makes its end tag a part of it: a
// "<script" behind a "<!--".
func hidesEnd(b []byte) bool {
	i := bytes.Index(b, []byte("<!--"))
	return i >= 0 && foldIndex(b[i:], "<script") >= 0
}

// raw hands the content of a raw text element on.
func (w *walker) raw(t tag, lo, hi int) {
	switch t.id {
	case tagScript:
		w.script(lo, hi)
	case tagStyle:
		w.style(lo, hi)
	case tagTitle, tagTextarea, tagRaw, tagNoembed:
		w.chars(lo, hi)
	}
}
