package extract

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quoted tries a quoted local part (RFC 5321, section 4.1.2) before the sign
// at b[k:k+w].
func (s *sink) quoted(b []byte, k, w int, l *layer) {
	end := k - 1 // the closing quote
	open := -1
	for i := end - 1; i >= 0 && end-i <= maxLocal; i-- {
		if b[i] == '"' && (i == 0 || b[i-1] != '\\') {
			open = i
			break
		}
		if b[i] < ' ' {
			return
		}
	}
	if open < 0 || open > 0 && class[b[open-1]]&isWord != 0 || open > 0 && b[open-1] == '=' {
		return
	}
	var c candidate
	if !s.growRight(b, k+w, &c) {
		return
	}
	n, _ := s.cutDomain(&c, l.place)
	if n == 0 || n < len(bytes.TrimRight(c.domain, ".-")) {
		return
	}
	email, err := normalise(string(b[open:k]), string(c.domain[:n]))
	if err != nil || s.unwanted(email) {
		return
	}
	form, reasons := s.formOf(b, &candidate{lo: open, hi: c.hi}, l)
	s.add(email, b[open:min(k+w+n, len(b))], form, l.at(open), reasons[:]...)
}

// loose tries a sign with white space around it: "info @ site.de", letters
// with spaces between them, and a domain with spaces around its dots.
func (s *sink) loose(b []byte, k, w int, l *layer) {
	left, right := spaceBefore(b, k), spaceAfter(b, k+w)
	if l.words {
		s.substitute(b, k, l)
		left, right = overBlock(b, k, w, left, right)
	}
	if s.letterSpaced(b, k-left, k+w+right, l) {
		return
	}
	d := spelledDomain{b: b, bare: left+right == 0}
	d.read(k + w + right)
	if len(d.name) == 0 || d.end < len(b) && (b[d.end] == '@' || b[d.end] == '/') {
		return
	}
	local, start := spelledLocal(b, k-left, d.words > 0)
	if len(local) == 0 || start > 0 && (b[start-1] == '@' || b[start-1] == '/') {
		return
	}
	if left+right == 0 && d.words == 0 {
		return // nothing loose about it: it was judged already
	}
	if first, _, _ := bytes.Cut(d.name, []byte{'.'}); left+right > 0 && (in(stopLocals, strings.ToLower(string(local))) || in(articles, strings.ToLower(string(first)))) {
		return
	}
	if left == 0 && right == 0 || d.words > 0 {
		s.spelledAddress(b, local, &d, start, FoundSpaced, l, ReasonSpaced)
		return
	}
	if s.spacedAllowed(b, start, left, right, local, &d) {
		s.spelledAddress(b, local, &d, start, FoundSpaced, l, ReasonSpaced)
	}
}

// overBlock extends the space around a sign over the edges of blocks: nothing
// but an address ends a line or a cell with a sign that touches a word, and
// nothing else is a cell with only a sign in it.
func overBlock(b []byte, k, w, left, right int) (int, int) {
	edge := k + w + right
	if edge >= len(b) || b[edge] != markBlock {
		return left, right
	}
	if start := k - left; start > 0 && b[start-1] == markBlock {
		left += 1 + spaceBefore(b, start-1)
	} else if left > 0 {
		return left, right
	}
	return left, right + 1 + spaceAfter(b, edge+1)
}

// spacedAllowed judges "info @ site.de": prose uses the sign for the word.
func (s *sink) spacedAllowed(b []byte, start, left, right int, local []byte, d *spelledDomain) bool {
	low := strings.ToLower(string(local))
	if in(stopLocals, low) || class[local[0]]&isLetter == 0 && local[0] < utf8.RuneSelf {
		return false
	}
	if right == 0 && left > 0 {
		// A handle: "anna @anna.social".
		head := segmentBefore(b, start)
		return roleLocal(low) && !in(greetings, low) && foldIndex(head, "follow") < 0 || foldIndex(head, "mail") >= 0
	}
	if plausibleLocal(local) || !isUpper(local[0]) && s.familiar(d.name) {
		return true
	}
	head := segmentBefore(b, start)
	for _, word := range mailWords {
		if foldIndex(head, word) >= 0 {
			return true
		}
	}
	return len(bytes.Trim(head, " \t\r\n\x01\x03\"'(,;-")) == 0 && segmentEnds(b, d.end) && !isUpper(local[0])
}

