// Package loopback is a web on one machine, for tests, benchmarks and the
// demonstration to crawl: hosts on addresses of their own in 127.0.0.0/8, a
// resolver for made-up names, and tallies of what was asked for. What the hosts
// serve is an http.Handler; a http.ServeMux whose patterns name hosts lets each
// behave in its own way.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Web is hosts that are served until Close.
type Web struct {
	hosts   []string
	port    uint16
	server  *http.Server
	serving sync.WaitGroup
}

// tries is how often Serve looks for a port that is free on every address.
const tries = 10

// Serve serves so many hosts, one on each address from first on, all on one port
// that the system chooses.
func Serve(ctx context.Context, first netip.Addr, hosts int, h http.Handler) (*Web, error) {
	var listeners []net.Listener
	var err error
	for range tries {
		listeners, err = listen(ctx, netip.AddrPortFrom(first, 0), hosts)
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("loopback: %w", err)
	}
	w := &Web{server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}}
	for _, l := range listeners {
		w.hosts = append(w.hosts, l.Addr().String())
		w.port = portOf(l)
		w.serving.Go(func() { _ = w.server.Serve(l) }) // it ends with Close: a listener on loopback does not fail
	}
	return w, nil
}

// listen listens on so many addresses from the first on, or on none: a port that is
// free on one may be taken on another. Port 0 is any.
func listen(ctx context.Context, at netip.AddrPort, hosts int) ([]net.Listener, error) {
	var all []net.Listener
	for range hosts {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp4", at.String())
		if err != nil {
			for _, l := range all {
				err = errors.Join(err, l.Close())
			}
			return nil, err
		}
		all = append(all, l)
		at = netip.AddrPortFrom(at.Addr().Next(), portOf(l))
	}
	return all, nil
}

func portOf(l net.Listener) uint16 { return l.Addr().(*net.TCPAddr).AddrPort().Port() }

// Hosts are the hosts' addresses with the port, as they stand in a URL.
func (w *Web) Hosts() []string { return w.hosts }

// Port is where every host listens.
func (w *Web) Port() int { return int(w.port) }

// Close stops serving and closes all connections, so that the contexts of the
// requests under way end. It does not wait for their handlers.
func (w *Web) Close() error {
	err := w.server.Close()
	w.serving.Wait()
	return err
}

// Names resolves the names of a web, as a fetch.Resolver: it gives a name's
// address, and false for a name that does not exist.
type Names func(name string) (netip.Addr, bool)

// LookupNetIP answers with a *net.DNSError, as a net.Resolver does, for names that
// do not exist.
func (n Names) LookupNetIP(_ context.Context, _, name string) ([]netip.Addr, error) {
	if ip, ok := n(name); ok {
		return []netip.Addr{ip}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
