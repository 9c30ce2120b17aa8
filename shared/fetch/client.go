package fetch

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client makes single requests. It is safe for concurrent use and meant to live
// as long as the process: connections, names and memory are shared.
type Client struct {
	cfg    Config
	guard  *Guard
	memory *memory
	work   *Workspace
	agent  []string // the value of User-Agent
	strict *http.Transport
	lax    *http.Transport // does not verify certificates itself: see badCertificate
	certs  certificates
	cache  *dnsCache
}

// NewClient returns a client, or an error that says what is wrong with the configuration.
func NewClient(cfg Config) (*Client, error) {
	if err := cfg.normalise(); err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	c := &Client{cfg: cfg, guard: newGuard(&cfg), memory: newMemory(cfg.MaxBody), work: NewWorkspace(cfg.MaxBody), agent: []string{cfg.UserAgent()}}
	c.certs.init(cfg.RootCAs)
	d := newDialer(&cfg, c.guard)
	c.cache = d.dns
	c.strict = newTransport(&cfg, d, false)
	c.lax = newTransport(&cfg, d, true)
	return c, nil
}

func newTransport(cfg *Config, d *dialer, insecure bool) *http.Transport {
	return &http.Transport{
		Proxy:       nil, // a proxy of the environment would get around the guard
		DialContext: d.dial,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            cfg.RootCAs,
			ClientSessionCache: tls.NewLRUClientSessionCache(256),
			// Only for jobs that ask to read sites with broken certificates;
			// each answer then says whether the certificate was good.
			InsecureSkipVerify: insecure, //nolint:gosec // see above
		},
		TLSHandshakeTimeout:    cfg.TLSTimeout,
		ResponseHeaderTimeout:  cfg.FirstByteTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: cfg.MaxHeader,
		DisableCompression:     true, // we offer more than gzip, and bound what comes out
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           cfg.MaxIdle,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        30 * time.Second,
		ReadBufferSize:         8 << 10,
		HTTP2: &http.HTTP2Config{
			// What a server may send ahead of our reading is memory, too.
			MaxReceiveBufferPerConnection: 128 << 10,
			MaxReceiveBufferPerStream:     64 << 10,
			MaxReadFrameSize:              16 << 10,
		},
	}
}

// Config returns the configuration with defaults filled in.
func (c *Client) Config() Config { return c.cfg }

// Guard returns what decides on URLs and addresses.
func (c *Client) Guard() *Guard { return c.guard }

// Rest closes the connections that are kept alive for nothing at present and
// gives memory back: for a process that has nothing to do for a while.
func (c *Client) Rest() {
	c.strict.CloseIdleConnections()
	c.lax.CloseIdleConnections()
	c.memory.rest()
	c.work.rest()
}

// NewDecoder returns a decoder for this client's responses. Those of one client
// share one workspace.
func (c *Client) NewDecoder() *Decoder { return NewDecoder(c.work) }

// Request is one GET.
type Request struct {
	URL      *url.URL
	PerHost  int    // connections to the URL's authority at most, this one included; 0 means 1
	Insecure bool   // take a broken certificate, and say so in Response.BadCert
	Accept   string // media types preferred; empty means anything
	Language string // Accept-Language
	// ETag and LastModified make the request conditional.
	ETag, LastModified string
	Cookies            []*http.Cookie
	// MaxBody lowers the limit of Config for this body.
	MaxBody int64
	// Truncate reads a body that is over the limit up to it, instead of failing.
	Truncate bool
	// Wanted says by status and header whether the body is read; nil means always.
	Wanted func(status int, header http.Header) bool
	// Answered is called once when the header has arrived; may be nil.
	Answered func()
}

// Response is an answer. If it has a Body, Release must be called when the body
// is no longer used.
type Response struct {
	Status   int
	Header   http.Header
	Body     []byte // as it came over the wire; nil if it was not wanted
	Encoding string // Content-Encoding of Body, lower case
	Cut      bool   // Body was cut off at the limit (Request.Truncate)
	BadCert  bool   // the certificate does not verify
	buf      *buffer
}

// Release gives the body's memory back.
func (r *Response) Release() {
	r.buf.release()
	r.buf, r.Body = nil, nil
}

// drainLimit is how much of an unwanted body is read to keep its connection.
const drainLimit = 16 << 10

