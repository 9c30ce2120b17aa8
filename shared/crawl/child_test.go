package crawl_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	"gleaner/shared/crawl/crawltest"
	"gleaner/shared/loopback"
)

// The site of the benchmarks runs in a process of its own, this test binary
// started again, so that its CPU time is not ours.
var serveHosts = flag.Int("crawl.serve", 0, "serve this many hosts of pages until standard input ends")

// So that the memory of a crawl is its own, too, it runs in a process of its own.
var crawlHeavy = flag.Bool("crawl.heavy", false, "crawl the heavy hosts given as JSON on standard input and print the peak of the resident set, in KiB")

const pageSize = 50_000

func TestMain(m *testing.M) {
	flag.Parse()
	if *serveHosts > 0 {
		serve(*serveHosts)
		return
	}
	if *crawlHeavy {
		crawlHeavyPages()
		return
	}
	os.Exit(m.Run())
}

type served struct {
	Name string
	Addr netip.AddrPort
}

// serve runs a site of pages and prints where its hosts are. A host's name ends
// in the latency of its answers, in milliseconds.
func serve(hosts int) {
	var all []served
	for i := range hosts {
		for _, latency := range []int{0, 50} {
			name := fmt.Sprintf("baeckerei-%d-%d.de", i, latency)
			ip := netip.AddrFrom4([4]byte{127, 1, byte(4 + latency), byte(i)})
			l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp4", netip.AddrPortFrom(ip, 0).String())
			if err != nil {
				panic(err)
			}
			all = append(all, served{name, l.Addr().(*net.TCPAddr).AddrPort()})
			server := &http.Server{Handler: crawltest.ServePages(name, pageSize, time.Duration(latency)*time.Millisecond), ReadHeaderTimeout: time.Minute}
			go func() { _ = server.Serve(l) }()
		}
	}
	heavy := crawltest.ServeHeavy(heavySize)
	for i := range heavyHosts {
		ip := netip.AddrFrom4([4]byte{127, 1, 200, byte(i)})
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp4", netip.AddrPortFrom(ip, 0).String())
		if err != nil {
			panic(err)
		}
		all = append(all, served{fmt.Sprintf("schwerlast-%d.de", i), l.Addr().(*net.TCPAddr).AddrPort()})
		server := httptest.NewUnstartedServer(heavy)
		_ = server.Listener.Close()
		server.Listener = l
		if i%2 == 0 {
			server.Start()
			continue
		}
		server.EnableHTTP2 = true
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
	}
	_ = json.NewEncoder(os.Stdout).Encode(all)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// startServer runs serve in a child process.
func startServer(tb testing.TB, hosts int) []served {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), os.Args[0], fmt.Sprintf("-crawl.serve=%d", hosts))
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReaderSize(out, 1<<20).ReadBytes('\n')
	if err != nil {
		tb.Fatal(err)
	}
	var all []served
	if err := json.Unmarshal(line, &all); err != nil {
		tb.Fatal(err)
	}
	return all
}

// resolver knows the hosts of startServer.
func resolver(names map[string]netip.Addr) loopback.Names {
	return func(name string) (netip.Addr, bool) {
		ip, ok := names[name]
		return ip, ok
	}
}
