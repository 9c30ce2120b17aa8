package fetch

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// UTF8 returns a textual body in UTF-8. The encoding is found as the WHATWG
// does: byte order mark, then the header, then a meta element in the first
// kilobyte, then by looking at the bytes. What is no text is returned as it is,
// and so is nearly everything else, since it is UTF-8 already. The result is
// valid until the next call and no longer than body is.
func (d *Decoder) UTF8(body []byte, contentType string) []byte {
	if bytes.HasPrefix(body, bomUTF8) {
		return body[len(bomUTF8):]
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		media, _, _ = strings.Cut(contentType, ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	if !isText(media, body) {
		return body
	}
	label := strings.ToLower(strings.TrimSpace(params["charset"]))
	wide := bytes.HasPrefix(body, []byte{0xfe, 0xff}) || bytes.HasPrefix(body, []byte{0xff, 0xfe})
	if !wide && (label == "utf-8" || label == "utf8" || strings.HasSuffix(media, "json")) {
		return body
	}
	enc, name, certain := charset.DetermineEncoding(body, contentType)
	switch {
	case name == "utf-8" || name == "replacement":
		return body
	case !certain && utf8.Valid(body):
		return body
	case asciiSuperset(name) && isASCII(body):
		return body
	}
	return d.convert(enc, body)
}

var bomUTF8 = []byte{0xef, 0xbb, 0xbf}

func isText(media string, body []byte) bool {
	switch {
	case media == "":
		return !bytes.HasPrefix(body, []byte("%PDF-")) && !bytes.HasPrefix(body, []byte("PK\x03\x04"))
	case strings.HasPrefix(media, "text/"):
		return !bytes.HasPrefix(body, []byte("%PDF-"))
	}
	for _, suffix := range []string{"html", "xml", "json", "javascript", "ecmascript", "xhtml+xml"} {
		if strings.HasSuffix(media, suffix) {
			return true
		}
	}
	return false
}

func asciiSuperset(name string) bool {
	return !strings.HasPrefix(name, "utf-16") && name != "iso-2022-jp"
}

func isASCII(body []byte) bool {
	for _, c := range body {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (d *Decoder) convert(enc encoding.Encoding, body []byte) []byte {
	dec := enc.NewDecoder()
	// A byte becomes at most three; the largest bodies are cut off rather than tripled.
	room := int(min(int64(len(body))*3/2+64, 2*d.max))
	if cap(d.text) < room {
		d.text = make([]byte, room)
	}
	out := d.text[:cap(d.text)]
	written, read := 0, 0
	for {
		n, m, err := dec.Transform(out[written:], body[read:], true)
		written, read = written+n, read+m
		if err != transform.ErrShortDst || int64(len(out)) >= 2*d.max { //nolint:errorlint // Transform returns it as it is
			break
		}
		larger := make([]byte, min(int64(len(out))*2, 2*d.max))
		copy(larger, out[:written])
		out = larger
	}
	d.text = out
	if cap(out) > keepBuffer {
		d.text = nil
	}
	return out[:written]
}
