package sitemap_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gleaner/shared/sitemap"
)

const (
	site   = "https://www.lindhorst-brot.de"
	schema = `xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"`
)

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// pages makes entries without dates.
func pages(paths ...string) []sitemap.Entry {
	var out []sitemap.Entry
	for _, p := range paths {
		out = append(out, sitemap.Entry{Loc: site + p})
	}
	return out
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, doc string
		want      sitemap.Result
		err       error
	}{
		{
			"a urlset",
			`<?xml version="1.0" encoding="UTF-8"?>
<urlset ` + schema + `>
  <url>
    <loc>` + site + `/</loc>
    <lastmod>2026-03-01</lastmod>
    <changefreq>weekly</changefreq>
    <priority>0.8</priority>
  </url>
  <url><loc>` + site + `/team</loc></url>
</urlset>`,
			sitemap.Result{Pages: []sitemap.Entry{{Loc: site + "/", LastMod: day(2026, 3, 1)}, {Loc: site + "/team"}}},
			nil,
		},
		{
			"a sitemapindex",
			`<sitemapindex ` + schema + `><sitemap><loc>` + site + `/a.xml.gz</loc><lastmod>2026-10-01T18:23:17+00:00</lastmod></sitemap><sitemap><loc>` + site + `/b.xml</loc></sitemap></sitemapindex>`,
			sitemap.Result{Sitemaps: []sitemap.Entry{{Loc: site + "/a.xml.gz", LastMod: time.Date(2026, 10, 1, 18, 23, 17, 0, time.UTC)}, {Loc: site + "/b.xml"}}},
			nil,
		},
		{"an empty urlset", `<urlset ` + schema + `></urlset>`, sitemap.Result{}, nil},
		{"an empty urlset in one tag", `<urlset ` + schema + `/>`, sitemap.Result{}, nil},
		{
			"entities and white space",
			"<urlset><url><loc>\n\t" + site + "/a?b=1&amp;c=&#50;&copy=3&#x26;d=&quot;&apos;&lt;&gt;&nbsp;\n</loc></url></urlset>",
			sitemap.Result{Pages: pages(`/a?b=1&c=2&copy=3&d="'<>&nbsp;`)},
			nil,
		},
		{
			"CDATA",
			`<urlset><url><loc><![CDATA[` + site + `/a?b=1&c=2]]></loc></url><url><loc>` + site + `/<![CDATA[<x>]]>y</loc></url></urlset>`,
			sitemap.Result{Pages: pages("/a?b=1&c=2", "/<x>y")},
			nil,
		},
		{
			"comments, processing instructions and a doctype",
			`<?xml version='1.0'?><?xml-stylesheet href="s.xsl"?><!DOCTYPE urlset><!-- made by hand --><urlset><!-- <url><loc>` + site + `/no</loc></url> --><url><loc>` + site + `/<!-- x -->yes</loc></url></urlset><!-- end -->`,
			sitemap.Result{Pages: pages("/yes")},
			nil,
		},
		{
			"a prefix for everything",
			`<sm:urlset xmlns:sm="http://www.sitemaps.org/schemas/sitemap/0.9"><sm:url><sm:loc>` + site + `/a</sm:loc><sm:lastmod>2026</sm:lastmod></sm:url></sm:urlset>`,
			sitemap.Result{Pages: []sitemap.Entry{{Loc: site + "/a", LastMod: day(2026, 1, 1)}}},
			nil,
		},
		{
			"extensions with addresses of their own",
			`<urlset ` + schema + ` xmlns:image="i" xmlns:video="v" xmlns:xhtml="h"><url>
			<image:image><image:loc>` + site + `/bild.jpg</image:loc></image:image>
			<xhtml:link rel="alternate" hreflang="en" href="` + site + `/en"/>
			<loc>` + site + `/a</loc>
			<video:video><video:content_loc>` + site + `/film.mp4</video:content_loc><video:publication_date>2020-01-01</video:publication_date></video:video>
			<image:loc>` + site + `/bild2.jpg</image:loc>
			</url></urlset>`,
			sitemap.Result{Pages: pages("/a")},
			nil,
		},
		{
			"an extension that uses the same names",
			`<urlset><url><loc>` + site + `/a</loc><image xmlns="i"><loc>` + site + `/bild.jpg</loc></image></url></urlset>`,
			sitemap.Result{Pages: pages("/a")},
			nil,
		},
		{
			"names in capitals, a wrong namespace",
			`<URLSET xmlns="http://anderswo.de/"><Url><LOC>` + site + `/a</LOC></Url></URLSET>`,
			sitemap.Result{Pages: pages("/a")},
			nil,
		},
		{
			"what is no address to visit",
			`<urlset><url><loc>/relative</loc></url><url><loc></loc></url><url></url><url><loc>ftp://lindhorst-brot.de/</loc></url><url><loc>mailto:anna@lindhorst-brot.de</loc></url><url><loc>https://</loc></url><url><loc>https:///a</loc></url><url><loc>` + site + "/" + strings.Repeat("x", sitemap.MaxLoc) + `</loc></url><url><loc>HTTPS://www.lindhorst-brot.de/b</loc></url></urlset>`,
			sitemap.Result{Pages: []sitemap.Entry{{Loc: "HTTPS://www.lindhorst-brot.de/b"}}},
			nil,
		},
		{
			"the first of two addresses, the last of two dates",
			`<urlset><url><loc>` + site + `/a</loc><loc>` + site + `/b</loc><lastmod>2024</lastmod><lastmod>2025</lastmod><lastmod>soon</lastmod></url></urlset>`,
			sitemap.Result{Pages: []sitemap.Entry{{Loc: site + "/a", LastMod: day(2025, 1, 1)}}},
			nil,
		},
		{
			"elements left open or closed twice",
			`<urlset><url><loc>` + site + `/a</loc><url><loc>` + site + `/b</loc></url></url></foo><url><changefreq><loc>` + site + `/lost</loc></url><url><loc>` + site + `/c</loc></url></urlset>`,
			sitemap.Result{Pages: pages("/a", "/b", "/c")},
			nil,
		},
		{
			"cut off between two entries",
			`<urlset><url><loc>` + site + `/a</loc></url>`,
			sitemap.Result{Pages: pages("/a")},
			sitemap.ErrTruncated,
		},
		{
			"cut off behind an address",
			`<urlset><url><loc>` + site + `/a</loc></url><url><loc>` + site + `/b</loc><last`,
			sitemap.Result{Pages: pages("/a", "/b")},
			sitemap.ErrTruncated,
		},
		{
			"cut off within an address, which is not used",
			`<urlset><url><loc>` + site + `/a</loc></url><url><loc>` + site + `/b`,
			sitemap.Result{Pages: pages("/a")},
			sitemap.ErrTruncated,
		},
		{
			"something behind the end",
			`<urlset><url><loc>` + site + `/a</loc></url></urlset><script>alert(1)</script><url><loc>` + site + `/no</loc></url>`,
			sitemap.Result{Pages: pages("/a")},
			nil,
		},
		{
			"RSS 2.0",
			`<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Neues & mehr</title><link>` + site + `/</link>
			<atom:link href="` + site + `/feed" rel="self"/>
			<item><title>Brot</title><link>` + site + `/brot</link><pubDate>Sun, 06 Sep 2026 00:01:00 +0200</pubDate><guid>tag:1</guid></item>
			<item><title><![CDATA[<b>Kuchen</b>]]></title><guid isPermaLink="true">` + site + `/kuchen</guid><description>&lt;a href="x"&gt;</description></item>
			<item><guid>keine Adresse</guid></item></channel></rss>`,
			sitemap.Result{Pages: []sitemap.Entry{{Loc: site + "/brot", LastMod: time.Date(2026, 9, 5, 22, 1, 0, 0, time.UTC)}, {Loc: site + "/kuchen"}}},
			nil,
		},
		{
			"RSS 1.0",
			`<rdf:RDF xmlns:rdf="r" xmlns="http://purl.org/rss/1.0/" xmlns:dc="d"><channel rdf:about="x"><link>` + site + `</link></channel><item rdf:about="y"><link>` + site + `/a</link><dc:date>2026-02-03T04:05Z</dc:date></item></rdf:RDF>`,
			sitemap.Result{Pages: []sitemap.Entry{{Loc: site + "/a", LastMod: time.Date(2026, 2, 3, 4, 5, 0, 0, time.UTC)}}},
			nil,
		},
		{
			"Atom",
			`<feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="` + site + `/feed"/><link href="` + site + `/"/><updated>2026-01-01T00:00:00Z</updated>
			<entry><link rel="edit" href="` + site + `/edit"/><link rel="alternate" type="text/html" href="` + site + `/a?b&amp;c"/><link href="` + site + `/b"/><updated>2026-02-03T04:05:06.7+01:00</updated></entry>
			<entry><link href="` + site + `/c"></link></entry><entry><id>x</id></entry></feed>`,
			sitemap.Result{Pages: []sitemap.Entry{{Loc: site + "/a?b&c", LastMod: time.Date(2026, 2, 3, 3, 5, 6, 700_000_000, time.UTC)}, {Loc: site + "/c"}}},
			nil,
		},
		{
			"a text list",
			site + "/a\r\n" + site + "/b\r  " + site + "/c  \n\n# Kommentar\nkeine Adresse\n" + site + "/d",
			sitemap.Result{Pages: pages("/a", "/b", "/c", "/d")},
			nil,
		},
		{"a text list with a byte order mark", "\xef\xbb\xbf" + site + "/a\n", sitemap.Result{Pages: pages("/a")}, nil},
		{"XML with a byte order mark and white space", "\xef\xbb\xbf\n \n<urlset><url><loc>" + site + "/a</loc></url></urlset>", sitemap.Result{Pages: pages("/a")}, nil},
		{
			"another encoding by declaration",
			"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><urlset><url><loc>" + site + "/br\xf6tchen</loc></url></urlset>",
			sitemap.Result{Pages: pages("/brötchen")},
			nil,
		},
		{
			"an encoding nobody knows",
			"<?xml version=\"1.0\" encoding=\"x-nobody\"?><urlset><url><loc>" + site + "/a</loc></url></urlset>",
			sitemap.Result{Pages: pages("/a")},
			nil,
		},
		{
			"a declaration of UTF-16 that cannot be true",
			"<?xml version=\"1.0\" encoding='utf-16'?><urlset><url><loc>" + site + "/a</loc></url></urlset>",
			sitemap.Result{Pages: pages("/a")},
			nil,
		},
		{"UTF-16, little endian", utf16Doc("<urlset><url><loc>"+site+"/ä</loc></url></urlset>", false), sitemap.Result{Pages: pages("/ä")}, nil},
		{"UTF-16, big endian", utf16Doc("<urlset><url><loc>"+site+"/ä</loc></url></urlset>", true), sitemap.Result{Pages: pages("/ä")}, nil},
		{"nothing", "", sitemap.Result{}, sitemap.ErrNotSitemap},
		{"white space", " \n\t", sitemap.Result{}, sitemap.ErrNotSitemap},
		{"an error page", "<!DOCTYPE html><html><head><title>404</title></head><body><a href=\"" + site + "\">x</a></body></html>", sitemap.Result{}, sitemap.ErrNotSitemap},
		{"prose", "Not found\n" + site + "/a", sitemap.Result{}, sitemap.ErrNotSitemap},
		{"other XML", "<?xml version=\"1.0\"?><data><url><loc>" + site + "/a</loc></url></data>", sitemap.Result{}, sitemap.ErrNotSitemap},
		{"a tag that never ends", "<urlset", sitemap.Result{}, sitemap.ErrNotSitemap},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once":                strings.NewReader(tt.doc),
				"byte by byte":           iotest.OneByteReader(strings.NewReader(tt.doc)),
				"gzipped":                bytes.NewReader(gzipped(tt.doc)),
				"gzipped once too often": bytes.NewReader(gzipped(string(gzipped(tt.doc)))),
			} {
				got, err := sitemap.Parse(r, 0)
				if !errors.Is(err, tt.err) || tt.err == nil && err != nil {
					t.Errorf("%s: error %v, want %v", how, err, tt.err)
				}
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Errorf("%s: -want +got:\n%s", how, d)
				}
			}
		})
	}
}

