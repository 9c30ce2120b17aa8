package extract

import "bytes"

// triggers says what in a script may lead to an address.
type triggers struct {
	at      bool // an @
	entity  bool // a reference that may be one
	percent bool // %40
	escape  bool // \u0040, \x40, \100
	slash   bool // any backslash
	call    bool // a call that decodes
	base64  bool // base64, or a place that holds it
	cfEmail bool // perhaps a token of Cloudflare
}

func (w *walker) scriptTriggers(lo, hi int) (t triggers) {
	seg := w.src[lo:hi]
	t.at = w.at.in(w.src, lo, hi)
	if w.amp.in(w.src, lo, hi) {
		t.entity = bytes.Contains(seg, []byte("&#")) || bytes.Contains(seg, []byte("&commat"))
	}
	if w.pct.in(w.src, lo, hi) && !w.s.opt.KeepObfuscated {
		t.percent = containsPercentAt(seg)
	}
	if t.slash = w.bsl.in(w.src, lo, hi); t.slash {
		t.escape = escapedAt(seg)
	}
	held := wordsOf(seg)
	t.base64 = held&holdsAtob != 0 || held&holdsBase64 != 0 && len(seg) <= smallScript
	t.call = held&(holdsAtob|holdsCharCode) != 0 || held&holdsDecrypt != 0 && decrypts(seg) || held&holdsTextDecoder != 0 && len(seg) < 4096
	t.cfEmail = held&holdsCloudflare != 0
	return t
}

// decrypts reports whether a function whose name speaks of decryption is
// called or defined in b.
func decrypts(b []byte) bool {
	for i := 0; ; {
		k := bytes.Index(b[i:], []byte("rypt"))
		if k < 0 {
			return false
		}
		i += k
		if i > 3 && (bytes.HasSuffix(b[:i], []byte("UnC")) || bytes.HasSuffix(b[:i], []byte("DeC")) || bytes.HasSuffix(b[:i], []byte("dec"))) {
			return true
		}
		i += 4
	}
}

// outputs are what scripts that show an address do with it.
var outputs = [...]string{
	"document.write", "HTML", "mailto", "href", ".html(", ".text(", "textContent", "innerText", "location", ".attr(", "eval(", ".title", ".append",
	"setAttribute", "TextNode", ".val(", ".value", ".prop(", "window.open",
}

// worthRunning reports whether a short script may assemble an address. Running
// is a hundred times the work of reading, and most scripts that decode
// something decode something else.
func worthRunning(seg []byte, t triggers) bool {
	switch {
	case t.at && unsettled(seg, true):
		return true
	case t.entity && (referenceToAt(seg) || bytes.Contains(seg, []byte(`'&#'`)) || bytes.Contains(seg, []byte(`"&#"`))):
		return true
	case t.escape && unsettled(appendUnescaped(make([]byte, 0, len(seg)), seg), true):
		return true
	case bytes.Contains(seg, []byte("eval(")):
		return true
	case t.percent:
		return bytes.Contains(seg, []byte("unescape(")) || bytes.Contains(seg, []byte("decodeURI"))
	case t.call:
		if len(seg) < 512 || bytes.Contains(seg, []byte("(64)")) || bytes.Contains(seg, []byte("0x40")) || decrypts(seg) {
			return true
		}
		for _, word := range outputs {
			if bytes.Contains(seg, []byte(word)) {
				return true
			}
		}
	case len(seg) < 512:
		// Pieces that stand in other scripts are put together here.
		return bytes.Contains(seg, []byte("document.write")) && (bytes.IndexByte(seg, '+') > 0 || bytes.Contains(seg, []byte("mail")))
	}
	return false
}

// referenceToAt reports whether b holds a character reference that stands for
// an @.
func referenceToAt(b []byte) bool {
	for {
		k := bytes.IndexByte(b, '&')
		if k < 0 {
			return false
		}
		b = b[k:]
		if r, n := reference(b); n > 0 && r == '@' {
			return true
		}
		b = b[1:]
	}
}

// names visits the names in a script, those in strings and comments included,
// and says of each whether a call follows.
func names(b []byte, visit func(name []byte, called bool) bool) {
	for i := 0; i < len(b); {
		if !jsNameByte(b[i]) {
			i++
			continue
		}
		start := i
		for i < len(b) && jsNameByte(b[i]) {
			i++
		}
		if class[b[start]]&isDigit == 0 && !visit(b[start:i], i < len(b) && b[i] == '(') {
			return
		}
	}
}

// defines reports whether a script gives name a value.
func defines(b, name []byte) bool {
	for i, tries := 0, 0; tries < 32; tries++ {
		k := bytes.Index(b[i:], name)
		if k < 0 {
			return false
		}
		k += i
		i = k + len(name)
		if k > 0 && (jsNameByte(b[k-1]) || b[k-1] == '.') || i < len(b) && jsNameByte(b[i]) {
			continue
		}
		if bytes.HasSuffix(b[:k], []byte("function ")) {
			return true
		}
		rest := bytes.TrimLeft(b[i:min(len(b), i+8)], " ")
		if len(rest) > 1 && rest[0] == '=' && rest[1] != '=' {
			return true
		}
	}
	return false
}

