package client_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/shared/client"
	"gleaner/shared/export"
	"gleaner/shared/job"
	"gleaner/shared/submit"
)

func targets(t *testing.T, lines []string) []job.Target {
	t.Helper()
	l := submit.FromStrings(lines)
	if l.RejectedCount > 0 {
		t.Fatalf("rejected: %v", l.Rejected)
	}
	return l.Targets
}

func emails(t *testing.T, c *client.Client, id job.ID) []string {
	t.Helper()
	var got []string
	for a, err := range c.Addresses(t.Context(), id, job.AddressFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Email)
	}
	slices.Sort(got)
	return got
}

func TestJobFromStartToEnd(t *testing.T) {
	t.Parallel()
	s := start(t, 6, 5*time.Millisecond)
	c := s.client(t)
	made, err := c.Create(t.Context(), client.NewJob{
		Name: "bakers", Options: job.Options{Gap: 3 * time.Millisecond}, Targets: targets(t, s.site.URLs()),
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.Accepted != len(s.site.URLs()) || made.Job.Name != "bakers" || made.Job.Options.Gap != 3 {
		t.Fatalf("created %+v", made)
	}
	var shown []job.Snapshot
	var ways []client.Way
	end, err := c.Watch(t.Context(), made.Job.ID, client.Watcher{
		Show:  func(s job.Snapshot) { shown = append(shown, s) },
		State: func(w client.Way, _ error) { ways = append(ways, w) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if end.Status != job.Completed || int(end.Emails) != len(s.site.Want()) {
		t.Fatalf("ended %+v", end)
	}
	if !slices.IsSortedFunc(shown, func(a, b job.Snapshot) int { return int(a.Version - b.Version) }) {
		t.Error("versions went back")
	}
	if len(ways) == 0 || ways[0] != client.Pushed {
		t.Errorf("news came by %v, want them pushed", ways)
	}
	if got := emails(t, c, end.ID); !slices.Equal(got, s.site.Want()) {
		t.Errorf("found %v, want %v", got, s.site.Want())
	}
	list, err := c.Jobs(t.Context(), client.JobFilter{Status: "completed", Search: "bak"}, 10)
	if err != nil || len(list) != 1 || list[0].ID != end.ID || list[0].Progress.Emails != end.Emails || list[0].Options.Gap != 3 {
		t.Errorf("listed %+v, %v", list, err)
	}
}

func TestLargeListGoesInChunksAndChunksAreRepeated(t *testing.T) {
	t.Parallel()
	s := start(t, 6, 0)
	var broken atomic.Int32
	s.misbehave(func(w http.ResponseWriter, r *http.Request) bool {
		// Every second chunk breaks the first time: refused, or cut off.
		if r.Method != http.MethodPut || broken.Add(1)%2 == 0 {
			return false
		}
		if broken.Load()%4 == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		panic(http.ErrAbortHandler)
	})
	c := s.client(t, func(c *client.Config) { c.ChunkURLs = 7 })
	var sent []int
	all := targets(t, s.site.URLs())
	made, err := c.Create(t.Context(), client.NewJob{Targets: all, Sent: func(n, of int) {
		if of != len(all) {
			t.Errorf("of %d", of)
		}
		sent = append(sent, n)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if made.Accepted != len(all) || made.Job.URLs != len(all) || sent[len(sent)-1] != len(all) || len(sent) != (len(all)+6)/7 {
		t.Fatalf("created %+v, sent %v", made, sent)
	}
	if n := broken.Load(); n < int32(len(sent)) {
		t.Fatalf("only %d chunk requests for %d chunks: nothing was repeated", n, len(sent))
	}
	end, err := c.Watch(t.Context(), made.Job.ID, client.Watcher{})
	if err != nil || int(end.Emails) != len(s.site.Want()) {
		t.Fatalf("ended %+v, %v", end, err)
	}
}

func TestCreateRepeatedMakesOneJob(t *testing.T) {
	t.Parallel()
	s := start(t, 1, 0)
	c := s.client(t)
	// The server creates the job, but its answer is lost, once.
	var lost atomic.Bool
	s.misbehave(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.Path == "/jobs" && lost.CompareAndSwap(false, true) {
			h, err := s.node.Handler()
			if err != nil {
				t.Error(err)
			}
			h.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		}
		return false
	})
	if _, err := c.Create(t.Context(), client.NewJob{Targets: targets(t, s.site.URLs())}); err != nil {
		t.Fatal(err)
	}
	if n := s.requests("POST /jobs"); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
	if list, err := c.Jobs(t.Context(), client.JobFilter{}, 10); err != nil || len(list) != 1 {
		t.Errorf("%d jobs, %v", len(list), err)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

func TestProblemsAreReadable(t *testing.T) {
	t.Parallel()
	s := start(t, 1, 0)
	c := s.client(t)
	_, err := c.Create(t.Context(), client.NewJob{Options: job.Options{PerHost: 99}, Targets: targets(t, s.site.URLs())})
	want := "A field is not valid (422)\n  options.per_host 99 is not between 1 and 8"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, _, err = c.Job(t.Context(), job.NewID(time.Now(), 1))
	if !client.NotFound(err) {
		t.Errorf("got %v, want not found", err)
	}
	if _, err = c.Act(t.Context(), job.NewID(time.Now(), 1), "cancel"); !client.NotFound(err) {
		t.Errorf("got %v, want not found", err)
	}
	_, err = s.client(t, func(c *client.Config) { c.Key = "glk_WRONG" }).Keys(t.Context())
	if !client.Unauthorized(err) {
		t.Errorf("got %v, want unauthorized", err)
	}
	s.misbehave(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"message":"Limit Exceeded"}`))
		return true
	})
	_, err = s.client(t, func(c *client.Config) { c.Retries = -1 }).Keys(t.Context())
	if want := "The server answered 429 Too Many Requests: Limit Exceeded (429)"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRateLimitIsWaitedOut(t *testing.T) {
	t.Parallel()
	s := start(t, 1, 0)
	var refused atomic.Int32
	s.misbehave(func(w http.ResponseWriter, _ *http.Request) bool {
		if refused.Add(1) > 1 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"type":"/docs#problem-too-many-requests","title":"Too many requests","status":429}`))
		return true
	})
	began := time.Now()
	if _, err := s.client(t).Keys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(began); waited < time.Second {
		t.Errorf("asked again after %s, although Retry-After was a second", waited)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	c, err := client.New(client.Config{Endpoint: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Keys(t.Context()); !client.Refused(err) {
		t.Errorf("got %v", err)
	}
	for _, bad := range []string{"ftp://x.org", "http://", "http://%zz"} {
		if _, err := client.New(client.Config{Endpoint: bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestExports(t *testing.T) {
	t.Parallel()
	s := start(t, 6, 0)
	c := s.client(t)
	made, err := c.Create(t.Context(), client.NewJob{Targets: targets(t, s.site.URLs())})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Watch(t.Context(), made.Job.ID, client.Watcher{}); err != nil {
		t.Fatal(err)
	}
	f := job.AddressFilter{Kind: "role"}
	v := export.VisitFilter{Classes: []job.Class{job.ClassOK}}
	file := func(format export.Format) (string, string) {
		var a, b bytes.Buffer
		if err := c.ExportAddresses(t.Context(), &a, made.Job.ID, format, f); err != nil {
			t.Fatal(err)
		}
		if err := c.ExportVisits(t.Context(), &b, made.Job.ID, format, v); err != nil {
			t.Fatal(err)
		}
		return a.String(), b.String()
	}
	addresses, visits := file(export.CSV)
	if strings.Count(addresses, "\n") < 2 || !strings.HasPrefix(addresses, "email,") || strings.Count(visits, ",ok,") != strings.Count(visits, "\n")-1 {
		t.Fatalf("addresses:\n%s\nvisits:\n%s", addresses, visits)
	}
	// An endpoint that cannot send the file gives the same by pages.
	var pages atomic.Int32
	s.misbehave(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".csv") {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_, _ = w.Write([]byte(`{"type":"/docs#problem-answer-too-large","title":"The answer is too large for this endpoint","status":413}`))
			return true
		}
		pages.Add(1)
		return false
	})
	again, visitsAgain := file(export.CSV)
	if again != addresses || visitsAgain != visits {
		t.Errorf("by pages:\n%s\n%s", again, visitsAgain)
	}
	if pages.Load() == 0 {
		t.Error("no page was read")
	}
	// A file that breaks off is an error, not a short file.
	s.misbehave(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte("email,source_url\n"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	err = c.ExportAddresses(t.Context(), &bytes.Buffer{}, made.Job.ID, export.CSV, f)
	if err == nil || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("got %v", err)
	}
}

func TestLineMeansItsTarget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		host := rapid.StringMatching(`[a-z]{1,8}\.(de|org|co\.uk)(:[1-9][0-9]{1,3})?`).Draw(t, "host")
		path := rapid.StringMatching(`(/[a-zA-Z0-9_.~%20=?&;,:@-]{0,12}){0,3}`).Draw(t, "path")
		scheme := rapid.SampledFrom([]string{"", "http://", "https://", "//"}).Draw(t, "scheme")
		want, err := job.ParseTarget(scheme + host + path)
		if err != nil {
			t.Skip()
		}
		if got, err := job.ParseTarget(client.Line(want)); err != nil || got != want {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		// Within a list, too: nothing of it may be taken for a separator.
		if l := submit.ParseText(client.Line(want) + "\n"); strings.ContainsAny(path, ";,") {
			return // separators within a path are the list's own business
		} else if len(l.Targets) != 1 || l.Targets[0] != want {
			t.Fatalf("%+v became %+v", want, l)
		}
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := start(t, 1, 0)
	c := s.client(t)
	k, secret, err := c.CreateKey(t.Context(), "laptop")
	if err != nil || !strings.HasPrefix(secret, k.Prefix) {
		t.Fatalf("%+v %q %v", k, secret, err)
	}
	keyed := s.client(t, func(c *client.Config) { c.Key = secret })
	if keys, err := keyed.Keys(t.Context()); err != nil || len(keys) != 1 || keys[0].ID != k.ID {
		t.Errorf("%+v %v", keys, err)
	}
	if err := c.RevokeKey(t.Context(), k.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := keyed.Keys(t.Context()); !client.Unauthorized(err) {
		t.Errorf("a revoked key: %v", err)
	}
	if err := c.RevokeKey(t.Context(), k.ID); !client.NotFound(err) {
		t.Errorf("revoked twice: %v", err)
	}
}

func TestActionsAndUndo(t *testing.T) {
	t.Parallel()
	s := start(t, 6, 300*time.Millisecond)
	c := s.client(t)
	made, err := c.Create(t.Context(), client.NewJob{Targets: targets(t, s.site.URLs())})
	if err != nil {
		t.Fatal(err)
	}
	id := made.Job.ID
	for _, step := range []struct {
		verb string
		want job.Status
	}{{"pause", job.Paused}, {"resume", job.Running}, {"cancel", job.Cancelled}} {
		if j, err := c.Act(t.Context(), id, step.verb); err != nil || j.Status != step.want {
			t.Fatalf("%s: %s, %v", step.verb, j.Status, err)
		}
	}
	if _, err := c.Act(t.Context(), id, "pause"); err == nil || client.NotFound(err) || !strings.Contains(err.Error(), "CANCELLED") {
		t.Errorf("pausing a cancelled job: %v", err)
	}
	if _, until, err := c.Delete(t.Context(), id); err != nil || time.Until(until) < time.Minute {
		t.Errorf("deleted until %s, %v", until, err)
	}
	if _, _, err := c.Job(t.Context(), id); !client.NotFound(err) {
		t.Errorf("deleted: %v", err)
	}
	if _, err := c.Act(t.Context(), id, "restore"); err != nil {
		t.Error(err)
	}
	if _, _, err := c.Job(t.Context(), id); err != nil {
		t.Errorf("restored: %v", err)
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	s := start(t, 1, 0)
	c := s.client(t)
	s.misbehave(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("deep") == "" {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status":"failing","checks":[{"name":"queue","status":"failing","detail":"gone","advice":"look","ms":3}]}`))
		return true
	})
	report, err := c.Doctor(t.Context())
	if err != nil || report.Status != "failing" || len(report.Checks) != 1 || report.Checks[0].Advice != "look" {
		t.Errorf("%+v %v", report, err)
	}
	s.misbehave(func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = w.Write([]byte("<html>hello</html>"))
		return true
	})
	if _, err := c.Doctor(t.Context()); err == nil {
		t.Error("a web page passed for a report")
	}
}

func TestContextEndsRepeating(t *testing.T) {
	t.Parallel()
	s := start(t, 1, 0)
	s.misbehave(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := s.client(t).Keys(ctx)
	var answer *client.Error
	if !errors.As(err, &answer) || answer.Status != http.StatusServiceUnavailable || answer.RetryAfter != 20*time.Second {
		t.Errorf("got %v", err)
	}
}
