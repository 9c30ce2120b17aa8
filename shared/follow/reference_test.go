package follow

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

// referenceScan is Scan written the slow and obvious way, over the tokens of
// golang.org/x/net/html. What a tag means is shared, which tags and attributes there are is not.
func referenceScan(body []byte, pageURL *url.URL, product string) Page {
	s := scanner{
		page:    Page{URL: pageURL, Base: pageURL},
		resolve: newResolver(pageURL),
		product: product,
	}
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			s.endAnchor()
			return s.page
		case html.TextToken:
			s.addText(z.Raw())
		case html.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "a":
				s.endAnchor()
			case "noscript":
				s.noscript = false
			case "b", "i", "em", "strong", "u", "font", "mark", "small", "sub", "sup", "wbr":
			default:
				s.space()
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := string(name)
			s.attrs = attributes{}
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				if slot := s.attrs.slot(key); slot != nil && *slot == nil {
					// Scan resolves references itself: hand it the value so that it finds it again.
					*slot = []byte(html.EscapeString(string(value)))
				}
			}
			referenceTag(&s, z, tag)
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

func referenceTag(s *scanner, z *html.Tokenizer, tag string) {
	switch tag {
	case "a", "area", "frame", "iframe":
		z.NextIsNotRawText()
		s.endAnchor()
		s.link(tag == "a")
	case "img":
		s.image()
	case "base":
		s.base()
	case "link":
		s.linkElement()
	case "meta":
		s.meta()
	case "noscript":
		z.NextIsNotRawText()
		s.noscript = true
	case "noembed", "noframes":
		z.NextIsNotRawText()
	case "script", "style", "textarea", "title", "xmp", "plaintext":
		// The tokenizer gives their content as text, which belongs to no link.
		s.skipRaw(z, tag)
	case "b", "i", "em", "strong", "u", "font", "mark", "small", "sub", "sup", "wbr":
		return
	}
	s.space()
}

