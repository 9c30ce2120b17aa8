// Package dashboard is the web page of Gleaner: static files, embedded, and the
// handler that serves them. The page is a client of the public HTTP API and
// nothing else: whatever it can do, a script can.
//
// It needs no build step. Libraries are vendored in static/vendor (see
// vendoring/refresh.mjs), the page's own code are ES modules served as they are.
package dashboard

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Options say where the page finds its API.
type Options struct {
	// API is the base URL of the HTTP API, without a trailing slash. Empty means
	// the page's own origin.
	API string
	// Connect lists further origins the page may talk to, such as the WebSocket
	// endpoint ("wss://host") when it is not on the page's own origin. API's own
	// origin need not be repeated.
	Connect []string
}

// ErrOption is returned by Handler for an option that is no origin or base URL.
var ErrOption = errors.New("dashboard: bad option")

type server struct {
	files   map[string]*asset // by path below static/
	index   *asset
	build   string // names the version of all files together; part of their URLs
	headers map[string]string
}

// Handler returns the handler for "/", "/assets/…" and "/favicon.*"; everything
// else is 404: views are routes in the fragment. The only error is ErrOption.
//
// Files under /assets/<build>/ never change and are cached for ever; "/" is
// revalidated by its ETag each time, so that a new version is seen at once.
// Answers are compressed with Brotli or gzip, once per file and process.
func Handler(o Options) (http.Handler, error) {
	connect := []string{"'self'"}
	for _, origin := range append([]string{o.API}, o.Connect...) {
		if origin == "" {
			continue
		}
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "ws", "wss"}, u.Scheme) {
			return nil, fmt.Errorf("%w: %q is no origin", ErrOption, origin)
		}
		connect = append(connect, u.Scheme+"://"+u.Host)
	}
	files, build := load()
	s := &server{files: files, build: build, headers: map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
			"font-src 'self'; worker-src 'self'; connect-src " + strings.Join(connect, " ") + "; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
	}}
	page := strings.NewReplacer(
		"{{assets}}", "/assets/"+build,
		"{{api}}", html.EscapeString(strings.TrimSuffix(o.API, "/")),
		"<!-- modulepreload -->", preloads(files, build),
	).Replace(string(files[indexFile].plain))
	s.index = newAsset(indexFile, []byte(page))
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	for name, value := range s.headers {
		header.Set(name, value)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	file, forever := s.find(r.URL.Path)
	if file == nil {
		http.NotFound(w, r)
		return
	}
	if forever {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		header.Set("Cache-Control", "no-cache")
	}
	file.serve(w, r)
}

// find returns the file at a path, and whether that path always names the same
// bytes. A file of another build is answered with the present one: while a new
// version is being rolled out, page and assets may come from different servers.
func (s *server) find(path string) (file *asset, forever bool) {
	switch path {
	case "/", "/index.html":
		return s.index, false
	case "/favicon.svg", "/favicon.ico":
		return s.files["favicon.svg"], false
	}
	rest, ok := strings.CutPrefix(path, "/assets/")
	if !ok {
		return nil, false
	}
	build, name, _ := strings.Cut(rest, "/")
	if name == indexFile {
		return nil, false
	}
	return s.files[name], build == s.build
}

// serve answers with the best encoding the client takes.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.contentType)
	body, encoding := a.plain, ""
	if a.compressible {
		header.Add("Vary", "Accept-Encoding")
		switch accepted := r.Header.Get("Accept-Encoding"); {
		case accepts(accepted, "br"):
			body, encoding = a.brotli(), "br"
		case accepts(accepted, "gzip"):
			body, encoding = a.gzip(), "gzip"
		}
	}
	etag := `"` + a.hash
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
		etag += "-" + encoding
	}
	etag += `"`
	header.Set("ETag", etag)
	if matches(r.Header.Get("If-None-Match"), etag) {
		header.Del("Content-Type")
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) //nolint:gosec // embedded files, not what a client sent; and if it is gone, there is nobody to tell
	}
}

// accepts reports whether an Accept-Encoding header (RFC 9110 section 12.5.3)
// names the coding with a weight above zero.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, ok := strings.CutPrefix(strings.TrimSpace(params), "q=")
		if !ok {
			return true
		}
		weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err == nil && weight > 0
	}
	return false
}

// matches implements If-None-Match (RFC 9110 section 13.1.2), which compares weakly.
func matches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == etag || part == "*" {
			return true
		}
	}
	return false
}
