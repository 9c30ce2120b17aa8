package follow

import (
	"bytes"
	"strings"
)

// scanner goes through a page's tags. It is its own tokenizer: of most pages
// nine tenths are text, scripts and tags without links, and jumping from '<' to
// '<' reads them many times faster than decoding them. Where tags, comments and
// raw text begin and end follows the HTML standard as golang.org/x/net/html
// does; a test holds the two against each other.
type scanner struct {
	body    []byte
	pos     int
	page    Page
	resolve resolver
	product string

	based    bool // a base element was seen: only the first counts
	noscript bool // within a noscript element
	anchor   bool // within the anchor that is the last of page.Links
	text     []byte
	attrs    attributes
}

func (s *scanner) run() {
	for {
		i := bytes.IndexByte(s.body[s.pos:], '<')
		if i < 0 {
			s.addText(s.body[s.pos:])
			break
		}
		s.addText(s.body[s.pos : s.pos+i])
		s.pos += i
		if !s.markup() {
			break
		}
	}
	s.endAnchor()
}

// markup reads what begins with the '<' at pos, and reports whether there is
// anything behind it.
func (s *scanner) markup() bool {
	rest := s.body[s.pos:]
	if len(rest) < 2 {
		s.addText(rest)
		return false
	}
	switch c := rest[1]; {
	case isLetter(c):
		return s.startTag()
	case c == '/':
		return s.endTag()
	case c == '!' && bytes.HasPrefix(rest, []byte("<!--")):
		return s.comment()
	case c == '!' || c == '?':
		return s.skipPast(2, '>')
	default:
		s.addText(rest[:1])
		s.pos++
		return true
	}
}

// skipPast moves behind the next c that is at least from octets away.
func (s *scanner) skipPast(from int, c byte) bool {
	i := bytes.IndexByte(s.body[s.pos+from:], c)
	if i < 0 {
		return false
	}
	s.pos += from + i + 1
	return true
}

// comment skips "<!--…-->". "<!-->" and "<!--->" are whole comments, and
// "--!>" ends one too.
func (s *scanner) comment() bool {
	rest := s.body[s.pos+4:]
	for _, short := range []string{">", "->"} {
		if bytes.HasPrefix(rest, []byte(short)) {
			s.pos += 4 + len(short)
			return true
		}
	}
	for at := 0; ; {
		i := bytes.Index(rest[at:], []byte("--"))
		if i < 0 {
			return false
		}
		at += i + 2
		tail := rest[at:]
		switch {
		case len(tail) > 0 && tail[0] == '>':
			s.pos += 4 + at + 1
			return true
		case len(tail) > 1 && tail[0] == '!' && tail[1] == '>':
			s.pos += 4 + at + 2
			return true
		}
		at-- // "--->": the second hyphen may be the first of the end
	}
}

func (s *scanner) endTag() bool {
	rest := s.body[s.pos+2:]
	if len(rest) == 0 {
		s.addText(s.body[s.pos:])
		return false
	}
	if rest[0] == '>' {
		s.pos += 3
		return true
	}
	if !isLetter(rest[0]) {
		return s.skipPast(2, '>')
	}
	s.pos += 2
	name := s.tagName()
	if !s.attributes(false) {
		return false
	}
	switch name {
	case tagA:
		s.endAnchor()
	case tagNoscript:
		s.noscript = false
	case tagInline:
	default:
		s.space()
	}
	return true
}

func (s *scanner) startTag() bool {
	s.pos++
	start := s.pos
	name := s.tagName()
	raw := s.body[start:s.pos]
	if !s.attributes(name.wanted()) {
		return false
	}
	switch name {
	case tagA, tagArea, tagFrame:
		s.endAnchor()
		s.link(name == tagA)
	case tagImg:
		s.image()
	case tagBase:
		s.base()
	case tagLink:
		s.linkElement()
	case tagMeta:
		s.meta()
	case tagNoscript:
		s.noscript = true
	case tagRaw:
		s.space()
		return s.rawText(raw)
	case tagPlaintext:
		return false
	case tagInline:
		return true
	case tagOther:
	}
	s.space()
	return true
}

// rawText skips the content of an element like script, in which no tag but its
// own end tag counts.
func (s *scanner) rawText(name []byte) bool {
	end := rawEnd(s.body[s.pos:], name)
	if end < 0 {
		return false
	}
	if content := s.body[s.pos : s.pos+end]; len(name) == len("script") && bytes.Contains(content, commentOpen) {
		if end = scriptEnd(s.body[s.pos:]); end < 0 {
			return false
		}
	}
	s.pos += end + len("</") + len(name)
	return s.attributes(false)
}

// rawEnd finds the first end tag with this name.
func rawEnd(body, name []byte) int {
	for at := 0; ; {
		i := bytes.Index(body[at:], []byte("</"))
		if i < 0 {
			return -1
		}
		at += i
		if isTag(body[at:], "</", name) {
			return at
		}
		at += len("</")
	}
}

var (
	commentOpen  = []byte("<!--")
	commentClose = []byte("-->")
	script       = []byte("script")
)

