package extract

import (
	"bytes"
	"strings"
)

type media uint8

const (
	mediaNone media = iota
	mediaHTML
	mediaXML
	mediaJSON
	mediaText
	mediaScript
	mediaStyle
	mediaVCard
	mediaPDF
)

// byType lists the media types that can hold addresses.
var byType = map[string]media{
	"text/html": mediaHTML, "application/xhtml+xml": mediaHTML,
	"text/xml": mediaXML, "application/xml": mediaXML, "application/rss+xml": mediaXML, "application/atom+xml": mediaXML,
	"application/rdf+xml": mediaXML, "image/svg+xml": mediaXML,
	"application/json": mediaJSON, "text/json": mediaJSON, "application/ld+json": mediaJSON, "application/x-ndjson": mediaJSON,
	"application/manifest+json": mediaJSON, "application/feed+json": mediaJSON,
	"text/plain": mediaText, "text/markdown": mediaText, "text/csv": mediaText, "text/tab-separated-values": mediaText,
	"text/x-markdown": mediaText, "text/rtf": mediaText, "application/rtf": mediaText, "message/rfc822": mediaText,
	"text/javascript": mediaScript, "application/javascript": mediaScript, "application/x-javascript": mediaScript,
	"application/ecmascript": mediaScript, "text/css": mediaStyle,
	"text/vcard": mediaVCard, "text/x-vcard": mediaVCard, "text/directory": mediaVCard, "text/calendar": mediaVCard,
	"application/pdf": mediaPDF, "application/x-pdf": mediaPDF,
}

// mediaType returns the media type of a Content-Type value, in lower case and
// without parameters.
func mediaType(contentType string) string {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// declared returns the medium a Content-Type names. known is false for types
// that say nothing, such as the generic binary type.
func declared(contentType string) (m media, known bool) {
	t := mediaType(contentType)
	if m, ok := byType[t]; ok {
		return m, true
	}
	switch {
	case t == "", t == "application/octet-stream", t == "binary/octet-stream", t == "application/download", t == "unknown/unknown",
		t == "application/force-download", t == "content/unknown", !strings.Contains(t, "/"):
		return mediaNone, false
	case strings.HasSuffix(t, "+xml"):
		return mediaXML, true
	case strings.HasSuffix(t, "+json"):
		return mediaJSON, true
	case strings.HasPrefix(t, "text/"):
		return mediaText, true
	}
	return mediaNone, true
}

// sniffType returns the medium of a media type alone.
func sniffType(t string) media {
	m, _ := declared(t)
	return m
}

// Supported reports whether a body with the given Content-Type can hold
// addresses at all, so that a fetcher may drop the others after the header. A
// missing or generic type is supported: the body decides.
func Supported(contentType string) bool {
	m, known := declared(contentType)
	return m != mediaNone || !known
}

// sniff decides how a body is read: by its first bytes where they are
// unmistakable, by its Content-Type otherwise.
func sniff(contentType string, body []byte) media {
	m, known := declared(contentType)
	if known && m == mediaNone {
		return mediaNone
	}
	head := bytes.TrimLeft(bytes.TrimPrefix(body[:min(len(body), 1024)], []byte("\xEF\xBB\xBF")), " \t\r\n\f")
	if bytes.HasPrefix(head, []byte("%PDF-")) {
		return mediaPDF
	}
	if m == mediaPDF {
		// Some producers put a few bytes before the header.
		if bytes.Contains(head, []byte("%PDF-")) {
			return mediaPDF
		}
		m = mediaNone
	}
	if looksBinary(head) {
		return mediaNone
	}
	switch {
	case foldPrefix(head, "begin:vcard"), foldPrefix(head, "begin:vcalendar"):
		return mediaVCard
	case m == mediaHTML || m == mediaXML || m == mediaNone || m == mediaText || m == mediaJSON:
		return sniffMarkup(m, head)
	}
	return m
}

// sniffMarkup tells HTML, XML, JSON and plain text apart. Servers mix them up
// in every direction.
func sniffMarkup(m media, head []byte) media {
	switch {
	case foldPrefix(head, "<!doctype html"), foldPrefix(head, "<html"), foldPrefix(head, "<head"), foldPrefix(head, "<body"):
		return mediaHTML
	case foldPrefix(head, "<?xml"), foldPrefix(head, "<rss"), foldPrefix(head, "<feed"), foldPrefix(head, "<rdf:rdf"),
		foldPrefix(head, "<svg"), foldPrefix(head, "<urlset"):
		if m == mediaHTML || foldIndex(head, "<!doctype html") >= 0 || foldIndex(head, "<html") >= 0 {
			return mediaHTML
		}
		return mediaXML
	case m == mediaNone || m == mediaHTML:
		if len(head) > 1 && (head[0] == '{' || head[0] == '[') && bytes.IndexByte(head, '<') != 1 && bytes.IndexByte(head, '"') > 0 {
			return mediaJSON
		}
		if m == mediaHTML {
			return m
		}
		if len(head) > 2 && head[0] == '<' && (class[head[1]]&isLetter != 0 || head[1] == '!') {
			return mediaHTML
		}
		return mediaText
	}
	return m
}

// looksBinary reports whether the first bytes are not text: a NUL, or more
// than a stray control character.
func looksBinary(head []byte) bool {
	head = head[:min(len(head), 512)]
	control := 0
	for _, c := range head {
		if c == 0 {
			return true
		}
		if c < ' ' && class[c]&isSpace == 0 && c != 0x1b {
			control++
		}
	}
	return control*20 > len(head)
}
