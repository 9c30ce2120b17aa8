package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"gleaner/shared/httpapi"
	"gleaner/shared/job"
)

// keyFor makes a key for an owner, past the API.
func (s *site) keyFor(owner string) string {
	s.t.Helper()
	_, secret, err := s.keys.Create(s.t.Context(), owner, "test")
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

func TestLoopbackRefusesForeigners(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) {
		c.Hosts = []string{"gleaner.lan"}
		c.Origins = []string{"https://intern.baeckerei-lindhorst.de"}
	})
	for _, c := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"program", nil, 200},
		{"localhost", []string{"Host", "localhost:8080"}, 200},
		{"ipv6", []string{"Host", "[::1]:8080"}, 200},
		{"configured host", []string{"Host", "gleaner.lan:8080"}, 200},
		{"own page", []string{"Origin", "http://127.0.0.1:8080", "Sec-Fetch-Site", "same-origin"}, 200},
		{"configured origin", []string{"Origin", "https://intern.baeckerei-lindhorst.de"}, 200},
		{"typed into the address bar", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, 200},
		{"a link followed", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200},
		{"rebound name", []string{"Host", "boese-seite.de:8080"}, 403},
		{"rebound name that looks like ours", []string{"Host", "127.0.0.1.boese-seite.de"}, 403},
		{"foreign page", []string{"Origin", "https://boese-seite.de"}, 403},
		{"foreign port", []string{"Origin", "http://127.0.0.1:3000"}, 403},
		{"sandboxed page", []string{"Origin", "null"}, 403},
		{"embedded image", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"wrong key is not forgiven", []string{"Authorization", "Bearer glk_" + strings.Repeat("A", 52)}, 401},
		{"other scheme", []string{"Authorization", "Basic YTpi"}, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.in(t)
			w := s.want(c.want, nil, "GET", "/jobs", "", c.headers...)
			if c.want != 200 {
				problem(t, w, c.want)
			}
		})
	}
	r := request("GET", "/jobs", "")
	r.RemoteAddr = "192.168.1.17:40000"
	if w := s.serve(r); w.Code != 401 {
		t.Errorf("another machine without a key: %d", w.Code)
	}
	r.Header.Set("Authorization", "Bearer "+s.keyFor(httpapi.LocalOwner))
	r.Host = "irgendein-name.de"
	if w := s.serve(r); w.Code != 200 {
		t.Errorf("another machine with a key: %d %s", w.Code, w.Body)
	}
}

func TestCORS(t *testing.T) {
	const friend = "https://intern.baeckerei-lindhorst.de"
	s := newSite(t, func(c *httpapi.Config) { c.Origins = []string{friend}; c.Auth = httpapi.KeysRequired })
	w := s.want(204, nil, "OPTIONS", "/jobs", "", "Origin", friend, "Access-Control-Request-Method", "POST")
	if h := w.Header(); h.Get("Access-Control-Allow-Origin") != friend || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("%v", h)
	}
	w = s.want(200, nil, "GET", "/jobs", "", "Origin", friend, "Authorization", "Bearer "+s.keyFor("anna"))
	if w.Header().Get("Access-Control-Allow-Origin") != friend || w.Header().Get("Vary") != "Origin" {
		t.Errorf("%v", w.Header())
	}
	w = s.do("OPTIONS", "/jobs", "", "Origin", "https://boese-seite.de", "Access-Control-Request-Method", "POST")
	if w.Code == 204 || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestKeysAndOwners(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) { c.Auth = httpapi.KeysRequired })
	w := s.do("GET", "/jobs", "")
	problem(t, w, 401)
	if !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
		t.Error("no challenge")
	}
	s.want(200, nil, "GET", "/health", "")
	problem(t, s.do("GET", "/health?deep=1", ""), 401)

	anna := []string{"Authorization", "Bearer " + s.keyFor("anna")}
	boris := []string{"Authorization", "Bearer " + s.keyFor("boris")}
	var a jobAnswer
	s.want(202, &a, "POST", "/jobs", `{"urls":["a-firma.de"]}`, anna...)
	id := string(a.Job.ID)
	for _, r := range httpapi.Routes() {
		if !strings.HasPrefix(r.Pattern, "/jobs/{id}") {
			continue
		}
		target := strings.NewReplacer("{id}", id, "{n}", "0").Replace(r.Pattern)
		body := ""
		if r.Method == "PUT" || strings.HasSuffix(target, "/start") {
			body = `{"chunks":1}`
			if r.Method == "PUT" {
				body = `{"urls":["b-firma.de"]}`
			}
		}
		if w := s.do(r.Method, target, body, boris...); w.Code != 404 {
			t.Errorf("%s %s by another owner: %d %s", r.Method, r.Pattern, w.Code, w.Body)
		}
	}
	var jobs struct{ Jobs []job.Job }
	s.want(200, &jobs, "GET", "/jobs", "", boris...)
	if len(jobs.Jobs) != 0 {
		t.Error("another owner's list shows the job")
	}
	if j, err := s.store.Job(t.Context(), a.Job.ID); err != nil || j.Status != job.Running || !j.DeletedAt.IsZero() {
		t.Errorf("changed by another owner: %+v %v", j.Status, err)
	}

	var made struct {
		Key    struct{ ID, Prefix string }
		Secret string
	}
	s.want(201, &made, "POST", "/keys", `{"name":"laptop"}`, anna...)
	s.want(200, nil, "GET", "/jobs/"+id, "", "Authorization", "bearer "+made.Secret)
	w = s.want(200, nil, "GET", "/keys", "", anna...)
	if strings.Contains(w.Body.String(), made.Secret) || !strings.Contains(w.Body.String(), made.Key.Prefix) {
		t.Errorf("keys: %s", w.Body)
	}
	problem(t, s.do("DELETE", "/keys/"+made.Key.ID, "", boris...), 404)
	s.want(204, nil, "DELETE", "/keys/"+made.Key.ID, "", anna...)
	problem(t, s.do("GET", "/jobs/"+id, "", "Authorization", "Bearer "+made.Secret), 401)

	s.want(200, nil, "POST", "/suppressions", `{"text":"a-firma.de"}`, anna...)
	if w := s.want(200, nil, "GET", "/suppressions", "", boris...); strings.Contains(w.Body.String(), "a-firma.de") {
		t.Error("another owner's suppressions are seen")
	}
	if log := s.log.String(); strings.Contains(log, made.Secret) || strings.Contains(log, anna[1]) {
		t.Error("a key is in the log")
	}
}

func TestRateLimit(t *testing.T) {
	now := time.Now()
	s := newSite(t, func(c *httpapi.Config) {
		c.Auth = httpapi.KeysRequired
		c.Limits = httpapi.Limits{Rate: 2, Burst: 3}
		c.Now = func() time.Time { return now }
	})
	anna := []string{"Authorization", "Bearer " + s.keyFor("anna")}
	boris := []string{"Authorization", "Bearer " + s.keyFor("boris")}
	for range 3 {
		s.want(200, nil, "GET", "/jobs", "", anna...)
	}
	w := s.do("GET", "/jobs", "", anna...)
	problem(t, w, 429)
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", w.Header().Get("Retry-After"))
	}
	s.want(200, nil, "GET", "/jobs", "", boris...)
	now = now.Add(time.Second)
	s.want(200, nil, "GET", "/jobs", "", anna...)
	s.want(200, nil, "GET", "/jobs", "", anna...)
	problem(t, s.do("GET", "/jobs", "", anna...), 429)
}
