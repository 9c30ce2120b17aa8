package crawl

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gleaner/shared/extract"
	"gleaner/shared/follow"
)

// askingReaders are extractors as a Crawler has them.
func askingReaders() [2]*extract.Extractor {
	meta := concerns("Gleaner")
	return [2]*extract.Extractor{extract.New(extract.Options{Meta: meta}), extract.New(extract.Options{KeepObfuscated: true, Meta: meta})}
}

var metaPage = &url.URL{Scheme: "https", Host: "www.lindhorst-brot.de", Path: "/"}

// missed reports whether follow.Scan learns something from meta elements of a page
// that the extractors say has none of interest.
func missed(readers [2]*extract.Extractor, text string) bool {
	for _, contentType := range []string{"text/html; charset=utf-8", "application/xhtml+xml", ""} {
		if !isHTML(contentType, []byte(text)) {
			continue
		}
		scanned := follow.Scan([]byte(text), metaPage, "Gleaner")
		if !scanned.NoIndex && !scanned.NoFollow && scanned.Refresh == "" {
			return false
		}
		for _, x := range readers {
			if !x.Read(extract.Document{URL: metaPage.String(), ContentType: contentType, Body: []byte(text)}).Meta {
				return true
			}
		}
	}
	return false
}

func TestWhichMetaElementsConcernUs(t *testing.T) {
	readers := askingReaders()
	for text, want := range map[string]bool{
		`<meta name=robots content=noindex>`:                                                 true,
		`<p>x<META CONTENT='No&#105;ndex' NAME=" ROBOTS ">`:                                  true,
		`<meta name=robots content="index, &#110;ofollow">`:                                  true,
		`<meta name="gleaner" content="none">`:                                               true,
		`<meta http-equiv=Refresh content="0; url=/a">`:                                      true,
		`<meta http-equiv=Refreſh content="0; url=/a">`:                                      true,
		`<meta name=x name=robots content=noindex>`:                                          false,
		`<meta name=robots content="index, follow, max-image-preview:large">`:                false,
		`<meta name=description content="robots, noindex, refresh, gleaner">`:                false,
		`<meta http-equiv=content-type name=robots content=noindex>`:                         false,
		`<meta property=robots content=noindex>`:                                             false,
		`<!-- <meta name=robots content=noindex> --><p>x`:                                    false,
		`<!---><meta name=robots content=noindex><!-- -->`:                                   true,
		`<!-- --!><meta name=robots content=noindex><!-- -->`:                                true,
		`<!-- <a title=" --!><meta name=robots content=noindex><a id="x">`:                   true,
		`<script>"<meta name=robots content=noindex>"</script>`:                              false,
		`<script><!-- a() //--></script><p>x`:                                                false,
		`<script><!-- <script></script><a id="</script><meta name=robots content=noindex>">`: true,
		`<noembed><a id="</noembed></noembed><meta name=robots content=noindex>"></noembed>`: true,
		`</p a="> <a id=' "><meta name=robots content=noindex><a id='x'>`:                    true,
		`<a id="></a><meta name=robots content=noindex>`:                                     true,
		`<anna@b c="<a id=' "><meta name=robots content=noindex><a id='x'>`:                  true,
		`<!-- > <a id=' --!><meta name=robots content=noindex><a id='x'>`:                    true,
		`<![CDATA[ <a id="> <meta name=robots content=noindex> <a id="x">`:                   true,
		"<a id=\v\"><meta name=robots content=noindex><a id=\"x\">":                          true,
		`<meta ` + strings.Repeat("a ", 300) + `name=robots content=noindex>`:                true,
		`{"a":"<meta name=robots content=noindex>"}`:                                         true, // read as JSON
	} {
		for _, x := range readers {
			got := x.Read(extract.Document{ContentType: "text/html", Body: []byte(text)}).Meta
			if got != want {
				t.Errorf("%s: %v", text, got)
			}
		}
		if missed(readers, text) {
			t.Errorf("missed: %s", text)
		}
	}
}

// metaPieces are what hostile and merely broken pages are made of.
var metaPieces = []string{
	`<meta name=robots content=noindex>`, `<META CONTENT="NOFOLLOW" NAME='robots'>`, `<meta http-equiv=refresh content="0;url=/a">`,
	`<meta name=gleaner content=none/>`, `<meta name=robots content="a&#44;&#110;oindex">`, `<meta/name="robots"/content="noindex"`, `<meta`,
	"<", "</", "<!", "<?", "<!--", "-->", "--!>", "-", "->", "<!-->", "<!--->", "<![CDATA[", "]]>", ">", "\"", "'", "=", "/", " ", "\v", "\f", "\n", "&", "@", "x", "\x00", "ſ", "İ",
	"<p>", "</p>", "<p title=", "</p title=", "<a href=\"/a\"", "<anna@b ", "<title>", "</title>", "<textarea>", "</textarea x=", "<style>", "</style>", "<noembed>", "</noembed>",
	"<script>", "</script>", "</script ", "<script ", "<xmp>", "</xmp>", "<noscript>", "</noscript>", "<iframe>", "</iframe>", "<plaintext>", "<svg>", "</svg>", "<body>", "<?xml?>",
	"name", "robots", "content", "noindex", "http-equiv", "refresh", "<!doctype html>",
}

// What follow.Scan would learn of a page is never passed over, however broken it is.
func TestNoMetaElementIsMissed(t *testing.T) {
	readers := askingReaders()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(metaPieces), 1, 24).Draw(t, "pieces"), "")
		if missed(readers, text) {
			t.Fatalf("missed: %q", text)
		}
	})
}

// corpusPages are the extractor's labelled pages.
func corpusPages(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("../extract/testdata/corpus/*.txt")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no corpus: %v", err)
	}
	var out []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		for part := range strings.SplitSeq(string(data), "\n=== ") {
			if _, text, ok := strings.Cut(part, "\n---\n"); ok {
				out = append(out, text)
			}
		}
	}
	return out
}

// The same for real mark-up, into which such elements and what breaks it are put.
func TestNoMetaElementIsMissedOnPages(t *testing.T) {
	readers, texts := askingReaders(), corpusPages(t)
	for _, text := range texts {
		if missed(readers, text) {
			t.Errorf("missed: %q", text)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(texts).Draw(t, "page")
		for _, piece := range rapid.SliceOfN(rapid.SampledFrom(metaPieces), 1, 4).Draw(t, "pieces") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			cut := rapid.IntRange(0, min(8, len(text)-at)).Draw(t, "cut")
			text = text[:at] + piece + text[at+cut:]
		}
		at := rapid.IntRange(0, len(text)).Draw(t, "at")
		text = text[:at] + `<meta name=robots content=noindex>` + text[at:]
		if missed(readers, text) {
			t.Fatalf("missed: %q", text)
		}
	})
}

func FuzzMeta(f *testing.F) {
	for i, text := range corpusPages(f) {
		if i%8 == 0 {
			f.Add(text + metaPieces[i/8%6] + text)
		}
	}
	readers := askingReaders()
	f.Fuzz(func(t *testing.T, text string) {
		if missed(readers, text) {
			t.Fatalf("missed: %q", text)
		}
	})
}
