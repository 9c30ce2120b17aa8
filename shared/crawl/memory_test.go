package crawl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"gleaner/shared/crawl"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
)

const (
	heavySize = fetch.DefaultMaxBody - 10_000

	// peakLimit is what a worker with 100 connections may need, in KiB.
	peakLimit = 100 << 10
)

// TestAWorkersMemoryStaysSmall lets a worker of 100 connections loose on hosts
// that all send bodies as large as are read, bombs, and bodies without end, beside
// ordinary pages, and looks at the largest resident set the process ever had.
func TestAWorkersMemoryStaysSmall(t *testing.T) {
	hosts, err := json.Marshal(startServer(t, 50))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-crawl.heavy")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(hosts), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the crawl failed: %v", err)
	}
	var peak int
	if _, err := fmt.Sscanf(string(out), "peak %d KiB", &peak); err != nil {
		t.Fatalf("the crawl said %q: %v", out, err)
	}
	t.Logf("%s", bytes.TrimSpace(out))
	limit := peakLimit
	if raceEnabled {
		limit *= 10 // the race detector's own memory
	}
	if peak > limit {
		t.Errorf("a peak of %d KiB, %d are allowed", peak, limit)
	}
}

// crawlHeavyPages is the crawl of TestAWorkersMemoryStaysSmall.
func crawlHeavyPages() {
	var hosts []served
	debug.SetMemoryLimit(crawl.HeapLimit) // as a worker does
	if err := json.NewDecoder(os.Stdin).Decode(&hosts); err != nil {
		panic(err)
	}
	names := map[string]netip.Addr{}
	var targets []job.Target
	want := map[string]job.Outcome{}
	paths := map[string]job.Outcome{
		"/big": job.OutcomeNone, "/wide": job.OutcomeNone, "/cyrillic": job.OutcomeNone,
		"/bomb": job.OutcomeTooLarge, "/bombbr": job.OutcomeTooLarge, "/endless": job.OutcomeTooLarge, "/drip": job.OutcomeTimeout,
	}
	for _, h := range hosts {
		names[h.Name] = h.Addr.Addr()
		root := fmt.Sprintf("http://%s:%d", h.Name, h.Addr.Port())
		if n := 0; strings.HasPrefix(h.Name, "schwerlast") {
			if _, _ = fmt.Sscanf(h.Name, "schwerlast-%d", &n); n%2 == 1 {
				root = "https" + strings.TrimPrefix(root, "http") // HTTP/2, too
			}
		}
		if !strings.HasPrefix(h.Name, "schwerlast") {
			for n := range 5 {
				targets = append(targets, job.Target{URL: fmt.Sprintf("%s/p/%d", root, n)})
			}
			continue
		}
		for path, outcome := range paths {
			targets = append(targets, job.Target{URL: root + path})
			want[root+path] = outcome
		}
	}
	c, err := crawl.New(crawl.Config{Fetch: fetch.Config{
		Resolver: resolver(names), AllowNets: []netip.Prefix{netip.MustParsePrefix("127.1.0.0/16")},
		TotalTimeout: 2 * time.Second,
	}, Retry: crawl.RetryPolicy{Tries: 1}})
	if err != nil {
		panic(err)
	}
	res, err := c.Crawl(context.Background(), crawl.Request{Job: job.Job{Options: job.Options{Follow: job.FollowNone, InsecureTLS: true}}, Targets: targets})
	if err != nil {
		panic(err)
	}
	tally := map[job.Outcome]int{}
	for _, v := range res.Visits {
		tally[v.Outcome]++
		if o := want[v.URL]; o != "" && o != v.Outcome {
			fmt.Fprintf(os.Stderr, "%s: %s (%s), want %s\n", v.URL, v.Outcome, v.Detail, o)
		}
	}
	fmt.Printf("peak %d KiB, %v, %d MiB read\n", peakRSS(), tally, res.Bytes>>20)
}

// peakRSS is the largest resident set of this process so far, in KiB.
func peakRSS() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	var peak int
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	if _, err := fmt.Sscanf(string(rest), "%d", &peak); err != nil {
		panic(err)
	}
	return peak
}
