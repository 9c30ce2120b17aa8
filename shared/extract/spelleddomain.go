package extract

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// spelledDomain reads a domain whose dots may be spelled out.
type spelledDomain struct {
	b       []byte
	name    []byte
	words   int  // dots that were words or stood in brackets
	bare    bool // the sign was a bare word
	capital bool // "exampleDOTcom"
	dotted  bool // the word for the sign stood between dots
	end     int  // offset behind the domain
}

// read reads labels and dots from b[i] on.
func (d *spelledDomain) read(i int) {
	for labels := 0; labels < 8 && len(d.name) < maxDomain; labels++ {
		n := d.label(i)
		if n == 0 {
			break
		}
		i += n
		d.end = i
		sign, w, word := d.sign(i)
		if sign == 0 || d.labelLength(i+w) == 0 {
			break
		}
		d.name = append(d.name, sign)
		if word {
			d.words++
		}
		i += w
	}
	d.name = bytes.TrimRight(d.name, ".-")
	if bytes.IndexByte(d.name, '.') < 0 {
		d.name = nil
	}
}

// labelLength returns how many bytes of b[i:] belong to a label.
func (d *spelledDomain) labelLength(i int) int {
	n := i
	for n < len(d.b) && n-i <= maxLabel {
		c := d.b[n]
		if c >= utf8.RuneSelf {
			r, w := utf8.DecodeRune(d.b[n:])
			if class[narrow(r)]&isHost == 0 && (!letterRune(r) && !invisible(r) || r >= 0x2E80) {
				break
			}
			n += w
			continue
		}
		if class[c]&isHost == 0 && c != markInline && c != markDecoy {
			break
		}
		if c == '-' && n > i && dashedDot(d.b[n:]) {
			break
		}
		if d.capital && n > i && foldEqual(d.b[n:min(n+3, len(d.b))], "dot") && c == 'D' {
			break
		}
		n++
	}
	return n - i
}

// dashedDot reports whether b begins with a word for the dot between hyphens.
func dashedDot(b []byte) bool {
	for _, w := range [...]string{"-dot-", "-punkt-", "-point-", "-punto-"} {
		if foldPrefix(b, w) {
			return true
		}
	}
	return false
}

// label appends the label at b[i] and returns its length in bytes.
func (d *spelledDomain) label(i int) int {
	n := d.labelLength(i)
	for k := i; k < i+n; {
		r, w := utf8.DecodeRune(d.b[k:])
		if a := narrow(r); a != 0 {
			d.name = append(d.name, a)
		} else if r > markDecoy && !invisible(r) {
			d.name = append(d.name, d.b[k:k+w]...)
		}
		k += w
	}
	return n
}

// sign reads what joins two labels at b[i]: a dot as such, a dot in brackets
// or between spaces, or a word for a sign.
func (d *spelledDomain) sign(i int) (sign byte, n int, word bool) {
	b := d.b
	if i >= len(b) {
		return 0, 0, false
	}
	if d.capital {
		if bytes.HasPrefix(b[i:], []byte("DOT")) {
			return '.', 3, true
		}
	}
	if b[i] == '.' && d.dotted && i+4 < len(b) && foldPrefix(b[i:], ".dot.") {
		return '.', 5, true
	}
	if b[i] == '.' && i+1 < len(b) && (class[b[i+1]]&isHost != 0 || b[i+1] >= utf8.RuneSelf || b[i+1] == markInline) {
		return '.', 1, false
	}
	if b[i] >= utf8.RuneSelf {
		if r, w := utf8.DecodeRune(b[i:]); narrow(r) == '.' {
			return '.', w, false
		}
	}
	if c, n := bracketedSign(b[i:]); n > 0 {
		return c, n, true
	}
	left := fenceRight(b, i)
	if left.n == 0 {
		return 0, 0, false
	}
	if left.space && !left.bracket && left.deco == '.' && left.repeat == 1 && class[b[i]]&isSpace != 0 && class[b[i+left.n-1]]&isSpace != 0 {
		return '.', left.n, !d.bare // "site . com"
	}
	k := i + left.n
	end := k
	for end < len(b) && end-k < 24 {
		r, w := utf8.DecodeRune(b[end:])
		if r < utf8.RuneSelf && class[b[end]]&(isLetter|isDigit) == 0 || r >= utf8.RuneSelf && !unicode.IsLetter(r) {
			break
		}
		end += w
	}
	if end == k {
		return 0, 0, false
	}
	right := fenceRight(b, end)
	str := fenced(&left, &right)
	if str == notSign {
		return 0, 0, false
	}
	if sign = signOf(b[k:end], str == strongSign); sign == 0 {
		return 0, 0, false
	}
	return sign, left.n + end - k + right.n, true
}
