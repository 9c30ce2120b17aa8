package extract

import (
	"bytes"
)

// json reads JSON, or anything that holds its strings in double quotes: every
// string that may hold an address is decoded and looked through.
func (s *sink) json(b []byte, l *layer) {
	at, amp, pct := cursor{b: '@', next: -1}, cursor{b: '&', next: -1}, cursor{b: '%', next: -1}
	cloudflare := bytes.Contains(b, []byte("cfemail")) || bytes.Contains(b, []byte("email-protection"))
	for i := 0; i < len(b); {
		k := bytes.IndexByte(b[i:], '"')
		if k < 0 {
			return
		}
		start := i + k + 1
		end, escaped := jsonString(b, start)
		if end < 0 {
			return
		}
		i = end + 1
		if end-start < 6 {
			continue
		}
		inner := *l
		inner.place, inner.words = inJSON, true
		if !l.fixed {
			inner.pos, inner.fixed = l.at(start), true
		}
		v := b[start:end]
		if cloudflare && (bytes.Contains(v, []byte("cfemail")) || bytes.Contains(v, []byte("email-protection"))) {
			s.jsonValue(v, escaped, &inner)
			continue
		}
		if (!at.in(b, start, end) || onlyAssets(v)) && !amp.in(b, start, end) && !pct.in(b, start, end) && (!escaped || !escapedAt(v)) {
			if len(v) > 11 && !s.opt.KeepObfuscated && !isKey(b, i) {
				s.words(v, &inner)
			}
			continue
		}
		if isKey(b, i) {
			inner.place, inner.words = inKey, false
		} else if before := bytes.TrimRight(b[max(0, start-16):start-1], " \t"); bytes.HasSuffix(before, []byte(`"__ref":`)) || bytes.HasSuffix(before, []byte(`"etag":`)) {
			continue // the name of an entry of a cache, the mark of a version
		}
		s.jsonValue(v, escaped, &inner)
	}
}

// onlyAssets reports whether every @ of a string is that of an asset name,
// "logo@2x.png", of which some data is full.
func onlyAssets(v []byte) bool {
	for {
		k := bytes.IndexByte(v, '@')
		if k < 0 {
			return true
		}
		if k+2 >= len(v) || class[v[k+1]]&isDigit == 0 || v[k+2] != 'x' {
			return false
		}
		v = v[k+1:]
	}
}

// jsonString returns the index of the quote that closes the string whose
// content begins at b[i], and whether it holds escapes.
func jsonString(b []byte, i int) (end int, escaped bool) {
	for {
		k := bytes.IndexByte(b[i:], '"')
		if k < 0 {
			return -1, escaped
		}
		end = i + k
		n := 0
		for end-1-n >= 0 && b[end-1-n] == '\\' {
			n++
		}
		if n > 0 || !escaped {
			escaped = escaped || n > 0 || bytes.IndexByte(b[i:end], '\\') >= 0
		}
		if n%2 == 0 {
			return end, escaped
		}
		i = end + 1
	}
}

func isKey(b []byte, i int) bool {
	for i < len(b) && class[b[i]]&isSpace != 0 {
		i++
	}
	return i < len(b) && b[i] == ':'
}

// jsonValue looks through one string of JSON.
func (s *sink) jsonValue(v []byte, escaped bool, l *layer) {
	if escaped {
		if !s.spend(len(v)) {
			return
		}
		form := l.form
		if escapedAt(v) && (form == FoundJSON || form == "") {
			l.form = FoundEscape
		}
		// The buffer is free again when this string is done with, unless it is
		// read in depth.
		s.unescaped = appendUnescaped(s.unescaped[:0], v)
		v = s.unescaped
		if bytes.IndexByte(v, '"') >= 0 || bytes.IndexByte(v, '<') >= 0 || bytes.IndexByte(v, '\\') >= 0 {
			v = bytes.Clone(v)
		}
		// JSON inside JSON, and flight data of frameworks: escaped again.
		if l.depth < maxDepth && bytes.IndexByte(v, '"') >= 0 && (bytes.Contains(v, []byte(`":`)) || bytes.IndexByte(v, '\\') >= 0) {
			inner := *l
			inner.depth++
			s.json(v, &inner)
			if bytes.IndexByte(v, '<') < 0 {
				return
			}
		}
		for n := 0; n < 2 && bytes.Contains(v, []byte(`\u00`)); n++ {
			v = appendUnescaped(make([]byte, 0, len(v)), v)
		}
	}
	if l.place == inKey {
		s.scan(v, l)
		return
	}
	if len(v) > 7 && v[0]|0x20 == 'm' && foldPrefix(v, "mailto:") {
		inner := *l
		s.mailto(v[7:], &inner)
		return
	}
	if bytes.HasPrefix(v, []byte("http")) || bytes.HasPrefix(v, []byte("//")) || v[0] == '/' {
		if bytes.IndexByte(v, ' ') < 0 && bytes.IndexByte(v, '<') < 0 {
			s.url(v, l)
			return
		}
	}
	s.text(v, l)
}
