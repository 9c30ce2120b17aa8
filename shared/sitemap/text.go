package sitemap

import (
	"bytes"
	"html"
	"strings"
	"time"
)

var (
	cdataOpen  = []byte("<![CDATA[")
	cdataClose = []byte("]]>")
)

// appendText resolves one run of XML character data. XML has five named
// entities, HTML two thousand, some without a semicolon: a careless
// "?a=1&copy=2" must stay what it is.
func appendText(out, raw []byte) []byte {
	if bytes.HasPrefix(raw, cdataOpen) {
		return append(out, bytes.TrimSuffix(raw[len(cdataOpen):], cdataClose)...)
	}
	for {
		i := bytes.IndexByte(raw, '&')
		if i < 0 {
			return append(out, raw...)
		}
		out = append(out, raw[:i]...)
		raw = raw[i:]
		end := bytes.IndexByte(raw[:min(len(raw), 12)], ';')
		if end < 0 {
			out = append(out, '&')
			raw = raw[1:]
			continue
		}
		out = append(out, entity(string(raw[:end+1]))...)
		raw = raw[end+1:]
	}
}

func entity(s string) string {
	switch s {
	case "&amp;", "&lt;", "&gt;", "&quot;", "&apos;":
		return html.UnescapeString(s)
	}
	if strings.HasPrefix(s, "&#") {
		return html.UnescapeString(s)
	}
	return s
}

// layouts are the W3C date formats of sitemaps and Atom, and RSS's RFC 822 dates.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02",
	"2006-01-02T15:04Z07:00",
	"2006-01",
	"2006",
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04",
	"Mon, 2 Jan 2006 15:04:05 -0700",
	"Mon, 2 Jan 2006 15:04:05 MST",
	"2 Jan 2006 15:04:05 -0700",
	"2 Jan 2006 15:04:05 MST",
	"Mon, 2 Jan 2006 15:04 -0700",
	"Mon, 2 Jan 06 15:04:05 -0700",
	"Mon, 2 Jan 06 15:04:05 MST",
}

// parseTime reads a date in any of the layouts, in UTC if it names no zone.
func parseTime(s string) (time.Time, bool) {
	if len(s) < 4 || len(s) > 64 {
		return time.Time{}, false
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}
