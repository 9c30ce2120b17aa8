package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/shared/job"
)

// node finds Node.js; without it the test is skipped, except in CI.
func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is not installed")
		}
		t.Skip("node is not installed")
	}
	return path
}

func TestScripts(t *testing.T) {
	tests, err := filepath.Glob("test/*.test.mjs")
	if err != nil || len(tests) < 3 {
		t.Fatalf("found %d test files: %v", len(tests), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, node(t), append([]string{"--test"}, tests...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// finding is what the page makes of a line.
type finding struct {
	URL    string `json:"url"`
	Host   string `json:"host"`
	Reason string `json:"reason"`
}

// read asks the page's own code about lines; nil stands for an empty one.
func read(t *testing.T, lines []string) []*finding {
	t.Helper()
	in, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node(t), "testdata/targets.mjs")
	var fault bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &fault
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &fault)
	}
	var found []*finding
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	if len(found) != len(lines) {
		t.Fatalf("%d answers to %d lines", len(found), len(lines))
	}
	return found
}

// The preview must say what the server will say: same lines, same URLs (so that
// duplicates agree), same reasons.
func TestPreviewAgreesWithServer(t *testing.T) {
	lines := []string{
		"", "   ", "\ufeffexample.org", "example.org", "EXAMPLE.ORG/", "example.org.", "https://example.org", "http://example.org/",
		"https://example.org:443/", "http://example.org:80/x", "https://example.org:8443/x", "example.org:8080/x", "example.org:",
		"https://example.org:0/", "https://example.org:65536/", "https://example.org:1a/", "//example.org/x", "https:///x", "http://", "https://",
		"ftp://example.org/", "mailto:anna@example.org", "javascript:alert(1)", "anna@example.org", "anna@example.org/x", "data:text/html,x",
		"https://anna@example.org/", "https://anna:secret@example.org/", "nonsense", "localhost", "http://localhost:8080/", "http://127.0.0.1/x",
		"https://[::1]/", "http://[::1]:80/", "https://[fe80::1%25eth0]/", "https://[]/", "https://[abc]/", "https://[1.2.3.4]/", "https://[::1", "https://[2001:DB8:0::1]/", "https://m%C3%BCnchen.example/", "https://münchen.example/", "MÜNCHEN.example",
		"https://xn--mnchen-3ya.example/", "straße.example/größe?q=ä", "https://example.org/a/../b", "https://example.org/./a/", "https://example.org/a//b",
		"https://example.org/a b", "https://example.org/ü", "https://example.org/%zz", "https://example.org/%C3%BC", "https://example.org/x#frag",
		"https://example.org?x=1", "https://example.org/?", "https://example.org/?q=a b", "example .org", "https://exa mple.org/", "https://-a.example/",
		"https://a-.example/", "https://a_b.example/", "https://a..b.example/", "https://.example.org/", "a.b.c.d.example/x;y=1,2!$&'()*",
		`"https://example.org/quoted"`, "<https://example.org/angle>", "\thttps://example.org/tab\r\n", "https://example.org/tab\there",
		"HTTPS://Example.ORG/CaSe", "hTTp://example.org", "https://example.org\\x", "https://example.org/back\\slash", "www.example.org/kontakt.html",
		"https://example.org/~anna/[1]", "https://example.org/{x}|y^z`", "example.org/path:with:colons", "http//example.org", "http:/example.org",
		"example.org?x=http://other.example", "example.org/http://other.example/", "foo:bar", "a.b:c", "https://example.org/" + string(bytes.Repeat([]byte("a"), 2040)),
		"https://" + string(bytes.Repeat([]byte("a"), 64)) + ".example/", "https://example.org/a/b/../../../c/.", "https://example.org/..", "https://example.org/.well-known/x",
	}
	compare(t, lines)
}

// Random lines from the pieces that real and broken lists are made of.
func TestPreviewAgreesWithServerOnRandomLines(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"https://", "http://", "HTTP://", "//", "www.", "tischlerei-ahrens", "a", "ä", "x_y", "-", ".", "de", ".de", "/", "kontakt", "?", "q=1", "#", "&",
		":", "80", "443", "8080", "@", " ", "%20", "%", "..", "/../", "/./", ";", ",", "~", "(", "+", "=", "\"", "é", "ß",
	})
	generator := rapid.Custom(func(rt *rapid.T) string {
		line := ""
		for range rapid.IntRange(1, 8).Draw(rt, "pieces") {
			line += piece.Draw(rt, "piece")
		}
		return line
	})
	lines := make([]string, 4000)
	for i := range lines {
		lines[i] = generator.Example(i)
	}
	compare(t, lines)
}

func compare(t *testing.T, lines []string) {
	t.Helper()
	for i, got := range read(t, lines) {
		want, err := job.ParseTarget(lines[i])
		switch {
		case got == nil:
			if err == nil || err.Error() != "is empty" {
				t.Errorf("%q: the page takes it for empty, the server says %q, %v", lines[i], want.URL, err)
			}
		case err != nil:
			if got.Reason != err.Error() {
				t.Errorf("%q: the page says %s, the server %q", lines[i], got, err)
			}
		case got.URL != want.URL || got.Host != want.Host():
			t.Errorf("%q: the page says %s, the server %q on %q", lines[i], got, want.URL, want.Host())
		}
	}
}

// String implements fmt.Stringer.
func (f *finding) String() string {
	if f.Reason != "" {
		return fmt.Sprintf("%q", f.Reason)
	}
	return fmt.Sprintf("%q on %q", f.URL, f.Host)
}