// Do makes one request and reads its body, if wanted. It follows no redirects
// and decodes nothing. Errors: the sentinels of this package and what the
// standard library reports, wrapped; the cause of ctx if that ended it.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	if err := c.guard.CheckURL(r.URL); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.WithValue(ctx, perHostKey{}, r.PerHost))
	defer cancel(nil)
	clock := startClock(cancel, c.cfg.TotalTimeout)
	defer clock.stop()

	transport := c.strict
	if r.Insecure {
		transport = c.lax
	}
	hr, err := transport.RoundTrip(c.request(ctx, r))
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	defer func() { _ = hr.Body.Close() }()
	if r.Answered != nil {
		r.Answered()
	}
	resp := &Response{Status: hr.StatusCode, Header: hr.Header, Encoding: strings.ToLower(strings.TrimSpace(hr.Header.Get("Content-Encoding")))}
	if r.Insecure && hr.TLS != nil {
		resp.BadCert = c.certs.bad(hr.TLS, r.URL.Hostname())
	}
	clock.idleAfter(c.cfg.IdleTimeout)
	if r.Wanted != nil && !r.Wanted(resp.Status, resp.Header) {
		if hr.ContentLength <= drainLimit && (hr.ContentLength >= 0 || resp.Status >= 300) {
			_, _ = io.CopyN(io.Discard, hr.Body, drainLimit)
		}
		return resp, nil
	}
	if err := c.read(ctx, r, hr, resp, clock); err != nil {
		resp.Release()
		return resp, c.explain(ctx, err)
	}
	return resp, nil
}

// acceptEncoding are the content codings that Decoder undoes.
var acceptEncoding = []string{"gzip, br, zstd, deflate"}

func (c *Client) request(ctx context.Context, r *Request) *http.Request {
	h := make(http.Header, 8)
	h["User-Agent"], h["Accept-Encoding"] = c.agent, acceptEncoding
	values := make([]string, 0, 5)
	set := func(name, value string) {
		if value != "" {
			values = append(values, value)
			h[name] = values[len(values)-1 : len(values) : len(values)]
		}
	}
	set("Accept", cmp.Or(r.Accept, "*/*"))
	set("Accept-Language", r.Language)
	set("From", c.cfg.From)
	set("If-None-Match", r.ETag)
	set("If-Modified-Since", r.LastModified)
	req := &http.Request{
		Method: http.MethodGet, URL: r.URL, Host: r.URL.Host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	for _, c := range r.Cookies {
		req.AddCookie(c)
	}
	return req.WithContext(ctx)
}

// read reads the body into rationed memory.
func (c *Client) read(ctx context.Context, r *Request, hr *http.Response, resp *Response, clock *clock) error {
	limit := c.cfg.MaxBody
	if r.MaxBody > 0 {
		limit = min(limit, r.MaxBody)
	}
	if hr.ContentLength > limit && !r.Truncate {
		return fmt.Errorf("%w: %d bytes, and %d are read", ErrTooLarge, hr.ContentLength, limit)
	}
	tier := c.memory.tierFor(min(hr.ContentLength, limit) + 1) // unknown is -1: small
	buf, err := c.memory.take(ctx, tier, clock.pause, clock.resume)
	if err != nil {
		return err
	}
	resp.buf = buf
	n := 0
	for {
		space := buf.data[n:min(int64(len(buf.data)), limit+1)]
		if len(space) == 0 {
			larger, err := c.memory.take(ctx, buf.tier+1, clock.pause, clock.resume)
			if err != nil {
				return err
			}
			copy(larger.data, buf.data[:n])
			buf.release()
			buf, resp.buf = larger, larger
			continue
		}
		m, err := hr.Body.Read(space)
		n += m
		resp.Body = buf.data[:n]
		switch {
		case int64(n) > limit && r.Truncate:
			resp.Body, resp.Cut = buf.data[:limit], true
			return nil
		case int64(n) > limit:
			return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		clock.idleAfter(c.cfg.IdleTimeout)
	}
}

// explain prefers the limit that was passed to what its passing broke.
func (c *Client) explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "timeout awaiting response headers"):
		return ErrFirstByteTimeout
	case strings.Contains(text, "TLS handshake timeout"):
		return ErrTLSTimeout
	case strings.Contains(text, "server response headers exceeded"), strings.Contains(text, "response header list larger"):
		return fmt.Errorf("%w: header of more than %d bytes", ErrTooLarge, c.cfg.MaxHeader)
	}
	return err
}
