package loopback

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"
)

// WithoutRobots answers that there is no robots.txt, and leaves all other paths to
// the next handler.
func WithoutRobots(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Delay waits before a request is answered, and reports whether its client is
// still there.
func Delay(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// Page is a small HTML page with a link to each address, and with what else is to
// stand in its body.
func Page(title string, addresses []string, body string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>%s</title><p>%s</p>",
		html.EscapeString(title), strings.Repeat("All of this is made up. ", 30))
	for _, a := range addresses {
		fmt.Fprintf(&b, "<p><a href=\"mailto:%s\">write</a></p>", html.EscapeString(a))
	}
	b.WriteString(body)
	return b.Bytes()
}

// LargePage is an HTML page of about so many bytes, the way pages are: markup,
// script, prose, and one address in the footer, which is kontakt@host.
func LargePage(host string, size int) []byte {
	const words = "the bread is baked every morning by hand from grain of the region and left to rise over night so that it keeps for days we deliver to shops markets and kitchens in town"
	prose := strings.Fields(words)
	var b bytes.Buffer
	b.WriteString(`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Bakery in the old town</title>
<link rel="stylesheet" href="/site.css"><script>window.settings = {"lang": "en", "cart": {"items": [], "total": 0}};</script></head><body><main>`)
	for n := 0; b.Len() < size-1000; n++ {
		fmt.Fprintf(&b, `<article class="teaser teaser--wide" id="t%d" data-track="teaser-%d"><h2 class="teaser__title"><a href="/news/%d/bread">News no. %d</a></h2><img src="/media/%d@2x.jpg" alt="Loaf %d" width="640" height="360"><p class="teaser__text">`, n, n, n, n, n, n)
		for i := range 40 {
			b.WriteString(prose[(n*7+i)%len(prose)])
			b.WriteByte(' ')
		}
		b.WriteString("</p></article>\n")
	}
	fmt.Fprintf(&b, `</main><footer><p>&copy; 2026 &middot; <a href="/contact">Contact</a> &middot; <a href="mailto:kontakt@%[1]s">kontakt@%[1]s</a></p></footer></body></html>`, host)
	return b.Bytes()
}
