package fetch

import (
	"bytes"
	"errors"
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
// valid until Done, or as long as body is. Of a text that grows beyond the
// limit on bodies the rest is dropped.
func (d *Decoder) UTF8(body []byte, header string) []byte {
	if bytes.HasPrefix(body, bomUTF8) {
		return body[len(bomUTF8):]
	}
	if header != d.said.header || header == "" {
		d.said = parseContentType(header)
	}
	media, label := d.said.media, d.said.charset
	if !isText(media, body) {
		return body
	}
	wide := bytes.HasPrefix(body, []byte{0xfe, 0xff}) || bytes.HasPrefix(body, []byte{0xff, 0xfe})
	if !wide && (label == "utf-8" || label == "utf8" || strings.HasSuffix(media, "json")) {
		return body
	}
	enc, name, certain := charset.DetermineEncoding(body, header)
	switch {
	case name == "utf-8" || name == "replacement":
		return body
	case !certain && utf8.Valid(body):
		return body
	case asciiSuperset(name) && isASCII(body):
		return body
	}
	return bytes.TrimPrefix(d.convert(enc, body), bomUTF8)
}

// contentType is what a Content-Type header says, in lower case.
type contentType struct{ header, media, charset string }

func parseContentType(header string) contentType {
	media, params, err := mime.ParseMediaType(header)
	if err != nil {
		media, _, _ = strings.Cut(header, ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	return contentType{header, media, strings.ToLower(strings.TrimSpace(params["charset"]))}
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
	if len(d.text) < 2*len(body) && len(body) <= largeText {
		d.text = make([]byte, max(2*len(body)+64, 128<<10))
	}
	out := d.text
	if len(body) > largeText {
		d.large()
		out = d.work.converted()
	}
	written, read := 0, 0
	for {
		n, m, err := dec.Transform(out[written:], body[read:], true)
		written, read = written+n, read+m
		if !errors.Is(err, transform.ErrShortDst) || len(body) > largeText {
			return out[:written]
		}
		larger := make([]byte, 2*len(out)) // a byte may become three
		copy(larger, out[:written])
		out, d.text = larger, larger
	}
}
