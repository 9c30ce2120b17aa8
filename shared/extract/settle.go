package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// knownDomain remembers a host name that was found valid: the addresses of a
// page mostly share one.
type knownDomain struct {
	name [64]byte
	n    int
}

// validDomain is hasSuffix with a memory.
func (s *sink) validDomain(d []byte) bool {
	if len(d) > len(s.work.known[0].name) || len(d) < 4 {
		return hasSuffix(d)
	}
	k := &s.work.known[(int(d[0])+int(d[len(d)/2])+len(d))&7]
	if k.n == len(d) && string(k.name[:k.n]) == string(d) {
		return true
	}
	if !hasSuffix(d) {
		return false
	}
	k.n = copy(k.name[:], d)
	return true
}

// settle decides what part of a candidate is an address, if any, and records
// it.
func (s *sink) settle(b []byte, c *candidate, l *layer) {
	if !s.context(b, c, l) || !trimLocal(b, c, l) {
		return
	}
	if dropDecoySuffix(c) && s.opt.KeepObfuscated {
		return
	}
	n, how := s.cutDomain(c, l.place)
	if n == 0 {
		return
	}
	if n < len(c.domain) {
		c.domain = c.domain[:n]
		c.glued = c.glued || how == cutGlued
		c.hi = advance(b, c.sign, n)
	}
	if len(c.local)+len(c.domain) > 14 && dropDecoyWords(c) && s.opt.KeepObfuscated {
		return
	}
	if rubbish(c, l.place) {
		return
	}
	s.record(b, c, l)
}

// record normalises a settled candidate and adds it.
func (s *sink) record(b []byte, c *candidate, l *layer) {
	e := append(s.work.email[:0], c.local...)
	e = append(e, '@')
	e = append(e, c.domain...)
	var email string
	if asciiAddress(e) {
		if len(c.local) > maxLocal || len(e) > maxAddress {
			return
		}
		for i, ch := range e {
			e[i] = lowerByte(ch)
		}
		// The suffix of the domain was checked when it was cut.
		if i, ok := s.index[string(e)]; ok {
			email = s.hits[i].Email
		} else {
			email = string(e)
		}
	} else {
		var err error
		if email, err = normalise(string(c.local), string(c.domain)); err != nil {
			return
		}
	}
	form, reasons := s.formOf(b, c, l)
	raw := e
	if c.hi > c.lo {
		raw = b[c.lo:c.hi]
	}
	if s.unwanted(email) {
		return
	}
	if generated(c.local) {
		reasons[3] = ReasonRandom
	}
	s.add(email, rawWithoutMarks(raw), form, l.at(c.lo), reasons[:]...)
}

// formOf names the form of a candidate and what speaks against it.
func (s *sink) formOf(b []byte, c *candidate, l *layer) (form FoundBy, reasons [4]string) {
	form = l.form
	if form == "" {
		form = placeForm(l.place)
		if (l.place == inScript || l.place == inStyle) && inComment(b, c.lo) {
			form, reasons[0] = FoundComment, ReasonComment
		}
		if l.flat != nil {
			f, r := l.flat.form(c.lo, max(c.hi, c.lo+len(c.local)+len(c.domain)+1))
			if f != "" {
				form = f
			}
			reasons[0] = r
		}
	}
	switch {
	case c.decoy && (form == FoundText || form == FoundEntity):
		form = FoundDecoy
	case c.split && form == FoundText:
		form = FoundSplit
	}
	if l.reason != "" {
		reasons[0] = l.reason
	}
	if c.glued {
		reasons[1] = ReasonGlued
	}
	if c.query {
		reasons[2] = ReasonQuery
	}
	return form, reasons
}

// inComment reports whether b[lo] stands in a comment of a script or a style
// sheet.
func inComment(b []byte, lo int) bool {
	head := b[max(0, lo-8*lookBack):lo]
	if i := bytes.LastIndex(head, []byte("/*")); i >= 0 && !bytes.Contains(head[i:], []byte("*/")) {
		return true
	}
	line := head[bytes.LastIndexByte(head, '\n')+1:]
	i := bytes.Index(line, []byte("//"))
	return i >= 0 && (i == 0 || line[i-1] != ':') && !bytes.ContainsAny(line[:i], "\"'`")
}

func placeForm(p place) FoundBy {
	switch p {
	case inAttr, inURL:
		return FoundAttribute
	case inScript:
		return FoundScript
	case inJSON, inKey:
		return FoundJSON
	case inStyle:
		return FoundCSS
	case inText:
	}
	return FoundText
}

func asciiAddress(e []byte) bool {
	for i, ch := range e {
		if ch >= utf8.RuneSelf || ch == '-' && i+1 < len(e) && e[i+1] == '-' {
			return false
		}
	}
	return true
}

// rawWithoutMarks returns raw without the marks of the flattened text.
func rawWithoutMarks(raw []byte) []byte {
	for _, c := range raw {
		if c >= markInline && c <= markDecoy {
			return bytes.Map(func(r rune) rune {
				if r >= markInline && r <= markDecoy {
					return -1
				}
				return r
			}, raw)
		}
	}
	return raw
}

// cut says how cutDomain came to its length.
type cut uint8

const (
	cutNone  cut = iota
	cutMark      // at a tag
	cutGlued     // at a change of case, a digit, a known word
)

