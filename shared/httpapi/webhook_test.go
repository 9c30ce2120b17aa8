package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"gleaner/shared/httpapi"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/webhook"
)

// announced completes a job, and tries the call to its webhook as a worker that
// reaches nothing does.
func (s *site) announced(body string, headers ...string) job.ID {
	s.t.Helper()
	var a jobAnswer
	s.want(http.StatusAccepted, &a, "POST", "/jobs", body, headers...)
	s.crawl(a.Job.ID, func(string) job.Outcome { return job.OutcomeFound })
	s.bells.Take()
	return a.Job.ID
}

// call makes one try of a call, to a receiver that is not reached.
func (s *site) call(id job.ID) {
	s.t.Helper()
	hooks, err := webhook.New(webhook.Config{Jobs: s.store, Records: s.store, Bells: s.bells})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := hooks.Announce(s.t.Context(), id); err != nil {
		s.t.Fatal(err)
	}
}

const hooked = `{"text":"muehle-harlesiel.de","options":{"webhook":"http://127.0.0.1/done"}}`

func TestSendAgain(t *testing.T) {
	s := newSite(t)
	id := s.announced(hooked)
	path := "/jobs/" + string(id) + "/webhook"
	s.call(id) // a private address: given up at once
	type list struct{ Deliveries []webhook.Delivery }
	var before, after list
	s.want(http.StatusOK, &before, "GET", path, "")
	if len(before.Deliveries) != 1 || before.Deliveries[0].GaveUpAt.IsZero() {
		t.Fatalf("before: %+v", before)
	}
	for n := range 3 { // a repetition changes nothing
		var d webhook.Delivery
		s.want(http.StatusAccepted, &d, "POST", path, "")
		if d.ID != before.Deliveries[0].ID || d.URL != "http://127.0.0.1/done" || d.Attempts != 0 || !d.GaveUpAt.IsZero() || d.Error != "" ||
			d.NextAt.IsZero() || d.Again != 1 || len(d.Earlier) != 1 || d.Earlier[0].GaveUpAt.IsZero() {
			t.Errorf("answer %d: %+v", n+1, d)
		}
		if rung := s.bells.Take(); len(rung) != 1 || rung[0].Kind != job.BellWebhook || rung[0].Job != id {
			t.Errorf("rung: %+v", rung)
		}
		s.want(http.StatusOK, &after, "GET", path, "")
		if len(after.Deliveries) != 1 || after.Deliveries[0].NextAt != d.NextAt || after.Deliveries[0].Again != 1 {
			t.Errorf("listed as %+v, answered %+v", after, d)
		}
	}
	s.call(id)
	after = list{}
	s.want(http.StatusOK, &after, "GET", path, "")
	if d := after.Deliveries; len(d) != 1 || d[0].Attempts != 1 || d[0].GaveUpAt.IsZero() || d[0].Again != 1 || len(d[0].Earlier) != 1 {
		t.Errorf("after the call: %+v", d)
	}
}

func TestNothingToSendAgain(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) { c.Auth = httpapi.KeysRequired })
	anna, ole := "Bearer "+s.keyFor("anna"), "Bearer "+s.keyFor("ole")
	var running jobAnswer
	s.want(http.StatusAccepted, &running, "POST", "/jobs", hooked, "Authorization", anna)
	s.bells.Take()
	plain := s.announced(`{"text":"muehle-harlesiel.de"}`, "Authorization", anna)
	done := s.announced(hooked, "Authorization", anna)
	deleted := s.announced(hooked, "Authorization", anna)
	s.want(http.StatusAccepted, nil, "DELETE", "/jobs/"+string(deleted), "", "Authorization", anna)
	for _, c := range []struct {
		name, key string
		id        job.ID
		status    int
		slug      string
		detail    string
	}{
		{"running", anna, running.Job.ID, http.StatusConflict, "wrong-state", "this one is running"},
		{"no webhook", anna, plain, http.StatusConflict, "wrong-state", "no webhook"},
		{"somebody else's", ole, done, http.StatusNotFound, "not-found", ""},
		{"deleted", anna, deleted, http.StatusNotFound, "not-found", ""},
		{"no such job", anna, job.NewID(time.Now(), 1), http.StatusNotFound, "not-found", ""},
	} {
		w := s.do("POST", "/jobs/"+string(c.id)+"/webhook", "", "Authorization", c.key)
		p := problem(t, w, c.status)
		if !strings.HasSuffix(p.Type, "#problem-"+c.slug) || !strings.Contains(p.Detail, c.detail) {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
	if rung := s.bells.Take(); len(rung) != 0 {
		t.Errorf("rung for nothing: %+v", rung)
	}
}

type noQueue struct{}

func (noQueue) Send(context.Context, []queue.Outgoing) error { return errors.New("the queue is down") }

// Without a queue nobody is told that a call is on its way.
func TestSendAgainWithoutAQueue(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) { c.Bells = noQueue{} })
	path := "/jobs/" + string(s.announced(hooked)) + "/webhook"
	problem(t, s.do("POST", path, ""), http.StatusInternalServerError)
}