// familiar reports whether a domain is that of the site or of an address
// found before.
func (s *sink) familiar(name []byte) bool {
	domain := strings.ToLower(string(name))
	if s.own(domain) {
		return true
	}
	for i := range s.hits[:min(len(s.hits), 16)] {
		if email := s.hits[i].Email; len(email) > len(domain) && email[len(email)-len(domain)-1] == '@' && strings.HasSuffix(email, domain) {
			return true
		}
	}
	return false
}

// spaceBefore returns how many bytes of white space and marks end before b[k].
func spaceBefore(b []byte, k int) int {
	n := 0
	for n < maxFence && k-n > 0 {
		c := b[k-n-1]
		if class[c]&isSpace != 0 || c == markInline || c == markDecoy || c == markLink {
			n++
			continue
		}
		r, w := utf8.DecodeLastRune(b[max(0, k-n-4) : k-n])
		if c < utf8.RuneSelf || !unicode.IsSpace(r) {
			return n
		}
		n += w
	}
	return n
}

// spaceAfter returns how many bytes of white space and marks begin at b[k].
func spaceAfter(b []byte, k int) int {
	n := 0
	for n < maxFence && k+n < len(b) {
		c := b[k+n]
		if class[c]&isSpace != 0 || c == markInline || c == markDecoy || c == markLink {
			n++
			continue
		}
		r, w := utf8.DecodeRune(b[k+n:])
		if c < utf8.RuneSelf || !unicode.IsSpace(r) {
			return n
		}
		n += w
	}
	return n
}

// letterSpaced reads "i n f o @ s i t e . d e" around a sign whose spaces end
// at lo and hi.
func (s *sink) letterSpaced(b []byte, lo, hi int, l *layer) bool {
	var local, domain []byte
	i := lo
	for i > 0 && len(local) < maxLocal && class[b[i-1]]&isLocal != 0 && (i == 1 || class[b[i-2]]&isSpace != 0 || b[i-2] == markBlock) {
		local = append(local, b[i-1])
		i--
		if i == 0 || b[i-1] != ' ' {
			break
		}
		i--
	}
	if len(local) < 3 {
		return false
	}
	for i := 0; i < len(local)/2; i++ {
		local[i], local[len(local)-1-i] = local[len(local)-1-i], local[i]
	}
	j := hi
	for j < len(b) && len(domain) < maxDomain && (class[b[j]]&isHost != 0 || b[j] == '.') && (j+1 == len(b) || class[b[j+1]]&isSpace != 0 || b[j+1] <= markDecoy) {
		domain = append(domain, b[j])
		j++
		if j == len(b) || b[j] != ' ' {
			break
		}
		j++
	}
	domain = bytes.TrimRight(domain, ".-")
	// A word of one letter may follow: the shortest domain is not tried.
	for cut := 0; cut < 3 && len(domain) > 4; cut++ {
		if hasSuffix(domain) {
			d := spelledDomain{b: b, name: domain, end: j}
			s.spelledAddress(b, local, &d, max(0, i), FoundSpaced, l, ReasonSpaced)
			return true
		}
		domain = domain[:len(domain)-1]
	}
	return false
}

