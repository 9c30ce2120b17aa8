package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"gleaner/shared/client"
	"gleaner/shared/job"
)

func TestCreateWatchExport(t *testing.T) {
	t.Parallel()
	term, _ := serving(t)
	w := newWebsite(t, 0)
	w.answer("/page3", 404)
	list := file(t, "autumn fair.txt", strings.Join(append(w.pages(6), "hello", w.pages(1)[0]), "\n"))
	r := term.run("create", list, "--follow", "none")
	id := strings.TrimSpace(r.out)
	if _, err := job.ParseID(id); r.code != 0 || err != nil || !strings.Contains(r.err, "6 pages, 1 duplicate") || !strings.Contains(r.err, `"hello"`) {
		t.Fatalf("exit %d, %s\n%s%s", r.code, r.text, r.out, r.err)
	}
	r = term.run("watch", "last", "--json")
	if r.code != exitSomeFailed || !strings.Contains(r.text, "1 of 6 URLs") {
		t.Errorf("watch: exit %d, %s", r.code, r.text)
	}
	var last job.Snapshot
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Status != job.Completed || last.Emails != 5 {
		t.Errorf("watch: %v\n%s", err, r.out)
	}
	if r := term.run("watch", id[:20], "--poll"); r.code != exitSomeFailed || !strings.Contains(r.err, "6 pages in") || !strings.Contains(r.err, "http_4xx") {
		t.Errorf("watch: exit %d, %s\n%s", r.code, r.text, r.err)
	}
	out := term.ok("jobs", "--status", "completed", "--search", "autumn")
	if !strings.Contains(out, id) || !strings.Contains(out, "autumn fair.txt") || strings.Count(out, "\n") != 2 {
		t.Errorf("jobs:\n%s", out)
	}
	if out := term.ok("jobs", "--status", "running", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("running jobs: %s", out)
	}

	dir := t.TempDir()
	csv := filepath.Join(dir, "found.csv")
	r = term.run("export", "last", "-o", csv, "--search", "page1")
	if text := read(t, csv); r.code != 0 || !strings.HasPrefix(text, "email,") || strings.Count(text, "\n") != 2 || !strings.Contains(r.err, "1 row written") {
		t.Errorf("export: %s%s\n%s", r.text, r.err, text)
	}
	if out := term.ok("export", id, "--urls", "--class", "failed", "--format", "ndjson"); strings.Count(out, "\n") != 1 || !strings.Contains(out, "page3") {
		t.Errorf("failed URLs: %s", out)
	}
	if out := term.ok("export", id, "--urls", "--outcome", "found,http_4xx"); strings.Count(out, "\n") != 7 {
		t.Errorf("all URLs:\n%s", out)
	}
	for filter, want := range map[string]int{"--own-domain": 1, "--own-domain=false": 6, "--kind=disposable": 1, "--domain=baeckerei-lindhorst.de": 6, "--found-by=mailto": 6, "--min-confidence=0": 6} {
		if out := term.ok("export", id, filter); strings.Count(out, "\n") != want {
			t.Errorf("%s: %d lines, want %d", filter, strings.Count(out, "\n"), want)
		}
	}
	book := filepath.Join(dir, "found.xlsx")
	term.ok("export", id, "-o", book)
	if x, err := excelize.OpenFile(book); err != nil {
		t.Error(err)
	} else if rows, err := x.GetRows(x.GetSheetName(0)); err != nil || len(rows) != 6 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	for _, bad := range [][]string{
		{"--outcome", "timeout"}, {"--urls", "--kind", "role"}, {"--urls", "--outcome", "nothing"}, {"--urls", "--class", "good"}, {"-o", "found.doc"},
	} {
		if r := term.run(append([]string{"export", id}, bad...)...); r.code != 1 || !strings.Contains(r.text, "--") {
			t.Errorf("%v: exit %d, %s", bad, r.code, r.text)
		}
	}
	term.fails(1, "There is no such thing", "export", string(job.NewID(time.Now(), 1)), "-o", filepath.Join(dir, "none.csv"))
	if _, err := os.Stat(filepath.Join(dir, "none.csv")); err == nil {
		t.Error("a file was made of nothing")
	}
}

