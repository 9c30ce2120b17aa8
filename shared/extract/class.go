package extract

// Byte classes, looked up once per byte in the inner loops.
const (
	isAtext  = 1 << iota // RFC 5322 atext without the dot
	isHost               // letter, digit, hyphen
	isLocal              // grown over to the left of an @ in running text
	isLetter             // ASCII letter
	isDigit              // ASCII digit
	isSpace              // ASCII white space
	isWord               // letter, digit, underscore, or a byte of a multi-byte rune
	isHex                // hexadecimal digit
)

var class = func() (t [256]uint8) {
	for c := 0; c < 256; c++ {
		b := byte(c)
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		digit := b >= '0' && b <= '9'
		if letter {
			t[c] |= isLetter
		}
		if digit {
			t[c] |= isDigit
		}
		if letter || digit {
			t[c] |= isAtext | isHost | isLocal | isWord
		}
		if digit || b|0x20 >= 'a' && b|0x20 <= 'f' {
			t[c] |= isHex
		}
		if b >= 0x80 || b == '_' {
			t[c] |= isWord
		}
	}
	t['-'] |= isHost
	for _, b := range []byte("!#$%&'*+-/=?^_`{|}~") {
		t[b] |= isAtext
	}
	for _, b := range []byte("._+-'&") {
		t[b] |= isLocal
	}
	for _, b := range []byte(" \t\n\r\f\v") {
		t[b] |= isSpace
	}
	return t
}()

func isUpper(b byte) bool { return b >= 'A' && b <= 'Z' }
func isLower(b byte) bool { return b >= 'a' && b <= 'z' }

func lowerByte(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b | 0x20
	}
	return b
}

// foldEqual reports whether b equals the lower-case ASCII string s, letter
// case aside.
func foldEqual(b []byte, s string) bool {
	return len(b) == len(s) && foldPrefix(b, s)
}

// foldPrefix reports whether b starts with the lower-case ASCII string s,
// letter case aside.
func foldPrefix(b []byte, s string) bool {
	if len(b) < len(s) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if lowerByte(b[i]) != s[i] {
			return false
		}
	}
	return true
}

// foldIndex returns the first index of the lower-case ASCII string s in b,
// letter case aside, or -1. b is expected to be short: an attribute, a header.
func foldIndex(b []byte, s string) int {
	for i := 0; i+len(s) <= len(b); i++ {
		if lowerByte(b[i]) == s[0] && foldPrefix(b[i:], s) {
			return i
		}
	}
	return -1
}
