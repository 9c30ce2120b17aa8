package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/client"
	"gleaner/shared/job"
	"gleaner/shared/webhook"
)

func TestKeysOnAStore(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	term := &terminal{t: t}
	term.fails(1, "there is no data in", "keys", "list", "--data", data)
	r := term.run("keys", "create", "laptop", "--data", data, "--owner", "kai")
	secret := strings.TrimSpace(r.out)
	if r.code != 0 || !strings.HasPrefix(secret, "glk_") || strings.Contains(r.err, secret) || !strings.Contains(r.err, "not shown again") {
		t.Fatalf("exit %d: %s\n%s%s", r.code, r.text, r.out, r.err)
	}
	var keys []client.Key
	if err := json.Unmarshal([]byte(term.ok("keys", "list", "--data", data, "--owner", "kai", "--json")), &keys); err != nil || len(keys) != 1 || keys[0].Name != "laptop" {
		t.Fatalf("%+v %v", keys, err)
	}
	if out := term.ok("keys", "list", "--data", data, "--owner", "ole"); strings.Contains(out, "laptop") {
		t.Errorf("of somebody else: %s", out)
	}
	if out := term.ok("keys", "list", "--data", data, "--owner", "kai"); !strings.Contains(out, secret[:10]+"…") || strings.Contains(out, secret) || !strings.Contains(out, "never") {
		t.Errorf("list:\n%s", out)
	}
	term.fails(1, "there is no key", "keys", "revoke", keys[0].ID, "--data", data, "--owner", "ole")
	term.ok("keys", "revoke", keys[0].ID, "--data", data, "--owner", "kai")
	term.fails(1, "there is no key", "keys", "revoke", keys[0].ID, "--data", data, "--owner", "kai")
	term.fails(1, "none of the others can be", "keys", "list", "--data", data, "--table", "x")
	term.fails(1, "name: is not 1 to 100", "keys", "create", " ", "--data", data)
}

