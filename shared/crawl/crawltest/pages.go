package crawltest

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"gleaner/shared/loopback"
)

// ServePages is a handler with a loopback.LargePage of about size bytes under every
// path but robots.txt, each answer delayed by latency.
func ServePages(host string, size int, latency time.Duration) http.Handler {
	page := loopback.LargePage(host, size)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback.Delay(r, latency) {
			return
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
