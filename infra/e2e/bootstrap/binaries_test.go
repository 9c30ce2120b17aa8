// Package bootstrap runs the functions as AWS would run them: each is compiled to
// the binary that sam build makes and runs under a server that speaks Lambda's
// Runtime API, on the very events of infra/events.
package bootstrap

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const root = "../../.."

// functions by the names they have in the template, with their folders.
var functions = map[string]string{
	"ApiFunction": "api", "ProgressFunction": "progress", "WorkerFunction": "worker", "WebsocketFunction": "websocket",
	"NotifierFunction": "notifier", "DeadletterFunction": "deadletter", "SweeperFunction": "sweeper", "WebFunction": "web",
}

var binaries = struct {
	dir string
	mu  sync.Mutex
	all map[string]func() (string, error)
}{all: map[string]func() (string, error){}}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gleaner-bootstrap-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaries.dir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// binary compiles a function, for Linux on this machine's architecture, as sam
// build does with the settings of samconfig.toml.
func binary(t testing.TB, folder string) string {
	t.Helper()
	binaries.mu.Lock()
	build := binaries.all[folder]
	if build == nil {
		build = sync.OnceValues(func() (string, error) { return compile(folder) })
		binaries.all[folder] = build
	}
	binaries.mu.Unlock()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func compile(folder string) (string, error) {
	path := filepath.Join(binaries.dir, folder, "bootstrap")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-tags", "lambda.norpc",
		"-o", path, "gleaner/functions/"+folder)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+runtime.GOARCH)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build functions/%s: %w\n%s", folder, err, out)
	}
	return path, nil
}

// process is a running function.
type process struct {
	*runtimeAPI
	began time.Time
	log   *bytes.Buffer
	ended chan error
	kill  func() // and wait for its end
}

// start runs a function with only the environment that Lambda and the template
// give it, changed as said.
func start(t testing.TB, function string, changes map[string]string) *process {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the binaries are for Linux")
	}
	variables := environment(t, function)
	for name, value := range changes {
		if _, ok := variables[name]; ok || strings.HasPrefix(name, "AWS_") {
			variables[name] = value
		}
	}
	p := &process{runtimeAPI: newRuntimeAPI(t, 30*time.Second), log: &bytes.Buffer{}, ended: make(chan error, 1)}
	cmd := exec.CommandContext(context.Background(), binary(t, functions[function]))
	cmd.Dir = t.TempDir()
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + p.address(), "AWS_LAMBDA_FUNCTION_NAME=" + function, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "_HANDLER=bootstrap",
	}
	for name, value := range variables {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	p.began = time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- cmd.Wait() }()
	p.kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		<-p.ended
	})
	t.Cleanup(p.kill)
	return p
}

// environment is a function's in env.json.
func environment(t testing.TB, function string) map[string]string {
	t.Helper()
	var all map[string]map[string]string
	if err := json.Unmarshal(event(t, "env"), &all); err != nil {
		t.Fatal(err)
	}
	return all[function]
}

// event reads a file of infra/events.
func event(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "infra", "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
