package extract

import (
	"bytes"
	"strings"
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
	if err != nil || placeholder(email) {
		return
	}
	form, reasons := s.formOf(&candidate{lo: open, hi: c.hi}, l)
	s.add(email, b[open:min(k+w+n, len(b))], form, l.at(open), reasons[:]...)
}

// loose tries a sign with white space around it: "info @ site.de", letters
// with spaces between them, and a domain with spaces around its dots.
func (s *sink) loose(b []byte, k, w int, l *layer) {
	left, right := spaceBefore(b, k), spaceAfter(b, k+w)
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
	if left == 0 && right == 0 || d.words > 0 {
		s.spelledAddress(b, local, &d, start, FoundSpaced, l, ReasonSpaced)
		return
	}
	if s.spacedAllowed(b, start, left, right, local, &d) {
		s.spelledAddress(b, local, &d, start, FoundSpaced, l, ReasonSpaced)
	}
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
		return roleLocal(low) && foldIndex(head, "follow") < 0 || foldIndex(head, "mail") >= 0
	}
	if plausibleLocal(local) {
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

// spaceBefore returns how many bytes of white space and marks end before b[k].
func spaceBefore(b []byte, k int) int {
	n := 0
	for n < maxFence && k-n > 0 {
		c := b[k-n-1]
		switch {
		case class[c]&isSpace != 0 || c == markInline || c == markDecoy || c == markLink:
			n++
		case c == 0xA0 && k-n > 1 && b[k-n-2] == 0xC2:
			n += 2
		default:
			return n
		}
	}
	return n
}

// spaceAfter returns how many bytes of white space and marks begin at b[k].
func spaceAfter(b []byte, k int) int {
	n := 0
	for n < maxFence && k+n < len(b) {
		c := b[k+n]
		switch {
		case class[c]&isSpace != 0 || c == markInline || c == markDecoy || c == markLink:
			n++
		case c == 0xC2 && k+n+1 < len(b) && b[k+n+1] == 0xA0:
			n += 2
		default:
			return n
		}
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
		if k == 0 || k+4 >= len(b) || b[k+1] < 0x96 || b[k+1] > 0x98 || class[b[k-1]]&(isLetter|isDigit) == 0 || class[b[k+3]]&(isLetter|isDigit) == 0 {
			continue
		}
		d := spelledDomain{b: b}
		d.read(k + 3)
		local, start := spelledLocal(b, k, false)
		if len(d.name) > 0 && d.words == 0 && len(local) > 0 && isASCII(string(local)) {
			s.spelledAddress(b, local, &d, start, FoundAtDot, l, ReasonGuessed)
		}
	}
}
