// Package client is a Go client of Gleaner's HTTP API, the same for a server on
// this machine and for one on AWS. It repeats what may be repeated, hands large
// lists in by chunks, and follows a job over a WebSocket or, where there is none,
// by polling.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Config says which server is called and how. Zero fields mean the defaults.
type Config struct {
	Endpoint  string       // base URL, such as https://x.execute-api.eu-central-1.amazonaws.com; DefaultEndpoint
	Key       string       // API key; empty for a server on this machine
	UserAgent string       // default "gleaner"
	HTTP      *http.Client // default: one that gives up when nothing answers for answerTime
	// ChunkURLs is the size of a list in URLs from which on it is handed in by
	// chunks, and that of a chunk; DefaultChunkURLs.
	ChunkURLs int
	// Retries is how often a request is repeated that did not get through or was
	// refused in passing; default 4, negative for never.
	Retries int
}

// Defaults of Config.
const (
	DefaultEndpoint  = "http://127.0.0.1:8080"
	DefaultChunkURLs = 50_000

	defaultRetries = 4
	answerTime     = 60 * time.Second
)

// Client calls one server. It is safe for concurrent use.
type Client struct {
	base    *url.URL
	key     string
	agent   string
	http    *http.Client
	chunk   int
	retries int
	pause   time.Duration // before the first repetition
}

// New makes a Client; an error says what is wrong with the endpoint.
func New(c Config) (*Client, error) {
	if c.Endpoint == "" {
		c.Endpoint = DefaultEndpoint
	}
	if !strings.Contains(c.Endpoint, "://") {
		c.Endpoint = "http://" + c.Endpoint
	}
	base, err := url.Parse(c.Endpoint)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("endpoint %q is no http or https URL", c.Endpoint)
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	base.RawQuery, base.Fragment = "", ""
	if c.UserAgent == "" {
		c.UserAgent = "gleaner"
	}
	if c.HTTP == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.ResponseHeaderTimeout = answerTime
		c.HTTP = &http.Client{Transport: t}
	}
	if c.ChunkURLs <= 0 {
		c.ChunkURLs = DefaultChunkURLs
	}
	switch {
	case c.Retries == 0:
		c.Retries = defaultRetries
	case c.Retries < 0:
		c.Retries = 0
	}
	return &Client{
		base: base, key: strings.TrimSpace(c.Key), agent: c.UserAgent, http: c.HTTP,
		chunk: c.ChunkURLs, retries: c.Retries, pause: 200 * time.Millisecond,
	}, nil
}

// request is one call of the API.
type request struct {
	method string
	path   string
	query  url.Values
	whole  *url.URL // instead of the server, path and query: where it sends us
	body   any      // marshalled as JSON; nil: none
	raw    []byte
	header map[string]string
	once   bool // must not be repeated
}

// do makes the request, repeats it if that is allowed and may help, and returns
// the answer, whose body the caller closes. Any status but 2xx and 304 is an *Error.
func (c *Client) do(ctx context.Context, r request) (*http.Response, error) {
	if r.body != nil {
		var err error
		if r.raw, err = json.Marshal(r.body); err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
		}
		r.header = with(r.header, "Content-Type", "application/json")
	}
	for try := 0; ; try++ {
		res, err := c.once(ctx, r)
		if err == nil {
			return res, nil
		}
		wait, again := c.again(err, try)
		if !again || r.once || try >= c.retries || ctx.Err() != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
	}
}

// maxRetryAfter is the longest wait that a server may ask for here.
const maxRetryAfter = 30 * time.Second

// again says whether a request that failed is worth repeating, and when.
func (c *Client) again(err error, try int) (time.Duration, bool) {
	wait := c.pause << try
	wait += rand.N(wait/2 + 1)
	var answer *Error
	if !errors.As(err, &answer) {
		return wait, !Refused(err)
	}
	switch answer.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if answer.RetryAfter > maxRetryAfter {
			return 0, false
		}
		return max(wait, answer.RetryAfter), true
	case http.StatusConflict: // an earlier try of the same request is still at it
		return max(wait, answer.RetryAfter), answer.RetryAfter > 0 && answer.RetryAfter <= maxRetryAfter
	}
	return 0, false
}

func (c *Client) once(ctx context.Context, r request) (*http.Response, error) {
	target := *c.base
	target.Path += r.path
	target.RawQuery = r.query.Encode()
	if r.whole != nil {
		target = *r.whole
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), bytes.NewReader(r.raw))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	req.Header.Set("User-Agent", c.agent)
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no answer from %s://%s: %w", target.Scheme, target.Host, err)
	}
	if res.StatusCode/100 == 2 || res.StatusCode == http.StatusNotModified {
		return res, nil
	}
	defer func() { _ = res.Body.Close() }()
	return nil, errorOf(res)
}

// call makes the request and decodes the answer into out, unless that is nil.
func (c *Client) call(ctx context.Context, r request, out any) error {
	res, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if out == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
		return err
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("%s %s: the answer cannot be read: %w (is %s a Gleaner server?)", r.method, r.path, err, c.base)
	}
	return nil
}

func with(h map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for k, v := range h {
		out[k] = v
	}
	return out
}

func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(t))
	}
	return 0
}