// skipRaw swallows a raw text element's content and end tag.
func (s *scanner) skipRaw(z *html.Tokenizer, tag string) {
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == tag {
				return
			}
		case html.TextToken, html.StartTagToken, html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

// sameRules reports whether the two may be held against each other: the
// tokenizer replaces NULs, keeps old-style script comments by other rules than the standard's,
// and html.EscapeString cannot hide what it did to carriage returns and bad UTF-8.
func sameRules(body []byte) bool {
	if i := bytes.Index(bytes.ToLower(body), []byte("<script")); i >= 0 && bytes.Contains(body[i:], []byte("<!--")) {
		return false
	}
	return utf8.Valid(body) && bytes.IndexByte(body, 0) < 0 && bytes.IndexByte(body, '\r') < 0
}

func diff(a, b Page) string {
	switch {
	case a.Base.String() != b.Base.String():
		return fmt.Sprintf("base: %v and %v", a.Base, b.Base)
	case a.Canonical != b.Canonical:
		return fmt.Sprintf("canonical: %q and %q", a.Canonical, b.Canonical)
	case a.Refresh != b.Refresh:
		return fmt.Sprintf("refresh: %q and %q", a.Refresh, b.Refresh)
	case a.NoIndex != b.NoIndex || a.NoFollow != b.NoFollow:
		return "robots"
	case len(a.Links) != len(b.Links):
		return fmt.Sprintf("links: %+v and %+v", a.Links, b.Links)
	}
	for i := range a.Links {
		if a.Links[i] != b.Links[i] {
			return fmt.Sprintf("link %d: %+v and %+v", i, a.Links[i], b.Links[i])
		}
	}
	return ""
}

// TestScanAgreesWithTokenizer makes pages of pieces that are easily got wrong
// and compares Scan with the reference.
func TestScanAgreesWithTokenizer(t *testing.T) {
	pieces := []string{
		"<a href=/x>", "<A HREF='/y'>", "<a\nhref = \"/z?a=1&amp;b=2\" rel=nofollow>", "<a href>", "<a href=>", "<a href=/u title=\"T &gt; U\">",
		"</a>", "</A >", "</a", "<a", "<a href=\"/open", "text", " ", "&amp;", "&copy;", "<b>", "</b>", "<br/>", "<br>", "<p class='<a href=/no>'>", "<p x=\"'>\">",
		"<!-- <a href=/no> -->", "<!-->", "<!--->", "<!-- --!>", "<!-", "<!doctype html>", "<?pi <a href=/p>", "</>", "</ x>", "< a>", "<", ">", "<3",
		"<img alt='A B'>", "<img src=x alt=\"&quot;q&quot;\">", "<title><a href=/no></title>", "<textarea><a href=/no></textarea >", "<style>a>b{}</style>",
		"<base href=/dir/>", "<base href=https://other.example.org/>", "<link rel=canonical href=/c>", "<link rel='stylesheet' href=/s.css>", "<link rel=author href=/wer>",
		"<meta name=robots content=nofollow>", "<meta name=ROBOTS content=\"noindex, follow\">", "<meta name=gleaner content=none>", "<meta http-equiv=refresh content='3; url=/later'>",
		"<noscript>", "</noscript>", "<iframe src=/frame title=F>", "</iframe>", "<area href=/area alt=Area>", "<frame src=f.html>",
		"<a href=/dup href=/second>", "<a =href=/x href=/eq>", "<a / href=/slash>", "<a/href=/slashed>", "<a href=/un\"quoted'>", "<xmp><a href=/no></xmp>", "<svg><a href=/svg>",
		"<a href=\"?q=1&copy=2&lt=3&amp\">", "<a href='#top'>", "<a href=mailto:x@y.de>", "<a href=\"javascript:void(0)\">", "<abbr>", "<article>", "<script>if (a<b) '</scr'</script>",
	}
	base, _ := url.Parse("https://www.lindhorst-brot.de/verzeichnis/seite.html")
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 30).Draw(t, "pieces"), ""))
		if !sameRules(body) {
			t.Skip("rules differ")
		}
		if d := diff(Scan(body, base, "gleaner"), referenceScan(body, base, "gleaner")); d != "" {
			t.Fatalf("%s\nScan and reference differ: %s", body, d)
		}
	})
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(`<base href="/x/"><a href="y?a=1&amp;b=2" rel="nofollow ugc" title=t>Text <b>fett</b><img alt="Bild"></a>`))
	f.Add([]byte(`<meta http-equiv=refresh content="0;url='z'"><link rel=canonical href=//h/><script><!--<script></script>--></script><a href=q>`))
	f.Add([]byte("<a href=\"  \thttps://b\u00fccher.de/stra\u00dfe?\u00e4#x\n\">\xff\xfe</a><a href='\\\\h\\p'><a href=%zz><a href=..//../a/./b>"))
	base, _ := url.Parse("https://www.lindhorst-brot.de/verzeichnis/seite.html?x=1")
	f.Fuzz(func(t *testing.T, body []byte) {
		p := Scan(body, base, "gleaner")
		if len(p.Links) > maxLinks {
			t.Errorf("%d links", len(p.Links))
		}
		for _, l := range p.Links {
			u, err := url.Parse(l.URL)
			switch {
			case err != nil:
				t.Errorf("%q: %v", l.URL, err)
			case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.Fragment != "", u.User != nil:
				t.Errorf("%q is not an address to visit", l.URL)
			case len(l.URL) > maxURL, len(l.Text) > maxText:
				t.Errorf("too long: %d bytes of address, %d of text", len(l.URL), len(l.Text))
			}
		}
		for _, l := range append(Contact(p, 10), Site(p, 10)...) {
			u, err := url.Parse(l.URL)
			if err != nil {
				t.Fatalf("chosen %q: %v", l.URL, err)
			}
			if !SameSite(base, u) {
				t.Errorf("%q is not of the site", l.URL)
			}
			if again := Clean(u); again != l.URL {
				t.Errorf("cleaned %q, cleaned again %q", l.URL, again)
			}
		}
		if sameRules(body) {
			if d := diff(p, referenceScan(body, base, "gleaner")); d != "" {
				t.Errorf("Scan and reference differ: %s", d)
			}
		}
	})
}
