package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The quotas hold, and the sample site keeps its data where it is told to.
func TestServeFlags(t *testing.T) {
	t.Parallel()
	term, data := serving(t, "--demo", "--urls-per-day", "3", "--running-jobs", "none")
	if _, err := os.Stat(filepath.Join(data, databaseName)); err != nil {
		t.Errorf("--demo with --data: %v", err)
	}
	w := newWebsite(t, 0)
	pages := w.pages(4)
	term.fails(1, "4 URLs are more than the 3", "create", file(t, "four.txt", strings.Join(pages, "\n")))
	term.ok("create", file(t, "three.txt", strings.Join(pages[:3], "\n")))
	term.fails(1, "3 of the 3 URLs of today", "create", file(t, "one.txt", pages[0]))
}

func TestServeRefusesFlags(t *testing.T) {
	t.Parallel()
	term := &terminal{t: t}
	term.fails(1, "--urls-per-day", "serve", "--urls-per-day", "many")
	term.fails(1, "--running-jobs", "serve", "--running-jobs", "-1")
	term.env = map[string]string{"GLEANER_RUNNING_JOBS": "7"}
	if out := term.ok("serve", "--help"); !strings.Contains(out, "(GLEANER_RUNNING_JOBS) (default \"7\")") || !strings.Contains(out, "(default \"10000000\")") {
		t.Errorf("help:\n%s", out)
	}
}

// What is said of wrong arguments names what is wrong.
func TestWrongArguments(t *testing.T) {
	t.Parallel()
	term, _ := serving(t)
	term.fails(1, "there is no file missing.txt", "create", "missing.txt")
	term.fails(1, "there is no file ./missing", "extract", "./missing")
	term.fails(1, `"nonsense" is neither a file nor a web address: host name has no dot`, "create", "nonsense")
	w := newWebsite(t, 0)
	list := file(t, "one.txt", w.pages(1)[0])
	r := term.run("create", list, "-o", "-")
	if r.code != 0 || !strings.HasPrefix(r.out, "email,source_url") {
		t.Errorf("-o -: exit %d, %s\n%s", r.code, r.text, r.out)
	}
	term.fails(1, "there is no directory", "export", "last", "-o", filepath.Join(t.TempDir(), "none", "found.csv"))
	if r := term.run("webhook", "calls", "last"); r.code != 0 || r.out != "" || !strings.Contains(r.err, "There were no calls") {
		t.Errorf("calls: %+v", r)
	}
}

// A deleted job is in no list: "last" would be another one.
func TestRestoreWantsAnID(t *testing.T) {
	t.Parallel()
	term, _ := serving(t)
	w := newWebsite(t, 0)
	id := strings.TrimSpace(term.ok("create", file(t, "one.txt", w.pages(1)[0])))
	term.ok("create", file(t, "two.txt", w.pages(2)[1]))
	term.ok("delete", id)
	term.fails(1, "the id that delete told", "restore", "last")
	if out := term.ok("restore", id); !strings.HasPrefix(out, id+" is ") {
		t.Errorf("restore: %s", out)
	}
}

func TestCompletionOfFlags(t *testing.T) {
	t.Parallel()
	term := &terminal{t: t}
	for _, c := range []struct{ args, want string }{
		{"jobs --status ", "running\n"},
		{"create --follow ", "contact\n"},
		{"export last --outcome ", "timeout\ttook too long\n"},
		{"export last --format ", "xlsx\n"},
	} {
		if out := term.ok(append([]string{"__complete"}, strings.Split(c.args, " ")...)...); !strings.Contains(out, c.want) {
			t.Errorf("%s: %s", c.args, out)
		}
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ip, want   string
		everywhere bool
	}{
		{"127.0.0.1", "127.0.0.1:8080", false},
		{"192.0.2.7", "192.0.2.7:8080", false},
		{"0.0.0.0", "127.0.0.1:8080", true},
		{"::", "127.0.0.1:8080", true},
		{"::1", "[::1]:8080", false},
	} {
		got, everywhere := reachable(&net.TCPAddr{IP: net.ParseIP(c.ip), Port: 8080})
		if got != c.want || everywhere != c.everywhere {
			t.Errorf("%s: %s, %t", c.ip, got, everywhere)
		}
	}
}
