package crawl_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gleaner/shared/crawl"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
)

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const benchHosts = 100

// BenchmarkWorker compares a crawl (robots.txt, fetching, reading, extraction)
// and a whole worker (claiming full batches, crawling them, storing outcomes,
// addresses and counters in SQLite) with a bare net/http loop over the same pages
// that only reads the bodies, each with 100 connections: CPU seconds for 1,000
// pages and pages a second.
func BenchmarkWorker(b *testing.B) {
	all := startServer(b, benchHosts)
	for _, latency := range []int{0, 50} {
		var hosts []served
		for _, h := range all {
			if h.Addr.Addr().As4()[2] == byte(4+latency) {
				hosts = append(hosts, h)
			}
		}
		names := map[string]netip.Addr{}
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
		var bare float64
		b.Run(fmt.Sprintf("latency=%dms/bare", latency), func(b *testing.B) {
			bare = measure(b, func(n int) int { return bareLoop(b, names, urls(n)) })
		})
		compare := func(name string, run func(b *testing.B, c *crawl.Crawler) func(n int) int) {
			b.Run(fmt.Sprintf("latency=%dms/%s", latency, name), func(b *testing.B) {
				c, err := crawl.New(crawl.Config{Fetch: fetch.Config{Resolver: resolver(names), AllowNets: []netip.Prefix{netip.MustParsePrefix("127.1.0.0/16")}}})
				if err != nil {
					b.Fatal(err)
				}
				ours := measure(b, run(b, c))
				if bare > 0 {
					b.ReportMetric(ours/bare, "×bare")
				}
			})
		}
		compare("crawl", func(b *testing.B, c *crawl.Crawler) func(n int) int {
			return func(n int) int { return crawlPages(b, c, urls(n)) }
		})
		compare("worker", func(b *testing.B, c *crawl.Crawler) func(n int) int {
			w := newWholeWorker(b, c)
			return func(n int) int { return w.run(urls(n)) }
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

func crawlPages(b *testing.B, c *crawl.Crawler, urls []string) int {
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

func bareLoop(b *testing.B, names map[string]netip.Addr, urls []string) int {
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
