package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"gleaner/shared/httpapi"
	"gleaner/shared/job"
)

func TestRequestIDs(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) {
		c.RequestID = func(context.Context) string { return "from-the-platform" }
	})
	if id := s.do("GET", "/health", "").Header().Get("X-Request-Id"); id != "from-the-platform" {
		t.Errorf("platform's id: %q", id)
	}
	if id := s.do("GET", "/health", "", "X-Request-Id", "client-0815").Header().Get("X-Request-Id"); id != "client-0815" {
		t.Errorf("client's id: %q", id)
	}
	if id := s.do("GET", "/health", "", "X-Request-Id", "bad id\"").Header().Get("X-Request-Id"); id != "from-the-platform" {
		t.Errorf("unfit id: %q", id)
	}
	problem(t, s.do("GET", "/nirgends", "", "X-Request-Id", "client-0816"), 404)
	var found bool
	for line := range strings.Lines(s.log.String()) {
		var entry struct {
			RequestID string `json:"request_id"`
			Path      string
			Status    int
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		found = found || entry.RequestID == "client-0816" && entry.Path == "/nirgends" && entry.Status == 404
	}
	if !found {
		t.Errorf("not in the log: %s", s.log)
	}
}

// brokenStore answers nothing but faults.
type brokenStore struct {
	job.Store
	fault func() error
}

func (b brokenStore) Progress(context.Context, job.ID) (job.Progress, error) {
	return job.Progress{}, b.fault()
}

func TestFaultsOfTheStore(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  func() error
		status int
		logged string
	}{
		{"error", func() error { return errors.New("table on fire") }, 500, "table on fire"},
		{"panic", func() error { panic("nil map") }, 500, "nil map"},
		{"deadline", func() error { return fmt.Errorf("get: %w", context.DeadlineExceeded) }, 503, ""},
		{"conflict", func() error { return job.ErrConflict }, 409, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, func(cfg *httpapi.Config) { cfg.Store = brokenStore{cfg.Store, c.fault} })
			w := s.do("GET", "/jobs/"+string(job.NewID(time.Now(), 1))+"/progress", "")
			problem(t, w, c.status)
			if c.logged != "" && (strings.Contains(w.Body.String(), c.logged) || !strings.Contains(s.log.String(), c.logged)) {
				t.Errorf("answered %s, logged %s", w.Body, s.log)
			}
		})
	}
}

func TestBufferedAnswers(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) { c.MaxResponse, c.StreamURL = 2000, "https://strom.example/" })
	id := s.submitList(urlLines(100)...)
	s.crawl(id, func(string) job.Outcome { return job.OutcomeFound })
	base := "/jobs/" + string(id)
	for _, file := range []string{"/emails.csv", "/emails.ndjson", "/emails.xlsx", "/urls.csv"} {
		p := problem(t, s.do("GET", base+file+"?q=firma", ""), 413)
		if whole := "https://strom.example" + base + file + "?q=firma"; p.Stream != whole || !strings.Contains(p.Detail, whole) || !strings.Contains(p.Detail, "cursor") {
			t.Errorf("%s %s", p.Stream, p.Detail)
		}
	}
	w := s.want(200, nil, "GET", base+"/emails.csv?q=nirgends", "")
	if !strings.HasPrefix(w.Body.String(), "email,") || w.Header().Get("Content-Length") == "" {
		t.Errorf("%s %v", w.Body, w.Header())
	}
	w = s.want(200, nil, "GET", base+"/events", "")
	if n := strings.Count(w.Body.String(), "event: progress"); n != 1 {
		t.Errorf("%d events", n)
	}
}

// Of a long list nobody waits for a file that may not fit, however little the
// filter leaves of it, if it can be streamed elsewhere.
func TestLongListsAreStreamed(t *testing.T) {
	for _, stream := range []string{"https://strom.example", ""} {
		s := newSite(t, func(c *httpapi.Config) { c.MaxResponse, c.StreamURL = 4<<20, stream })
		path := "/jobs/" + string(s.submitList(urlLines(20_001)...)) + "/urls.csv?q=nirgends"
		if stream == "" {
			s.want(200, nil, "GET", path, "")
		} else if p := problem(t, s.do("GET", path, ""), 413); p.Stream != stream+path {
			t.Errorf("%+v", p)
		}
		s.want(200, nil, "HEAD", path, "")
	}
}

func TestAnExportThatBreaksOffIsNotWhole(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) { c.Store = &tornStore{Store: c.Store} })
	id := s.submitList(urlLines(5000)...)
	s.crawl(id, func(string) job.Outcome { return job.OutcomeFound })
	server := httptest.NewServer(s.api)
	defer server.Close()
	answer, err := get(t, server.URL+"/jobs/"+string(id)+"/emails.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if n, err := io.Copy(io.Discard, answer.Body); err == nil {
		t.Errorf("read %d bytes and a clean end", n)
	}
}

// tornStore gives the first pages of addresses and then a fault.
type tornStore struct {
	job.Store
	pages int
}

func (s *tornStore) Addresses(ctx context.Context, id job.ID, f job.AddressFilter, cursor string, limit int) (job.Page[job.Address], error) {
	if s.pages++; s.pages > 3 {
		return job.Page[job.Address]{}, errors.New("gone")
	}
	return s.Store.Addresses(ctx, id, f, cursor, limit)
}