// charCode reports whether fromCharCode or charCodeAt occurs in b.
func charCode(b []byte) bool {
	for i := 0; ; {
		// A capital is a rarer place to start from than a small letter.
		k := bytes.Index(b[i:], []byte("Code"))
		if k < 0 {
			return false
		}
		i += k + 4
		if bytes.HasSuffix(b[:i-4], []byte("har")) || bytes.HasPrefix(b[i:], []byte("Point")) {
			return true
		}
	}
}

// escapedAt reports whether b holds an escape of JavaScript or JSON that
// stands for @.
func escapedAt(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+3 >= len(b) {
			return false
		}
		switch b[i+1] {
		case 'u':
			if bytes.HasPrefix(b[i+2:], []byte("0040")) || bytes.HasPrefix(b[i+2:], []byte("{40}")) || bytes.HasPrefix(b[i+2:], []byte("0026")) || bytes.HasPrefix(b[i+2:], []byte("0025")) {
				return true
			}
		case 'x':
			if b[i+2] == '4' && b[i+3] == '0' {
				return true
			}
		case '1':
			if b[i+2] == '0' && b[i+3] == '0' {
				return true
			}
		case '\\':
			if b[i+2] == 'u' || b[i+2] == 'x' {
				i++
				b = b[i:]
				continue
			}
		}
		b = b[i+2:]
	}
}

// unsettled reports whether an @ in a script stands where a string begins or
// ends, or next to another string: an address is put together there.
func unsettled(b []byte, small bool) bool {
	for i, n := 0, 0; n < 64; n++ {
		k := bytes.IndexByte(b[i:], '@')
		if k < 0 {
			return false
		}
		k += i
		i = k + 1
		if joint(b, k) {
			return true
		}
		if small && k > 0 && k+1 < len(b) && strangeAt(b, k) {
			return true
		}
	}
	return false
}

// joint reports whether the @ at b[k] is where strings are joined.
func joint(b []byte, k int) bool {
	if k == 0 || k+1 >= len(b) {
		return false
	}
	prev, next := b[k-1], b[k+1]
	if quote(prev) && quote(next) || prev == '}' && (next == '$' || quote(next)) || prev == '}' && class[next]&isLetter != 0 && k > 3 && bytes.IndexByte(b[max(0, k-40):k], '$') >= 0 {
		return true
	}
	if class[prev]&isLocal != 0 && (quote(next) || next == '$') {
		return true
	}
	// From the sign outwards to the quotes: is a string added there?
	hi := k + 1
	for hi < len(b) && hi-k < 80 && (class[b[hi]]&isHost != 0 || b[hi] == '.') {
		hi++
	}
	lo := k
	for lo > 0 && k-lo < 80 && class[b[lo-1]]&isLocal != 0 && (b[lo-1] != '\'' || lo > 1 && class[b[lo-2]]&isLetter != 0) {
		lo--
	}
	if quote(prev) && hi < len(b) && b[hi] == prev && bytes.IndexByte(b[k+1:hi], '.') > 0 && hasSuffix(b[k+1:hi]) {
		return true // a piece of a list: "@site.de"
	}
	if hi < len(b) && quote(b[hi]) {
		switch c := firstNonSpace(b[hi+1:]); c {
		case '+':
			return true
		case '.':
			// A method follows: reverse, replace, split.
			return bytes.HasPrefix(bytes.TrimLeft(b[hi+1:], " "), []byte(".split")) || bytes.HasPrefix(bytes.TrimLeft(b[hi+1:], " "), []byte(".replace"))
		}
	}
	if lo > 0 && quote(b[lo-1]) && hi > k+1 {
		if lastNonSpace(b[:lo-1]) == '+' {
			return true
		}
	}
	return false
}

// strangeAt reports whether the @ at b[k] stands in a string between what may
// be halves of an address, but of an address that is encoded or written
// backwards: there is no host name behind the sign.
func strangeAt(b []byte, k int) bool {
	lo := k
	for lo > 0 && k-lo < 80 && class[b[lo-1]]&isLocal != 0 {
		lo--
	}
	hi := k + 1
	for hi < len(b) && hi-k < 80 && (class[b[hi]]&isHost != 0 || b[hi] == '.') {
		hi++
	}
	if lo == k || hi == k+1 || class[b[k+1]]&isDigit != 0 {
		return false
	}
	domain := bytes.TrimRight(b[k+1:hi], ".-")
	return !hasSuffix(domain) || rotates(&candidate{local: b[lo:k], domain: domain}) && rotator(b)
}

func quote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

func firstNonSpace(b []byte) byte {
	for _, c := range b[:min(len(b), 64)] {
		if class[c]&isSpace == 0 {
			return c
		}
	}
	return 0
}

func lastNonSpace(b []byte) byte {
	for i := len(b) - 1; i >= 0 && i > len(b)-64; i-- {
		if class[b[i]]&isSpace == 0 {
			return b[i]
		}
	}
	return 0
}
