package extract

import "bytes"

// startTag reads the tag whose name begins at src[i].
func (w *walker) startTag(i int) int {
	w.off = i
	var buf [maxTagName]byte
	name, n := tagName(&buf, w.src, i)
	end, closed := w.attributes(n)
	if !closed {
		return end // the layer ends inside a tag: it is no tag
	}
	t := w.tagOf(name)
	if t.id == tagOther && !t.block && n-i > 5 && bytes.IndexByte(w.src[i:n], '@') > 0 {
		w.chars(i, n) // "<anna@site.de>", the brackets not encoded
		return n
	}
	w.element(t, name)
	if t.raw {
		return w.rawText(t, string(name), end)
	}
	return end
}

func tagNameEnd(c byte) bool { return c == '>' || c == '/' || class[c]&isSpace != 0 }

// tagName returns the lower-case name of the tag at src[i] and where it ends.
// Names too long to matter are cut.
func tagName(buf *[maxTagName]byte, src []byte, i int) (name []byte, end int) {
	n := 0
	for ; i < len(src); i++ {
		c := src[i]
		if tagNameEnd(c) {
			break
		}
		if n < maxTagName {
			buf[n] = lowerByte(c)
			n++
		}
	}
	return buf[:n], i
}

// attributes reads attributes from src[i] to the end of the tag into w.attrs
// and returns the offset behind the tag.
func (w *walker) attributes(i int) (end int, closed bool) {
	src := w.src
	w.attrs = w.attrs[:0]
	for {
		for i < len(src) && (class[src[i]]&isSpace != 0 || src[i] == '/') {
			i++
		}
		if i >= len(src) {
			return len(src), false
		}
		if src[i] == '>' {
			return i + 1, true
		}
		start := i
		i++
		for i < len(src) && src[i] != '=' && !tagNameEnd(src[i]) {
			i++
		}
		name := src[start:i]
		for i < len(src) && class[src[i]]&isSpace != 0 {
			i++
		}
		a := attr{name: name, pos: i}
		if i < len(src) && src[i] == '=' {
			i++
			for i < len(src) && class[src[i]]&isSpace != 0 {
				i++
			}
			if i >= len(src) {
				return len(src), false
			}
			a.pos = i
			if q := src[i]; q == '"' || q == '\'' {
				k := w.find(q, i+1)
				if k < 0 {
					// An unclosed quote: the standard drops the rest of the
					// page, we drop the tag.
					return w.skipTag(i), true
				}
				a.pos, a.value = i+1, src[i+1:k]
				i = k + 1
			} else {
				for i < len(src) && src[i] != '>' && class[src[i]]&isSpace == 0 {
					i++
				}
				a.value = src[a.pos:i]
			}
		}
		if len(w.attrs) < maxAttrs {
			w.attrs = append(w.attrs, a)
		}
	}
}

// maxAttrs bounds the attributes of one tag that are looked at.
const maxAttrs = 256

// endTag reads the end tag whose name begins at src[i].
func (w *walker) endTag(i int) int {
	src := w.src
	w.off = i
	var buf [maxTagName]byte
	name, n := tagName(&buf, w.src, i)
	w.close(w.tagOf(name), name)
	if n < len(src) && src[n] == '>' {
		return n + 1
	}
	return w.skipTag(n)
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
			next = w.skipTag(k + len(name))
			break
		}
	}
	if end > i {
		w.raw(t, i, end)
	}
	w.close(t, []byte(name))
	return next
}

// raw hands the content of a raw text element on.
func (w *walker) raw(t tag, lo, hi int) {
	switch t.id {
	case tagScript:
		w.script(lo, hi)
	case tagStyle:
		w.style(lo, hi)
	case tagTitle, tagTextarea, tagRaw:
		w.chars(lo, hi)
	}
}
