package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/shared/httpapi"
	"gleaner/shared/job"
)

func TestCreateInEveryForm(t *testing.T) {
	s := newSite(t)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte("a-firma.de\nb-firma.de/kontakt\nunfug"))
	_ = z.Close()
	for _, c := range []struct{ name, target, body, contentType, encoding string }{
		{"json", "/jobs", `{"name":"Liste","urls":["a-firma.de","https://b-firma.de/kontakt","unfug"],"options":{"per_host":3,"gap_ms":250}}`, "application/json", ""},
		{"json with escapes", "/jobs", `{"name":"Liste","urls":["a-firma.de","https:\/\/b-firma.de/kontakt","unfug"],"options":{"per_host":3,"gap_ms":250}}`, "application/json", ""},
		{"json text", "/jobs", `{"name":"Liste","text":"a-firma.de\nhttps://b-firma.de/kontakt\nunfug","options":{"per_host":3,"gap_ms":250}}`, "application/json", ""},
		{"text", "/jobs?name=Liste&per_host=3&gap_ms=250", "a-firma.de\nb-firma.de/kontakt\nunfug", "text/plain; charset=utf-8", ""},
		{"csv", "/jobs?name=Liste&per_host=3&gap_ms=250&column=Web", "Nr,Web\n1,a-firma.de\n2,b-firma.de/kontakt\n3,unfug\n", "text/csv", ""},
		{"gzip", "/jobs?name=Liste&per_host=3&gap_ms=250", zipped.String(), "text/plain", "gzip"},
		{"no type, text", "/jobs?name=Liste&per_host=3&gap_ms=250", "a-firma.de\nb-firma.de/kontakt\nunfug", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.in(t)
			headers := []string{}
			if c.contentType != "" {
				headers = append(headers, "Content-Type", c.contentType)
			}
			if c.encoding != "" {
				headers = append(headers, "Content-Encoding", c.encoding)
			}
			var a jobAnswer
			w := s.want(http.StatusAccepted, &a, "POST", c.target, c.body, headers...)
			if a.Accepted != 2 || a.RejectedCount != 1 || len(a.Rejected) != 1 || a.Rejected[0].Text != "unfug" || a.StartedInMS == nil {
				t.Errorf("answer %+v", a)
			}
			if a.Job.Status != job.Running || a.Job.Name != "Liste" || w.Header().Get("Location") != "/jobs/"+string(a.Job.ID) {
				t.Errorf("job %+v", a.Job)
			}
			j, err := s.store.Job(t.Context(), a.Job.ID)
			if err != nil || j.Options.PerHost != 3 || j.Options.Gap != 250*time.Millisecond || j.Owner != httpapi.LocalOwner {
				t.Errorf("stored %+v %v", j, err)
			}
			if !strings.Contains(w.Body.String(), `"gap_ms":250`) {
				t.Errorf("gap is not in milliseconds: %s", w.Body)
			}
		})
	}
}

func TestCreateRefusals(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) { c.Limits = httpapi.Limits{Body: 2000, Decoded: 5000, Rate: -1} })
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	for _, c := range []struct {
		name, target, body, contentType, encoding string
		status                                    int
		slug, field                               string
	}{
		{"no json", "/jobs", `{"urls":[`, "application/json", "", 400, "malformed", ""},
		{"two objects", "/jobs", `{"urls":["a.de"]}{}`, "application/json", "", 400, "malformed", ""},
		{"unknown field", "/jobs", `{"url":["a.de"]}`, "application/json", "", 422, "field", "url"},
		{"wrong type", "/jobs", `{"urls":"a.de"}`, "application/json", "", 422, "field", "urls"},
		{"unknown option", "/jobs", `{"urls":["a.de"],"options":{"perhost":2}}`, "application/json", "", 422, "field", "options.perhost"},
		{"option out of range", "/jobs", `{"urls":["a.de"],"options":{"per_host":200}}`, "application/json", "", 422, "field", "options.per_host"},
		{"robots cannot be ignored", "/jobs", `{"urls":["a.de"],"options":{"IgnoreRobots":true}}`, "application/json", "", 422, "field", "options.IgnoreRobots"},
		{"unknown parameter", "/jobs?perhost=2", "a.de", "text/plain", "", 400, "parameter", "perhost"},
		{"bad parameter", "/jobs?per_host=viele", "a.de", "text/plain", "", 400, "parameter", "per_host"},
		{"no such column", "/jobs?column=x", "a,b\nc.de,d", "text/csv", "", 422, "field", "column"},
		{"no address", "/jobs", "eins\nzwei", "text/plain", "", 422, "no-address", ""},
		{"empty", "/jobs", "", "text/plain", "", 422, "no-address", ""},
		{"form", "/jobs", "a.de", "application/x-www-form-urlencoded", "", 415, "media-type", ""},
		{"charset", "/jobs", "a.de", "text/plain; charset=koi8-r", "", 415, "media-type", ""},
		{"encoding", "/jobs", "a.de", "text/plain", "br", 415, "media-type", ""},
		{"not gzip", "/jobs", "a.de", "text/plain", "gzip", 400, "malformed", ""},
		{"bomb", "/jobs", bomb.String(), "text/plain", "gzip", 413, "too-large", ""},
		{"too large", "/jobs", strings.Repeat("a.de\n", 2000), "text/plain", "", 413, "too-large", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.do("POST", c.target, c.body, "Content-Type", c.contentType, "Content-Encoding", c.encoding)
			p := problem(t, w, c.status)
			if p.Type != "/docs#problem-"+c.slug {
				t.Errorf("type %s, want %s: %s", p.Type, c.slug, w.Body)
			}
			if c.field != "" && (len(p.Errors) == 0 || p.Errors[0].Field != c.field) {
				t.Errorf("errors %+v, want field %s", p.Errors, c.field)
			}
			if c.slug == "no-address" && c.body != "" && (len(p.Errors) != 2 || p.Errors[1].Line != 2) {
				t.Errorf("errors %+v, want the two lines", p.Errors)
			}
		})
	}
}

