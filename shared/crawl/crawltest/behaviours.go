package crawltest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"gleaner/shared/job"
	"gleaner/shared/loopback"
)

// Behaviour is a way for a host to be, and what a crawl must make of it.
type Behaviour struct {
	Name    string
	Scheme  Scheme
	Handler func(h *Site) http.Handler // made anew for each host
	Guessed bool                       // listed as a bare host
	Want    job.Outcome
	// Paths are listed besides "/page", with their outcomes.
	Paths map[string]job.Outcome
	// Address to be found, if Want is found; default AddressOf(host).
	Address string
}

// AddressOf is the address that a host's page holds unless said otherwise.
func AddressOf(host string) string { return "kontakt@" + host }

// Page answers with an HTML page that holds the host's address.
func Page(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ":")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title><p>Write to %s today.</p>", host, AddressOf(host))
}

// withRobots serves robots.txt (a missing one if it is empty) before everything else.
func withRobots(text string, next http.HandlerFunc) func(*Site) http.Handler {
	return func(*Site) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path != "/robots.txt":
				next(w, r)
			case text == "":
				http.NotFound(w, r)
			default:
				_, _ = io.WriteString(w, text)
			}
		})
	}
}

func plain(next http.HandlerFunc) func(*Site) http.Handler { return withRobots("", next) }

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// first answers the first n requests for a page differently from the rest.
func first(n int, before, after http.HandlerFunc) func(*Site) http.Handler {
	return func(s *Site) http.Handler {
		var mu sync.Mutex
		seen := 0
		return plain(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			seen++
			now := seen
			mu.Unlock()
			if now <= n {
				before(w, r)
				return
			}
			after(w, r)
		})(s)
	}
}

// body answers with bytes under a content type and coding.
func body(contentType, coding string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		if coding != "" {
			w.Header().Set("Content-Encoding", coding)
		}
		_, _ = w.Write(content)
	}
}

func redirect(to string) http.HandlerFunc { return status(http.StatusFound, "Location", to) }

// raw takes the connection and does what it likes with it.
func raw(do func(io.Writer)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		do(buf)
		_ = buf.Flush()
		if c, ok := conn.(interface{ SetLinger(int) error }); ok {
			_ = c.SetLinger(0) // the close becomes a reset
		}
		_ = conn.Close()
	}
}

func say(text string) http.HandlerFunc {
	return raw(func(w io.Writer) { _, _ = io.WriteString(w, text) })
}

// drip sends a byte now and then, for ever.
func drip(every time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		flusher := http.NewResponseController(w)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, "."); err != nil || flusher.Flush() != nil {
				return
			}
			select {
			case <-time.After(every):
			case <-r.Context().Done():
			}
		}
	}
}

// endless sends as fast as it can, for ever.
func endless(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	block := bytes.Repeat([]byte("<p>more</p> "), 4096)
	for {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// Zeros is a bomb: n zero bytes under a content coding.
func Zeros(coding string, n int64) []byte {
	var out bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "br":
		w = brotli.NewWriterLevel(&out, 5)
	case "zstd":
		z, err := zstd.NewWriter(&out)
		if err != nil {
			panic(err)
		}
		w = z
	default:
		panic("unknown coding " + coding)
	}
	if _, err := io.CopyN(w, zeros{}, n); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// chain redirects n times and then answers.
func chain(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at, _ := strconv.Atoi(r.URL.Query().Get("n"))
		if at >= n {
			Page(w, r)
			return
		}
		redirect("/page?n="+strconv.Itoa(at+1))(w, r)
	}
}

// stall sends a piece of a page and then nothing until the client leaves.
func stall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<p>one moment")
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func after(d time.Duration, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if loopback.Delay(r, d) {
			next(w, r)
		}
	}
}
