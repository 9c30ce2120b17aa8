package crawltest

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ServePages is a handler with a page of about size bytes, the way pages are
// (markup, some script, prose, one address in the footer), under every path but
// robots.txt, each answer delayed by latency.
func ServePages(host string, size int, latency time.Duration) http.Handler {
	page := pageOf(host, size)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if latency > 0 {
			time.Sleep(latency)
		}
		if r.URL.Path == "/robots.txt" {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte("User-agent: *\nDisallow: /private/\n"))
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Length", fmt.Sprint(len(page)))
		_, _ = w.Write(page)
	})
}

func pageOf(host string, size int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>%s</title>
<meta name="description" content="Workshop and bakery in the old town"><link rel="stylesheet" href="/site.css">
<script>window.settings = {"lang": "en", "cart": {"items": [], "total": 0}};</script></head><body><nav><ul>`, host)
	for i := range 20 {
		fmt.Fprintf(&b, `<li class="menu-item menu-item-%d"><a href="/section/%d" title="Section %d">Section %d</a></li>`, i, i, i, i)
	}
	b.WriteString("</ul></nav><main>")
	footer := fmt.Sprintf(`</main><footer><p>&copy; 2026 &middot; <a href="/contact">Contact</a> &middot; <a href="mailto:kontakt@%s">kontakt@%s</a></p></footer></body></html>`, host, host)
	words := strings.Fields("the bread is baked every morning by hand from grain of the region and left to rise over night so that it keeps for days we deliver to shops markets and kitchens in town")
	for n := 0; b.Len() < size-len(footer)-700; n++ {
		fmt.Fprintf(&b, `<article class="teaser teaser--wide" id="t%d" data-track="teaser-%d"><h2 class="teaser__title"><a href="/news/%d/bread">News no. %d</a></h2><img src="/media/%d@2x.jpg" alt="Loaf %d" width="640" height="360"><p class="teaser__text">`, n, n, n, n, n, n)
		for i := range 40 {
			b.WriteString(words[(n*7+i)%len(words)])
			b.WriteByte(' ')
		}
		b.WriteString("</p></article>\n")
	}
	b.WriteString(footer)
	return b.Bytes()
}

// ServeHeavy is a handler of bodies that weigh: by path, /big (just under limit
// bytes), /wide (the same in UTF-16), /cyrillic (in windows-1251), /bomb and
// /bombbr (a little that unpacks to much), /endless and /drip.
func ServeHeavy(limit int) http.Handler {
	text := bytes.Repeat([]byte("<p class=\"line\">the bread is baked every morning</p>\n"), limit/53)
	cyrillic := bytes.Repeat([]byte{0xd5, 0xeb, 0xe5, 0xe1, ' '}, limit/6)
	wide := make([]byte, 2, limit)
	wide[0], wide[1] = 0xff, 0xfe
	for _, c := range text[:limit/2-2] {
		wide = append(wide, c, 0)
	}
	mux := http.NewServeMux()
	mux.Handle("/big", body("text/html; charset=utf-8", "", text))
	mux.Handle("/wide", body("text/html", "", wide))
	mux.Handle("/cyrillic", body("text/html; charset=windows-1251", "", cyrillic))
	mux.Handle("/bomb", body("text/html", "gzip", bombs()["gzip"]))
	mux.Handle("/bombbr", body("text/html", "br", bombs()["br"]))
	mux.Handle("/endless", http.HandlerFunc(endless))
	mux.Handle("/drip", drip(100*time.Millisecond))
	return mux
}
