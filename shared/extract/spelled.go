package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// spelled tries the word for @ at b[lo:hi].
func (s *sink) spelled(b []byte, lo, hi int, l *layer) {
	left, right := fenceLeft(b, lo), fenceRight(b, hi)
	str := fenced(&left, &right)
	if b[lo] >= firstEastAsian && left.n == 0 && right.n == 0 {
		str = strongSign // between letters of another script a word needs no space
	}
	if str == notSign {
		return
	}
	if left.block != right.block && (hi-lo < 2 || bytes.IndexByte(lastRun(b[:lo-left.n]), '.') >= 0) {
		return // "(a)" between two lines counts them
	}
	if str == bareSign && strings.HasPrefix(string(b[lo:hi]), "AT") {
		str = strongSign
		if l.place >= inScript {
			return
		}
	}
	if str == bareSign && l.place > inAttr {
		return
	}
	d := spelledDomain{b: b, bare: str == bareSign, dotted: left.deco == '.'}
	d.read(hi + right.n)
	if len(d.name) == 0 {
		return
	}
	local, start := spelledLocal(b, lo-left.n, d.words > 0 || str == strongSign)
	if len(local) == 0 {
		return
	}
	if left.bracket && (opening(b, hi) || left.line && right.line && !left.space) {
		return // "f(at(x.name"
	}
	if !left.bracket && left.deco != 0 && !left.space && d.words == 0 && left.repeat == 1 && (left.deco == '-' || left.deco == '.' || left.deco == '_') &&
		!plausibleWord(local) && !announced(segmentBefore(b, start)) && (left.deco != '_' || !commonSuffix(d.name) || in(stopLocals, strings.ToLower(string(local)))) {
		return // a host name: "meet-at-home.com"
	}
	if left.quote && d.words == 0 && !plausibleLocal(local) && !announced(segmentBefore(b, start)) {
		return // the word itself is meant
	}
	reason := ""
	if str == bareSign {
		// The longer words mean nothing else.
		if (hi-lo < 5 || !s.familiar(d.name)) && !s.proseAllows(b, start, local, &d, l) {
			return
		}
		reason = ReasonSpelled
	} else if string(b[lo:hi]) == "AT" && !left.bracket && left.deco == 0 {
		if d.words == 0 && !plausibleLocal(local) && (l.flat == nil || !l.flat.mailElement(start)) || d.bareWords(local) {
			return // a headline in capitals
		}
		reason = ReasonSpelled
	} else if left.space && !right.space && d.words == 0 && left.bracket && !plausibleLocal(local) && !s.familiar(d.name) {
		// "the price (at site.com)"
		return
	}
	if len(bytes.TrimSpace(b[lo:hi])) <= 2 && left.space && d.words == 0 && lowerByte(b[lo]) == 'a' && hi-lo == 1 && !plausibleLocal(local) &&
		!announced(segmentBefore(b, start)) && !s.familiar(d.name) {
		return // "(a) site.com" is an enumeration
	}
	form := FoundAtDot
	s.spelledAddress(b, local, &d, start, form, l, reason)
}

// firstEastAsian is the first byte of the runes from U+3000 on: scripts that
// put no space between words.
const firstEastAsian = 0xE3

// bareWords reports whether the name begins with an article, or the word before
// it is one that never is a mailbox: a sentence about a place.
func (d *spelledDomain) bareWords(local []byte) bool {
	first, _, _ := bytes.Cut(d.name, []byte{'.'})
	return in(articles, strings.ToLower(string(first))) || in(stopLocals, strings.ToLower(string(local)))
}

// lastRun returns the bytes of a host name that end a text.
func lastRun(b []byte) []byte {
	i := len(b)
	for i > 0 && len(b)-i < maxLocal && (class[b[i-1]]&isHost != 0 || b[i-1] == '.') {
		i--
	}
	return b[i:]
}

// opening reports whether an opening bracket follows the word that ends at
// b[i].
func opening(b []byte, i int) bool {
	for i < len(b) && b[i] == ' ' {
		i++
	}
	return i < len(b) && (b[i] == '(' || b[i] == '[' || b[i] == '{')
}

// spelledAddress records an address whose parts were read.
func (s *sink) spelledAddress(_ []byte, local []byte, d *spelledDomain, start int, form FoundBy, l *layer, reason string) {
	for len(local) > 0 && (local[0] == '.' || local[0] == '-' || local[0] == '\'' || local[0] == '+' || local[0] == '_') {
		local = local[1:]
	}
	if len(local) == 0 || dotAtom(string(local)) != nil || len(local) > maxLocal || foldPrefix(d.name, "www.") {
		return
	}
	c := candidate{local: local, domain: d.name, lo: start, hi: 0}
	n, how := s.cutDomain(&c, inText)
	if n == 0 || how == cutGlued && d.words > 0 {
		return
	}
	c.domain = c.domain[:n]
	if rubbish(&c, inText) {
		return
	}
	e := append(append(bytes.Clone(local), '@'), c.domain...)
	email, err := normalise(string(local), string(c.domain))
	if err != nil || s.unwanted(email) {
		return
	}
	raw := e
	if d.end > start && d.end-start <= maxRaw {
		raw = rawWithoutMarks(d.b[start:d.end])
	}
	if l.form != "" && l.form != FoundText && l.form != FoundAttribute && l.form != FoundDataAttribute && l.form != FoundMailto && l.form != FoundScript {
		form = l.form
	}
	s.add(email, raw, form, l.at(start), reason, l.reason)
}