func TestDates(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026":                            day(2026, 1, 1),
		"2026-11":                         day(2026, 11, 1),
		"2026-11-23":                      day(2026, 11, 23),
		"2026-11-23T10:20+01:00":          time.Date(2026, 11, 23, 9, 20, 0, 0, time.UTC),
		"2026-11-23T10:20:30Z":            time.Date(2026, 11, 23, 10, 20, 30, 0, time.UTC),
		"2026-11-23T10:20:30.45+01:00":    time.Date(2026, 11, 23, 9, 20, 30, 450_000_000, time.UTC),
		"2026-11-23T10:20:30+0100":        time.Date(2026, 11, 23, 9, 20, 30, 0, time.UTC),
		"2026-11-23T10:20:30":             time.Date(2026, 11, 23, 10, 20, 30, 0, time.UTC),
		"2026-11-23 10:20:30":             time.Date(2026, 11, 23, 10, 20, 30, 0, time.UTC),
		" 2026-11-23 ":                    day(2026, 11, 23),
		"Mon, 23 Nov 2026 10:20:30 GMT":   time.Date(2026, 11, 23, 10, 20, 30, 0, time.UTC),
		"Mon, 23 Nov 2026 10:20:30 +0100": time.Date(2026, 11, 23, 9, 20, 30, 0, time.UTC),
		"23 Nov 2026 10:20:30 +0000":      time.Date(2026, 11, 23, 10, 20, 30, 0, time.UTC),
		"":                                {},
		"yesterday":                       {},
		"2026-13-45":                      {},
		"23.11.2026":                      {},
	} {
		got, err := sitemap.Parse(strings.NewReader("<urlset><url><loc>"+site+"/</loc><lastmod>"+text+"</lastmod></url></urlset>"), 0)
		if err != nil || len(got.Pages) != 1 || !got.Pages[0].LastMod.Equal(want) {
			t.Errorf("%q: %+v, %v; want %v", text, got.Pages, err, want)
		}
	}
}

