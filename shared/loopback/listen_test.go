package loopback

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
)

// TestAPortTakenElsewhere takes a port on the last of three addresses: none of
// the three may be left occupied, and Serve must see that another port may do.
func TestAPortTakenElsewhere(t *testing.T) {
	var lc net.ListenConfig
	taken, err := lc.Listen(t.Context(), "tcp4", "127.76.8.3:0")
	if err != nil {
		t.Fatal(err)
	}
	first := netip.AddrPortFrom(netip.MustParseAddr("127.76.8.1"), portOf(taken))
	if _, err := listen(t.Context(), first, 3); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v", err)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := listen(t.Context(), first, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		_ = l.Close()
	}
}