// spelledLocal reads the local part that ends before b[i], with the words for
// dot, dash and underscore between its pieces. It returns it in order and the
// offset where it starts.
func spelledLocal(b []byte, i int, words bool) (local []byte, start int) {
	start = i
	for pieces := 0; pieces < 6; pieces++ {
		piece, at := tokenBefore(b, i)
		if len(piece) == 0 {
			break
		}
		local = append(bytes.Clone(piece), local...)
		start = at
		if !words || at == 0 {
			break
		}
		sign, next := signBefore(b, at)
		if sign == 0 {
			break
		}
		if p, _ := tokenBefore(b, next); len(p) == 0 {
			break
		}
		local = append([]byte{sign}, local...)
		i = next
	}
	if len(local) > 0 && (local[0] == '.' && start > 0) {
		local = local[1:]
	}
	return local, start
}

// tokenBefore returns the run of local part characters that ends before b[i],
// marks left out, and where it starts.
func tokenBefore(b []byte, i int) (token []byte, start int) {
	start = i
	for start > 0 && i-start < maxLocal+16 {
		c := b[start-1]
		if c >= utf8.RuneSelf {
			r, w := utf8.DecodeLastRune(b[max(0, start-4):start])
			if wideLocal(r) == 0 && (!letterRune(r) && !invisible(r) || r >= 0x2E80) {
				break
			}
			start -= w
			continue
		}
		if class[c]&isLocal == 0 && c != markInline && c != markDecoy {
			break
		}
		start--
	}
	token = b[start:i]
	clean := make([]byte, 0, len(token))
	for n := 0; n < len(token); {
		r, w := utf8.DecodeRune(token[n:])
		if a := wideLocal(r); a != 0 {
			clean = append(clean, a)
		} else if r > markDecoy && !invisible(r) {
			clean = append(clean, token[n:n+w]...)
		}
		n += w
	}
	return bytes.Trim(clean, "."), start
}

// wideLocal is narrow for what may stand in a local part that is spelled out:
// a wide mark of a sentence before it is none of it.
func wideLocal(r rune) byte {
	if a := narrow(r); class[a]&isHost != 0 || a == '.' && r != 0x3002 && r != 0xFF61 || a == '_' {
		return a
	}
	return 0
}

// signBefore reads a fenced word for dot, dash or underscore before b[i].
func signBefore(b []byte, i int) (sign byte, next int) {
	right := fenceLeft(b, i)
	end := i - right.n
	if c, n := bracketedSign(b[end:i]); n == i-end && n > 0 {
		return c, end
	}
	k := end
	for k > 0 && end-k < 16 && (class[b[k-1]]&(isLetter|isDigit) != 0 || b[k-1] >= utf8.RuneSelf) {
		k--
	}
	if k == end || right.n == 0 {
		return 0, i
	}
	left := fenceLeft(b, k)
	str := fenced(&left, &right)
	if str == notSign {
		return 0, i
	}
	if sign = signOf(b[k:end], str == strongSign); sign == 0 {
		return 0, i
	}
	return sign, k - left.n
}

// bracketedSign reads a sign in brackets, "[.]" or "( - )", with the white
// space around it, and returns its length.
func bracketedSign(b []byte) (sign byte, n int) {
	stage := 0
	for n < len(b) && n < maxFence {
		c := b[n]
		switch {
		case c == ' ' || c == markInline:
		case stage == 0 && (c == '[' || c == '(' || c == '{' || c == '<'):
			stage = 1
		case stage == 1 && (c == '.' || c == '-' || c == '_'):
			sign, stage = c, 2
		case stage == 2 && (c == ']' || c == ')' || c == '}' || c == '>'):
			stage = 3
		default:
			if stage == 3 {
				return sign, n
			}
			return 0, 0
		}
		n++
	}
	if stage == 3 {
		return sign, n
	}
	return 0, 0
}

// signOf returns the sign that the whole of word stands for, or 0.
func signOf(word []byte, strict bool) byte {
	switch {
	case !signShapes.may(word):
		return 0
	case matchWord(word, dotWords, strict) == len(word):
		return '.'
	case matchWord(word, dashWords, strict) == len(word):
		return '-'
	case matchWord(word, underscoreWords, strict) == len(word):
		return '_'
	}
	return 0
}
