package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "free.txt")
	if err := os.WriteFile(path, []byte("# Free mail.\n# source: here\n# date: 2020-01-01\n# refresh: x\nmail.brenk-hosting.de\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(dir, "new.txt")
	if err := os.WriteFile(from, []byte("# theirs\nPost.Fjordbygg.NO # a comment\nmail.brenk-hosting.de\nnot a domain\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), &out, options{dir: dir, list: "free", from: from, date: "2026-11-23"}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "# Free mail.\n# source: here\n# source: new.txt\n# date: 2026-11-23\n# refresh: x\nmail.brenk-hosting.de\npost.fjordbygg.no\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(out.String(), `dropped "not a domain"`) {
		t.Errorf("output %q", out.String())
	}
	if err := run(t.Context(), &out, options{dir: dir, list: "free", from: filepath.Join(dir, "none.txt")}); err == nil {
		t.Error("a missing source was accepted")
	}
	if err := run(t.Context(), &out, options{dir: dir, list: "other", from: from}); err == nil {
		t.Error("an unknown list was accepted")
	}
	if err := run(t.Context(), &out, options{dir: dir, list: "free"}); err == nil {
		t.Error("-list without -from was accepted")
	}
}

// The lists of the repository are in their canonical form, with a source and a
// date.
func TestRepositoryLists(t *testing.T) {
	t.Parallel()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("..", "lists", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		l := parse(string(data))
		if invalid := l.clean(name); len(invalid) > 0 {
			t.Errorf("%s: invalid entries %q", name, invalid)
		}
		if l.String() != string(data) {
			t.Errorf("%s: not in canonical form, run go generate ./shared/extract", name)
		}
		head := strings.Join(l.header, "\n")
		if !strings.Contains(head, "# source: ") || !strings.Contains(head, "# date: ") {
			t.Errorf("%s: no source or no date", name)
		}
	}
}
