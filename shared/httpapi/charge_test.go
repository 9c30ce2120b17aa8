package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"gleaner/shared/httpapi"
	"gleaner/shared/job"
	"gleaner/shared/quota"
)

func TestQuota(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) { c.Quota = &purse{left: 2} })
	w := s.do("POST", "/jobs", `{"urls":["a-firma.de","b-firma.de","c-firma.de"]}`)
	if p := problem(t, w, 429); p.Detail != "local may hand in 2 URLs" || w.Header().Get("Retry-After") != "3600" {
		t.Errorf("%+v %v", p, w.Header())
	}
	var a jobAnswer
	s.want(201, &a, "POST", "/jobs", `{"open":true}`)
	chunk := "/jobs/" + string(a.Job.ID) + "/chunks/0"
	problem(t, s.do("PUT", chunk, `{"urls":["a-firma.de","b-firma.de","c-firma.de"]}`), http.StatusTooManyRequests)
	s.want(202, nil, "POST", "/jobs", `{"urls":["a-firma.de","b-firma.de"]}`)
}

// What is said twice is charged once, and what is refused not at all.
func TestChargedOnce(t *testing.T) {
	p := &purse{left: 1000}
	s := newSite(t, func(c *httpapi.Config) { c.Quota = p })
	spent := func(what string, want int) {
		t.Helper()
		if got := 1000 - p.left; got != want {
			t.Errorf("%s: %d URLs charged, not %d", what, got, want)
		}
	}
	list := `{"urls":["a-firma.de","b-firma.de"]}`
	for range 3 {
		s.want(202, nil, "POST", "/jobs", list, "Idempotency-Key", "autumn-fair")
	}
	spent("the same Idempotency-Key", 2)
	problem(t, s.do("POST", "/jobs", `{"urls":["c-firma.de"]}`, "Idempotency-Key", "autumn-fair"), 422)
	spent("the key with another list", 2)
	problem(t, s.do("POST", "/jobs", `{"urls":["a-firma.de"],"options":{"per_host":99}}`), 422)
	spent("an option out of bounds", 2)
	for range 2 {
		s.want(202, nil, "POST", "/jobs", list)
	}
	spent("two jobs of one list", 6)

	var a jobAnswer
	s.want(201, &a, "POST", "/jobs", `{"open":true}`)
	chunks := "/jobs/" + string(a.Job.ID) + "/chunks/"
	for range 3 {
		s.want(200, nil, "PUT", chunks+"0", list)
	}
	spent("the same chunk", 8)
	s.want(200, nil, "PUT", chunks+"1", list)
	spent("the same list as another chunk", 10)
	s.want(200, nil, "PUT", chunks+"1", `{"urls":["c-firma.de"]}`)
	spent("a chunk with another list", 11)
	s.want(202, nil, "POST", "/jobs/"+string(a.Job.ID)+"/start", `{"chunks":2}`)
	problem(t, s.do("PUT", chunks+"2", list), 409)
	spent("a chunk of a job that is closed", 11)
}

// Whatever makes a job run asks whether one more may.
func TestQuotaOfRunningJobs(t *testing.T) {
	p := &purse{left: 1000}
	s := newSite(t, func(c *httpapi.Config) { c.Quota = p })
	one := `{"urls":["a-firma.de"]}`
	var paused, open, fresh jobAnswer
	s.want(202, &paused, "POST", "/jobs", one)
	s.want(200, nil, "POST", "/jobs/"+string(paused.Job.ID)+"/pause", "")
	s.want(201, &open, "POST", "/jobs", `{"open":true}`)
	s.want(202, &fresh, "POST", "/jobs", one, "Idempotency-Key", "last")

	p.full = true
	problem(t, s.do("POST", "/jobs", one), 429)
	problem(t, s.do("POST", "/jobs/"+string(paused.Job.ID)+"/resume", ""), 429)
	s.want(200, nil, "PUT", "/jobs/"+string(open.Job.ID)+"/chunks/0", one)
	problem(t, s.do("POST", "/jobs/"+string(open.Job.ID)+"/start", `{"chunks":1}`), 429)
	s.want(202, nil, "POST", "/jobs", one, "Idempotency-Key", "last") // a repetition starts nothing
	s.want(200, nil, "POST", "/jobs/"+string(fresh.Job.ID)+"/pause", "")
	s.want(200, nil, "POST", "/jobs/"+string(fresh.Job.ID)+"/cancel", "")
	problem(t, s.do("POST", "/jobs/"+string(fresh.Job.ID)+"/retry", ""), 429)

	p.full = false
	s.want(200, nil, "POST", "/jobs/"+string(paused.Job.ID)+"/resume", "")
	s.want(202, nil, "POST", "/jobs/"+string(open.Job.ID)+"/start", `{"chunks":1}`)
	p.full = true
	s.want(202, &open, "POST", "/jobs/"+string(open.Job.ID)+"/start", `{"chunks":1}`)
	if open.Job.Status != job.Running {
		t.Errorf("a repeated start: %s", open.Job.Status)
	}
}

// purse is a quota of so many URLs.
type purse struct {
	left int
	full bool // no more jobs may run
	paid map[string]bool
}

func (p *purse) Take(_ context.Context, owner string, c quota.Charge) (bool, error) {
	switch {
	case p.paid[c.Request]:
		return false, nil
	case c.Starts && p.full:
		return false, &quota.ExceededError{Reason: "enough jobs are running", RetryAfter: time.Minute}
	case c.URLs > p.left:
		return false, &quota.ExceededError{Reason: fmt.Sprintf("%s may hand in %d URLs", owner, p.left), RetryAfter: time.Hour}
	}
	if p.paid == nil {
		p.paid = map[string]bool{}
	}
	p.paid[c.Request] = c.Request != ""
	p.left -= c.URLs
	return c.URLs > 0, nil
}

func (p *purse) Return(_ context.Context, _ string, c quota.Charge) error {
	delete(p.paid, c.Request)
	p.left += c.URLs
	return nil
}