func TestLimit(t *testing.T) {
	for _, tt := range []struct{ listed, limit, want int }{
		{10, 3, 3},
		{10, 10, 10},
		{10, 11, 10},
		{10, 0, 10},
		{10, -1, 10},
		{sitemap.MaxEntries + 1, 0, sitemap.MaxEntries},
		{sitemap.MaxEntries + 1, sitemap.MaxEntries * 2, sitemap.MaxEntries},
	} {
		docs := map[string]string{"text": strings.Repeat(site+"/a\n", tt.listed)}
		if tt.listed < 100 {
			docs["xml"] = urlset(tt.listed)
		}
		for name, doc := range docs {
			got, err := sitemap.Parse(strings.NewReader(doc), tt.limit)
			if len(got.Pages) != tt.want || errors.Is(err, sitemap.ErrLimit) != (tt.want < tt.listed) {
				t.Errorf("%s: %d of %d entries, limit %d: %v; want %d", name, len(got.Pages), tt.listed, tt.limit, err, tt.want)
			}
		}
	}
}

func TestTooLarge(t *testing.T) {
	doc := site + "/a\n" + strings.Repeat("#"+strings.Repeat("x", 1022)+"\n", sitemap.MaxBytes>>10)
	got, err := sitemap.Parse(strings.NewReader(doc), 0)
	if !errors.Is(err, sitemap.ErrTooLarge) || len(got.Pages) != 1 {
		t.Errorf("%d entries, %v", len(got.Pages), err)
	}
}

