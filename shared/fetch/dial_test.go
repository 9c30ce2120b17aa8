package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// answers is a resolver that counts what it is asked.
type answers struct {
	asked atomic.Int64
	reply func(name string) ([]netip.Addr, error)
}

func (a *answers) LookupNetIP(_ context.Context, _, name string) ([]netip.Addr, error) {
	a.asked.Add(1)
	time.Sleep(time.Second)
	return a.reply(name)
}

func TestNamesAreLookedUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &answers{reply: func(name string) ([]netip.Addr, error) {
			switch name {
			case "lost.de":
				return nil, &net.DNSError{Name: name, IsNotFound: true}
			case "broken.de":
				return nil, &net.DNSError{Name: name, IsTemporary: true}
			case "empty.de":
				return nil, nil
			}
			return []netip.Addr{netip.MustParseAddr("127.1.0.1")}, nil
		}}
		d := newDNSCache(r)
		look := func(name string, want error) {
			t.Helper()
			addrs, err := d.lookup(t.Context(), name)
			if want == nil && (err != nil || len(addrs) != 1) || want != nil && !errors.As(err, new(*net.DNSError)) {
				t.Errorf("%s: %v, %v", name, addrs, err)
			}
		}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { look("good.de", nil) })
		}
		all.Wait()
		look("good.de", nil)
		if n := r.asked.Swap(0); n != 1 {
			t.Errorf("one name was looked up %d times", n)
		}
		dns := errors.New("dns")
		for _, c := range []struct {
			name string
			want error
			ttl  time.Duration
		}{{"good.de", nil, dnsTTL}, {"lost.de", dns, dnsNegativeTTL}, {"empty.de", dns, dnsNegativeTTL}, {"broken.de", dns, dnsFailureTTL}} {
			time.Sleep(time.Hour)
			r.asked.Store(0)
			look(c.name, c.want)
			time.Sleep(c.ttl - time.Millisecond)
			look(c.name, c.want)
			if n := r.asked.Load(); n != 1 {
				t.Errorf("%s: asked %d times within its time", c.name, n)
			}
			time.Sleep(2 * time.Millisecond)
			look(c.name, c.want)
			if n := r.asked.Load(); n != 2 {
				t.Errorf("%s: asked %d times after its time", c.name, n)
			}
		}
		if addrs, err := d.lookup(t.Context(), "127.9.9.9"); err != nil || addrs[0].String() != "127.9.9.9" {
			t.Errorf("a literal address: %v, %v", addrs, err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errNoSeat)
		if _, err := d.lookup(ctx, "other.de"); !errors.Is(err, errNoSeat) {
			t.Errorf("cancelled: %v", err)
		}
		time.Sleep(time.Minute) // the look-up goes on for whoever else waits for it
	})
}

func TestFamiliesAlternate(t *testing.T) {
	var in []netip.Addr
	for _, text := range []string{"127.1.0.1", "127.1.0.2", "::ffff:127.1.0.3", "fd00::1", "fd00::2"} {
		in = append(in, netip.MustParseAddr(text))
	}
	want := "[fd00::1 127.1.0.1 fd00::2 127.1.0.2 127.1.0.3]"
	if got := fmt.Sprint(interleave(in)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTheFirstAddressThatAnswersIsTaken(t *testing.T) {
	good, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.1.3.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = good.Close() }()
	port := netip.MustParseAddrPort(good.Addr().String()).Port()
	cfg := testConfig(func(c *Config) {
		c.AllowNets = []netip.Prefix{netip.MustParsePrefix("127.1.0.0/16")}
		// All but the last refuse, or are forbidden.
		c.Resolver = always{
			netip.MustParseAddr("127.1.3.9"), netip.MustParseAddr("127.2.0.1"), netip.MustParseAddr("127.1.3.10"),
			netip.MustParseAddr("127.2.0.2"), netip.MustParseAddr("127.1.3.11"), netip.MustParseAddr("127.1.3.2"),
		}
	})
	d := newDialer(cfg, newGuard(cfg))
	began := time.Now()
	conn, err := d.dial(t.Context(), "tcp", fmt.Sprintf("mehrere.de:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	if got := conn.RemoteAddr().String(); got != good.Addr().String() {
		t.Errorf("connected to %s", got)
	}
	if took := time.Since(began); took > 4*raceDelay { // of the five that a dialer would take that waits
		t.Errorf("refusals were waited out: %v", took)
	}
	_ = conn.Close()
	if n := len(d.seats.hosts); n != 0 {
		t.Errorf("%d hosts still have seats taken", n)
	}
}

func TestConnectionsWaitForASeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &seats{hosts: map[string]*hostSeats{}}
		var order []int
		var mu sync.Mutex
		for range 2 {
			if err := s.take(t.Context(), "h", 2); err != nil {
				t.Fatal(err)
			}
		}
		var waiting sync.WaitGroup
		for i := range 3 {
			waiting.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				if err := s.take(t.Context(), "h", 2); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		time.Sleep(time.Microsecond)
		if err := s.take(ctx, "h", 2); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a wait that was given up: %v", err)
		}
		for range 3 {
			s.give("h")
			synctest.Wait()
		}
		waiting.Wait()
		if !slices.Equal(order, []int{0, 1, 2}) {
			t.Errorf("seats were given in the order %v", order)
		}
		began := time.Now()
		if err := s.take(t.Context(), "h", 2); !errors.Is(err, errNoSeat) || time.Since(began) != seatPatience {
			t.Errorf("no seat: %v after %v", err, time.Since(began))
		}
		s.give("h")
		s.give("h")
		if len(s.hosts) != 0 {
			t.Errorf("left over: %v", s.hosts)
		}
	})
}
