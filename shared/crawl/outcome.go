package crawl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"gleaner/shared/fetch"
	"gleaner/shared/job"
)

// ending is how a request, and perhaps the visit it was made for, ended.
type ending struct {
	outcome job.Outcome
	detail  string
	status  int
	// refused: no connection came about, for reasons another scheme may not have.
	refused bool
	// late: a limit on time was passed.
	late bool
	// wait is how long the site asked to be left alone.
	wait time.Duration
}

// read is the outcome of a page that was fetched and read; found or none, which
// is decided when the visit ends.
const read job.Outcome = ""

// maxDetail bounds job.Visit.Detail.
const maxDetail = 200

// endingOf maps every error a request can end with. It is the only place that does.
func endingOf(err error) ending {
	e := ending{outcome: outcomeOf(err), detail: shorten(err.Error())}
	e.late = e.outcome == job.OutcomeTimeout || errors.Is(err, fetch.ErrConnectTimeout)
	e.refused = errors.Is(err, fetch.ErrConnect) || e.outcome == job.OutcomeTLS || errors.Is(err, fetch.ErrTLSTimeout)
	return e
}

func outcomeOf(err error) job.Outcome {
	for _, known := range []struct {
		is      error
		outcome job.Outcome
	}{
		{fetch.ErrURL, job.OutcomeInvalid},
		{fetch.ErrPort, job.OutcomeInvalid},
		{fetch.ErrBlocked, job.OutcomeBlocked},
		{fetch.ErrTooLarge, job.OutcomeTooLarge},
		{fetch.ErrEncoding, job.OutcomeProtocol},
		{fetch.ErrConnectTimeout, job.OutcomeConnect},
		{fetch.ErrTLSTimeout, job.OutcomeTimeout},
		{fetch.ErrFirstByteTimeout, job.OutcomeTimeout},
		{fetch.ErrIdleTimeout, job.OutcomeTimeout},
		{fetch.ErrTotalTimeout, job.OutcomeTimeout},
		{context.DeadlineExceeded, job.OutcomeTimeout},
	} {
		if errors.Is(err, known.is) {
			return known.outcome
		}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		if dns.IsNotFound {
			return job.OutcomeDNS
		}
		return job.OutcomeDNSTemp
	}
	switch {
	case isTLS(err):
		return job.OutcomeTLS
	case errors.Is(err, fetch.ErrConnect):
		return job.OutcomeConnect
	case isProtocol(err):
		return job.OutcomeProtocol
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return job.OutcomeTimeout
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return job.OutcomeReset
	}
	for _, sign := range []string{"server closed", "stream error", "GOAWAY", "client connection lost", "use of closed network connection"} {
		if strings.Contains(err.Error(), sign) {
			return job.OutcomeReset
		}
	}
	return job.OutcomeProtocol
}

func isTLS(err error) bool {
	var (
		alert  tls.AlertError
		header tls.RecordHeaderError
		cert   *tls.CertificateVerificationError
		host   x509.HostnameError
		ca     x509.UnknownAuthorityError
		bad    x509.CertificateInvalidError
	)
	return errors.As(err, &alert) || errors.As(err, &header) || errors.As(err, &cert) ||
		errors.As(err, &host) || errors.As(err, &ca) || errors.As(err, &bad) ||
		strings.Contains(err.Error(), "tls: ") || strings.Contains(err.Error(), "HTTP response to HTTPS client")
}

// isProtocol recognises answers that are not HTTP. net/http has few types for
// them, so some are known by their texts only.
func isProtocol(err error) bool {
	var proto *http.ProtocolError //nolint:staticcheck // still what some malformed answers come as
	if errors.As(err, &proto) {
		return true
	}
	for _, sign := range []string{"malformed", "invalid byte in chunk", "chunked", "unsupported transfer encoding", "invalid Content-Length", "bad Content-Length", "PROTOCOL_ERROR", "invalid header"} {
		if strings.Contains(err.Error(), sign) {
			return true
		}
	}
	return false
}

// endingOfStatus maps the statuses that are no success and no redirect.
func endingOfStatus(status int, header http.Header, now time.Time) ending {
	e := ending{status: status, detail: strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))}
	wait, asked := retryAfter(header, now)
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && asked:
		e.outcome, e.wait = job.OutcomeLimited, wait
		if asked {
			e.detail += ", wants " + wait.Round(time.Second).String() + " of rest"
		}
	case status >= 500:
		e.outcome, e.wait = job.OutcomeServer, wait
	case status >= 400:
		e.outcome = job.OutcomeClient
	default:
		e.outcome = job.OutcomeProtocol
	}
	return e
}

// retryAfter reads Retry-After in both its forms (RFC 9110 section 10.2.3).
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), true
}

// verdict is what a status says about its host's load.
func verdict(status int) fetch.Verdict {
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return fetch.Overloaded
	}
	return fetch.Fine
}

// shorten cuts a text to maxDetail bytes, between characters, and makes it one line.
func shorten(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if len(text) <= maxDetail {
		return text
	}
	cut := maxDetail - len("…")
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
