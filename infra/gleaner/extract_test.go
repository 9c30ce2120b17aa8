package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// here is what the tests of extract need to crawl this machine.
func here(t *testing.T, args ...string) []string {
	return append([]string{"extract", "--data", filepath.Join(t.TempDir(), "data"), "--allow-net", "127.0.0.1/32", "--follow", "none"}, args...)
}

func TestExtractReadsEveryKindOfList(t *testing.T) {
	t.Parallel()
	w := newWebsite(t, 0)
	urls := w.pages(5)
	utf16 := "\xff\xfe"
	for _, c := range urls[4] {
		utf16 += string(c) + "\x00"
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(urls[1] + "\n"))
	_ = z.Close()
	book := filepath.Join(t.TempDir(), "list.xlsx")
	x := excelize.NewFile()
	_ = x.SetSheetRow("Sheet1", "A1", &[]any{"name", "website"})
	_ = x.SetSheetRow("Sheet1", "A2", &[]any{"Anna", urls[3]})
	if err := x.SaveAs(book); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "found.csv")
	term := &terminal{t: t}
	r := term.run(here(t, urls[0], file(t, "more.txt.gz", packed.String()),
		file(t, "list.csv", "name;website;note\nKai;"+urls[2]+";\"two\nlines\"\nOle;"+urls[2]+";again\n"), book,
		"--column", "website", "-o", out)...)
	if r.code != 1 || !strings.Contains(r.text, "column") {
		t.Fatalf("a text file has no column %q: exit %d, %s", "website", r.code, r.text)
	}
	r = term.run(here(t, urls[0], file(t, "more.txt.gz", packed.String()),
		file(t, "list.csv", "name;website;note\nKai;"+urls[2]+";\"two\nlines\"\nOle;"+urls[2]+";again\nNils;hello;\n"), book,
		file(t, "from excel.txt", utf16), "-o", out)...)
	if r.code != 0 {
		t.Fatalf("exit %d: %s\n%s", r.code, r.text, r.err)
	}
	found := read(t, out)
	for i := range urls {
		if strings.Count(found, fmt.Sprintf("page%d@baeckerei-lindhorst.de,", i)) != 1 {
			t.Errorf("page%d is not in the file once:\n%s", i, found)
		}
	}
	if !strings.Contains(r.err, `left out:`) || !strings.Contains(r.err, `"hello" host name has no dot`) || !strings.Contains(r.err, "5 addresses written to") {
		t.Errorf("said:\n%s", r.err)
	}
}