func TestListsThatAreTooLong(t *testing.T) {
	s := newSite(t)
	empty := `{"urls":["",` + strings.Repeat(`"",`, 3_000_000) + `""]}`
	many := strings.Join(urlLines(200_001), "\n")
	for _, body := range []string{empty, many} {
		p := problem(t, s.do("POST", "/jobs", body), 422)
		if len(p.Errors) != 1 || p.Errors[0].Field != "urls" {
			t.Errorf("%+v", p)
		}
	}
}

// problem wants an RFC 9457 answer.
func problem(t testing.TB, w *httptest.ResponseRecorder, status int) httpapi.Problem {
	t.Helper()
	var p httpapi.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("status %d: %v: %s", w.Code, err, w.Body)
	}
	if w.Code != status || p.Status != status || w.Header().Get("Content-Type") != "application/problem+json" ||
		p.Title == "" || p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") {
		t.Fatalf("status %d, want %d: %+v", w.Code, status, p)
	}
	return p
}

func TestIdempotencyKey(t *testing.T) {
	s := newSite(t)
	var first, second jobAnswer
	s.want(202, &first, "POST", "/jobs", "a-firma.de\nunfug", "Content-Type", "text/plain", "Idempotency-Key", "k-1")
	s.want(202, &second, "POST", "/jobs", "a-firma.de\nunfug", "Content-Type", "text/plain", "Idempotency-Key", "k-1")
	if first.Job.ID != second.Job.ID || second.Accepted != 1 || second.RejectedCount != 1 {
		t.Errorf("%+v then %+v", first, second)
	}
	p := problem(t, s.do("POST", "/jobs", "b-firma.de", "Content-Type", "text/plain", "Idempotency-Key", "k-1"), 422)
	if p.Type != "/docs#problem-idempotency-key-reused" {
		t.Errorf("%+v", p)
	}
	problem(t, s.do("POST", "/jobs", "b-firma.de", "Content-Type", "text/plain", "Idempotency-Key", strings.Repeat("k", 256)), 422)
}

// TestTheSameRequestManyTimesAtOnce sends what an impatient client sends: all
// get the same job, and its batches are written once.
func TestTheSameRequestManyTimesAtOnce(t *testing.T) {
	s := newSite(t)
	body := strings.Join(urlLines(5000), "\n")
	ids := make([]job.ID, 6)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			w := s.do("POST", "/jobs", body, "Content-Type", "text/plain", "Idempotency-Key", "k-1")
			var a jobAnswer
			if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 202 || a.Job.Status != job.Running {
				t.Errorf("%d %v: %.200s", w.Code, err, w.Body)
			}
			ids[i] = a.Job.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("several jobs: %v", ids)
		}
	}
	s.crawl(ids[0], func(string) job.Outcome { return job.OutcomeNone })
	p, err := s.store.Progress(t.Context(), ids[0])
	if err != nil || p.Counters.Processed != 5000 || p.OpenBatches() != 0 {
		t.Errorf("%d processed, %d batches open, %v", p.Counters.Processed, p.OpenBatches(), err)
	}
}

