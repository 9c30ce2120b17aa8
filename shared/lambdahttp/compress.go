package lambdahttp

import (
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// compressed sends tables as gzip to clients that take it. Lambda streams at
// most 200 MB, and beyond the first 6 MB no more than 2 MB a second: of a million
// addresses as JSON lines the end would be missing, and as gzip they are some
// 20 MB. Event streams and what is compressed already go as they are.
func compressed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !takesGzip(r.Header.Values("Accept-Encoding")) {
			h.ServeHTTP(w, r)
			return
		}
		out := &compressor{ResponseWriter: w}
		h.ServeHTTP(out, r)
		out.end() // not after a panic: what was given up must not end as if it were whole
	})
}

// takesGzip reads Accept-Encoding (RFC 9110 section 12.5.3). Any encoding at all
// ("*") is not taken for a wish for this one.
func takesGzip(values []string) bool {
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, weight, weighted := strings.Cut(strings.TrimSpace(coding), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
		return !weighted || err != nil || q > 0
	}
	return false
}

// compressor decides with the header whether its body is to be compressed.
type compressor struct {
	http.ResponseWriter
	begun bool
	zip   *gzip.Writer // nil: it is not
}

// WriteHeader implements http.ResponseWriter.
func (c *compressor) WriteHeader(status int) {
	if !c.begun {
		c.begun = true
		if h := c.Header(); status == http.StatusOK && isTable(h) {
			h.Set("Content-Encoding", "gzip")
			h.Add("Vary", "Accept-Encoding")
			h.Del("Content-Length")
			c.zip, _ = gzip.NewWriterLevel(c.ResponseWriter, gzip.BestSpeed) // the level is valid
		}
	}
	c.ResponseWriter.WriteHeader(status)
}

func isTable(h http.Header) bool {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return h.Get("Content-Encoding") == "" && (kind == "text/csv" || kind == "application/x-ndjson")
}

// Write implements io.Writer.
func (c *compressor) Write(p []byte) (int, error) {
	if !c.begun {
		c.WriteHeader(http.StatusOK)
	}
	var w io.Writer = c.ResponseWriter
	if c.zip != nil {
		w = c.zip
	}
	return w.Write(p)
}

// Unwrap is for http.ResponseController.
func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *compressor) end() {
	if c.zip != nil {
		_ = c.zip.Close() // a reader that is gone misses nothing
	}
}
