package follow

import "bytes"

// tag tells apart what Scan treats differently.
type tag int

const (
	tagOther tag = iota // separates words, nothing else
	tagInline
	tagA
	tagArea
	tagBase
	tagFrame
	tagImg
	tagLink
	tagMeta
	tagNoscript
	tagPlaintext
	tagRaw
)

// tagOf tells a tag by its name in lower case.
func tagOf(name []byte) tag {
	switch string(name) {
	case "a":
		return tagA
	case "area":
		return tagArea
	case "base":
		return tagBase
	case "frame", "iframe":
		return tagFrame
	case "img":
		return tagImg
	case "link":
		return tagLink
	case "meta":
		return tagMeta
	case "noscript":
		return tagNoscript
	case "plaintext":
		return tagPlaintext
	case "script", "style", "textarea", "title", "xmp": // what looks like tags in these is text
		return tagRaw
	case "b", "i", "em", "strong", "u", "font", "mark", "small", "sub", "sup", "wbr": // these don't separate words
		return tagInline
	}
	return tagOther
}

// longestTag is the length of the longest name that tagOf knows.
const longestTag = len("plaintext")

// wanted reports whether the tag's attributes matter.
func (t tag) wanted() bool { return t >= tagA && t <= tagMeta }

// tagName reads the name at pos and moves behind it.
func (s *scanner) tagName() tag {
	start := s.pos
	for s.pos < len(s.body) && !endsName(s.body[s.pos]) {
		s.pos++
	}
	name := s.body[start:s.pos]
	if len(name) > longestTag {
		return tagOther
	}
	var lower [longestTag]byte
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
	}
	return tagOf(lower[:len(name)])
}

// attributes are the values of those that matter; nil where a tag lacks one.
// They are parts of the page, with character references unresolved.
type attributes struct {
	href, src, rel, title, label, alt, name, content, equiv []byte
}

// slot is where the value of an attribute belongs; nil if it doesn't matter.
func (a *attributes) slot(name []byte) *[]byte {
	switch len(name) {
	case 3:
		switch {
		case equalFold(name, "src"):
			return &a.src
		case equalFold(name, "rel"):
			return &a.rel
		case equalFold(name, "alt"):
			return &a.alt
		}
	case 4:
		switch {
		case equalFold(name, "href"):
			return &a.href
		case equalFold(name, "name"):
			return &a.name
		}
	case 5:
		if equalFold(name, "title") {
			return &a.title
		}
	case 7:
		if equalFold(name, "content") {
			return &a.content
		}
	case 10:
		switch {
		case equalFold(name, "aria-label"):
			return &a.label
		case equalFold(name, "http-equiv"):
			return &a.equiv
		}
	}
	return nil
}

// attributes reads the rest of a tag and moves behind its '>'. It keeps the
// values in s.attrs if they are wanted, the first of several with one name. It reports
// whether the tag ended: one that doesn't is dropped, with all that follows.
func (s *scanner) attributes(wanted bool) bool {
	if wanted {
		s.attrs = attributes{}
	} else if i := bytes.IndexByte(s.body[s.pos:], '>'); i < 0 {
		return false
	} else if rest := s.body[s.pos : s.pos+i]; bytes.IndexByte(rest, '"') < 0 && bytes.IndexByte(rest, '\'') < 0 {
		s.pos += i + 1
		return true
	}
	for {
		s.skipBlank()
		if s.pos >= len(s.body) {
			return false
		}
		switch s.body[s.pos] {
		case '>':
			s.pos++
			return true
		case '/':
			s.pos++
			continue
		}
		name, value, ok := s.attribute()
		if !ok {
			return false
		}
		if wanted {
			if slot := s.attrs.slot(name); slot != nil && *slot == nil {
				*slot = value
			}
		}
	}
}

// attribute reads one attribute at pos. ok is false at the end of the page.
func (s *scanner) attribute() (name, value []byte, ok bool) {
	start := s.pos
	for s.pos++; s.pos < len(s.body); s.pos++ { // a '=' in front belongs to the name
		if c := s.body[s.pos]; c == '=' || endsName(c) {
			break
		}
	}
	name = s.body[start:s.pos]
	s.skipBlank()
	value = s.body[s.pos:s.pos:s.pos]
	if s.pos >= len(s.body) || s.body[s.pos] != '=' {
		return name, value, s.pos < len(s.body)
	}
	s.pos++
	s.skipBlank()
	if s.pos >= len(s.body) {
		return name, nil, false
	}
	switch quote := s.body[s.pos]; quote {
	case '"', '\'':
		s.pos++
		i := bytes.IndexByte(s.body[s.pos:], quote)
		if i < 0 {
			return name, nil, false
		}
		value = s.body[s.pos : s.pos+i]
		s.pos += i + 1
	default:
		start = s.pos
		for s.pos < len(s.body) && s.body[s.pos] != '>' && !isBlank(s.body[s.pos]) {
			s.pos++
		}
		value = s.body[start:s.pos]
	}
	return name, value, true
}

func (s *scanner) skipBlank() {
	for s.pos < len(s.body) && isBlank(s.body[s.pos]) {
		s.pos++
	}
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'
}

func endsName(c byte) bool { return isBlank(c) || c == '/' || c == '>' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// equalFold compares a name with one in lower case; both have the same length.
func equalFold(name []byte, lower string) bool {
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