// cutDomain returns how many bytes of the candidate's domain are a host name
// with a known suffix, 0 if none are.
func (s *sink) cutDomain(c *candidate, p place) (int, cut) {
	d := c.domain
	n := len(d)
	for n > 0 && (d[n-1] == '.' || d[n-1] == '-') {
		n--
	}
	d = d[:n]
	// A link's edge is a stronger boundary than any reading of the letters.
	for _, m := range c.rightMarks {
		if m.kind == markLink && m.n > 0 && m.n < n && hasSuffix(d[:m.n]) {
			return m.n, cutMark
		}
	}
	if s.validDomain(d) {
		if p <= inAttr {
			if k := gluedLabel(d); k > 0 {
				return k, cutGlued
			}
		}
		noteSplit(c, n)
		return n, cutNone
	}
	for i := len(c.rightMarks) - 1; i >= 0; i-- {
		if m := c.rightMarks[i].n; m > 0 && m < n && hasSuffix(d[:m]) {
			return m, cutMark
		}
	}
	if p == inKey || p == inURL {
		return 0, cutNone
	}
	if k := ungluedLength(d); k > 0 {
		return k, cutGlued
	}
	return 0, cutNone
}

// noteSplit notes whether marks stood inside the address that was accepted.
func noteSplit(c *candidate, n int) {
	for _, m := range c.rightMarks {
		if m.n < n {
			c.split = true
			c.decoy = c.decoy || m.kind == markDecoy
		}
	}
	for _, m := range c.leftMarks {
		if m.n < len(c.local) {
			c.split = true
			c.decoy = c.decoy || m.kind == markDecoy
		}
	}
}

// hasSuffix reports whether d is a host name below a suffix of the ICANN
// section.
func hasSuffix(d []byte) bool {
	if len(d) < 4 || d[0] == '-' || d[0] == '.' {
		return false
	}
	ascii := true
	for _, ch := range d {
		if ch >= utf8.RuneSelf {
			ascii = false
		}
	}
	if !ascii {
		_, err := normaliseDomain(string(d))
		return err == nil
	}
	var low [maxDomain + 1]byte
	if len(d) > maxDomain {
		return false
	}
	for i, ch := range d {
		low[i] = lowerByte(ch)
	}
	host := string(low[:len(d)])
	if !hostName(host) {
		return false
	}
	if bytes.Contains(d, []byte("--")) {
		_, err := normaliseDomain(host)
		return err == nil
	}
	suffix := icannSuffix(host)
	return suffix != "" && len(suffix) < len(host)
}

// gluedLabel looks for the start of a neighbour inside a domain that is valid
// as a whole: "site.de.It", "site.dewww.site.de". It returns where to cut, or
// 0.
func gluedLabel(d []byte) int {
	last := bytes.LastIndexByte(d, '.')
	// A sentence that starts without a space: capital, then small letters.
	if last > 0 && isUpper(d[last+1]) && !hasUpper(d[:last]) && hasSuffix(d[:last]) {
		return last
	}
	for i := 1; i+4 < len(d); i++ {
		if d[i] != 'w' || !foldPrefix(d[i:], "www.") {
			continue
		}
		head := d[:i]
		if head[len(head)-1] == '.' {
			head = head[:len(head)-1]
		}
		if hasSuffix(head) {
			return len(head)
		}
	}
	return 0
}

func hasUpper(b []byte) bool {
	for _, ch := range b {
		if isUpper(ch) {
			return true
		}
	}
	return false
}

// neighbours are words that follow an address without a space when markup
// between them was lost.
var neighbours = strings.Fields(`phone tel telefon telephone telefono telefone fax mobil mobile mob cell web www website
	webseite http https internet home homepage mail email e-mail address adresse kontakt contact follow copyright
	subject skype whatsapp office the for or and und oder please bitte opening`)

// ungluedLength cuts a neighbour off the last label of d: at a change from
// small letters to capitals, at a digit, a hyphen, a change of script, or
// before a word that commonly follows. It returns the length of what remains,
// or 0 when that is no host name.
func ungluedLength(d []byte) int {
	// Only the last label can be glued, or the one before the last when the
	// neighbour itself has a dot ("site.comPhone.Nr").
	for tries := 0; tries < 3; tries++ {
		last := bytes.LastIndexByte(d, '.')
		if last <= 0 {
			return 0
		}
		tld := d[last+1:]
		for i := len(tld) - 1; i >= 2; i-- {
			if gluePoint(tld, i) && hasSuffix(d[:last+1+i]) {
				return last + 1 + i
			}
		}
		head := d[:last]
		if len(tld) > 0 && (isUpper(tld[0]) || tld[0] >= utf8.RuneSelf || isNeighbour(tld)) && hasSuffix(head) {
			return last
		}
		d = head
	}
	return 0
}

// gluePoint reports whether a neighbour may begin at label[i].
func gluePoint(label []byte, i int) bool {
	before, here := label[i-1], label[i]
	switch {
	case class[before]&isLetter == 0:
		return false
	case isLower(before) && isUpper(here):
		return true
	case isUpper(before) && isUpper(here) && i+1 < len(label) && isLower(label[i+1]):
		return true
	case class[here]&isDigit != 0:
		return i+2 < len(label) && allDigits(label[i:i+3]) // a number, not "mp3"
	case here == '-':
		return true
	case here >= utf8.RuneSelf:
		return true
	}
	return isNeighbour(label[i:])
}

func isNeighbour(b []byte) bool {
	for _, w := range neighbours {
		if foldEqual(b, w) {
			return true
		}
	}
	return false
}
