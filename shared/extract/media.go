package extract

import (
	"bytes"
)

// read reads a body of the given medium.
func (s *sink) read(m media, body []byte) {
	switch m {
	case mediaHTML:
		s.html(body, layer{})
	case mediaXML:
		s.xml(body)
	case mediaJSON:
		s.json(body, &layer{form: FoundJSON, place: inJSON})
	case mediaText:
		s.plainText(body)
	case mediaScript:
		s.walk(body, layer{}, func(w *walker) {
			w.script(0, len(body))
			w.finishScripts()
		})
	case mediaStyle:
		s.walk(body, layer{}, func(w *walker) { w.style(0, len(body)) })
	case mediaVCard:
		s.vcard(body)
	case mediaPDF:
		s.pdf(body)
	case mediaNone:
	}
}

// plainText reads text as it stands. Much of it was cut out of a page, with the
// references that the page hid its addresses in.
func (s *sink) plainText(body []byte) {
	l := layer{words: true}
	if (bytes.Contains(body, []byte("&#")) || bytes.Contains(body, []byte("&commat"))) && s.spend(len(body)) {
		l.flat = &flat{}
		l.flat.text(body, 0)
		body = l.flat.buf
	}
	s.scan(body, &l)
}

// xml reads feeds and other XML: every element is a block of its own, text is
// often escaped HTML.
func (s *sink) xml(body []byte) {
	s.walk(body, layer{form: FoundFeed}, func(w *walker) {
		w.xml = true
		w.walk()
		w.finish()
	})
}

// vcardSkipped are properties of vCard (RFC 6350) and iCalendar (RFC 5545)
// whose values look like addresses and are identifiers.
var vcardSkipped = [...]string{
	"uid", "prodid", "impp", "x-jabber", "x-skype", "x-msn", "x-aim", "x-icq", "x-yahoo", "related",
	"x-abuid", "recurrence-id", "x-wr-relcalid", "x-ms-exchange", "photo", "logo", "key", "x-google",
}

// vcard reads vCard and iCalendar: folded lines are joined, quoted-printable
// is decoded, identifiers are left out.
func (s *sink) vcard(body []byte) {
	l := layer{form: FoundVCard, words: true}
	for i := 0; i < len(body); {
		line, next := vcardLine(body, i)
		pos := i
		i = next
		end := bytes.IndexAny(line, ":;")
		if end < 0 {
			continue
		}
		name := line[:end]
		if dot := bytes.LastIndexByte(name, '.'); dot >= 0 {
			name = name[dot+1:] // a group: "item1.EMAIL"
		}
		if skippedProperty(name) && (!foldPrefix(name, "related") || foldIndex(line, ":mailto:") < 0) {
			continue
		}
		if foldIndex(line, "quoted-printable") >= 0 {
			line = quotedPrintable(line)
		}
		inner := l
		inner.pos, inner.fixed = pos, true
		s.scan(line, &inner)
	}
}

func skippedProperty(name []byte) bool {
	for _, p := range vcardSkipped {
		if foldPrefix(name, p) {
			return true
		}
	}
	return false
}

// vcardLine returns the unfolded line at b[i] and where the next one begins.
func vcardLine(b []byte, i int) (line []byte, next int) {
	first := true
	for {
		k := bytes.IndexByte(b[i:], '\n')
		end := len(b)
		next = len(b)
		if k >= 0 {
			end, next = i+k, i+k+1
		}
		part := bytes.TrimRight(b[i:end], "\r")
		if first {
			line, first = part[:len(part):len(part)], false
		} else {
			line = append(line, part...)
		}
		switch {
		case next >= len(b):
			return line, next
		case b[next] == ' ' || b[next] == '\t':
			i = next + 1
		case bytes.HasSuffix(part, []byte("=")) && foldIndex(line[:min(len(line), 80)], "quoted-printable") >= 0:
			line = line[: len(line)-1 : len(line)-1] // a soft line break; the body stays as it is
			i = next
		default:
			return line, next
		}
	}
}

// quotedPrintable decodes the escapes of RFC 2045, section 6.7.
func quotedPrintable(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '=' && i+2 < len(b) && class[b[i+1]]&class[b[i+2]]&isHex != 0 {
			out = append(out, unhex(b[i+1])<<4|unhex(b[i+2]))
			i += 2
			continue
		}
		out = append(out, b[i])
	}
	return out
}
