package follow_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"gleaner/shared/follow"
)

func TestScan(t *testing.T) {
	const at = "https://www.lindhorst-brot.de/verein/seite.html?x=1"
	const root = "https://www.lindhorst-brot.de"
	type link = follow.Link
	for _, tt := range []struct {
		name, page string
		want       follow.Page // without URL, and without Base where it is the page's own
	}{
		{"nothing", "", follow.Page{}},
		{"text only", "a < b & c > d", follow.Page{}},
		{
			"a link by path", `<a href="/team">Team</a>`,
			follow.Page{Links: []link{{URL: root + "/team", Text: "Team"}}},
		},
		{
			"relative links", `<a href=a.html>A</a><a href="../b">B</a><a href="?y=2">C</a><a href="./">D</a><a href="//hof-lindhorst.de/e">E</a>`,
			follow.Page{Links: []link{
				{URL: root + "/verein/a.html", Text: "A"},
				{URL: root + "/b", Text: "B"},
				{URL: root + "/verein/seite.html?y=2", Text: "C"},
				{URL: root + "/verein/", Text: "D"},
				{URL: "https://hof-lindhorst.de/e", Text: "E"},
			}},
		},
		{
			"what nobody can visit", `<a href="#top">1</a><a href="mailto:anna@lindhorst-brot.de">2</a><a href="tel:+4951">3</a><a href="javascript:void(0)">4</a><a href="data:text/html,x">5</a><a href="">6</a><a>7</a><a href="http://">8</a><a href="https://[::1/">9</a><a href="whatsapp://send?text=x">10</a><a href=" ftp://lindhorst-brot.de/">11</a>`,
			follow.Page{},
		},
		{
			"fragments are dropped", `<a href="/a#b">x</a><a href="/a?c#b">y</a>`,
			follow.Page{Links: []link{{URL: root + "/a", Text: "x"}, {URL: root + "/a?c", Text: "y"}}},
		},
		{
			"text across elements, entities, white space",
			"<a href=/a>\n  <span>Unser\u00a0</span><b>T</b>eam&nbsp;&amp; <i>mehr</i>\n\t<br>heute</a>",
			follow.Page{Links: []link{{URL: root + "/a", Text: "Unser Team & mehr heute"}}},
		},
		{
			"images, titles and labels", `<a href=/a title="Zum Kontakt"><img src=k.png alt="Kontakt"></a><a href=/b aria-label="Über &quot;uns&quot;"><svg><path d="M0 0"/></svg></a>`,
			follow.Page{Links: []link{{URL: root + "/a", Text: "Kontakt", Title: "Zum Kontakt"}, {URL: root + "/b", Title: `Über "uns"`}}},
		},
		{
			"an anchor ends at the next, and at the page's end", `<a href=/a>eins<a href=/b>zwei`,
			follow.Page{Links: []link{{URL: root + "/a", Text: "eins"}, {URL: root + "/b", Text: "zwei"}}},
		},
		{
			"rel", `<a rel="external NoFollow" href=/a>1</a><a rel=ugc href=/b>2</a><a rel=sponsored href=/c>3</a><a rel="nofollowing" href=/d>4</a>`,
			follow.Page{Links: []link{{URL: root + "/a", Text: "1", NoFollow: true}, {URL: root + "/b", Text: "2", NoFollow: true}, {URL: root + "/c", Text: "3", NoFollow: true}, {URL: root + "/d", Text: "4"}}},
		},
		{
			"areas and frames", `<frameset><frame src="menu.htm" title="Menü"></frameset><map><area href="/a" alt="Anfahrt"></map><iframe src="/karte"></iframe>`,
			follow.Page{Links: []link{{URL: root + "/verein/menu.htm", Title: "Menü"}, {URL: root + "/a", Text: "Anfahrt"}, {URL: root + "/karte"}}},
		},
		{
			"no links in comments, scripts, styles, titles and text areas",
			`<title><a href=/1></title><!-- <a href=/2> --><script>"<a href=/3>"</script><style>/*<a href=/4>*/</style><textarea><a href=/5></textarea><xmp><a href=/6></xmp><a href=/7>x</a>`,
			follow.Page{Links: []link{{URL: root + "/7", Text: "x"}}},
		},
		{
			"a script that hides its end in a comment", `<script><!-- document.write("<script src=a></script><a href=/no>"); //--></script><a href=/yes>x</a>`,
			follow.Page{Links: []link{{URL: root + "/yes", Text: "x"}}},
		},
		{
			"a script with half a comment", `<script><!-- x = 1;</script><a href=/yes>x</a>`,
			follow.Page{Links: []link{{URL: root + "/yes", Text: "x"}}},
		},
		{
			"a script that closes its comment at once", `<script><!--> "<script" </script><a href=/yes>x</a>`,
			follow.Page{Links: []link{{URL: root + "/yes", Text: "x"}}},
		},
		{
			"links in noscript count", `<noscript><a href=/a>x</a><meta http-equiv=refresh content="0;url=/ohne"></noscript>`,
			follow.Page{Links: []link{{URL: root + "/a", Text: "x"}}},
		},
		{
			"quotes that hide tags", `<p title="<a href=/no>"><p data-x='>'><a data-y="</a>" href='/yes'>x</a>`,
			follow.Page{Links: []link{{URL: root + "/yes", Text: "x"}}},
		},
		{
			"the first of two attributes", `<a href=/a href=/b>x</a>`,
			follow.Page{Links: []link{{URL: root + "/a", Text: "x"}}},
		},
		{
			"entities in addresses", `<a href="/a?b=1&amp;c=2&copy=3&#38;d=4&eacute;">x</a>`,
			follow.Page{Links: []link{{URL: root + "/a?b=1&c=2&copy=3&d=4%C3%A9", Text: "x"}}},
		},
		{
			"addresses written carelessly", "<a href=' /a b\n/c '>1</a><a href='\\d\\e'>2</a><a href='/100%'>3</a><a href='/größe'>4</a><a href='HTTPS://WWW.Lindhorst-Brot.de'>5</a><a href='http:/f'>6</a>",
			follow.Page{Links: []link{
				{URL: root + "/a%20b/c", Text: "1"},
				{URL: root + "/d/e", Text: "2"},
				{URL: root + "/100%25", Text: "3"},
				{URL: root + "/gr%C3%B6%C3%9Fe", Text: "4"},
				{URL: root + "/", Text: "5"},
			}},
		},
		{
			"base", `<base href="/neu/"><base href="/zweite/"><a href="a">x</a><base target=_top>`,
			follow.Page{Base: mustURL(t, root+"/neu/"), Links: []link{{URL: root + "/neu/a", Text: "x"}}},
		},
		{
			"base on another host", `<base href="https://hof-lindhorst.de/x/y"><a href="a">x</a><a href="/b">y</a>`,
			follow.Page{Base: mustURL(t, "https://hof-lindhorst.de/x/y"), Links: []link{{URL: "https://hof-lindhorst.de/x/a", Text: "x"}, {URL: "https://hof-lindhorst.de/b", Text: "y"}}},
		},
		{
			"canonical", `<link rel="Canonical" href="/seite"><link rel=canonical href=/andere><link rel=stylesheet href=/s.css>`,
			follow.Page{Canonical: root + "/seite"},
		},
		{
			"relations of the page", `<link rel=author href=/wer title="Anna"><link rev=made href="mailto:x@y.de"><link rel=contact href=kontakt.htm>`,
			follow.Page{Links: []link{{URL: root + "/wer", Text: "author", Title: "Anna"}, {URL: root + "/verein/kontakt.htm", Text: "contact"}}},
		},
		{"meta robots", `<meta name="Robots" content="NOINDEX, NoFollow">`, follow.Page{NoIndex: true, NoFollow: true}},
		{"meta robots none", `<meta content=none name=robots>`, follow.Page{NoIndex: true, NoFollow: true}},
		{"meta robots add up", `<meta name=robots content=index,follow><meta name=gleaner content=nofollow>`, follow.Page{NoFollow: true}},
		{"meta for another crawler", `<meta name=otherbot content=none><meta name=robots content="max-snippet:-1, noindex">`, follow.Page{NoIndex: true}},
		{"refresh", `<meta http-equiv="Refresh" content="0; URL='/neu'">`, follow.Page{Refresh: root + "/neu"}},
		{"refresh without url=", `<meta http-equiv=refresh content="5;ziel.html">`, follow.Page{Refresh: root + "/verein/ziel.html"}},
		{"refresh of the page itself", `<meta http-equiv=refresh content="30">`, follow.Page{}},
		{"refresh to nowhere", `<meta http-equiv=refresh content="0;url=javascript:x()">`, follow.Page{}},
		{"broken off in a tag", `<a href=/a>x</a><a href="/b`, follow.Page{Links: []link{{URL: root + "/a", Text: "x"}}}},
		{"broken off in a comment", `<a href=/a>x</a><!-- <a href=/b>`, follow.Page{Links: []link{{URL: root + "/a", Text: "x"}}}},
		{"broken off in a script", `<a href=/a>x</a><script>"<a href=/b>"`, follow.Page{Links: []link{{URL: root + "/a", Text: "x"}}}},
		{"plaintext", `<a href=/a>x</a><plaintext><a href=/b>`, follow.Page{Links: []link{{URL: root + "/a", Text: "x"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := follow.Scan([]byte(tt.page), mustURL(t, at), "Gleaner")
			if tt.want.Base == nil {
				tt.want.Base = mustURL(t, at)
			}
			tt.want.URL = got.URL
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestScanKeepsWithinBounds(t *testing.T) {
	u := mustURL(t, "https://lindhorst-brot.de/")
	p := follow.Scan([]byte(strings.Repeat("<a href=/a>x</a>", 20_000)), u, "")
	if len(p.Links) != 5000 {
		t.Errorf("%d links, want 5000", len(p.Links))
	}
	p = follow.Scan([]byte("<a href=/a>"+strings.Repeat("Überlänge ", 100_000)+"</a>"), u, "")
	if len(p.Links) != 1 || len(p.Links[0].Text) > 200 || !utf8.ValidString(p.Links[0].Text) {
		t.Errorf("text of %d bytes", len(p.Links[0].Text))
	}
	if p = follow.Scan([]byte("<a href=/"+strings.Repeat("ab", 5000)+">x</a>"), u, ""); len(p.Links) != 0 {
		t.Errorf("an address of %d bytes was kept", len(p.Links[0].URL))
	}
}

// Pages made to be slow: what takes time in them must not grow faster than they do.
func BenchmarkScanHostile(b *testing.B) {
	u := mustURL(b, "https://lindhorst-brot.de/")
	for name, piece := range map[string]string{
		"open-tags":     "<a ",
		"open-comments": "<!--",
		"dashes":        "--",
		"open-quotes":   "<a href=\"",
		"end-tags":      "</",
		"scripts":       "<script><!--<script></script>",
		"entities":      "<a href=\"&&&&\">&#",
		"less-than":     "<",
	} {
		for _, size := range []int{64 << 10, 512 << 10} {
			page := bytes.Repeat([]byte(piece), size/len(piece))
			b.Run(fmt.Sprintf("%s/%dK", name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(page)))
				for b.Loop() {
					follow.Scan(page, u, "gleaner")
				}
			})
		}
	}
}

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