func TestChunks(t *testing.T) {
	s := newSite(t)
	var a jobAnswer
	s.want(201, &a, "POST", "/jobs", `{"name":"Groß","open":true,"expect":10}`, "Content-Type", "application/json")
	base := "/jobs/" + string(a.Job.ID)
	var chunk struct{ Chunk, Accepted, Duplicates int }
	s.want(200, &chunk, "PUT", base+"/chunks/0", "a-firma.de\na-firma.de", "Content-Type", "text/plain")
	if chunk.Chunk != 0 || chunk.Accepted != 1 || chunk.Duplicates != 1 {
		t.Errorf("%+v", chunk)
	}
	p := problem(t, s.do("POST", base+"/start", `{"chunks":3}`, "Content-Type", "application/json"), 409)
	if p.Type != "/docs#problem-missing-chunks" || len(p.Errors) != 2 || p.Errors[0].Field != "chunks/1" {
		t.Errorf("%+v", p)
	}
	s.want(200, nil, "PUT", base+"/chunks/1", `{"urls":["b-firma.de","a-firma.de"]}`, "Content-Type", "application/json")
	s.want(202, &a, "POST", base+"/start", `{"chunks":2}`, "Content-Type", "application/json")
	if a.Job.Status != job.Running || a.Job.URLs != 2 {
		t.Errorf("%+v", a.Job)
	}
	problem(t, s.do("PUT", base+"/chunks/2", "c-firma.de", "Content-Type", "text/plain"), 409)
	problem(t, s.do("PUT", base+"/chunks/x", "c-firma.de", "Content-Type", "text/plain"), 400)
}

