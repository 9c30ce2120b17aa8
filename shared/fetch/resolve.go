package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sync/singleflight"

	"gleaner/shared/fetch/lru"
)

// Resolver looks up the addresses of a name; *net.Resolver is one. A name that
// does not exist is a *net.DNSError with IsNotFound set.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// How long answers are kept. The system's resolver does not say how long they
// are valid, so these bound what a stale one can do.
const (
	dnsTTL         = 5 * time.Minute
	dnsNegativeTTL = time.Minute
	dnsFailureTTL  = time.Second
	dnsCacheSize   = 20_000
	dnsTimeout     = 10 * time.Second
)

// dnsCache remembers answers, negative ones too, and asks only once for a name
// that many wait for.
type dnsCache struct {
	resolver Resolver
	entries  *lru.Cache[string, dnsAnswer]
	flights  singleflight.Group
}

type dnsAnswer struct {
	addrs []netip.Addr
	err   error
}

func newDNSCache(r Resolver) *dnsCache {
	if r == nil {
		r = net.DefaultResolver
	}
	return &dnsCache{resolver: r, entries: lru.New[string, dnsAnswer](dnsCacheSize)}
}

// lookup returns the addresses of host, which may itself be one.
func (d *dnsCache) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	if a, ok := d.entries.Get(host, time.Now()); ok {
		return a.addrs, a.err
	}
	flight := d.flights.DoChan(host, func() (any, error) {
		// Others may wait for the answer when the first who asked has gone.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dnsTimeout)
		defer cancel()
		addrs, err := d.resolver.LookupNetIP(ctx, "ip", host)
		if err == nil && len(addrs) == 0 {
			err = &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
		}
		a, ttl := dnsAnswer{addrs: addrs}, dnsTTL
		if err != nil {
			a, ttl = dnsAnswer{err: fmt.Errorf("look up: %w", err)}, dnsFailureTTL
			if notFound(err) {
				ttl = dnsNegativeTTL
			}
		}
		d.entries.Put(host, a, time.Now().Add(ttl))
		return a, nil
	})
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case res := <-flight:
		a := res.Val.(dnsAnswer)
		return a.addrs, a.err
	}
}

func notFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}