// A key made on the store while the server runs opens that server at once, for
// its owner and nobody else.
func TestKeysOpenAServer(t *testing.T) {
	t.Parallel()
	term, data := serving(t)
	made := strings.TrimSpace(term.ok("create", newWebsite(t, 0).URL+"/page0"))
	secret := strings.TrimSpace(term.ok("keys", "create", "laptop", "--data", data, "--owner", "kai"))
	kai := &terminal{t, map[string]string{"GLEANER_ENDPOINT": term.env["GLEANER_ENDPOINT"], "GLEANER_KEY": secret}}
	if r := kai.run("jobs"); r.code != 0 || strings.Contains(r.out, made) {
		t.Errorf("exit %d, %s\n%s", r.code, r.text, r.out)
	}
	kai.fails(1, "There is no such thing", "watch", made)
	more := strings.TrimSpace(kai.ok("keys", "create", "intern"))
	if out := kai.ok("keys", "list"); strings.Count(out, "\n") != 3 || strings.Contains(out, "never") == strings.Contains(out, more) {
		t.Errorf("list:\n%s", out)
	}
	var keys []client.Key
	if err := json.Unmarshal([]byte(kai.ok("keys", "list", "--json")), &keys); err != nil || len(keys) != 2 {
		t.Fatalf("%+v %v", keys, err)
	}
	kai.ok("keys", "revoke", keys[1].ID) // the newest comes first: this is the one in use
	kai.fails(1, "was revoked", "jobs")
	delete(kai.env, "GLEANER_KEY")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"title":"An API key is needed","status":401}`)
	}))
	defer s.Close()
	kai.env["GLEANER_ENDPOINT"] = s.URL
	kai.fails(1, "gleaner keys create NAME --table TABLE", "jobs")
}

func TestAuditSeesWhatDiffers(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	w := newWebsite(t, 0)
	term := &terminal{t: t}
	term.ok("extract", w.URL+"/page0", "--data", data, "--allow-net", "127.0.0.1/32")
	if out := term.ok("audit", "last", "--data", data); !strings.Contains(out, "1 URL, 1 address read") {
		t.Errorf("audit: %s", out)
	}
	s, err := sqlitestore.Open(t.Context(), filepath.Join(data, "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Jobs(t.Context(), localOwner, job.JobFilter{}, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	id := page.Items[0].ID
	_, err = s.PutAddresses(t.Context(), job.Ref{Job: id, Key: job.PlannedKey(0)},
		[]job.Address{{Email: "smuggled@muehle-harlesiel.de"}}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r := term.run("audit", string(id), "--data", data)
	if r.code != 1 || !strings.Contains(r.out, "emails") || strings.Contains(r.out, "Every figure") {
		t.Errorf("exit %d, %s\n%s", r.code, r.text, r.out)
	}
	if r := term.run("audit", string(id), "--data", data, "--json"); r.code != 1 || !strings.Contains(r.out, `"figure": "emails"`) {
		t.Errorf("exit %d, %s\n%s", r.code, r.text, r.out)
	}
	term.fails(1, "there is no job", "audit", string(job.NewID(time.Now(), 1)), "--data", data)
	term.fails(1, "nobody has no job", "audit", "last", "--owner", "nobody", "--data", data)
}

// The call that a server makes when a job is completed fits the secret that the
// terminal shows.
func TestWebhookFromTheTerminal(t *testing.T) {
	t.Parallel()
	term, data := serving(t)
	type call struct {
		signature string
		body      []byte
	}
	calls := make(chan call, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		calls <- call{r.Header.Get(webhook.HeaderSignature), body}
	}))
	defer hook.Close()
	id := strings.TrimSpace(term.ok("create", newWebsite(t, 0).URL+"/page0", "--webhook", hook.URL))
	select {
	case c := <-calls:
		secret := strings.TrimSpace(term.ok("webhook", "secret"))
		if err := webhook.Verify(c.signature, c.body, secret, time.Now(), webhook.Tolerance); err != nil || !strings.Contains(string(c.body), id) {
			t.Errorf("%v\n%s", err, c.body)
		}
		if stored := strings.TrimSpace(term.ok("webhook", "secret", "--data", data)); stored != secret {
			t.Errorf("the store has another secret: %s", stored)
		}
		if fresh := strings.TrimSpace(term.ok("webhook", "secret", "--rotate")); fresh == secret || fresh != strings.TrimSpace(term.ok("webhook", "secret")) {
			t.Errorf("rotated to %s", fresh)
		}
	case <-time.After(time.Minute):
		t.Fatal("no call")
	}
	delivered(t, term, id, 0)
	if out := term.ok("webhook", "again", "last"); !strings.HasPrefix(out, id+"-") || !strings.Contains(out, hook.URL) {
		t.Errorf("again: %s", out)
	}
	select {
	case c := <-calls:
		if !strings.Contains(string(c.body), id) {
			t.Errorf("sent again: %s", c.body)
		}
	case <-time.After(time.Minute):
		t.Fatal("no second call")
	}
	delivered(t, term, id, 1)
	var d webhook.Delivery
	if err := json.Unmarshal([]byte(term.ok("webhook", "again", id, "--json")), &d); err != nil || d.Again < 1 || !strings.HasPrefix(d.ID, id) {
		t.Errorf("%+v %v", d, err)
	}
	plain := strings.TrimSpace(term.ok("create", newWebsite(t, 0).URL+"/page0"))
	term.ok("watch", plain)
	term.fails(1, "no webhook", "webhook", "again", plain)
}

// delivered waits until it is noted that the call about a job, sent again so many
// times, was answered.
func delivered(t *testing.T, term *terminal, id string, again int) {
	t.Helper()
	for range 300 {
		var calls []webhook.Delivery
		if err := json.Unmarshal([]byte(term.ok("webhook", "calls", id, "--json")), &calls); err != nil {
			t.Fatal(err)
		}
		if len(calls) == 1 && calls[0].Again == again && !calls[0].DeliveredAt.IsZero() {
			if out := term.ok("webhook", "calls", id); !strings.Contains(out, "delivered") {
				t.Errorf("calls: %s", out)
			}
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("calls:\n%s", term.ok("webhook", "calls", id))
}
