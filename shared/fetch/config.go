package fetch

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Config is how the client behaves towards the sites. The zero value of a
// field means its default.
type Config struct {
	// Product and Version identify the crawler in the User-Agent, Product also
	// in robots.txt and robots directives. Default "Gleaner" and "1.0".
	Product, Version string
	// ContactURL is where a webmaster finds out who is crawling; part of the
	// User-Agent if set.
	ContactURL string
	// From is an e-mail address for the From header (RFC 9110 section 10.1.2).
	From string

	MaxBody      int64 // bytes of a body, before and after decompression; default 5 MiB
	MaxHeader    int64 // bytes of a response header; default 64 KiB
	MaxRedirects int   // hops followed from one URL; default 10

	ConnectTimeout   time.Duration // one address of a host; default 5 s
	TLSTimeout       time.Duration // handshake; default 10 s
	FirstByteTimeout time.Duration // from the request to the whole answer header; default 15 s
	IdleTimeout      time.Duration // between two pieces of a body; default 10 s
	TotalTimeout     time.Duration // one request in all; default 45 s

	// AllowPrivate lets private, loopback and shared (CGNAT) addresses be
	// reached, on any port: for a machine that crawls its own network.
	// Link-local addresses, where clouds keep their metadata, stay forbidden.
	AllowPrivate bool
	// AllowNets are networks that may be reached although they are private,
	// on any port.
	AllowNets []netip.Prefix
	// AllowPorts are the ports that may be reached; default 80 and 443.
	AllowPorts []uint16

	// RootCAs verify certificates; nil means the system's.
	RootCAs *x509.CertPool
	// Resolver looks names up; nil means the system's.
	Resolver Resolver

	// MaxIdle bounds kept-alive connections; default 128.
	MaxIdle int
}

// Default limits.
const (
	DefaultMaxBody   = 5 << 20
	DefaultMaxHeader = 64 << 10
)

var productForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

func (c *Config) normalise() error {
	setDefault(&c.Product, "Gleaner")
	setDefault(&c.Version, "1.0")
	setDefault(&c.MaxBody, DefaultMaxBody)
	setDefault(&c.MaxHeader, DefaultMaxHeader)
	setDefault(&c.MaxRedirects, 10)
	setDefault(&c.ConnectTimeout, 5*time.Second)
	setDefault(&c.TLSTimeout, 10*time.Second)
	setDefault(&c.FirstByteTimeout, 15*time.Second)
	setDefault(&c.IdleTimeout, 10*time.Second)
	setDefault(&c.TotalTimeout, 45*time.Second)
	setDefault(&c.MaxIdle, 128)
	if len(c.AllowPorts) == 0 {
		c.AllowPorts = []uint16{80, 443}
	}
	if !productForm.MatchString(c.Product) {
		return fmt.Errorf("product %q is not a token of letters, digits, - and _", c.Product)
	}
	for _, s := range []string{c.Version, c.From, c.ContactURL} {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
			return fmt.Errorf("%q cannot stand in a header", s)
		}
	}
	if c.ContactURL != "" {
		if u, err := url.Parse(c.ContactURL); err != nil || u.Host == "" && u.Scheme != "mailto" {
			return fmt.Errorf("contact %q is not a URL", c.ContactURL)
		}
	}
	for _, d := range []time.Duration{c.ConnectTimeout, c.TLSTimeout, c.FirstByteTimeout, c.IdleTimeout, c.TotalTimeout} {
		if d < 0 {
			return errors.New("a timeout is negative")
		}
	}
	if c.MaxBody < smallSize || c.MaxHeader < 0 || c.MaxRedirects < 0 || c.MaxIdle < 0 {
		return errors.New("a limit is negative or too small")
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// UserAgent is the User-Agent the configuration stands for.
func (c *Config) UserAgent() string {
	agent := c.Product + "/" + c.Version
	if c.ContactURL != "" {
		agent += " (+" + c.ContactURL + ")"
	}
	return agent
}