func TestErrorsOfTheReader(t *testing.T) {
	reset := errors.New("connection reset")
	broken := io.MultiReader(strings.NewReader(urlset(3)[:len(urlset(3))-len("</urlset>")]), iotest.ErrReader(reset))
	got, err := sitemap.Parse(broken, 0)
	if !errors.Is(err, reset) || len(got.Pages) != 3 {
		t.Errorf("XML: %d entries, %v", len(got.Pages), err)
	}
	got, err = sitemap.Parse(io.MultiReader(strings.NewReader(site+"/a\n"+site+"/b\n"), iotest.ErrReader(reset)), 0)
	if !errors.Is(err, reset) || len(got.Pages) != 2 {
		t.Errorf("text: %d entries, %v", len(got.Pages), err)
	}
	if _, err = sitemap.Parse(iotest.ErrReader(reset), 0); !errors.Is(err, reset) {
		t.Errorf("at once: %v", err)
	}
	packed := gzipped(urlset(2000))
	got, err = sitemap.Parse(bytes.NewReader(packed[:len(packed)/2]), 0)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(got.Pages) == 0 {
		t.Errorf("half a gzip file: %d entries, %v", len(got.Pages), err)
	}
	if _, err = sitemap.Parse(strings.NewReader("\x1f\x8b\x00"), 0); err == nil {
		t.Error("a broken gzip header is no error")
	}
}

