package fetch

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// Guard decides which URLs and which network addresses may be reached. The
// address is checked when the socket is about to connect, after the name was
// resolved, so that neither redirects nor a name server that changes its mind
// lead anywhere else.
type Guard struct {
	strict       *ssrf.Guardian
	allowNets    []netip.Prefix
	allowPorts   []uint16
	allowPrivate bool
}

func newGuard(c *Config) *Guard {
	return &Guard{
		strict:       ssrf.New(ssrf.WithAnyPort()),
		allowNets:    c.AllowNets,
		allowPorts:   c.AllowPorts,
		allowPrivate: c.AllowPrivate,
	}
}

// CheckURL refuses what need not be resolved to be refused: other schemes,
// user names, forbidden ports and literal addresses. ErrURL, ErrPort, ErrBlocked.
func (g *Guard) CheckURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: scheme %q", ErrURL, u.Scheme)
	case u.User != nil:
		return fmt.Errorf("%w: it holds a user name", ErrURL)
	case u.Hostname() == "":
		return fmt.Errorf("%w: it names no host", ErrURL)
	}
	port, err := portOf(u)
	if err != nil {
		return err
	}
	if host := u.Hostname(); maybeAddr(host) {
		if ip, err := netip.ParseAddr(host); err == nil {
			return g.CheckAddr(netip.AddrPortFrom(ip, port))
		}
	}
	// A name may turn out to belong to an allowed network, where any port goes.
	if !g.allowPrivate && len(g.allowNets) == 0 && !slices.Contains(g.allowPorts, port) {
		return fmt.Errorf("%w: %d", ErrPort, port)
	}
	return nil
}

// maybeAddr reports whether a host may be an IP address: those of IPv4 end in a
// digit, those of IPv6 hold a colon. Trying to read one costs more than looking.
func maybeAddr(host string) bool {
	last := host[len(host)-1]
	return last >= '0' && last <= '9' || strings.IndexByte(host, ':') >= 0
}

func portOf(u *url.URL) (uint16, error) {
	text := u.Port()
	if text == "" {
		if u.Scheme == "http" {
			return 80, nil
		}
		return 443, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("%w: %s", ErrPort, text)
	}
	return uint16(port), nil
}

// CheckAddr refuses addresses and ports that must not be reached: ErrBlocked, ErrPort.
func (g *Guard) CheckAddr(a netip.AddrPort) error {
	ip := a.Addr().Unmap().WithZone("")
	for _, net := range g.allowNets {
		if net.Contains(ip) {
			return nil
		}
	}
	if g.allowPrivate && (ip.IsPrivate() || ip.IsLoopback() || sharedSpace.Contains(ip)) {
		return nil
	}
	if err := g.strict.SafeAddr(ip); err != nil {
		return fmt.Errorf("%w: %s", ErrBlocked, ip)
	}
	// ssrf looks at the IANA registries only; these are forbidden there or here.
	if ip.IsMulticast() || ip.IsUnspecified() || ip.IsLinkLocalUnicast() || ip.IsLoopback() || ip.IsPrivate() {
		return fmt.Errorf("%w: %s", ErrBlocked, ip)
	}
	if !slices.Contains(g.allowPorts, a.Port()) {
		return fmt.Errorf("%w: %d", ErrPort, a.Port())
	}
	return nil
}

// sharedSpace is carrier-grade NAT (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// control is the net.Dialer's Control: it sees the very address that the socket
// is about to connect to.
func (g *Guard) control(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: network %s", ErrBlocked, network)
	}
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrBlocked, address)
	}
	return g.CheckAddr(a)
}