func TestCreateAndWait(t *testing.T) {
	t.Parallel()
	term, _ := serving(t)
	w := newWebsite(t, 0)
	out := filepath.Join(t.TempDir(), "found.ndjson")
	r := term.feed(strings.Join(w.pages(3), "\n"), "create", "--follow", "none", "-o", out, "--json")
	var made struct {
		Job      struct{ ID, Name string }
		Accepted int
	}
	if err := json.Unmarshal([]byte(r.out), &made); err != nil || r.code != 0 || made.Accepted != 3 || made.Job.Name != "standard input" {
		t.Fatalf("exit %d, %s, %v\n%s%s", r.code, r.text, err, r.out, r.err)
	}
	if text := read(t, out); strings.Count(text, "\n") != 3 {
		t.Errorf("found:\n%s", text)
	}
	r = term.run("create", w.pages(1)[0], "--wait", "--name", "one")
	if r.code != 0 || strings.Count(r.out, "@") != 1 || !strings.Contains(r.err, "job 01") {
		t.Errorf("exit %d, %s\n%s%s", r.code, r.text, r.out, r.err)
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	term, data := serving(t)
	w := newWebsite(t, 150*time.Millisecond)
	w.answer("/page0", 503)
	id := strings.TrimSpace(term.ok(append([]string{"create", "--follow", "none", "--per-host", "1"}, w.pages(25)...)...))
	for _, step := range [][2]string{{"pause", "paused"}, {"resume", "running"}, {"cancel", "cancelled"}} {
		if out := term.ok(step[0], id); out != id+" is "+step[1]+"\n" {
			t.Errorf("%s: %s", step[0], out)
		}
	}
	term.fails(1, "CANCELLED and cannot become PAUSED", "pause", id)
	term.fails(1, "the job is cancelled", "watch", id)
	out := term.ok("delete", "last")
	if !strings.Contains(out, "gleaner restore "+id) {
		t.Errorf("delete: %s", out)
	}
	term.fails(1, "There is no such thing", "watch", id)
	term.ok("restore", id)
	w.answer("/page0", 0)
	var j client.Job
	if err := json.Unmarshal([]byte(term.ok("retry", id, "--json")), &j); err != nil || j.Status != job.Running {
		t.Errorf("retry: %s, %v", j.Status, err)
	}
	term.ok("watch", id, "--poll", "--interval", "100ms")
	if out := term.ok("export", id); strings.Count(out, "\n") != 26 {
		t.Errorf("after the retry:\n%s", out)
	}
	if out := term.ok("audit", "last", "--data", data); !strings.Contains(out, "25 URLs, 25 addresses read") || !strings.Contains(out, "Every figure is what is stored") {
		t.Errorf("audit: %s", out)
	}
	// One job that is not there does not keep the others from their turn.
	term.fails(1, "no job has an id that begins with", "delete", "01ZZZZZZ", id)
	term.fails(1, "There is no such thing", "watch", id)
	term.fails(1, "there is no job yet", "watch", "last")
	term.fails(1, "at least the first", "cancel", "01")
}

func TestLargeListIsHandedInByChunks(t *testing.T) {
	t.Parallel()
	term, _ := serving(t)
	n := client.DefaultChunkURLs + 1000
	var b strings.Builder
	for i := range n { // the crawler begins, and may not look up or reach anybody
		_, _ = fmt.Fprintf(&b, "http://127.9.%d.%d/\n", i/256, i%256)
	}
	r := term.run("create", file(t, "many.txt", b.String()), "--json")
	var made client.Created
	if err := json.Unmarshal([]byte(r.out), &made); err != nil || r.code != 0 || made.Accepted != n || made.Job.URLs != n {
		t.Fatalf("exit %d, %s, %v\n%s%s", r.code, r.text, err, r.out, r.err)
	}
	if !strings.Contains(r.err, "51,000 of 51,000 pages handed in") {
		t.Errorf("said %s", r.err)
	}
	term.ok("cancel", string(made.Job.ID))
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	term := &terminal{t, map[string]string{"GLEANER_ENDPOINT": "http://127.0.0.1:1"}}
	for _, args := range [][]string{{"jobs"}, {"watch", "last"}, {"cancel", "last"}, {"create", "example.org"}, {"keys", "list"}, {"doctor"}, {"export", "last"}, {"webhook", "secret"}} {
		term.fails(1, "Start a server with: gleaner serve", args...)
	}
	term.fails(1, "--endpoint", "jobs", "--endpoint", "ftp://example.org")
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	for status, code := range map[string]int{"ok": 0, "degraded": 2, "failing": 1} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/health" || r.URL.Query().Get("deep") != "1" || r.Header.Get("Authorization") != "Bearer glk_X" {
				t.Errorf("asked for %s with %s", r.URL, r.Header)
			}
			w.Header().Set("Content-Type", "application/json")
			if status == "failing" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = fmt.Fprintf(w, `{"status":%q,"checks":[{"name":"store","status":"ok","detail":"answers","ms":2},
				{"name":"dead letters","status":%q,"detail":"3 wait","advice":"look at the log","ms":1}]}`, status, status)
		}))
		t.Cleanup(s.Close)
		term := &terminal{t, map[string]string{"GLEANER_ENDPOINT": s.URL, "GLEANER_KEY": "glk_X"}}
		r := term.run("doctor")
		if r.code != code || !strings.Contains(r.out, "✓ store         answers (2 ms)") || strings.Contains(r.out, "→ look at the log") != (status != "ok") {
			t.Errorf("%s: exit %d, %s\n%s", status, r.code, r.text, r.out)
		}
		var report client.Report
		if r := term.run("doctor", "--json"); r.code != code || json.Unmarshal([]byte(r.out), &report) != nil || report.Status != status {
			t.Errorf("%s: exit %d\n%s", status, r.code, r.out)
		}
	}
}

func TestCompletionOffersJobs(t *testing.T) {
	t.Parallel()
	term, _ := serving(t)
	id := strings.TrimSpace(term.ok("create", newWebsite(t, 0).URL+"/page0", "--name", "fair"))
	if out := term.ok("__complete", "watch", id[:8]); !strings.HasPrefix(out, id+"\t") || !strings.Contains(out, "fair") {
		t.Errorf("offered %q", out)
	}
	if out := term.ok("completion", "bash"); !strings.Contains(out, "__start_gleaner") {
		t.Error("no completion for bash")
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	t.Parallel()
	for _, c := range newRoot(func(string) string { return "" }).Commands() {
		if c.Short == "" || !c.HasSubCommands() && c.Name() != "help" && c.Example == "" {
			t.Errorf("%s: no help or no example", c.Name())
		}
		for line := range strings.SplitSeq(c.Example, "\n") {
			if line != "" && (!strings.HasPrefix(line, "  ") || !strings.Contains(line, "gleaner "+c.Name())) {
				t.Errorf("%s: example %q", c.Name(), line)
			}
		}
	}
}
