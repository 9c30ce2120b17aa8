package emulators

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// ErrNotInstalled says that what an emulator needs is not on this machine.
var ErrNotInstalled = errors.New("emulator is not installed")

// startLimit is how long an emulator may take until it answers: DynamoDB Local
// needs 2 to 4 s on an idle machine.
const startLimit = 2 * time.Minute

// Server is a running emulator.
type Server struct {
	URL string

	stdin io.Closer
	done  chan struct{} // closed when the process has ended
	once  sync.Once
}

// Start starts an emulator on a free loopback port and returns when it answers.
// It ends at Stop, or with this process. ErrNotInstalled if it cannot be started here.
func Start(s Service) (*Server, error) {
	dir, err := folder()
	if err != nil {
		return nil, err
	}
	for _, program := range programs(s) {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%w: %s is not in PATH", ErrNotInstalled, program)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		return nil, fmt.Errorf("%w: %s has no node_modules", ErrNotInstalled, dir)
	}

	// The process outlives the test that asked first, so no context ends it: its
	// standard input does.
	cmd := exec.Command("node", "run.mjs", string(s)) //nolint:gosec,noctx // s is a constant; no context ends it
	cmd.Dir = dir
	var complaint tail
	cmd.Stderr = &complaint
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("emulator %s: %w", s, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("emulator %s: %w", s, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("emulator %s: %w", s, err)
	}

	server := &Server{stdin: stdin, done: make(chan struct{})}
	ready := make(chan string, 1)
	go func() {
		defer close(server.done)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "READY "); ok {
				ready <- url
			}
		}
		_ = cmd.Wait() // how it ended is told by its standard error
	}()
	select {
	case server.URL = <-ready:
		return server, nil
	case <-server.done:
		return nil, fmt.Errorf("emulator %s ended: %s", s, complaint.String())
	case <-time.After(startLimit):
		server.Stop()
		return nil, fmt.Errorf("emulator %s did not answer within %v: %s", s, startLimit, complaint.String())
	}
}

// Stop ends the emulator and waits for it.
func (s *Server) Stop() {
	s.once.Do(func() { _ = s.stdin.Close() })
	<-s.done
}

func programs(s Service) []string {
	if s == ServiceDynamoDB {
		return []string{"node", "java"}
	}
	return []string{"node"}
}

// folder finds this package's source folder from the one a test runs in.
func folder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("emulators: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "infra", "e2e", "emulators"), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("%w: not run inside the repository", ErrNotInstalled)
		}
		dir = parent
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - 4096; over > 0 {
		t.buf = t.buf[over:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}
