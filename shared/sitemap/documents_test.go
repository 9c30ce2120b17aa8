package sitemap_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"gleaner/shared/sitemap"
)

// urlset lists n pages.
func urlset(n int) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<urlset " + schema + ">\n")
	for i := range n {
		fmt.Fprintf(&b, "  <url>\n    <loc>%s/sortiment/brot-%d?art=roggen&amp;nr=%d</loc>\n    <lastmod>2026-11-23T10:20:30+01:00</lastmod>\n    <changefreq>weekly</changefreq>\n  </url>\n", site, i, i)
	}
	b.WriteString("</urlset>")
	return b.String()
}

func gzipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.Bytes()
}

func utf16Doc(s string, bigEndian bool) string {
	var b strings.Builder
	for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(s))...) {
		if bigEndian {
			b.WriteByte(byte(u >> 8))
			b.WriteByte(byte(u))
		} else {
			b.WriteByte(byte(u))
			b.WriteByte(byte(u >> 8))
		}
	}
	return b.String()
}

func BenchmarkParse(b *testing.B) {
	for name, doc := range map[string][]byte{
		"xml":  []byte(urlset(10_000)),
		"gzip": gzipped(urlset(10_000)),
		"text": []byte(strings.Repeat(site+"/sortiment/brot\n", 10_000)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sitemap.Parse(bytes.NewReader(doc), 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
