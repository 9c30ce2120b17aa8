package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gleaner/infra/e2e/api"
	"gleaner/infra/e2e/testsite"
	"gleaner/shared/job"
)

// built is the folder of the program, if a test asked for it.
var built string

// binary builds the real program once for all tests of this package.
var binary = sync.OnceValues(func() (string, error) {
	var err error
	if built, err = os.MkdirTemp("", "gleaner-e2e-"); err != nil {
		return "", err
	}
	path := filepath.Join(built, "gleaner")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", path, "gleaner/infra/gleaner").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// server is a running `gleaner serve`.
type server struct {
	api.Caller
	t    testing.TB
	cmd  *exec.Cmd
	done chan struct{}
}

// startServer starts the real program on a data directory and waits until it
// says where it is.
func startServer(t testing.TB, data string, args ...string) *server {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), path, append([]string{
		"serve", "--listen", "127.0.0.1:0", "--data", data, "--allow-net", testsite.Net, "--contact", "https://gleaner-tests.org/crawler",
	}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{Caller: api.Caller{TB: t}, t: t, cmd: cmd, done: make(chan struct{})}
	ready := make(chan string, 1)
	go func() {
		defer close(s.done)
		lines := bufio.NewScanner(out)
		at := regexp.MustCompile(`http://\S+`)
		for lines.Scan() {
			if url := at.FindString(lines.Text()); url != "" && len(ready) == 0 {
				ready <- strings.TrimSuffix(url, "/")
			}
		}
		_ = cmd.Wait()
	}()
	select {
	case s.Base = <-ready:
	case <-s.done:
		t.Fatalf("the server did not start:\n%s", log.String())
	case <-time.After(time.Minute):
		s.kill() // and its log is whole
		t.Fatalf("the server says nothing:\n%s", log.String())
	}
	t.Cleanup(s.kill)
	return s
}

// kill ends the server as a power cut would.
func (s *server) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	<-s.done
}

// killWorker kills the server's worker process, as an exhausted memory would, and
// not the server; false if it has none at the moment or the system does not tell.
func (s *server) killWorker() bool {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.cmd.Process.Pid))
	if err != nil {
		return false
	}
	killed := false
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread may have ended meanwhile
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed = true
			}
		}
	}
	return killed
}

// watch polls until the job has ended, checking that nothing goes backwards.
func (s *server) watch(id job.ID, limit time.Duration) job.Snapshot {
	s.t.Helper()
	var last job.Snapshot
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		p := s.Progress(id)
		if p.Version < last.Version || p.Processed < last.Processed || p.Emails < last.Emails || p.Processed > p.Total {
			s.t.Fatalf("progress went back: %+v after %+v", p, last)
		}
		last = p
		if p.Status.Final() {
			return p
		}
		if time.Now().After(end) {
			s.t.Fatalf("not done after %s: %+v", limit, p)
		}
	}
}