func TestExtractChoosesTheFormatByTheEnding(t *testing.T) {
	t.Parallel()
	w := newWebsite(t, 0)
	dir := t.TempDir()
	term := &terminal{t: t}
	for _, ending := range []string{"csv", "ndjson", "jsonl", "xlsx"} {
		out := filepath.Join(dir, "found."+ending)
		term.ok(here(t, w.URL+"/page0", "-o", out)...)
		data := read(t, out)
		good := strings.Contains(data, "page0@baeckerei-lindhorst.de")
		if ending == "xlsx" {
			book, err := excelize.OpenReader(strings.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			cell, err := book.GetCellValue(book.GetSheetName(0), "A2")
			good = err == nil && cell == "page0@baeckerei-lindhorst.de"
		}
		if !good {
			t.Errorf("%s: %q", ending, data)
		}
	}
	term.fails(1, ".xlsx", here(t, w.URL+"/page0", "-o", filepath.Join(dir, "found.doc"))...)
	if left, err := filepath.Glob(filepath.Join(dir, ".gleaner-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if out := term.ok(here(t, w.URL+"/page0", "--format", "ndjson")...); !strings.HasPrefix(out, `{"email":"page0@`) {
		t.Errorf("on standard output: %q", out)
	}
}

func TestExtractOptionsReachTheJob(t *testing.T) {
	t.Parallel()
	w := newWebsite(t, 0)
	term := &terminal{t: t}
	out := term.ok(here(t, append(w.pages(60), "--stop-after", "1", "--per-host", "1")...)...)
	if n := strings.Count(out, "@baeckerei"); n < 1 || n >= 60 {
		t.Errorf("--stop-after 1 found %d addresses", n)
	}
	if out := term.ok(here(t, w.URL+"/page0", "--min-confidence", "100%")...); strings.Contains(out, "page0@") {
		t.Errorf("nothing is so sure: %s", out)
	}
	for _, c := range []struct{ args, say string }{
		{"--per-host=99", "--per-host: 99 is not between 1 and 8"},
		{"--follow=somewhere", "--follow:"},
		{"--source=book", "--source:"},
		{"--page-budget=-1", "--page-budget:"},
		{"--gap=2h", "--gap:"},
		{"--min-confidence=lots", "lots"},
		{"--min-confidence=101", "101"},
		{"--workers=0", "--workers:"},
		{"--format=doc", "--format:"},
		{"--resume=xyz", "--resume:"},
	} {
		term.fails(1, c.say, here(t, w.URL+"/page0", c.args)...)
	}
	term.fails(1, "neither a file nor", here(t, "no-such-file")...)
	if r := term.feed("# nothing\n", here(t)...); r.code != 1 || r.text != errNoURL.Error() {
		t.Errorf("an empty list: exit %d, %s", r.code, r.text)
	}
}

func TestExtractExitStatusAndJSON(t *testing.T) {
	t.Parallel()
	w := newWebsite(t, 0)
	w.answer("/page1", 404)
	term := &terminal{t: t}
	r := term.feed(strings.Join(w.pages(2), "\n"), here(t, "--json")...)
	if r.code != exitSomeFailed || !strings.Contains(r.text, "1 of 2 URLs") {
		t.Errorf("exit %d, %s", r.code, r.text)
	}
	var last struct {
		Status   string
		Emails   int
		Outcomes map[string]int
	}
	lines := strings.Split(strings.TrimSpace(r.err), "\n")
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Status != "COMPLETED" || last.Emails != 1 || last.Outcomes["http_4xx"] != 1 {
		t.Errorf("ended %+v, %v", last, err)
	}
}

// A real process is stopped by Ctrl-C and gone on with: every page is there in
// the end, each address once.
func TestInterruptAndResume(t *testing.T) {
	t.Parallel()
	w := newWebsite(t, 30*time.Millisecond)
	const pages = 120
	data, out := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "found.csv")
	list := file(t, "urls.txt", strings.Join(w.pages(pages), "\n"))
	args := []string{"extract", list, "--data", data, "--allow-net", "127.0.0.1/32", "--follow", "none", "--per-host", "2", "-o", out}
	cmd := program(t, args...)
	var said buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for w.seen("/page20") == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !asExit(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Fatalf("ended with %v\n%s", err, said.String())
	}
	before := strings.Count(read(t, out), "@baeckerei")
	if before == 0 || before >= pages {
		t.Errorf("%d addresses were written at Ctrl-C", before)
	}
	_, command, found := strings.Cut(said.String(), "go on with: gleaner ")
	if !found {
		t.Fatalf("it does not say how to go on:\n%s", said.String())
	}
	resume := strings.Fields(command)
	if text, err := program(t, resume...).CombinedOutput(); err != nil {
		t.Fatalf("gleaner %v: %v\n%s", resume, err, text)
	}
	text := read(t, out)
	again := 0
	for i := range pages {
		if n := strings.Count(text, fmt.Sprintf("\npage%d@baeckerei", i)); n != 1 {
			t.Errorf("page%d is there %d times", i, n)
		}
		if n := w.seen(fmt.Sprintf("/page%d", i)); n > 1 {
			again++
		}
	}
	if again > 0 {
		t.Errorf("%d pages were fetched again after a clean stop", again)
	}
}

func asExit(err error, target **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError) //nolint:errorlint // Wait gives it as it is
	*target = e
	return ok
}

// A second Ctrl-C ends the process at once.
func TestSecondInterruptKills(t *testing.T) {
	t.Parallel()
	w := newWebsite(t, 30*time.Second)
	cmd := program(t, here(t, w.URL+"/page0")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for w.seen("/page0") == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for range 100 { // the first of them is the clean stop, which waits for the page
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case err := <-done:
			var exit *exec.ExitError
			if !asExit(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT { //nolint:forcetypeassert // Unix
				t.Errorf("ended with %v", err)
			}
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
	_ = cmd.Process.Kill()
	t.Error("it does not end")
}

func TestExtractWhereAServerRuns(t *testing.T) {
	t.Parallel()
	term, data := serving(t)
	list := file(t, "my sites.txt", "example.org")
	r := term.run("extract", list, "--data", data, "-o", "found.csv")
	if want := "gleaner create " + quoted(list) + " --wait -o found.csv"; r.code != 1 || !strings.Contains(r.text, want) {
		t.Errorf("exit %d, %s\nwant %s", r.code, r.text, want)
	}
	term.fails(1, "A server is probably running on it", "serve", "--data", data, "--listen", "127.0.0.1:0")
}

func TestDemo(t *testing.T) {
	t.Parallel()
	r := (&terminal{t: t}).run("extract", "--demo")
	if r.code != 0 || !strings.Contains(r.err, "found exactly the 207 addresses") {
		t.Errorf("exit %d: %s\n%s", r.code, r.text, r.err)
	}
}
