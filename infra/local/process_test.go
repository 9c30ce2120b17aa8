package local_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gleaner/infra/local"
	"gleaner/shared/audit"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
	"gleaner/shared/loopback"
	"gleaner/shared/submit"
)

// asWorker makes this test binary a worker process; its value is the data directory.
const asWorker = "GLEANER_TEST_WORKER"

// orphanedCode is the exit code of such a process whose node is gone.
const orphanedCode = 7

func TestMain(m *testing.M) {
	dir := os.Getenv(asWorker)
	if dir == "" {
		os.Exit(m.Run())
	}
	err := os.WriteFile(filepath.Join(dir, "pid"), []byte(strconv.Itoa(os.Getpid())), 0o600)
	if err == nil {
		err = local.Work(context.Background(), configIn(dir), os.Stdin)
	}
	switch {
	case errors.Is(err, local.ErrOrphaned):
		os.Exit(orphanedCode)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func configIn(dir string) local.Config {
	return local.Config{Dir: dir, Log: slog.New(slog.DiscardHandler), Fetch: fetch.Config{
		AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}}
}

func workerIn(dir string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), os.Args[0])
	cmd.Env = append(os.Environ(), asWorker+"="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// startWorker starts a worker process as a node would.
func startWorker(t *testing.T, dir string) (*exec.Cmd, io.WriteCloser) {
	t.Helper()
	cmd := workerIn(dir)
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, in
}

// pages serves a page with an address of its own at every path, after serve.
func pages(t *testing.T, first string, serve func(*http.Request)) string {
	t.Helper()
	web, err := loopback.Serve(t.Context(), netip.MustParseAddr(first), 1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		serve(r)
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<p>%s@baeckerei-lindhorst.de</p>", r.URL.Path[1:])
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = web.Close() })
	return web.Hosts()[0]
}

func create(t *testing.T, node *local.Node, host string, n int) job.ID {
	t.Helper()
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("http://%s/page%d", host, i)
	}
	a, err := node.Submit.Create(t.Context(), submit.Request{
		Owner: "anna", List: submit.FromStrings(urls), Options: job.Options{Follow: job.FollowNone, PerHost: 4},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a.Job.ID
}

func pidIn(dir string) int {
	text, _ := os.ReadFile(filepath.Join(dir, "pid"))
	pid, _ := strconv.Atoi(string(text))
	return pid
}

// A worker process that is killed over its batches is replaced, the batches are
// crawled, nothing is counted twice, and it ends with its node.
func TestWorkerProcessKilled(t *testing.T) {
	const urls, killedAt = 120, 40
	var seen atomic.Int64
	cfg := configIn(t.TempDir())
	host := pages(t, "127.75.1.1", func(*http.Request) {
		time.Sleep(5 * time.Millisecond)
		if seen.Add(1) == killedAt {
			if err := syscall.Kill(pidIn(cfg.Dir), syscall.SIGKILL); err != nil {
				t.Errorf("kill: %v", err)
			}
		}
	})
	var started atomic.Int64
	cfg.WorkerProcess = func(context.Context) *exec.Cmd {
		started.Add(1)
		return workerIn(cfg.Dir)
	}
	node, err := local.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- node.Run(running) }()
	id := create(t, node, host, urls)
	var p job.Progress
	for end := time.Now().Add(30 * time.Second); p.Job.Status != job.Completed && err == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		p, err = node.Store.Progress(t.Context(), id)
	}
	if err != nil || p.Job.Status != job.Completed {
		t.Fatalf("after thirty seconds the job is %s, %v", p.Job.Status, err)
	}
	if found := p.Counters.Outcomes[job.OutcomeFound]; found != urls || p.Counters.Emails != urls || started.Load() != 2 {
		t.Errorf("%d pages with %d addresses of %d, by %d processes", found, p.Counters.Emails, urls, started.Load())
	}
	if report, err := audit.Recount(t.Context(), node.Store, id); err != nil || !report.Clean() {
		t.Errorf("recount: %+v, %v", report, err)
	}
	if health := deepHealth(t, node); !strings.Contains(health, "the worker process died once") {
		t.Errorf("health: %s", health)
	}
	stop()
	if err := errors.Join(<-done, node.Close()); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(pidIn(cfg.Dir), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the worker process is still there after its node: %v", err)
	}
}

func deepHealth(t *testing.T, node *local.Node) string {
	t.Helper()
	h, err := node.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h) // who is asked for an owner wants to know where a request comes from
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/health?deep=1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A worker process whose node dies ends at once, whatever it has under way or was
// told before, and the next node goes on with that.
func TestWorkerProcessOrphaned(t *testing.T) {
	t.Run("at work", func(t *testing.T) { orphaned(t, "127.75.2.1", "r") })
	t.Run("stopping", func(t *testing.T) { orphaned(t, "127.75.2.2", "rs") })
}

func orphaned(t *testing.T, at, told string) {
	t.Helper()
	cfg := configIn(t.TempDir())
	asked, release := make(chan struct{}, 10), make(chan struct{})
	host := pages(t, at, func(*http.Request) {
		asked <- struct{}{}
		<-release
	})
	node, err := local.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	id := create(t, node, host, 1)
	cmd, in := startWorker(t, cfg.Dir)
	<-asked
	_, err = in.Write([]byte(told))
	if err := errors.Join(err, node.Close(), in.Close()); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != orphanedCode {
		t.Errorf("the process ended with %v", err)
	}
	close(release)
	if node, err = local.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- node.Run(running) }()
	var j job.Job
	for end := time.Now().Add(30 * time.Second); j.Status != job.Completed && err == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		j, err = node.Store.Job(t.Context(), id)
	}
	stop()
	if err = errors.Join(err, <-done, node.Close()); err != nil || j.Status != job.Completed {
		t.Errorf("after thirty seconds the job is %s, %v", j.Status, err)
	}
}

// A node whose worker process cannot be started at all says so.
func TestWorkerProcessMissing(t *testing.T) {
	cfg := configIn(t.TempDir())
	cfg.WorkerProcess = func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, filepath.Join(cfg.Dir, "no such program"))
	}
	node, err := local.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Run(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Run = %v", err)
	}
	if err := node.Close(); err != nil {
		t.Error(err)
	}
}

// Two worker processes never have the same data directory.
func TestOneWorkerProcess(t *testing.T) {
	cfg := configIn(t.TempDir())
	node, err := local.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = node.Close() }()
	cmd, in := startWorker(t, cfg.Dir)
	asked := make(chan struct{}, 1)
	create(t, node, pages(t, "127.75.3.1", func(*http.Request) { asked <- struct{}{} }), 1)
	<-asked // so it has the directory
	if err := local.Work(t.Context(), cfg, new(io.PipeReader)); !errors.Is(err, local.ErrInUse) {
		t.Errorf("a second worker process: %v", err)
	}
	if _, err := in.Write([]byte("s")); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("told to stop, it ended with %v", err)
	}
}