func TestResults(t *testing.T) {
	s := newSite(t)
	var lines []string
	for h := range 40 {
		for p := range 10 {
			lines = append(lines, fmt.Sprintf("https://firma-%d.de/%d", h, p))
		}
	}
	id := s.submitList(lines...)
	s.crawl(id, func(url string) job.Outcome {
		switch url[len(url)-1] {
		case '0':
			return job.OutcomeTimeout
		case '1':
			return job.OutcomeRobots
		case '2', '3', '4':
			return job.OutcomeNone
		}
		return job.OutcomeFound
	})
	base := "/jobs/" + string(id)

	t.Run("lists", func(t *testing.T) {
		s.in(t)
		for target, want := range map[string]int{
			"/urls": 400, "/failures": 80, "/urls?class=ok": 320, "/urls?outcome=timeout": 40,
			"/urls?outcome=timeout,robots_disallowed": 80, "/failures?class=refused": 40, "/urls?q=FIRMA-7.de": 10,
			"/emails": 200, "/emails?q=firma-7.de": 5, "/emails?kind=personal": 0, "/emails?min_confidence=0.95": 0,
			"/emails?domain=baeckerei-lindhorst.de": 200, "/emails?own_domain=true": 0,
		} {
			for _, limit := range []int{7, 1000} {
				seen := map[string]bool{}
				sep := "?"
				if strings.Contains(target, "?") {
					sep = "&"
				}
				pages := 0
				for cursor := ""; ; pages++ {
					var page struct {
						Emails         []job.Address
						URLs, Failures []job.Visit
						Next           string
					}
					s.want(200, &page, "GET", fmt.Sprintf("%s%s%slimit=%d&cursor=%s", base, target, sep, limit, cursor), "")
					for _, a := range page.Emails {
						seen[a.Email] = true
					}
					for _, v := range append(page.URLs, page.Failures...) {
						seen[v.URL] = true
					}
					if n := len(page.Emails) + len(page.URLs) + len(page.Failures); n > limit {
						t.Fatalf("page of %d", n)
					}
					if cursor = page.Next; cursor == "" || pages > 500 {
						break
					}
				}
				if len(seen) != want {
					t.Errorf("%s with limit %d: %d, want %d", target, limit, len(seen), want)
				}
			}
		}
	})
	t.Run("exports", func(t *testing.T) {
		s.in(t)
		w := s.want(200, nil, "GET", base+"/emails.csv", "")
		rows, err := csv.NewReader(w.Body).ReadAll()
		if err != nil || len(rows) != 201 || strings.Join(rows[0], ",") != "email,source_url,found_by,kind,confidence,first_seen" {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		if d := w.Header().Get("Content-Disposition"); !strings.Contains(d, strings.ToLower(string(id))+".csv") {
			t.Error(d)
		}
		w = s.want(200, nil, "GET", base+"/emails.ndjson?q=firma-7.de", "")
		if n := strings.Count(w.Body.String(), "\n"); n != 5 {
			t.Errorf("%d lines", n)
		}
		var a job.Address
		if err := json.NewDecoder(w.Body).Decode(&a); err != nil || a.FoundBy != "mailto" || a.FirstSeen.IsZero() {
			t.Errorf("%+v %v", a, err)
		}
		w = s.want(200, nil, "GET", base+"/urls.csv?class=failed", "")
		if n := strings.Count(w.Body.String(), "\n"); n != 41 {
			t.Errorf("%d lines", n)
		}
		w = s.want(200, nil, "GET", base+"/urls.xlsx", "")
		if !strings.HasPrefix(w.Body.String(), "PK") {
			t.Error("no workbook")
		}
		if w := s.want(200, nil, "HEAD", base+"/emails.csv", ""); w.Body.Len() != 0 {
			t.Error("HEAD with a body")
		}
	})
	t.Run("progress", func(t *testing.T) {
		s.in(t)
		var snap job.Snapshot
		w := s.want(200, &snap, "GET", base+"/progress", "")
		if snap.Processed != 400 || snap.Emails != 200 || snap.Status != job.Completed || snap.Outcomes[job.OutcomeTimeout] != 40 {
			t.Errorf("%+v", snap)
		}
		s.want(304, nil, "GET", base+"/progress", "", "If-None-Match", w.Header().Get("ETag"))
		s.want(200, nil, "GET", base+"/progress", "", "If-None-Match", `"1"`)
		var both struct {
			Job      map[string]any
			Progress job.Snapshot
		}
		s.want(200, &both, "GET", base, "")
		if both.Progress.Processed != 400 || both.Job["id"] != string(id) {
			t.Errorf("%+v", both)
		}
	})
	t.Run("control", func(t *testing.T) {
		s.in(t)
		problem(t, s.do("POST", base+"/cancel", ""), 409)
		problem(t, s.do("POST", base+"/pause", ""), 409)
		var a jobAnswer
		s.want(200, &a, "POST", base+"/retry", "")
		if a.Job.Status != job.Running {
			t.Errorf("%+v", a.Job)
		}
		s.want(200, &a, "POST", base+"/cancel", "")
		var gone struct {
			UndoUntil time.Time `json:"undo_until"`
		}
		s.want(202, &gone, "DELETE", base, "")
		if d := time.Until(gone.UndoUntil); d < 5*time.Minute || d > 15*time.Minute {
			t.Errorf("undo until %v", gone.UndoUntil)
		}
		problem(t, s.do("GET", base, ""), 404)
		s.want(200, nil, "POST", base+"/restore", "")
		s.want(200, nil, "GET", base, "")
	})
}

func TestJobList(t *testing.T) {
	s := newSite(t)
	for i := range 5 {
		s.want(202, nil, "POST", fmt.Sprintf("/jobs?name=Liste+%d", i), "a-firma.de", "Content-Type", "text/plain")
	}
	var page struct {
		Jobs []struct {
			Name     string
			Progress job.Snapshot
		}
		Next string
	}
	s.want(200, &page, "GET", "/jobs?limit=3&status=running", "")
	if len(page.Jobs) != 3 || page.Next == "" || page.Jobs[0].Progress.URLs != 1 {
		t.Errorf("%+v", page)
	}
	names := page.Jobs[0].Name
	s.want(200, &page, "GET", "/jobs?limit=3&status=running&cursor="+page.Next, "")
	if len(page.Jobs) != 2 || page.Next != "" || page.Jobs[1].Name == names {
		t.Errorf("%+v", page)
	}
	s.want(200, &page, "GET", "/jobs?q=liste+4", "")
	if len(page.Jobs) != 1 {
		t.Errorf("%+v", page)
	}
	for _, bad := range []string{"?limit=0", "?limit=x", "?limit=101", "?status=LOST", "?cursor=!!", "?foo=1"} {
		problem(t, s.do("GET", "/jobs"+bad, ""), 400)
	}
}

func TestPathsAndMethods(t *testing.T) {
	s := newSite(t)
	id := s.submitList("a-firma.de")
	problem(t, s.do("GET", "/nirgends", ""), 404)
	problem(t, s.do("GET", "/jobs/", ""), 404)
	w := s.do("PATCH", "/jobs/"+string(id), "")
	problem(t, w, 405)
	if allow := w.Header().Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "DELETE") {
		t.Errorf("Allow: %s", allow)
	}
	problem(t, s.do("GET", "/jobs/xyz/progress", ""), 404)
	problem(t, s.do("GET", "/jobs/"+string(job.NewID(time.Now(), 1))+"/progress", ""), 404)
	for _, bad := range []string{"/emails?min_confidence=2", "/emails?own_domain=x", "/urls?outcome=no", "/urls?class=no", "/urls?cursor=!", "/emails.csv?limit=1"} {
		problem(t, s.do("GET", "/jobs/"+string(id)+bad, ""), 400)
	}
	var health map[string]string
	s.want(200, &health, "GET", "/health", "")
	if health["version"] != "1.2.3" {
		t.Errorf("%v", health)
	}
	if w := s.do("HEAD", "/jobs/"+string(id)+"/progress", ""); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d, %d bytes", w.Code, w.Body.Len())
	}
}