// Whatever stands between the entries of a list, and wherever it is cut off,
// what is read is the list's beginning.
func TestBeginningOfWhatIsListed(t *testing.T) {
	noise := rapid.SampledFrom([]string{"", " ", "\n", "<!-- x -->", "<priority>1</priority>", "<image:loc>" + site + "/no</image:loc>", "<x/>"})
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "entries")
		var doc strings.Builder
		doc.WriteString("<urlset>")
		want := []string{}
		for i := range n {
			loc := fmt.Sprintf("%s/%d", site, i)
			want = append(want, loc)
			fmt.Fprintf(&doc, "%s<url>%s<loc>%s</loc>%s</url>%s", noise.Draw(t, "a"), noise.Draw(t, "b"), loc, noise.Draw(t, "c"), noise.Draw(t, "d"))
		}
		doc.WriteString("</urlset>")
		cut := rapid.IntRange(0, doc.Len()).Draw(t, "cut")
		got, err := sitemap.Parse(strings.NewReader(doc.String()[:cut]), 0)
		if (err == nil) != (cut == doc.Len()) {
			t.Fatalf("cut at %d of %d: %v", cut, doc.Len(), err)
		}
		if len(got.Pages) > n || cut == doc.Len() && len(got.Pages) != n {
			t.Fatalf("%d entries of %d", len(got.Pages), n)
		}
		for i, e := range got.Pages {
			if e.Loc != want[i] {
				t.Errorf("entry %d: %s, want %s", i, e.Loc, want[i])
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(urlset(2)), 0)
	f.Add([]byte("<sitemapindex><sitemap><loc><![CDATA["+site+"]]></loc></sitemap>"), 1)
	f.Add([]byte("<rss><channel><item><link>"+site+"</link><pubDate>x</pubDate></item></channel></rss>"), 5)
	f.Add([]byte("<feed><entry><link href='"+site+"'/></entry></feed>"), 5)
	f.Add([]byte(site+"\n"+site), 1)
	f.Add(gzipped(urlset(3)), 2)
	f.Add([]byte(utf16Doc(urlset(1), true)), 2)
	f.Fuzz(func(t *testing.T, doc []byte, limit int) {
		got, err := sitemap.Parse(bytes.NewReader(doc), limit)
		if limit > 0 && len(got.Pages)+len(got.Sitemaps) > limit {
			t.Errorf("%d entries, limit %d", len(got.Pages)+len(got.Sitemaps), limit)
		}
		for _, e := range append(got.Pages, got.Sitemaps...) {
			if scheme, _, ok := strings.Cut(strings.ToLower(e.Loc), "://"); !ok || scheme != "http" && scheme != "https" || len(e.Loc) > sitemap.MaxLoc {
				t.Errorf("entry %q", e.Loc)
			}
		}
		again, err2 := sitemap.Parse(iotest.HalfReader(bytes.NewReader(doc)), limit)
		if d := cmp.Diff(got, again); d != "" || (err == nil) != (err2 == nil) {
			t.Errorf("in other portions: %v, %v: %s", err, err2, d)
		}
	})
}
