package extract

import (
	"bytes"
)

// link reads the value of an attribute that holds a URL.
func (w *walker) link(a attr) {
	if w.mereLink(a) {
		return
	}
	v := w.value(a)
	v = dropControls(v)
	for len(v) > 0 && v[0] <= ' ' {
		v = v[1:]
	}
	l := w.sub(a.pos)
	l.fixed = true
	if len(v) > 11 && v[0]|0x20 == 'j' && foldPrefix(v, "javascript:") {
		w.handler(percentDecode(v[11:], 1), a)
		return
	}
	w.s.url(v, &l)
}

// mereLink reports whether a link holds none of what every form of an address in
// a link has: a scheme of its own, a sign, an encoding, a telling fragment.
func (w *walker) mereLink(a attr) bool {
	switch c := a.value[0]; c | 0x20 {
	case 'm', 'j', 'd', 'z': // mailto, javascript, data; mailto in ROT13
		return false
	default:
		lo, hi := a.pos, a.pos+len(a.value)
		return c > ' ' && !w.at.in(w.src, lo, hi) && !w.amp.in(w.src, lo, hi) &&
			(!w.pct.in(w.src, lo, hi) || merePercent(a.value)) && (!w.frag.in(w.src, lo, hi) || mereFragment(a.value))
	}
}

// merePercent reports whether a link's percent-encoding is for other characters
// than @ and the percent sign itself. Tabs and line ends were not taken out yet.
func merePercent(v []byte) bool {
	for {
		k := bytes.IndexByte(v, '%')
		if k < 0 || k+2 >= len(v) {
			return true
		}
		a, b := v[k+1], v[k+2]
		if a <= ' ' || b <= ' ' || a == '4' && b == '0' || a == '2' && b == '5' {
			return false
		}
		v = v[k+1:]
	}
}

// mereFragment reports whether a link with a fragment has but one, and that not
// behind "email-protection", from which tabs and line ends were not taken yet.
func mereFragment(v []byte) bool {
	k := bytes.IndexByte(v, '#')
	return bytes.IndexByte(v[k+1:], '#') < 0 && (k <= 0 || v[k-1] != 'n' && v[k-1] > ' ')
}

// url reads a link whose character references are decoded.
func (s *sink) url(v []byte, l *layer) {
	if len(v) < 3 {
		return
	}
	switch {
	case v[0]|0x20 == 'm' && foldPrefix(v, "mailto"):
		if rest, ok := afterScheme(v[6:]); ok {
			s.mailto(rest, l)
			return
		}
	case v[0] == '#' && len(v) < 8:
		return
	case foldPrefix(v, "tel:"):
		return
	case foldPrefix(v, "data:"):
		s.dataURL(v[5:], l)
		return
	}
	if i := bytes.Index(v, []byte("#mc#")); i > 0 && !s.opt.KeepObfuscated {
		// SPIP: "#local#mc#domain#".
		inner := *l
		inner.form = FoundDataAttribute
		local := bytes.TrimPrefix(v[:i], []byte{'#'})
		domain, _, _ := bytes.Cut(v[i+4:], []byte{'#'})
		s.join(local, domain, nil, &inner)
		return
	}
	if i := bytes.Index(v, []byte("email-protection#")); i >= 0 {
		s.cloudflare(v[i+len("email-protection#"):], l.pos)
		return
	}
	if foldPrefix(v, "znvygb:") {
		s.opaque(v, l, true)
		return
	}
	if bytes.IndexByte(v, '@') < 0 && !bytes.Contains(v, []byte("%40")) && !bytes.Contains(v, []byte("%2540")) {
		return
	}
	inner := *l
	inner.place = inURL
	s.scan(percentDecode(v, 2), &inner)
}

// dataURL reads a data: URL (RFC 2397) of a visiting card or of markup.
func (s *sink) dataURL(v []byte, l *layer) {
	head, body, ok := bytes.Cut(v, []byte{','})
	if !ok || l.depth >= maxDepth || !s.spend(len(body)) {
		return
	}
	m := sniffType(string(head))
	svg := foldPrefix(head, "image/svg") && (bytes.IndexByte(body, '@') >= 0 || containsPercentAt(body))
	if svg {
		m = mediaHTML // its text is found like that of a page
	}
	if m != mediaVCard && m != mediaHTML && m != mediaText {
		return
	}
	body = percentDecode(body, 1)
	if foldSuffix(head, ";base64") {
		body = decodeBase64(body, 8)
	}
	inner := *l
	inner.depth++
	if m == mediaHTML {
		s.html(body, inner)
		return
	}
	inner.form, inner.words = FoundVCard, true
	s.scan(body, &inner)
}

// afterScheme accepts ":" in its encoded forms as well.
func afterScheme(v []byte) ([]byte, bool) {
	v = bytes.TrimLeft(v, " ")
	switch {
	case len(v) > 0 && v[0] == ':':
		return v[1:], true
	case foldPrefix(v, "%3a"):
		return v[3:], true
	}
	return nil, false
}

