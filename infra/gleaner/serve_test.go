package main

import (
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
