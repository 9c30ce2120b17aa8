package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// asProgram makes the test binary the program itself, so that tests can start
// and signal real processes.
const asProgram = "GLEANER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" || len(os.Args) > 1 && os.Args[1] == workerCommand { // a server in this process starts workers
		main()
		return
	}
	os.Exit(m.Run())
}

// program is the program with these arguments, as a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// buffer is a bytes.Buffer that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// terminal runs commands in this process.
type terminal struct {
	t   *testing.T
	env map[string]string
}

// result is what a command did.
type result struct {
	out, err string // what it wrote
	code     int
	text     string // what it says at its end
}

func (x *terminal) run(args ...string) result { x.t.Helper(); return x.feed("", args...) }

func (x *terminal) feed(stdin string, args ...string) result {
	x.t.Helper()
	var out, err buffer
	root := newRoot(func(name string) string { return x.env[name] })
	root.SetArgs(args)
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&err)
	code, text := status(root.ExecuteContext(x.t.Context()))
	return result{out.String(), err.String(), code, text}
}

// ok runs a command that must succeed and returns what it wrote.
func (x *terminal) ok(args ...string) string {
	x.t.Helper()
	r := x.run(args...)
	if r.code != 0 {
		x.t.Fatalf("gleaner %s: exit %d: %s\n%s%s", strings.Join(args, " "), r.code, r.text, r.out, r.err)
	}
	return r.out
}

// fails runs a command that must end with a code and say something.
func (x *terminal) fails(code int, say string, args ...string) {
	x.t.Helper()
	r := x.run(args...)
	if r.code != code || !strings.Contains(r.text, say) {
		x.t.Errorf("gleaner %s: exit %d: %s\nwant %d: %s", strings.Join(args, " "), r.code, r.text, code, say)
	}
}

// website publishes one address on each of its pages.
type website struct {
	*httptest.Server
	mu   sync.Mutex
	hits map[string]int
	fail map[string]int // status to answer with
	slow time.Duration
}

func newWebsite(t *testing.T, slow time.Duration) *website {
	w := &website{hits: map[string]int{}, fail: map[string]int{}, slow: slow}
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.hits[r.URL.Path]++
		status := w.fail[r.URL.Path]
		w.mu.Unlock()
		switch {
		case r.URL.Path == "/robots.txt":
			out.WriteHeader(http.StatusNotFound)
			return
		case status > 0:
			out.WriteHeader(status)
			return
		}
		select {
		case <-time.After(w.slow):
		case <-r.Context().Done():
		}
		out.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(out, `<p>Write to <a href="mailto:%s">us</a></p>`, addressOf(r.URL.Path))
	}))
	t.Cleanup(w.Close)
	return w
}

func addressOf(path string) string {
	return strings.Trim(strings.ReplaceAll(path, "/", "."), ".") + "@baeckerei-lindhorst.de"
}

// pages are the URLs of pages 0 to n-1.
func (w *website) pages(n int) []string {
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("%s/page%d", w.URL, i)
	}
	return urls
}

func (w *website) seen(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hits[path]
}

// answer has a page answer with a status; 0: as it is.
func (w *website) answer(path string, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail[path] = status
}

// serving runs `gleaner serve` in this process and returns a terminal that talks
// to it, and its data directory.
func serving(t *testing.T, flags ...string) (*terminal, string) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	ctx, stop := context.WithCancel(context.Background())
	var out buffer
	root := newRoot(func(string) string { return "" })
	root.SetArgs(append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data, "--allow-net", "127.0.0.1/32"}, flags...))
	root.SetOut(&out)
	root.SetErr(io.Discard)
	done := make(chan error, 1)
	go func() { done <- root.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	at := regexp.MustCompile(`http://\S+\d`)
	for range 6000 {
		if url := at.FindString(out.String()); url != "" {
			return &terminal{t, map[string]string{"GLEANER_ENDPOINT": url}}, data
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the server says nothing: %s", out.String())
	return nil, ""
}

// file writes a file and returns its name.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
