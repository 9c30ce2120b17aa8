package sitemap_test

import (
	"strings"
	"testing"

	"gleaner/shared/sitemap"
)

func TestParseReadsURLSet(t *testing.T) {
	const doc = `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
  <url><loc>https://lindhorst-brot.de/</loc><lastmod>2026-03-01</lastmod></url>
  <url><loc> https://lindhorst-brot.de/a?b=1&amp;c=2 </loc></url>
</urlset>`
	got, err := sitemap.Parse(strings.NewReader(doc), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Pages) != 2 || got.Pages[1].Loc != "https://lindhorst-brot.de/a?b=1&c=2" {
		t.Fatalf("pages = %+v", got.Pages)
	}
	if y := got.Pages[0].LastMod.Year(); y != 2026 {
		t.Errorf("lastmod year = %d", y)
	}
}
