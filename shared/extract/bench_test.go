package extract_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gleaner/shared/extract"
)

// plainPattern is the baseline: the regular expression that every second tool
// runs over whole pages.
var plainPattern = regexp.MustCompile(`[a-zA-Z0-9._%+\-]+@[a-zA-Z0-9.\-]+\.[a-zA-Z]{2,}`)

// pageSize is about the median size of an HTML page.
const pageSize = 45 << 10

// syntheticPage builds a page the way pages are built: a head with styles and
// structured data, navigation, text, images, a large inline script. With
// every > 0 each so many paragraphs hold an address.
func syntheticPage(every int) []byte {
	var b bytes.Buffer
	b.WriteString(`<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>Tischlerei Brenk &ndash; M&ouml;bel nach Ma&szlig;</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/assets/main.css?v=3.2.1">
<style>:root{--c:#123}@media (max-width:600px){.nav{display:none}.grid{grid-template-columns:1fr}}@font-face{font-family:x;src:url(x.woff2)}
.hero{background:url("/img/hero.jpg") center/cover;padding:4rem 2rem}@supports (display:grid){.grid{display:grid}}</style>
<script type="application/ld+json">{"@context":"https://schema.org","@type":"Organization","name":"Brenk","url":"https://www.tischlerei-brenk.de"}</script></head><body class="home page">`)
	b.WriteString(`<nav class="nav nav--main" aria-label="Hauptmenü"><ul>`)
	for i := range 24 {
		fmt.Fprintf(&b, `<li class="nav__item"><a class="nav__link" href="/leistungen/bereich-%d/">Bereich %d</a></li>`, i, i)
	}
	b.WriteString(`</ul></nav><main>`)
	for i := 0; b.Len() < pageSize*2/3; i++ {
		fmt.Fprintf(&b, `<section class="card card--%d" id="s%d"><h2>Abschnitt %d</h2><figure><img src="/img/bild-%d@2x.jpg" srcset="/img/bild-%d.jpg 1x, /img/bild-%d@2x.jpg 2x" alt="Ein Tisch aus Eiche" width="640" height="480" loading="lazy"></figure>
<p>Wir planen und bauen M&ouml;bel, Treppen und T&uuml;ren aus heimischem Holz. Look at our work at the fair, <strong>jedes St&uuml;ck</strong> ist ein Einzelst&uuml;ck &amp; wird in unserer Werkstatt gefertigt.</p>
<p>Seit 1924 arbeiten hier Menschen, die ihr Handwerk lieben; die Preise gelten ab Werk, zzgl. 19&nbsp;%% MwSt.</p>`, i%5, i, i, i, i, i)
		if every > 0 && i%every == 0 {
			fmt.Fprintf(&b, `<p>Ansprechpartner: <a href="mailto:person%d@tischlerei-brenk.de">person%d@tischlerei-brenk.de</a>, Telefon 030 4711-%d</p>`, i, i, i)
		}
		b.WriteString("</section>\n")
	}
	b.WriteString(`</main><script>(function(w,d){var q=w.q||[];function t(e,n){return e&&e[n]?e[n]("x"):null}`)
	for i := 0; b.Len() < pageSize-200; i++ {
		fmt.Fprintf(&b, `q.push({id:%d,el:"#s%d",run:function(a,b){if(a===b&&a[%d]>0.%d){return t(a,"click")||{width:"%d%%",k:'v%d'}}}});`, i, i, i%7, i, i%100, i)
	}
	b.WriteString(`})(window,document);</script></body></html>`)
	return b.Bytes()
}

func benchExtract(b *testing.B, page []byte, contentType string) {
	x := extract.New(extract.Options{})
	doc := extract.Document{URL: "https://www.tischlerei-brenk.de/", ContentType: contentType, Body: page}
	measure(b, len(page), func() { x.Extract(doc) })
}

// measure runs f and reports, besides the usual, megabytes a second of
// processor time.
func measure(b *testing.B, size int, f func()) {
	b.Helper()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	start := cpuTime(b)
	for b.Loop() {
		f()
	}
	if used := cpuTime(b) - start; used > 0 {
		b.ReportMetric(float64(size)*float64(b.N)/1e6/used.Seconds(), "MB/cpu-s")
	}
}

func benchPattern(b *testing.B, page []byte) {
	measure(b, len(page), func() { plainPattern.FindAll(page, -1) })
}

func pages() []struct {
	name string
	body []byte
	typ  string
} {
	// Plain text full of words for the sign, an address every 400 bytes in the
	// one with many.
	sentence := "Wir planen und bauen Treppen und Türen. Look at our work at the fair (at last), chez nous. "
	text := strings.Repeat(strings.Repeat(sentence, 4)+"Mehr: www.tischlerei-brenk.de\n", 120)
	return []struct {
		name string
		body []byte
		typ  string
	}{
		{"html/none", syntheticPage(0), "text/html"},
		{"html/many", syntheticPage(1), "text/html"},
		{"text/none", []byte(text), "text/plain"},
		{"text/many", []byte(strings.ReplaceAll(text, "www.", "info@")), "text/plain"},
		{"json/none", []byte(`[` + strings.Repeat(`{"id":17,"title":"Ein Tisch","image":"\/img\/t@2x.jpg","tags":["a","b"],"text":"Look at it."},`, 480) + `{}]`), "application/json"},
	}
}

func BenchmarkExtract(b *testing.B) {
	for _, p := range pages() {
		b.Run(p.name, func(b *testing.B) { benchExtract(b, p.body, p.typ) })
	}
}

func BenchmarkPattern(b *testing.B) {
	for _, p := range pages() {
		b.Run(p.name, func(b *testing.B) { benchPattern(b, p.body) })
	}
}
