package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// api is the handler.
type api struct {
	Config
	mux   *http.ServeMux
	rates *rates
}

// call is what is known about one request on its way.
type call struct {
	requestID string
	owner     string
	route     string
	began     time.Time
	fault     error // to be logged once, with the request
}

type callKey struct{}

func callOf(r *http.Request) *call {
	c, _ := r.Context().Value(callKey{}).(*call)
	return c
}

// New returns the API.
func New(c Config) http.Handler {
	a := newAPI(c)
	a.serve(a.routes())
	return a
}

// NewWatch returns the part of the API that looks at one job: progress, events
// and exports. It needs Store and Records only, and writes nothing but when a key
// was last used.
func NewWatch(c Config) http.Handler {
	a := newAPI(c)
	a.serve(a.watchRoutes())
	return a
}

func newAPI(c Config) *api {
	a := &api{Config: c.withDefaults(), mux: http.NewServeMux()}
	a.rates = newRates(a.Limits.Rate, a.Limits.Burst, a.Now)
	return a
}

func (a *api) serve(routes []route) {
	for _, rt := range routes {
		a.mux.Handle(rt.Method+" "+rt.Pattern, a.wrap(rt))
	}
}

// handle answers a request, or returns the error to answer with before it has
// written anything.
type handle func(w http.ResponseWriter, r *http.Request, c *call) error

// wrap does what all routes have in common once the route is known.
func (a *api) wrap(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := callOf(r)
		c.route = rt.Method + " " + rt.Pattern
		if !rt.public {
			owner, err := a.owner(r)
			if err == nil {
				c.owner = owner
				err = a.rates.take(owner)
			}
			if err != nil {
				c.fail(w, r, err)
				return
			}
		}
		if err := rt.handle(w, r, c); err != nil {
			c.fail(w, r, err)
		}
	})
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{requestID: a.requestID(r), began: time.Now()}
	out := &recorder{ResponseWriter: w, head: r.Method == http.MethodHead}
	r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	h := out.Header()
	h.Set("X-Request-Id", c.requestID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	defer a.finish(out, r, c)
	if a.cors(out, r) {
		return
	}
	matched, pattern := a.mux.Handler(r)
	if pattern == "" {
		a.unmatched(out, r, c, matched)
		return
	}
	a.mux.ServeHTTP(out, r)
}

// finish turns a panic into an answer and writes the access log.
func (a *api) finish(out *recorder, r *http.Request, c *call) {
	aborted := false
	if cause := recover(); cause != nil {
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			aborted = true
		} else {
			a.Log.ErrorContext(r.Context(), "panic", "request_id", c.requestID, "cause", cause, "stack", string(debug.Stack()))
			if out.status == 0 {
				c.fail(out, r, errors.New("panic"))
			} else {
				aborted = true
			}
		}
	}
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("request_id", c.requestID), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.String("route", c.route), slog.String("owner", c.owner), slog.Int("status", out.status),
		slog.Int64("bytes", out.bytes), slog.Float64("ms", float64(time.Since(c.began).Microseconds())/1000),
	}
	if c.fault != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("error", c.fault))
	}
	if aborted {
		level = slog.LevelWarn
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	a.Log.LogAttrs(r.Context(), level, "request", attrs...)
	if aborted {
		panic(http.ErrAbortHandler) // the client must see that the answer is not whole
	}
}

// unmatched answers for paths and methods that are not there. matched is the
// mux's own answer, which tells the two apart.
func (a *api) unmatched(w http.ResponseWriter, r *http.Request, c *call, matched http.Handler) {
	probe := &probe{header: http.Header{}}
	matched.ServeHTTP(probe, r)
	if allow := probe.header.Get("Allow"); probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", allow)
		c.fail(w, r, kindMethod.problem(r.Method+" is not among "+allow+"."))
		return
	}
	c.fail(w, r, kindNotFound.problem("There is nothing at this path. See /docs."))
}

type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }

// recorder notes what was answered, and drops the body of an answer to HEAD,
// which not every http.ResponseWriter does.
type recorder struct {
	http.ResponseWriter
	head   bool
	status int
	bytes  int64
}

// Unwrap lets http.ResponseController reach what is below.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.head {
		return len(b), nil
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// requestID takes over the id that came with the request, if it is fit to be
// logged, or that of the platform, or makes one.
func (a *api) requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); len(id) >= 8 && len(id) <= 128 && strings.Trim(id, idLetters) == "" {
		return id
	}
	if a.RequestID != nil {
		if id := a.RequestID(r.Context()); id != "" {
			return id
		}
	}
	return ulid.Make().String()
}

const idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=:"

// answer writes a JSON answer.
func answer(w http.ResponseWriter, status int, body any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(text.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // whoever asked may have gone
	return nil
}