// scriptEnd finds the end tag of a script that has "<!--" in it. From there to
// "-->", a "<script" hides the next "</script": the standard's script data
// (double) escaped states, owed to how scripts were once kept from old browsers.
func scriptEnd(body []byte) int {
	escaped, double := false, false
	for i := 0; i < len(body); {
		j := bytes.IndexAny(body[i:], "<-")
		if j < 0 {
			return -1
		}
		i += j
		rest := body[i:]
		switch {
		case !escaped && bytes.HasPrefix(rest, commentOpen):
			escaped = true
			i += len("<!") // its hyphens may be those of "-->" as well
		case escaped && bytes.HasPrefix(rest, commentClose):
			escaped, double = false, false
			i += len(commentClose)
		case escaped && !double && isTag(rest, "<", script):
			double = true
			i += len("<script")
		case isTag(rest, "</", script):
			if !double {
				return i
			}
			double = false
			i += len("</script")
		default:
			i++
		}
	}
	return -1
}

// isTag reports whether b begins with a tag of this kind and name.
func isTag(b []byte, open string, name []byte) bool {
	n := len(open) + len(name)
	return len(b) > n && string(b[:len(open)]) == open && bytes.EqualFold(b[len(open):n], name) && endsName(b[n])
}

// addText adds to the open anchor's text.
func (s *scanner) addText(raw []byte) {
	if !s.anchor || len(raw) == 0 || len(s.text) > 4*maxText {
		return
	}
	s.text = append(s.text, raw[:min(len(raw), 4*maxText)]...)
}

// space keeps words apart that only a tag separates.
func (s *scanner) space() {
	if s.anchor && len(s.text) > 0 {
		s.text = append(s.text, ' ')
	}
}

func (s *scanner) endAnchor() {
	if s.anchor {
		s.page.Links[len(s.page.Links)-1].Text = plainText(s.text)
	}
	s.anchor = false
	s.text = s.text[:0]
}

func (s *scanner) link(anchor bool) {
	a := &s.attrs
	href := a.href
	if href == nil && !anchor {
		href = a.src
	}
	if href == nil || len(s.page.Links) >= maxLinks {
		return
	}
	target, ok := s.resolve.absolute(attributeText(href))
	if !ok {
		return
	}
	l := Link{URL: target, Title: joined(a.title, a.label), NoFollow: hasToken(a.rel, "nofollow", "ugc", "sponsored")}
	if !anchor {
		l.Text = plainText(a.alt)
	}
	s.page.Links = append(s.page.Links, l)
	s.anchor = anchor
}

// image adds an alternative text to the anchor around it.
func (s *scanner) image() {
	if s.anchor {
		s.space()
		s.addText(s.attrs.alt)
	}
}

func (s *scanner) base() {
	if s.based || s.attrs.href == nil {
		return
	}
	s.based = true
	if u, ok := s.resolve.parse(attributeText(s.attrs.href)); ok {
		s.page.Base = u
		s.resolve = newResolver(u)
	}
}

// linkElement reads rel=canonical, and the relations that old sites name
// their contact pages by, which become links with the relation as their text.
func (s *scanner) linkElement() {
	a := &s.attrs
	switch {
	case a.href == nil:
	case s.page.Canonical == "" && hasToken(a.rel, "canonical"):
		if target, ok := s.resolve.absolute(attributeText(a.href)); ok {
			s.page.Canonical = target
		}
	case hasToken(a.rel, "contact", "about", "author", "copyright", "help", "imprint") && len(s.page.Links) < maxLinks:
		if target, ok := s.resolve.absolute(attributeText(a.href)); ok {
			s.page.Links = append(s.page.Links, Link{URL: target, Text: plainText(a.rel), Title: joined(a.title, nil)})
		}
	}
}

func (s *scanner) meta() {
	a := &s.attrs
	switch {
	case len(a.equiv) > 0:
		if strings.EqualFold(string(a.equiv), "refresh") && s.page.Refresh == "" && !s.noscript {
			s.refresh(attributeText(a.content))
		}
	case len(a.name) > 0:
		if name := strings.ToLower(strings.TrimSpace(string(a.name))); name == "robots" || s.product != "" && name == s.product {
			s.robots(attributeText(a.content))
		}
	}
}

func (s *scanner) robots(content string) {
	for directive := range strings.SplitSeq(content, ",") {
		switch strings.ToLower(strings.TrimSpace(directive)) {
		case "noindex":
			s.page.NoIndex = true
		case "nofollow":
			s.page.NoFollow = true
		case "none":
			s.page.NoIndex, s.page.NoFollow = true, true
		}
	}
}

// refresh reads "5; url=/there". Within noscript it is for visitors without
// JavaScript and leads to an apology.
func (s *scanner) refresh(content string) {
	i := strings.IndexAny(content, ";,")
	if i < 0 {
		return
	}
	target := strings.TrimSpace(content[i+1:])
	if len(target) > 3 && strings.EqualFold(target[:3], "url") {
		if rest := strings.TrimLeft(target[3:], " \t\r\n"); strings.HasPrefix(rest, "=") {
			target = strings.TrimSpace(rest[1:])
		}
	}
	if target != "" && (target[0] == '"' || target[0] == '\'') {
		target, _, _ = strings.Cut(target[1:], target[:1])
	}
	if target == "" {
		return
	}
	if to, ok := s.resolve.absolute(target); ok {
		s.page.Refresh = to
	}
}
