package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/apikey"
	"gleaner/shared/control"
	"gleaner/shared/httpapi"
	"gleaner/shared/job"
	"gleaner/shared/job/jobtest"
	"gleaner/shared/submit"
)

// site is the API over a SQLite store.
type site struct {
	t      testing.TB
	store  *sqlitestore.Store
	bells  *jobtest.Bells
	submit *submit.Service
	keys   *apikey.Service
	api    http.Handler
	log    *bytes.Buffer
}

func newSite(t testing.TB, change ...func(*httpapi.Config)) *site {
	t.Helper()
	store, err := sqlitestore.Open(context.Background(), t.TempDir()+"/gleaner.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := &site{t: t, store: store, bells: &jobtest.Bells{}, log: &bytes.Buffer{}}
	log := slog.New(slog.NewJSONHandler(&syncWriter{w: s.log}, nil))
	c := httpapi.Config{
		Store: store, Records: store, Bells: s.bells, Version: "1.2.3", Auth: httpapi.LoopbackOwner, Log: log,
		Submit:  submit.New(store, s.bells, submit.WithLogger(log)),
		Control: control.New(store, s.bells, nil, log),
		Limits:  httpapi.Limits{Rate: -1},
	}
	s.keys, s.submit = apikey.New(store, nil, log), c.Submit
	for _, f := range change {
		f(&c)
	}
	s.api = httpapi.New(c)
	return s
}

// in makes a subtest the one that fails, until it is over.
func (s *site) in(t *testing.T) {
	outer := s.t
	s.t = t
	t.Cleanup(func() { s.t = outer })
}

type syncWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (w *syncWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(p)
}

// request makes a request from this machine; headers come in pairs.
func request(method, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:50000"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func (s *site) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	return s.serve(request(method, target, body, headers...))
}

func (s *site) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return w
}

// want makes a request, wants a status and decodes the answer into v (may be nil).
func (s *site) want(status int, v any, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	w := s.do(method, target, body, headers...)
	if w.Code != status {
		s.t.Fatalf("%s %s: status %d, want %d: %s", method, target, w.Code, status, w.Body)
	}
	if w.Header().Get("X-Request-Id") == "" {
		s.t.Errorf("%s %s: no request id", method, target)
	}
	if v != nil {
		if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
			s.t.Fatalf("%s %s: %v: %s", method, target, err, w.Body)
		}
	}
	return w
}

type jobAnswer struct {
	Job struct {
		ID     job.ID
		Status job.Status
		Name   string
		URLs   int
		Open   bool
	}
	Accepted      int
	Duplicates    int
	RejectedCount int `json:"rejected_count"`
	Rejected      []submit.Rejected
	StartedInMS   *int64 `json:"started_in_ms"`
}

// submitList creates a job from lines and returns its id.
func (s *site) submitList(lines ...string) job.ID {
	s.t.Helper()
	var a jobAnswer
	s.want(http.StatusAccepted, &a, "POST", "/jobs", strings.Join(lines, "\n"), "Content-Type", "text/plain")
	return a.Job.ID
}

// crawl settles all batches of a job: each URL ends as outcomeOf says, and with
// OutcomeFound there is one address on it.
func (s *site) crawl(id job.ID, outcomeOf func(url string) job.Outcome) {
	s.t.Helper()
	ctx := context.Background()
	for {
		refs, err := s.store.Due(ctx, id, time.Now().Add(time.Hour), 1000)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(refs) == 0 {
			break
		}
		for _, ref := range refs {
			s.crawlBatch(ref, outcomeOf)
		}
	}
	_, err := job.Mutate(ctx, s.store, id, func(j *job.Job) error { return j.Become(job.Completed, time.Now(), "") })
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) crawlBatch(ref job.Ref, outcomeOf func(url string) job.Outcome) {
	s.t.Helper()
	ctx := context.Background()
	now := time.Now()
	b, err := s.store.Claim(ctx, ref, job.Claim{Token: "t", Now: now, Lease: time.Minute})
	if err != nil {
		s.t.Fatal(err)
	}
	res := job.Result{Pages: len(b.Targets)}
	for i, target := range b.Targets {
		v := job.Visit{URL: target.URL, Outcome: outcomeOf(target.URL), Status: 200, Pages: 1}
		if v.Outcome == job.OutcomeFound {
			v.Addresses = 1
			res.Addresses = append(res.Addresses, job.Address{
				Email:     fmt.Sprintf("kontakt-%s-%d@baeckerei-lindhorst.de", ref.Key, i),
				SourceURL: target.URL, FoundBy: "mailto", Kind: "role", Confidence: 0.9, FirstSeen: now.UTC(),
			})
		}
		res.Visits = append(res.Visits, v)
	}
	if err := s.store.SaveResult(ctx, ref, "t", res, nil); err != nil {
		s.t.Fatal(err)
	}
	if len(res.Addresses) > 0 {
		if _, err := s.store.PutAddresses(ctx, ref, res.Addresses, now.Add(time.Hour)); err != nil {
			s.t.Fatal(err)
		}
	}
	tally := job.TallyOf(&res)
	tally.Emails = len(res.Addresses)
	if _, err := s.store.Settle(ctx, ref, tally, now, now); err != nil {
		s.t.Fatal(err)
	}
}
