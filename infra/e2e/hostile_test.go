package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/infra/e2e/testsite"
	"gleaner/shared/job"
	"gleaner/shared/loopback"
)

// hostile are hosts that mean a crawler ill, and how a visit of each must end.
var hostile = []struct {
	name    string
	outcome job.Outcome
	serve   http.HandlerFunc
}{
	{"a gigabyte of zeros, gzipped", job.OutcomeTooLarge, gigabyte},
	{"never answers", job.OutcomeTimeout, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	{"redirects in a circle", job.OutcomeLoop, func(w http.ResponseWriter, r *http.Request) {
		next := "/a"
		if r.URL.Path == "/a" {
			next = "/b"
		}
		http.Redirect(w, r, next, http.StatusFound)
	}},
	{"endless page", job.OutcomeTooLarge, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("more ", 10_000)); err != nil {
				return
			}
		}
	}},
	{"drips for ever", job.OutcomeTimeout, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, ".")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	}},
	{"redirects to the metadata service", job.OutcomeBlocked, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	}},
	{"a good page", job.OutcomeFound, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<a href="mailto:info@good.gleaner-tests.org">write</a>`)
	}},
}

// megabyte is a million zeros, gzipped.
var megabyte = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	return b.Bytes()
})

// gigabyte sends a thousand of them, as members of one gzip stream (RFC 1952).
func gigabyte(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Encoding", "gzip")
	for range 1 << 10 {
		if _, err := w.Write(megabyte()); err != nil {
			return
		}
	}
}

// TestHostileSites wants each hostile host to end as an outcome with its reason,
// the job to complete, and the program's memory to stay small.
func TestHostileSites(t *testing.T) {
	want := map[string]job.Outcome{
		"http://127.0.0.1:1/":       job.OutcomeBlocked, // only 127.77/16 is allowed
		"http://localhost:1/":       job.OutcomeBlocked, // resolves to it
		"http://169.254.169.254/":   job.OutcomeBlocked,
		"http://[::ffff:10.0.0.1]/": job.OutcomeBlocked,
	}
	mux := http.NewServeMux()
	web := testsite.Serve(t, "127.77.200.1", len(hostile), loopback.WithoutRobots(mux))
	for i, h := range hostile {
		host := web.Hosts()[i]
		name, _, _ := strings.Cut(host, ":")
		mux.HandleFunc(name+"/", h.serve)
		want["http://"+host+"/page"] = h.outcome
	}
	var urls []string
	for u := range want {
		urls = append(urls, u)
	}
	s := startServer(t, t.TempDir(), "--timeout", "4s")
	id := s.Create(urls)
	end := s.watch(id, 2*time.Minute)
	if end.Status != job.Completed || end.Processed != int64(len(want)) {
		t.Errorf("ended %+v", end)
	}
	var list struct{ URLs []job.Visit }
	s.Do(http.MethodGet, "/jobs/"+string(id)+"/urls?limit=1000", "", http.StatusOK, &list)
	for _, v := range list.URLs {
		expect := want[v.URL]
		t.Logf("%-40s %-18s %s", v.URL, v.Outcome, v.Detail)
		if v.Outcome != expect {
			t.Errorf("%s ended as %s, want %s", v.URL, v.Outcome, expect)
		}
		if v.Outcome != job.OutcomeFound && v.Detail == "" {
			t.Errorf("%s: no reason given", v.URL)
		}
	}
	if peak := peakMemory(t, s.cmd.Process.Pid); peak > 256<<20 {
		t.Errorf("the program took %d MB", peak>>20)
	} else {
		t.Logf("peak memory %d MB", peak>>20)
	}
}

// peakMemory is the largest resident size a process had, in bytes.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("no /proc on this system: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