// slowStore takes its time to find nothing.
type slowStore struct {
	job.Store
	found chan struct{}
}

func (s *slowStore) Addresses(context.Context, job.ID, job.AddressFilter, string, int) (job.Page[job.Address], error) {
	<-s.found
	return job.Page[job.Address]{}, nil
}

// A client hears of a file before anything that belongs into it is found: it would
// give up on a server that says nothing for a minute.
func TestAnExportInWhichLittleIsFoundBegins(t *testing.T) {
	slow := &slowStore{found: make(chan struct{})}
	s := newSite(t, func(c *httpapi.Config) {
		slow.Store, c.Store = c.Store, slow
		c.Limits.FirstByte = 20 * time.Millisecond
	})
	id := s.submitList("a-firma.de")
	server := httptest.NewServer(s.api)
	defer server.Close()
	answer, err := get(t, server.URL+"/jobs/"+string(id)+"/emails.csv", nil) // returns with the header
	close(slow.found)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(string(body), "email,") {
		t.Errorf("%s %v %q %v", answer.Status, answer.Header, body, err)
	}
}

func get(t *testing.T, target string, header http.Header) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		r.Header = header
	}
	return http.DefaultClient.Do(r)
}

// TestEvents follows a job over a real connection until it is complete, then
// reconnects as a browser does.
func TestEvents(t *testing.T) {
	s := newSite(t)
	id := s.submitList("a-firma.de")
	server := httptest.NewServer(s.api)
	defer server.Close()
	target := server.URL + "/jobs/" + string(id) + "/events"
	answer, err := get(t, target, nil)
	if err != nil || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%v %v", answer, err)
	}
	defer func() { _ = answer.Body.Close() }()
	var versions []int64
	var last job.Snapshot
	lastID := ""
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			lastID = id
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if err := json.Unmarshal([]byte(data), &last); err != nil {
			t.Fatal(err)
		}
		if versions = append(versions, last.Version); len(versions) == 1 {
			s.crawl(id, func(string) job.Outcome { return job.OutcomeFound })
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(versions) < 2 || last.Status != job.Completed || last.Emails != 1 || fmt.Sprint(last.Version) != lastID {
		t.Fatalf("versions %v, last %+v", versions, last)
	}
	again, err := get(t, target, http.Header{"Last-Event-Id": {lastID}})
	if err != nil || again.StatusCode != http.StatusNoContent {
		t.Fatalf("%v %v", again, err)
	}
	_ = again.Body.Close()
	problem(t, s.do("GET", "/jobs/"+string(job.NewID(time.Now(), 1))+"/events", ""), 404)
}

// TestInALambda sends an API Gateway event through the adapter that the Lambda
// function uses.
func TestInALambda(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) { c.Auth, c.MaxResponse = httpapi.KeysRequired, 4<<20 })
	lambda := httpadapter.NewV2(s.api)
	call := func(method, path, body string) events.APIGatewayV2HTTPResponse {
		t.Helper()
		out, err := lambda.ProxyWithContext(t.Context(), events.APIGatewayV2HTTPRequest{
			Version: "2.0", RawPath: path, Body: body,
			Headers: map[string]string{"authorization": "Bearer " + s.keyFor("anna"), "content-type": "text/plain", "host": "api.example"},
			RequestContext: events.APIGatewayV2HTTPRequestContext{
				DomainName: "api.example",
				HTTP:       events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path, SourceIP: "192.0.2.7"},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	out := call("POST", "/jobs", "a-firma.de\nb-firma.de")
	var a jobAnswer
	if err := json.Unmarshal([]byte(out.Body), &a); err != nil || out.StatusCode != 202 || a.Accepted != 2 {
		t.Fatalf("%d %s %v", out.StatusCode, out.Body, err)
	}
	for path, want := range map[string]int{"": 200, "/progress": 200, "/events": 200, "/emails.csv": 200, "/urls.xlsx": 200, "/nirgends": 404} {
		if out := call("GET", "/jobs/"+string(a.Job.ID)+path, ""); out.StatusCode != want {
			t.Errorf("%s: %d %s", path, out.StatusCode, out.Body)
		}
	}
	if out := call("HEAD", "/jobs/"+string(a.Job.ID), ""); out.StatusCode != 200 || out.Body != "" {
		t.Errorf("HEAD: %d %q", out.StatusCode, out.Body)
	}
}

// TestMetaNamesWhatThereIs: a small installation does not boast.
func TestMetaNamesWhatThereIs(t *testing.T) {
	for workers, want := range map[int]int{0: job.MaxWorkers, 5: 5, 1000: job.MaxWorkers} {
		s := newSite(t, func(c *httpapi.Config) { c.Workers, c.Limits.Body = workers, 6_000_000 })
		var meta struct {
			Limits struct {
				Workers int
				Body    int `json:"body_bytes"`
			}
		}
		s.want(200, &meta, "GET", "/meta", "")
		if meta.Limits.Workers != want || meta.Limits.Body != 6_000_000 {
			t.Errorf("%d workers: %+v", workers, meta.Limits)
		}
	}
}
