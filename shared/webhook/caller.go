package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"gleaner/shared/fetch"
)

// verdict is what one try brought.
type verdict struct {
	status     int
	reason     string // why it is no success; empty: it is one
	final      bool   // trying again cannot help
	retryAfter time.Duration
}

// caller makes single calls.
type caller struct {
	http  *http.Client
	guard *fetch.Guard
	agent string
}

// newCaller makes a caller that reaches what the crawler may reach and nothing
// else: the address is checked when the socket connects, after the name was
// resolved, and no proxy gets around that.
func newCaller(c fetch.Config) (*caller, error) {
	client, err := fetch.NewClient(c)
	if err != nil {
		return nil, err
	}
	guard := client.Guard()
	c = client.Config()
	dialer := net.Dialer{
		Timeout: 5 * time.Second,
		Control: func(network, address string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(address)
			if err != nil || network != "tcp4" && network != "tcp6" {
				return fmt.Errorf("%w: %s %s", fetch.ErrBlocked, network, address)
			}
			return guard.CheckAddr(a)
		},
	}
	return &caller{
		guard: guard,
		agent: c.UserAgent(),
		http: &http.Client{
			Transport: &http.Transport{
				DialContext:            dialer.DialContext,
				TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
				TLSHandshakeTimeout:    5 * time.Second,
				MaxResponseHeaderBytes: 64 << 10,
				DisableKeepAlives:      true, // calls are rare, and a function sleeps in between
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// call makes one try.
func (c *caller) call(ctx context.Context, target string, body []byte, header http.Header) verdict {
	u, err := url.Parse(target)
	if err != nil {
		return verdict{reason: "the URL cannot be read", final: true}
	}
	if err := c.guard.CheckURL(u); err != nil {
		return verdict{reason: err.Error(), final: true}
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return verdict{reason: err.Error(), final: true}
	}
	req.Header = header
	req.Header.Set("User-Agent", c.agent)
	res, err := c.http.Do(req)
	if err != nil {
		blocked := errors.Is(err, fetch.ErrBlocked) || errors.Is(err, fetch.ErrPort)
		return verdict{reason: clip(err.Error()), final: blocked}
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10)
	v := verdict{status: res.StatusCode}
	switch {
	case res.StatusCode/100 == 2:
		return v
	case res.StatusCode == http.StatusGone:
		v.final = true
	}
	v.reason = "the receiver answered " + res.Status
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n > 0 {
		v.retryAfter = time.Duration(min(n, int(maxGap/time.Second))) * time.Second
	}
	return v
}

const callTime = 10 * time.Second

func clip(s string) string { return s[:min(len(s), 200)] }