// mailto reads a mailto: URI (RFC 6068) from behind its scheme: recipients,
// and the headers to, cc and bcc.
func (s *sink) mailto(v []byte, l *layer) {
	v = dropControls(v)
	if bytes.IndexByte(v, '&') >= 0 && (bytes.Contains(v, []byte("&#")) || bytes.Contains(v, []byte("&commat"))) {
		v = appendText(make([]byte, 0, len(v)), v, nil)
	}
	head, query, _ := bytes.Cut(v, []byte{'?'})
	s.recipients(head, l)
	for len(query) > 0 {
		var field []byte
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			field, query = query[:i], query[i+1:]
		} else {
			field, query = query, nil
		}
		field = bytes.TrimPrefix(field, []byte("amp;"))
		name, value, ok := bytes.Cut(field, []byte{'='})
		if ok && (foldEqual(name, "to") || foldEqual(name, "cc") || foldEqual(name, "bcc")) {
			s.recipients(value, l)
		}
	}
}

// dropControls removes what browsers remove from URLs: tabs and line ends.
func dropControls(v []byte) []byte {
	clean := true
	for _, c := range v {
		if c == '\t' || c == '\r' || c == '\n' {
			clean = false
			break
		}
	}
	if clean {
		return v
	}
	return bytes.Map(func(r rune) rune {
		if r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, v)
}

// recipients reads a list of addresses with commas or, as mail programs of one
// maker write it, semicolons between them.
func (s *sink) recipients(v []byte, l *layer) {
	if len(v) < 3 {
		return
	}
	v = percentDecode(v, 3)
	if bytes.IndexByte(v, '&') >= 0 {
		v = appendText(make([]byte, 0, len(v)), v, nil)
	}
	for len(v) > 0 {
		one := v
		if i := listEnd(v); i < len(v) {
			one, v = v[:i], v[i+1:]
		} else {
			v = nil
		}
		s.recipient(one, l)
	}
}

// listEnd returns the index of the first separator outside quotes.
func listEnd(v []byte) int {
	quoted := false
	for i, c := range v {
		switch c {
		case '"':
			quoted = !quoted
		case ',', ';':
			if !quoted {
				return i
			}
		}
	}
	return len(v)
}

// recipient reads one address of a mailto: link. An address that is valid as
// it stands is taken so; anything else is searched like text.
func (s *sink) recipient(one []byte, l *layer) {
	one = bytes.Trim(one, " \t/.\u00a0")
	for foldPrefix(one, "mailto:") {
		one = bytes.TrimLeft(one[7:], " /")
	}
	if i := bytes.LastIndexByte(one, '<'); i >= 0 && i < len(one)-2 {
		one = bytes.TrimRight(one[i+1:], "> ")
	}
	if len(one) < 3 {
		return
	}
	inner := *l
	if inner.form == "" {
		inner.form = FoundMailto
	}
	at := bytes.LastIndexByte(one, '@')
	if at > 0 {
		c := candidate{local: one[:at], domain: one[at+1:], lo: 0, hi: len(one)}
		if one[at-1] != ' ' && dotAtom(string(c.local)) == nil && s.validDomain(c.domain) && !mangled(c.local) {
			if dropDecoyWords(&c) && s.opt.KeepObfuscated {
				return
			}
			if !rubbish(&c, inText) {
				s.record(one, &c, &inner)
			}
			return
		}
		if one[0] == '"' {
			if email, err := normalise(string(c.local), string(c.domain)); err == nil {
				if !s.unwanted(email) {
					s.add(email, one, inner.form, l.pos, l.reason)
				}
				return
			}
		}
	}
	inner.words, inner.place = true, inAttr
	if at < 0 && oneWord(one) {
		if inner.form == FoundMailto {
			inner.form = ""
		}
		s.opaque(one, &inner, true)
		return
	}
	s.scan(one, &inner)
}

func oneWord(v []byte) bool {
	return len(v) >= 12 && !bytes.ContainsAny(v, " \t()[]{}.")
}

// mangled reports whether a local part of a link shows damage that the scanner
// of running text repairs.
func mangled(local []byte) bool {
	for _, c := range local {
		if c == '%' || c == '=' || c == ':' || c == '/' || c == '?' {
			return true
		}
	}
	return local[0] == '+' || foldPrefix(local, "u00") || local[0] == '\''
}

// percentDecode undoes percent-encoding, up to the given number of times, and
// returns its argument when there is none.
func percentDecode(v []byte, times int) []byte {
	for ; times > 0 && bytes.IndexByte(v, '%') >= 0; times-- {
		out := make([]byte, 0, len(v))
		changed := false
		for i := 0; i < len(v); i++ {
			if v[i] == '%' && i+2 < len(v) && class[v[i+1]]&class[v[i+2]]&isHex != 0 {
				out = append(out, unhex(v[i+1])<<4|unhex(v[i+2]))
				i += 2
				changed = true
				continue
			}
			out = append(out, v[i])
		}
		if !changed {
			break
		}
		v = out
	}
	return v
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
