package crawl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"gleaner/shared/extract"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
)

// timeoutError is a net.Error that timed out.
type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

func TestEveryErrorHasItsOutcome(t *testing.T) {
	for _, c := range []struct {
		err     error
		want    job.Outcome
		refused bool
	}{
		{fetch.ErrURL, job.OutcomeInvalid, false},
		{fetch.ErrPort, job.OutcomeInvalid, false},
		{&net.OpError{Op: "dial", Err: fetch.ErrBlocked}, job.OutcomeBlocked, false},
		{fetch.ErrTooLarge, job.OutcomeTooLarge, false},
		{fetch.ErrEncoding, job.OutcomeProtocol, false},
		{fetch.ErrFirstByteTimeout, job.OutcomeTimeout, false},
		{fetch.ErrIdleTimeout, job.OutcomeTimeout, false},
		{fetch.ErrTotalTimeout, job.OutcomeTimeout, false},
		{fetch.ErrTLSTimeout, job.OutcomeTimeout, true},
		{fmt.Errorf("%w: %w", fetch.ErrConnect, fetch.ErrConnectTimeout), job.OutcomeConnect, true},
		{fmt.Errorf("%w: %w", fetch.ErrConnect, syscall.ECONNREFUSED), job.OutcomeConnect, true},
		{fmt.Errorf("%w: %w", fetch.ErrConnect, syscall.EHOSTUNREACH), job.OutcomeConnect, true},
		{fmt.Errorf("look up: %w", &net.DNSError{IsNotFound: true}), job.OutcomeDNS, false},
		{fmt.Errorf("look up: %w", &net.DNSError{IsTimeout: true}), job.OutcomeDNSTemp, false},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, job.OutcomeTLS, true},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}, job.OutcomeTLS, true},
		{tls.AlertError(40), job.OutcomeTLS, true},
		{errors.New("http: server gave HTTP response to HTTPS client"), job.OutcomeTLS, true},
		{io.EOF, job.OutcomeReset, false},
		{io.ErrUnexpectedEOF, job.OutcomeReset, false},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, job.OutcomeReset, false},
		{errors.New("http2: server sent GOAWAY and closed the connection"), job.OutcomeReset, false},
		{errors.New("stream error: stream ID 1; INTERNAL_ERROR"), job.OutcomeReset, false},
		{errors.New("http2: stream error: PROTOCOL_ERROR"), job.OutcomeProtocol, false},
		{errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "x"`), job.OutcomeProtocol, false},
		{errors.New("invalid byte in chunk length"), job.OutcomeProtocol, false},
		{timeoutError{}, job.OutcomeTimeout, false},
		{context.DeadlineExceeded, job.OutcomeTimeout, false},
		{errors.New("something nobody has seen yet"), job.OutcomeProtocol, false},
	} {
		e := endingOf(fmt.Errorf("get: %w", c.err))
		if e.outcome != c.want || e.refused != c.refused || !e.outcome.Known() || e.detail == "" {
			t.Errorf("%v: %+v, want %s, refused %v", c.err, e, c.want, c.refused)
		}
	}
}

func TestEveryStatusHasItsOutcome(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status int
		after  string
		want   job.Outcome
		wait   time.Duration
		retry  bool
	}{
		{400, "", job.OutcomeClient, 0, false},
		{404, "", job.OutcomeClient, 0, false},
		{408, "", job.OutcomeClient, 0, true},
		{429, "", job.OutcomeLimited, 0, true},
		{429, "30", job.OutcomeLimited, 30 * time.Second, true},
		{429, "Mon, 23 Nov 2026 12:01:00 GMT", job.OutcomeLimited, time.Minute, true},
		{429, "Mon, 23 Nov 2026 11:00:00 GMT", job.OutcomeLimited, 0, true},
		{429, "3600", job.OutcomeLimited, time.Hour, false},
		{429, "soon", job.OutcomeLimited, 0, true},
		{500, "", job.OutcomeServer, 0, true},
		{501, "", job.OutcomeServer, 0, false},
		{503, "", job.OutcomeServer, 0, true},
		{503, "5", job.OutcomeLimited, 5 * time.Second, true},
		{300, "", job.OutcomeProtocol, 0, false},
		{304, "", job.OutcomeProtocol, 0, false},
	} {
		h := http.Header{}
		if c.after != "" {
			h.Set("Retry-After", c.after)
		}
		e := endingOfStatus(c.status, h, now)
		if e.outcome != c.want || e.wait != c.wait || worthRetrying(e) != c.retry {
			t.Errorf("%d, Retry-After %q: %+v, retry %v", c.status, c.after, e, worthRetrying(e))
		}
	}
}

func TestWhatIsRetriedIsRetryable(t *testing.T) {
	for _, o := range job.Outcomes() {
		if worthRetrying(ending{outcome: o}) && !o.Retryable() {
			t.Errorf("%s is retried here, and may not be by the user", o)
		}
	}
}

func TestDetailsAreShortAndWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 400, 1000).Draw(t, "text")
		got := shorten(text)
		if len(got) > maxDetail || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\t") {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func TestBackoffDoublesUpToItsCap(t *testing.T) {
	p := RetryPolicy{}
	p.normalise()
	for tries, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 10: 30 * time.Second, 100: 30 * time.Second} {
		var largest time.Duration
		for range 2000 {
			d := p.delay(tries)
			if d <= 0 || d > most+time.Millisecond {
				t.Fatalf("after %d tries %v, want at most %v", tries, d, most)
			}
			largest = max(largest, d)
		}
		if largest < most*9/10 {
			t.Errorf("after %d tries never more than %v of %v: no full jitter", tries, largest, most)
		}
	}
}

func TestHTTPSIsRememberedPerHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		r := newRun(c, Request{}, nil)
		parse := func(text string) *url.URL {
			u, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			return u
		}
		for from, to := range map[string]string{
			"http://werk-a.de/x?y":  "https://werk-a.de/x?y",
			"http://werk-b.de/x":    "https://werk-b.de/",
			"http://werk-c.de/x":    "https://www.werk-c.de/x",
			"http://werk-d.de:81/x": "https://werk-d.de:81/x",
			"https://werk-e.de/x":   "https://werk-e.de/x",
		} {
			if want := strings.Contains(from, "werk-a"); upgrade(parse(from), parse(to)) != want {
				t.Errorf("%s to %s is an upgrade: %v", from, to, !want)
			}
		}
		until := time.Now().Add(robotsTTL)
		c.schemes.Put("werk-a.de", "https", until)
		c.schemes.Put("werk-b.de", "http", until)
		for _, x := range []struct {
			url     string
			guessed bool
			want    string
		}{
			{"http://werk-a.de/p", false, "https://werk-a.de/p"},
			{"https://werk-a.de/p", true, "https://werk-a.de/p"},
			{"https://werk-b.de/p", true, "http://werk-b.de/p"},
			{"https://werk-b.de/p", false, "https://werk-b.de/p"},
			{"http://werk-z.de/p", false, "http://werk-z.de/p"},
		} {
			if got := r.preferred(parse(x.url), x.guessed).String(); got != x.want {
				t.Errorf("%s, guessed %v: %s, want %s", x.url, x.guessed, got, x.want)
			}
		}
		time.Sleep(robotsTTL)
		if got := r.preferred(parse("http://werk-a.de/p"), false).Scheme; got != "http" {
			t.Errorf("after a day: %s", got)
		}
	})
}

func TestAPageThatBreaksItsReaderEndsAlone(t *testing.T) {
	c, err := New(Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	c.readers = [2]*extract.Extractor{} // a nil one panics
	r := newRun(c, Request{Log: c.cfg.Log}, nil)
	p := &page{visit: &visit{}, u: &url.URL{Scheme: "https", Host: "werk-a.de", Path: "/"}}
	dec := c.client.NewDecoder()
	got := r.readSafely(dec, body{page: p, resp: &fetch.Response{Status: 200, Header: http.Header{}, Body: []byte("<p>x")}})
	dec.Done()
	if got.end.outcome != job.OutcomeCrashed || got.end.detail == "" {
		t.Errorf("%+v", got.end)
	}
}

func TestBadConfigurations(t *testing.T) {
	for name, cfg := range map[string]Config{
		"connections": {Connections: 101}, "negative": {Connections: -1}, "product": {Fetch: fetch.Config{Product: "a b"}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	c, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Crawl(t.Context(), Request{Job: job.Job{Options: job.Options{PerHost: 99}}}); err == nil {
		t.Error("99 connections per host: accepted")
	}
}
