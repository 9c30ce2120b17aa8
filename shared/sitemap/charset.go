package sitemap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html/charset"
)

// decoded turns a document into UTF-8 by its byte order mark or, failing that,
// its XML declaration.
func decoded(br *bufio.Reader) (*bufio.Reader, error) {
	head, err := br.Peek(256)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return nil, fmt.Errorf("sitemap: read: %w", err)
	}
	label := ""
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := br.Discard(3)
		return br, err //nolint:wrapcheck // cannot fail: the three bytes were just peeked.
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("<\x00")):
		label = "utf-16le"
	case bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.HasPrefix(head, []byte("\x00<")):
		label = "utf-16be"
	default:
		label = declaredEncoding(head)
	}
	if label == "" || strings.EqualFold(label, "utf-8") || strings.EqualFold(label, "utf8") {
		return br, nil
	}
	r, err := charset.NewReaderLabel(label, br)
	if err != nil {
		// Addresses are ASCII in almost every encoding: read on regardless.
		return br, nil
	}
	return bufio.NewReaderSize(r, 4096), nil
}

// declaredEncoding finds the encoding in <?xml version="1.0" encoding="…"?>.
func declaredEncoding(head []byte) string {
	head = bytes.TrimLeft(head, " \t\r\n")
	if !bytes.HasPrefix(head, []byte("<?xml")) {
		return ""
	}
	decl, _, _ := bytes.Cut(head, []byte("?>"))
	_, rest, ok := bytes.Cut(decl, []byte("encoding"))
	rest = bytes.TrimLeft(rest, " \t\r\n=")
	if !ok || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	label, _, ok := bytes.Cut(rest[1:], rest[:1])
	if !ok || strings.HasPrefix(strings.ToLower(string(label)), "utf-16") {
		return "" // the declaration was legible, so it is not UTF-16
	}
	return string(label)
}

// firstOctet skips white space, a second byte order mark, and returns what follows without consuming it.
func firstOctet(br *bufio.Reader) (byte, error) {
	for {
		head, err := br.Peek(1)
		if err != nil {
			return 0, err //nolint:wrapcheck // the caller wraps, and tells io.EOF apart.
		}
		skip := 0
		switch head[0] {
		case ' ', '\t', '\r', '\n', 0:
			skip = 1
		case 0xef:
			if bom, _ := br.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
				skip = 3
			}
		}
		if skip == 0 {
			return head[0], nil
		}
		if _, err := br.Discard(skip); err != nil {
			return 0, err //nolint:wrapcheck // cannot fail: the bytes were just peeked.
		}
	}
}
