package crawl_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gleaner/shared/crawl"
	"gleaner/shared/crawl/crawltest"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
)

// The site of the benchmarks runs in a process of its own, this test binary
// started again, so that its CPU time is not ours.
var serveHosts = flag.Int("crawl.serve", 0, "serve this many hosts of pages until standard input ends")

const pageSize = 50_000

func TestMain(m *testing.M) {
	flag.Parse()
	if *serveHosts > 0 {
		serve(*serveHosts)
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
	_ = json.NewEncoder(os.Stdout).Encode(all)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// startServer runs serve in a child process.
func startServer(tb testing.TB, hosts int) []served {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), os.Args[0], fmt.Sprintf("-crawl.serve=%d", hosts)) //nolint:gosec // this binary
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
type resolver map[string]netip.Addr

func (r resolver) LookupNetIP(_ context.Context, _, name string) ([]netip.Addr, error) {
	if ip, ok := r[name]; ok {
		return []netip.Addr{ip}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const benchHosts = 100

// BenchmarkWorker compares a whole batch (robots.txt, fetching, reading,
// extraction) with a bare net/http loop over the same pages that only reads the
// bodies, each with 100 connections: CPU seconds for 1,000 pages and pages a second.
func BenchmarkWorker(b *testing.B) {
	all := startServer(b, benchHosts)
	for _, latency := range []int{0, 50} {
		var hosts []served
		for _, h := range all {
			if h.Addr.Addr().As4()[2] == byte(4+latency) {
				hosts = append(hosts, h)
			}
		}
		names := resolver{}
		for _, h := range hosts {
			names[h.Name] = h.Addr.Addr()
		}
		urls := func(n int) []string {
			out := make([]string, n)
			for i := range out {
				h := hosts[i%len(hosts)]
				out[i] = fmt.Sprintf("http://%s:%d/p/%d", h.Name, h.Addr.Port(), i)
			}
			return out
		}
		var bare, ours float64
		b.Run(fmt.Sprintf("latency=%dms/bare", latency), func(b *testing.B) {
			bare = measure(b, func(n int) int { return bareLoop(b, names, urls(n)) })
		})
		b.Run(fmt.Sprintf("latency=%dms/worker", latency), func(b *testing.B) {
			c, err := crawl.New(crawl.Config{Fetch: fetch.Config{Resolver: names, AllowNets: []netip.Prefix{netip.MustParsePrefix("127.1.0.0/16")}}})
			if err != nil {
				b.Fatal(err)
			}
			ours = measure(b, func(n int) int { return worker(b, c, urls(n)) })
			if bare > 0 {
				b.ReportMetric(ours/bare, "×bare")
			}
		})
	}
}

// pagesPerOp is the number of pages of one benchmark operation.
const pagesPerOp = 2000

func measure(b *testing.B, run func(n int) int) float64 {
	b.Helper()
	run(benchHosts) // connections and caches are warm from here on
	b.ReportAllocs()
	b.ResetTimer()
	began, cpu, pages := time.Now(), cpuTime(), 0
	for b.Loop() {
		pages += run(pagesPerOp)
	}
	spent := (cpuTime() - cpu).Seconds() / float64(pages) * 1000
	b.ReportMetric(spent, "CPU-s/1000pages")
	b.ReportMetric(float64(pages)/time.Since(began).Seconds(), "pages/s")
	return spent
}

func worker(b *testing.B, c *crawl.Crawler, urls []string) int {
	b.Helper()
	targets := make([]job.Target, len(urls))
	for i, u := range urls {
		targets[i].URL = u
	}
	res, err := c.Crawl(b.Context(), crawl.Request{Job: job.Job{Options: job.Options{Follow: job.FollowNone}}, Targets: targets})
	if err != nil {
		b.Fatal(err)
	}
	for _, v := range res.Visits {
		if v.Outcome != job.OutcomeFound {
			b.Fatalf("%s: %s %s", v.URL, v.Outcome, v.Detail)
		}
	}
	return res.Pages
}

func bareLoop(b *testing.B, names resolver, urls []string) int {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 2,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			host, port, _ := net.SplitHostPort(addr)
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(names[host].String(), port))
		},
	}}
	defer client.CloseIdleConnections()
	var next, pages atomic.Int64
	var wg sync.WaitGroup
	for range job.MaxConnections {
		wg.Go(func() {
			buf := make([]byte, 64<<10)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(urls) {
					return
				}
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, urls[i], http.NoBody)
				if err != nil {
					b.Error(err)
					return
				}
				resp, err := client.Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buf); err != nil {
					b.Error(err)
				}
				_ = resp.Body.Close()
				pages.Add(1)
			}
		})
	}
	wg.Wait()
	return int(pages.Load())
}