// stars finds addresses with a star, a circle or a square for the sign, a
// habit of Japanese pages, which say next to it what to put there.
func (s *sink) stars(b []byte, l *layer) {
	for i := 1; i+4 < len(b); {
		k := bytes.IndexByte(b[i:], 0xE2)
		if k < 0 {
			return
		}
		k += i
		i = k + 3
		// U+2580 to U+263F: blocks, shapes, stars.
		circled := k+2 < len(b) && b[k+1] == 0x93 && (b[k+2] == 0x90 || b[k+2] == 0xB6) // U+24D0 and U+24B6
		if k == 0 || k+4 >= len(b) || (b[k+1] < 0x96 || b[k+1] > 0x98) && !circled || class[b[k-1]]&(isLetter|isDigit) == 0 || class[b[k+3]]&(isLetter|isDigit) == 0 {
			continue
		}
		d := spelledDomain{b: b}
		d.read(k + 3)
		local, start := spelledLocal(b, k, false)
		if len(d.name) > 0 && d.words == 0 && len(local) > 0 && isASCII(string(local)) && (eastAsian(d.name) || signNear(b, start, d.end) || announced(segmentBefore(b, start))) {
			s.spelledAddress(b, local, &d, start, FoundAtDot, l, ReasonGuessed)
		}
	}
}

// eastAsian reports whether a host name is one of the countries whose pages
// write stars for signs.
func eastAsian(name []byte) bool {
	return foldSuffix(name, ".jp") || foldSuffix(name, ".cn") || foldSuffix(name, ".tw") || foldSuffix(name, ".kr") || foldSuffix(name, ".hk")
}

// signNear reports whether a note with an @ stands around b[lo:hi].
func signNear(b []byte, lo, hi int) bool {
	near := b[max(0, lo-lookBack):min(len(b), hi+lookBack)]
	return bytes.IndexByte(near, '@') >= 0 || bytes.Contains(near, []byte("＠"))
}

// braces reads "{anna, otto}@site.de", the way academics save space.
func (s *sink) braces(b []byte, k, w int, l *layer) {
	head := b[max(0, k-4*maxLocal) : k-1]
	open := bytes.LastIndexByte(head, opener(b[k-1]))
	var c candidate
	if open < 0 || !s.growRight(b, k+w, &c) {
		return
	}
	n, _ := s.cutDomain(&c, l.place)
	if n == 0 || !commonSuffix(c.domain[:n]) {
		return
	}
	names := bytes.FieldsFunc(head[open+1:], func(r rune) bool { return r == ',' || r == ';' || r == '|' || r == ' ' })
	if len(names) < 2 {
		return
	}
	for _, name := range names {
		if dotAtom(string(name)) != nil || class[name[0]]&isLetter == 0 {
			return
		}
	}
	for _, name := range names {
		d := spelledDomain{b: b, name: bytes.Clone(c.domain[:n]), end: k + w + n}
		s.spelledAddress(b, name, &d, k-1-len(head)+open, FoundText, l, "")
	}
}

// opener returns the bracket that another closes.
func opener(c byte) byte {
	switch c {
	case ')':
		return '('
	case ']':
		return '['
	}
	return '{'
}

// substitute reads a note such as "replace # with @" around the lone sign at
// b[k], and finds the address near it that has the stand-in.
func (s *sink) substitute(b []byte, k int, l *layer) {
	head := b[max(0, k-28):k]
	at := -1
	for _, word := range [...]string{"durch", "with", " by", "par ", "por ", "con ", "→", "->", "を", "替换为", "换成", "改为", "mit ", "="} {
		if i := bytes.LastIndex(head, []byte(word)); i > at {
			at = i
		}
	}
	if at <= 0 {
		return
	}
	// The stand-in is the last character before the word that is no letter.
	standIn := byte(0)
	for i := at - 1; i >= 0 && standIn == 0; i-- {
		switch c := head[i]; c {
		case '#', '*', '$', '%', '!', '+', '~', '^', '=', '&', '|':
			standIn = c
		}
	}
	if standIn == 0 {
		return
	}
	for i := max(1, k-256); i < min(len(b)-1, k+256); i++ {
		if b[i] != standIn || class[b[i-1]]&(isLetter|isDigit) == 0 || class[b[i+1]]&(isLetter|isDigit) == 0 {
			continue
		}
		d := spelledDomain{b: b}
		d.read(i + 1)
		if local, start := spelledLocal(b, i, false); len(d.name) > 0 && len(local) > 0 {
			s.spelledAddress(b, local, &d, start, FoundAtDot, l, ReasonGuessed)
		}
	}
}
