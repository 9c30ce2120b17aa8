// Package crawltest is a site for tests of the crawler: as many virtual hosts as
// are wanted, each on its own address in 127.0.0.0/8 with a behaviour of its own,
// and a log of how each was treated.
package crawltest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/shared/fetch"
	"gleaner/shared/loopback"
)

// Site is a set of hosts. It is closed with the test that made it.
type Site struct {
	tb    testing.TB
	certs *authority
	mu    sync.Mutex
	hosts map[string]*Host
	byIP  map[string]netip.Addr
	next  uint32
	count int
}

// New starts an empty site.
func New(tb testing.TB) *Site {
	tb.Helper()
	return &Site{
		tb: tb, certs: newAuthority(tb),
		hosts: map[string]*Host{}, byIP: map[string]netip.Addr{},
		next: 0x7f_01_00_01, // 127.1.0.1
	}
}

// Scheme says how a host speaks.
type Scheme int

// The ways a host speaks.
const (
	Plain    Scheme = iota // HTTP/1.1
	TLS                    // HTTP/1.1 over TLS with a good certificate
	HTTP2                  // HTTP/2 over TLS
	BadCert                // TLS with a certificate of an unknown authority
	WrongKey               // TLS with a certificate for another name
)

// Host is one virtual host.
type Host struct {
	Name   string // without port
	Scheme Scheme
	Log    Log
	addr   netip.AddrPort
	server *http.Server
}

// Host adds a host and starts it.
func (s *Site) Host(name string, scheme Scheme, handler http.Handler) *Host {
	s.tb.Helper()
	h := &Host{Name: name, Scheme: scheme}
	s.mu.Lock()
	ip := netip.AddrFrom4([4]byte{byte(s.next >> 24), byte(s.next >> 16), byte(s.next >> 8), byte(s.next)})
	s.next++
	s.mu.Unlock()
	listener, err := (&net.ListenConfig{}).Listen(s.tb.Context(), "tcp4", netip.AddrPortFrom(ip, 0).String())
	if err != nil {
		s.tb.Fatalf("listen for %s: %v", name, err)
	}
	h.addr = listener.Addr().(*net.TCPAddr).AddrPort()
	s.mu.Lock()
	s.hosts[name], s.byIP[name] = h, ip
	s.mu.Unlock()
	h.Log.init()
	h.server = &http.Server{
		Handler:           h.Log.wrap(handler),
		ConnState:         h.Log.connState,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // what broken clients and handlers say is of no interest
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(scheme == HTTP2)
	h.server.Protocols = protocols
	if scheme != Plain {
		h.server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.certs.issue(s.tb, name, scheme)}}
	}
	serve := h.server.Serve
	if scheme != Plain {
		serve = func(l net.Listener) error { return h.server.ServeTLS(l, "", "") }
	}
	var running sync.WaitGroup
	running.Go(func() { _ = serve(&countingListener{Listener: listener, log: &h.Log}) })
	s.tb.Cleanup(func() {
		_ = h.server.Close()
		running.Wait()
	})
	return h
}

// unique is a number that no other call returns.
func (s *Site) unique() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return strconv.Itoa(s.count)
}

// Point makes a name resolve to an address.
func (s *Site) Point(name string, ip netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byIP[name] = ip
}

// Authority is the host's name and port.
func (h *Host) Authority() string { return net.JoinHostPort(h.Name, strconv.Itoa(int(h.addr.Port()))) }

// URL is the address of a path on the host.
func (h *Host) URL(path string) string {
	scheme := "http"
	if h.Scheme != Plain {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: h.Authority()}).String() + path
}

// LookupNetIP implements fetch.Resolver for the site's names; every other name
// does not exist, except those that begin with "servfail".
func (s *Site) LookupNetIP(ctx context.Context, network, name string) ([]netip.Addr, error) {
	if strings.HasPrefix(name, "servfail") {
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	return loopback.Names(s.address).LookupNetIP(ctx, network, name)
}

func (s *Site) address(name string) (ip netip.Addr, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ip, ok = s.byIP[name]
	return ip, ok
}

// FetchConfig is a configuration for which the site's hosts, and nothing else
// on this machine, may be reached.
func (s *Site) FetchConfig() fetch.Config {
	return fetch.Config{
		AllowNets: []netip.Prefix{netip.MustParsePrefix("127.1.0.0/16")},
		RootCAs:   s.certs.pool,
		Resolver:  s,
	}
}

// Hosts are the site's hosts.
func (s *Site) Hosts() []*Host {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Host, 0, len(s.hosts))
	for _, h := range s.hosts {
		all = append(all, h)
	}
	return all
}

// String implements fmt.Stringer.
func (h *Host) String() string { return fmt.Sprintf("%s (%s)", h.Name, h.addr) }
