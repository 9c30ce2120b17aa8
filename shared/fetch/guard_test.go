package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
)

func testConfig(change func(*Config)) *Config {
	cfg := &Config{}
	if change != nil {
		change(cfg)
	}
	if err := cfg.normalise(); err != nil {
		panic(err)
	}
	return cfg
}

func TestForbiddenAddresses(t *testing.T) {
	forbidden := []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1",
		"169.254.169.254", "169.254.170.2", "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1",
		"198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
		"::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1", "100::1", "fe80::1%eth0",
	}
	allowed := []string{"8.8.8.8", "93.184.215.14", "100.128.0.1", "172.32.0.1", "2606:4700::6810:84e5", "::ffff:8.8.8.8"}
	g := newGuard(testConfig(nil))
	for _, ip := range forbidden {
		if err := g.CheckAddr(netip.AddrPortFrom(netip.MustParseAddr(ip), 443)); !errors.Is(err, ErrBlocked) {
			t.Errorf("%s: %v, want it blocked", ip, err)
		}
	}
	for _, ip := range allowed {
		if err := g.CheckAddr(netip.AddrPortFrom(netip.MustParseAddr(ip), 443)); err != nil {
			t.Errorf("%s: %v", ip, err)
		}
	}
	if err := g.CheckAddr(netip.MustParseAddrPort("8.8.8.8:25")); !errors.Is(err, ErrPort) {
		t.Errorf("port 25: %v", err)
	}
}

func TestPrivateNetworksCanBeAllowed(t *testing.T) {
	private := newGuard(testConfig(func(c *Config) { c.AllowPrivate = true }))
	for text, want := range map[string]error{
		"127.0.0.1:3000": nil, "[::1]:8080": nil, "10.1.2.3:80": nil, "100.64.0.1:80": nil, "[fd12::1]:443": nil,
		"169.254.169.254:80": ErrBlocked, "[fe80::1]:80": ErrBlocked, "0.0.0.0:80": ErrBlocked, "224.0.0.1:80": ErrBlocked,
		"[::ffff:169.254.169.254]:80": ErrBlocked, "8.8.8.8:25": ErrPort,
	} {
		if err := private.CheckAddr(netip.MustParseAddrPort(text)); !errors.Is(err, want) {
			t.Errorf("all private allowed, %s: %v, want %v", text, err, want)
		}
	}
	one := newGuard(testConfig(func(c *Config) { c.AllowNets = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")} }))
	for text, want := range map[string]error{
		"10.1.2.3:8080": nil, "[::ffff:10.1.2.3]:80": nil, "10.2.0.1:80": ErrBlocked, "127.0.0.1:80": ErrBlocked,
	} {
		if err := one.CheckAddr(netip.MustParseAddrPort(text)); !errors.Is(err, want) {
			t.Errorf("10.1.0.0/16 allowed, %s: %v, want %v", text, err, want)
		}
	}
}

func TestURLsThatAreNotFetched(t *testing.T) {
	g := newGuard(testConfig(func(c *Config) { c.AllowPorts = []uint16{80, 443, 8443} }))
	for text, want := range map[string]error{
		"https://baeckerei-lindhorst.de/":      nil,
		"https://baeckerei-lindhorst.de:8443/": nil,
		"ftp://baeckerei-lindhorst.de/":        ErrURL,
		"file:///etc/passwd":                   ErrURL,
		"https:///path":                        ErrURL,
		"https://u@baeckerei-lindhorst.de/":    ErrURL,
		"https://u:p@baeckerei-lindhorst.de/":  ErrURL,
		"https://baeckerei-lindhorst.de:22/":   ErrPort,
		"https://baeckerei-lindhorst.de:0/":    ErrPort,
		"https://10.0.0.1/":                    ErrBlocked,
		"http://[::1]/":                        ErrBlocked,
		"http://169.254.169.254/latest/":       ErrBlocked,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.CheckURL(u); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// always resolves every name to the same addresses.
type always []netip.Addr

func (a always) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) { return a, nil }

func TestTheSocketIsGuardedWhateverTheNameServerSays(t *testing.T) {
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	port := netip.MustParseAddrPort(server.Listener.Addr().String()).Port()
	for name, answer := range map[string][]netip.Addr{
		"loopback": {netip.MustParseAddr("127.0.0.1")},
		"mapped":   {netip.MustParseAddr("::ffff:127.0.0.1")},
		"several":  {netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::1")},
	} {
		c, err := NewClient(Config{AllowPorts: []uint16{port}, Resolver: always(answer)})
		if err != nil {
			t.Fatal(err)
		}
		u := &url.URL{Scheme: "http", Host: fmt.Sprintf("rebound.baeckerei-lindhorst.de:%d", port), Path: "/"}
		if _, err := c.Do(t.Context(), &Request{URL: u}); !errors.Is(err, ErrBlocked) {
			t.Errorf("%s: %v, want it blocked", name, err)
		}
	}
	if reached {
		t.Error("the server was reached")
	}
}
