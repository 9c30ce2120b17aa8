package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// dialer opens connections: name from the cache, addresses of both families
// raced (RFC 8305), each socket past the guard, and never more open connections
// to one authority than the request allows.
type dialer struct {
	dns     *dnsCache
	net     net.Dialer
	timeout time.Duration // for each address
	seats   seats
}

// raceDelay is how long one address gets before the next is tried beside it:
// RFC 8305 section 5, Connection Attempt Delay.
const raceDelay = 250 * time.Millisecond

func newDialer(c *Config, g *Guard) *dialer {
	return &dialer{
		dns:     newDNSCache(c.Resolver),
		timeout: c.ConnectTimeout,
		net: net.Dialer{
			Timeout: c.ConnectTimeout,
			Control: g.control,
			// Pages come and go in seconds: probing idle connections is a waste.
			KeepAliveConfig: net.KeepAliveConfig{Enable: false},
			KeepAlive:       -1,
		},
		seats: seats{hosts: map[string]*hostSeats{}},
	}
}

type perHostKey struct{}

// dial is the transport's DialContext.
func (d *dialer) dial(ctx context.Context, _, authority string) (net.Conn, error) {
	limit, _ := ctx.Value(perHostKey{}).(int)
	host, port, err := net.SplitHostPort(authority)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	addrs, err := d.dns.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	if err := d.seats.take(ctx, authority, max(1, limit)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	conn, err := d.race(ctx, interleave(addrs), port)
	if err != nil {
		d.seats.give(authority)
		if errors.Is(err, ErrBlocked) || errors.Is(err, ErrPort) {
			return nil, err
		}
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return nil, fmt.Errorf("%w: %w", ErrConnect, ErrConnectTimeout)
		}
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	return &seatedConn{Conn: conn, leave: sync.OnceFunc(func() { d.seats.give(authority) })}, nil
}

// maxAddresses bounds how many addresses of one name are tried.
const maxAddresses = 6

// interleave orders addresses by alternating families, IPv6 first if there is
// one (RFC 8305 section 4).
func interleave(addrs []netip.Addr) []netip.Addr {
	var six, four, out []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			four = append(four, a)
		} else {
			six = append(six, a)
		}
	}
	for i := range max(len(six), len(four)) {
		if i < len(six) {
			out = append(out, six[i])
		}
		if i < len(four) {
			out = append(out, four[i])
		}
	}
	return out[:min(len(out), maxAddresses)]
}

type attempt struct {
	conn net.Conn
	err  error
}

// race connects to the first address that answers. An address gets raceDelay
// (or until it fails) before the next is tried too.
func (d *dialer) race(ctx context.Context, addrs []netip.Addr, port string) (net.Conn, error) {
	if len(addrs) == 1 {
		return d.net.DialContext(ctx, "tcp", net.JoinHostPort(addrs[0].String(), port))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan attempt)
	running, next := 0, 0
	start := func() {
		target := net.JoinHostPort(addrs[next].String(), port)
		running, next = running+1, next+1
		go func() {
			conn, err := d.net.DialContext(ctx, "tcp", target)
			select {
			case results <- attempt{conn, err}:
			case <-ctx.Done():
				if conn != nil {
					_ = conn.Close()
				}
			}
		}()
	}
	delay := time.NewTimer(raceDelay)
	defer delay.Stop()
	start()
	var first error
	for running > 0 {
		select {
		case a := <-results:
			running--
			if a.err == nil {
				return a.conn, nil
			}
			if first == nil || errors.Is(first, ErrBlocked) {
				first = a.err
			}
			if next < len(addrs) {
				start()
				delay.Reset(raceDelay)
			}
		case <-delay.C:
			if next < len(addrs) {
				start()
				delay.Reset(raceDelay)
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return nil, first
}

// seats counts open connections by authority. net/http may open one more than
// there are requests (it dials although a connection is about to become free);
// here that one waits until a seat is free.
type seats struct {
	mu    sync.Mutex
	hosts map[string]*hostSeats
}

type hostSeats struct {
	open    int
	waiting []chan struct{}
}

func (s *seats) take(ctx context.Context, authority string, limit int) error {
	s.mu.Lock()
	for {
		h := s.hosts[authority]
		if h == nil {
			h = &hostSeats{}
			s.hosts[authority] = h
		}
		if h.open < limit {
			h.open++
			s.mu.Unlock()
			return nil
		}
		ready := make(chan struct{})
		h.waiting = append(h.waiting, ready)
		s.mu.Unlock()
		timer := time.NewTimer(seatPatience)
		select {
		case <-ready:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			s.pass(authority, ready)
			return context.Cause(ctx)
		case <-timer.C:
			s.pass(authority, ready)
			return errNoSeat
		}
		s.mu.Lock()
	}
}

// seatPatience ends a dial whose request has long been served by another connection.
const seatPatience = 30 * time.Second

var errNoSeat = errors.New("all connections to the host stayed busy")

// pass gives up waiting, and hands on a wake-up that came at the same moment.
func (s *seats) pass(authority string, ready chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[authority]
	if h == nil {
		return
	}
	for i, w := range h.waiting {
		if w == ready {
			h.waiting = append(h.waiting[:i], h.waiting[i+1:]...)
			s.drop(authority, h)
			return
		}
	}
	h.wake()
	s.drop(authority, h)
}

func (s *seats) give(authority string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[authority]
	h.open--
	h.wake()
	s.drop(authority, h)
}

func (h *hostSeats) wake() {
	if len(h.waiting) > 0 {
		close(h.waiting[0])
		h.waiting = h.waiting[1:]
	}
}

func (s *seats) drop(authority string, h *hostSeats) {
	if h.open == 0 && len(h.waiting) == 0 {
		delete(s.hosts, authority)
	}
}

// seatedConn gives its seat back once it is really closed.
type seatedConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *seatedConn) Close() error {
	err := c.Conn.Close()
	c.leave()
	return err
}
