package fetch

import "errors"

// Errors of a request that a caller decides on. What else can go wrong (DNS,
// connections, TLS) comes as the standard library's own errors, wrapped.
var (
	// ErrURL: not http or https, no host, or with user name or password.
	ErrURL = errors.New("not a URL that is fetched")
	// ErrPort: the port is not one that is fetched from.
	ErrPort = errors.New("forbidden port")
	// ErrBlocked: the address is private or otherwise forbidden.
	ErrBlocked = errors.New("forbidden address")
	// ErrTooLarge: the header or the body is over the limit.
	ErrTooLarge = errors.New("too large")
	// ErrEncoding: the body contradicts its Content-Encoding, or that is unknown.
	ErrEncoding = errors.New("body cannot be decoded")

	// ErrConnectTimeout, ErrTLSTimeout, ErrFirstByteTimeout, ErrIdleTimeout and
	// ErrTotalTimeout say which limit of Config was passed.
	ErrConnectTimeout   = errors.New("no connection in time")
	ErrTLSTimeout       = errors.New("TLS handshake took too long")
	ErrFirstByteTimeout = errors.New("no answer in time")
	ErrIdleTimeout      = errors.New("the body stopped coming")
	ErrTotalTimeout     = errors.New("took too long in all")

	// ErrConnect is wrapped around every failure to get a connection, so that
	// "nothing answers there" can be told from "the connection broke off".
	ErrConnect = errors.New("no connection")
)
