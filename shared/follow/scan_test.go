package follow_test

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/net/html"

	"gleaner/shared/follow"
)

// companyPage is about 50 KB of an invented company's page: navigation, text, scripts,
// styles and a footer, with some 200 links.
func companyPage() []byte {
	var b bytes.Buffer
	b.WriteString("<!doctype html><html lang=de><head><meta charset=utf-8><title>Lindhorst &amp; Söhne</title>\n<style>")
	for i := range 60 {
		fmt.Fprintf(&b, ".block-%d > a:hover { color: #%06x; margin: 0 %dpx }\n", i, i*4711, i)
	}
	b.WriteString("</style><script>var data = {")
	for i := range 80 {
		fmt.Fprintf(&b, "item%d: \"<a href='/nicht-%d'>\",", i, i)
	}
	b.WriteString("};</script><link rel=canonical href=\"https://lindhorst-brot.de/\"></head><body>\n<!-- <a href=/alt>alt</a> -->\n<nav><ul>")
	for i := range 60 {
		fmt.Fprintf(&b, "<li class=\"menu-item menu-item-%d\"><a class=\"menu-link\" href=\"/sortiment/brote/sorte-%d?utm_source=menu&amp;nr=%d\" title=\"Sorte %d\"><span>Sorte %d</span></a></li>\n", i, i, i, i, i)
	}
	b.WriteString("</ul></nav><main>")
	for i := range 90 {
		fmt.Fprintf(&b, "<article class=\"card card--wide\"><h2 id=\"h%d\">Überschrift Nummer %d</h2><p>Ein längerer Absatz mit <b>fetten</b> Wörtern, Umlauten (äöüß) und einem <a href=\"https://www.lindhorst-brot.de/blog/artikel-%d.html#anfang\">Verweis auf Artikel %d</a>, damit auch Text zu lesen ist.</p><img src=\"/bilder/%d.jpg\" alt=\"Bild %d\" loading=\"lazy\"></article>\n", i, i, i, i, i, i)
	}
	b.WriteString("</main><footer><a href=\"/kontakt\">Kontakt</a> <a href=\"/impressum\">Impressum</a> <a href=\"/datenschutz\">Datenschutz</a> <a href=\"mailto:post@lindhorst-brot.de\">Mail</a></footer></body></html>")
	return b.Bytes()
}

func BenchmarkScan(b *testing.B) {
	page := companyPage()
	u := mustURL(b, "https://lindhorst-brot.de/")
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if p := follow.Scan(page, u, "gleaner"); len(p.Links) == 0 {
			b.Fatal("no links")
		}
	}
}

// BenchmarkScanTokenizerOnly is what only going through the page's tokens takes
// with golang.org/x/net/html: the yardstick for Scan.
func BenchmarkScanTokenizerOnly(b *testing.B) {
	page := companyPage()
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		z := html.NewTokenizer(bytes.NewReader(page))
		for z.Next() != html.ErrorToken {
		}
	}
}

func BenchmarkContact(b *testing.B) {
	p := follow.Scan(companyPage(), mustURL(b, "https://lindhorst-brot.de/"), "gleaner")
	b.ReportAllocs()
	for b.Loop() {
		if len(follow.Contact(p, 5)) == 0 {
			b.Fatal("no links")
		}
	}
}

func BenchmarkSite(b *testing.B) {
	p := follow.Scan(companyPage(), mustURL(b, "https://lindhorst-brot.de/"), "gleaner")
	b.ReportAllocs()
	for b.Loop() {
		if len(follow.Site(p, 100)) == 0 {
			b.Fatal("no links")
		}
	}
}
