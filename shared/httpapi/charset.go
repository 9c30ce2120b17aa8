package httpapi

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// ErrCharset is returned by UTF8 for a charset that it does not know.
var ErrCharset = errors.New("the charset is none of utf-8, utf-16, windows-1252, iso-8859-1")

// UTF8 makes UTF-8 of a list as programs write it. A charset that is named is
// believed; without one a byte order mark of UTF-16 decides, and what is not
// UTF-8 counts as Windows-1252, which is what spreadsheets of Western Europe
// write, and of which ISO 8859-1 is a part (as the WHATWG Encoding Standard has
// it).
func UTF8(text, charset string) (string, error) {
	var e encoding.Encoding
	switch strings.ToLower(charset) {
	case "":
		switch {
		case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
			e = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
		case utf8.ValidString(text):
			return text, nil
		default:
			e = charmap.Windows1252
		}
	case "utf-8", "utf8", "us-ascii":
		return text, nil
	case "utf-16", "utf-16le":
		e = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "utf-16be":
		e = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "windows-1252", "iso-8859-1", "latin1":
		e = charmap.Windows1252
	default:
		return "", ErrCharset
	}
	return e.NewDecoder().String(text)
}
