package webhook_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/submit"
	"gleaner/shared/sweep"
	"gleaner/shared/webhook"
)

const loopback = "127.0.0.0/8"

func TestCallIsSignedAndTellsTheFigures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	r := newReceiver(t)
	id := w.job(r.URL + "/hook?x=1")
	w.round()
	if len(r.calls) != 1 || len(w.waiting) != 0 {
		t.Fatalf("%d calls, %d bells", len(r.calls), len(w.waiting))
	}
	c := r.calls[0]
	secret, err := webhook.NewSecrets(w.store, nil).Of(t.Context(), "kai")
	if err != nil {
		t.Fatal(err)
	}
	if err := webhook.Verify(c.header.Get(webhook.HeaderSignature), c.body, secret.Secret, w.now, webhook.Tolerance); err != nil {
		t.Error(err)
	}
	var m struct {
		ID, Type  string
		CreatedAt time.Time `json:"created_at"`
		Job       job.ID
		Progress  job.Snapshot
	}
	if err := json.Unmarshal(c.body, &m); err != nil {
		t.Fatal(err)
	}
	p := m.Progress
	if m.Type != "job.completed" || m.Job != id || !strings.HasPrefix(m.ID, string(id)+"-") || m.CreatedAt.IsZero() ||
		p.ID != id || p.Status != job.Completed || p.Emails != 2 || p.Processed != 2 || len(p.Recent) > 0 || strings.Contains(string(c.body), "@") {
		t.Errorf("sent %s", c.body)
	}
	if h := c.header; h.Get(webhook.HeaderDelivery) != m.ID || h.Get(webhook.HeaderAttempt) != "1" ||
		h.Get("Content-Type") != "application/json" || !strings.Contains(h.Get("User-Agent"), "gleaner-tests.org") {
		t.Errorf("headers %v", h)
	}
	if d := w.delivery(id); d.ID != m.ID || d.Status != 200 || d.DeliveredAt.IsZero() || d.Error != "" || d.URL != r.URL+"/hook?x=1" {
		t.Errorf("delivery %+v", d)
	}
}

func TestFailuresAreRepeatedWithGrowingGaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	r := newReceiver(t, 503, 0, http.StatusFound, 429, 404, 200)
	id := w.job(r.URL)
	var gaps []time.Duration
	for len(w.waiting) > 0 {
		if len(w.waiting) != 1 {
			t.Fatalf("%d bells at once", len(w.waiting))
		}
		gaps = append(gaps, w.waiting[0].Delay)
		w.round()
	}
	if len(r.calls) != 6 {
		t.Fatalf("%d calls, want 6", len(r.calls))
	}
	for i, c := range r.calls {
		if string(c.body) != string(r.calls[0].body) || c.header.Get(webhook.HeaderDelivery) != r.calls[0].header.Get(webhook.HeaderDelivery) {
			t.Errorf("try %d sent something else", i+1)
		}
	}
	if !slices.IsSorted(gaps[:4]) || gaps[4] < 300*time.Second || gaps[1] < 10*time.Second {
		t.Errorf("gaps %v: they must grow, and Retry-After: 300 be obeyed", gaps)
	}
	if d := w.delivery(id); d.Attempts != 6 || d.DeliveredAt.IsZero() || d.Status != 200 || !d.NextAt.IsZero() {
		t.Errorf("delivery %+v", d)
	}
}

func TestGivenUpAfterAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	r := newReceiver(t, slices.Repeat([]int{500}, 99)...)
	id := w.job(r.URL)
	began := w.now
	for range 99 {
		w.round()
	}
	took := w.now.Sub(began)
	if len(r.calls) != webhook.MaxAttempts || took < 50*time.Minute || took > 70*time.Minute {
		t.Errorf("%d calls in %s", len(r.calls), took)
	}
	if d := w.delivery(id); d.GaveUpAt.IsZero() || d.Status != 500 || d.Error == "" {
		t.Errorf("delivery %+v", d)
	}
}

func TestGoneEndsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	r := newReceiver(t, http.StatusGone)
	id := w.job(r.URL)
	w.round()
	if d := w.delivery(id); len(r.calls) != 1 || len(w.waiting) != 0 || d.GaveUpAt.IsZero() {
		t.Errorf("%d calls, %d bells, %+v", len(r.calls), len(w.waiting), d)
	}
}

// A receiver in a network that fetches may not reach is not reached, neither by
// its address nor by a name.
func TestPrivateAddressesAreNotReached(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(r.URL, "http://"), ":")
	for _, url := range []string{r.URL, "http://localhost:" + port + "/", "http://169.254.169.254/latest/", "http://[::ffff:127.0.0.1]:" + port + "/"} {
		w := newWorld(t)
		id := w.job(url)
		w.round()
		if d := w.delivery(id); len(w.waiting) != 0 || d.GaveUpAt.IsZero() || d.Status != 0 {
			t.Errorf("%s: %+v", url, d)
		}
	}
	// The name is resolved and its address refused at the socket, also where
	// some other network is open.
	w := newWorld(t, "10.0.0.0/8")
	id := w.job("http://localhost:" + port + "/")
	w.round()
	if d := w.delivery(id); d.GaveUpAt.IsZero() || !strings.Contains(d.Error, "forbidden address") {
		t.Errorf("%+v", d)
	}
	if len(r.calls) > 0 {
		t.Errorf("%d calls got through", len(r.calls))
	}
}

func TestRepeatedBellsCallOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	r := newReceiver(t, 500)
	w.job(r.URL)
	bell := w.waiting[0]
	w.round() // fails; the next bell waits
	for range 3 {
		if err := w.ring(bell); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.calls) != 1 {
		t.Fatalf("%d calls before the gap was over", len(r.calls))
	}
	w.round()
	if err := w.ring(bell); err != nil {
		t.Fatal(err)
	}
	if len(r.calls) != 2 || len(w.waiting) != 0 {
		t.Errorf("%d calls, %d bells", len(r.calls), len(w.waiting))
	}
}

// Whatever breaks between two steps, the call is made.
func TestNoCallIsLost(t *testing.T) {
	t.Parallel()
	t.Run("completion breaks off after its bell", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, loopback)
		r := newReceiver(t)
		w.jobs.fail = true
		made, err := submit.New(w.store, w).Create(t.Context(), submit.Request{
			Owner: "kai", List: submit.ParseText("baeckerei-lindhorst.de"), Options: job.Options{Webhook: r.URL},
		})
		if err != nil {
			t.Fatal(err)
		}
		batch := w.waiting[0]
		w.waiting = nil
		if err := w.ring(batch); err == nil {
			t.Fatal("completed without a store")
		}
		w.jobs.fail = false // the worker is dead; all there is is the bell it rang
		for len(w.waiting) > 0 {
			w.round()
		}
		j, err := w.store.Job(t.Context(), made.Job.ID)
		if err != nil || j.Status != job.Completed || len(r.calls) != 1 {
			t.Errorf("%s, %d calls, %v", j.Status, len(r.calls), err)
		}
	})
	t.Run("the queue is down at completion", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, loopback)
		r := newReceiver(t)
		if _, err := submit.New(w.store, w).Create(t.Context(), submit.Request{
			Owner: "kai", List: submit.ParseText("baeckerei-lindhorst.de"), Options: job.Options{Webhook: r.URL},
		}); err != nil {
			t.Fatal(err)
		}
		batch := w.waiting[0]
		w.waiting, w.deaf = nil, true
		if err := w.ring(batch); err == nil {
			t.Fatal("completed although nobody could be told to call")
		}
		w.deaf = false
		sweeper := &sweep.Sweeper{Store: w.store, Bells: w, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)}
		if report, err := sweeper.Sweep(t.Context()); err != nil || report.Completed != 1 {
			t.Fatalf("%+v %v", report, err)
		}
		w.round()
		if len(r.calls) != 1 {
			t.Errorf("%d calls", len(r.calls))
		}
	})
	t.Run("the outcome of a call cannot be stored", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, loopback)
		r := newReceiver(t)
		w.job(r.URL)
		w.loseOutcome()
		if len(r.calls) != 2 || r.calls[0].header.Get(webhook.HeaderDelivery) != r.calls[1].header.Get(webhook.HeaderDelivery) {
			t.Errorf("%d calls", len(r.calls))
		}
	})
}

func TestNothingToAnnounce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	w.job("")
	if len(w.waiting) != 0 {
		t.Fatalf("%v rung for a job without a webhook", w.waiting)
	}
	r := newReceiver(t)
	id := w.job(r.URL)
	if _, err := job.Mutate(t.Context(), w.store, id, func(j *job.Job) error { j.DeletedAt = w.now; return nil }); err != nil {
		t.Fatal(err)
	}
	w.round()
	gone := job.Bell{Ref: job.Ref{Job: job.NewID(w.now, 1)}, Kind: job.BellWebhook}
	if err := w.ring(queue.Outgoing{Body: gone.Encode()}); err != nil {
		t.Errorf("a job that is not there: %v", err)
	}
	if len(r.calls) != 0 {
		t.Errorf("%d calls about a deleted job", len(r.calls))
	}
}

func TestSecretsRotate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	secrets := webhook.NewSecrets(w.store, func() time.Time { return w.now })
	first, err := secrets.Of(t.Context(), "kai")
	if err != nil || !strings.HasPrefix(first.Secret, webhook.SecretPrefix) || len(first.Secret) < 50 {
		t.Fatalf("%+v %v", first, err)
	}
	if again, err := secrets.Of(t.Context(), "kai"); err != nil || again.Secret != first.Secret {
		t.Errorf("another one: %+v %v", again, err)
	}
	if other, err := secrets.Of(t.Context(), "ole"); err != nil || other.Secret == first.Secret {
		t.Errorf("shared: %+v %v", other, err)
	}
	second, err := secrets.Rotate(t.Context(), "kai")
	if err != nil || second.Secret == first.Secret {
		t.Fatalf("%+v %v", second, err)
	}
	check := func(want ...bool) {
		t.Helper()
		r := newReceiver(t)
		w.job(r.URL)
		w.round()
		for i, s := range []webhook.Secret{first, second} {
			err := webhook.Verify(r.calls[0].header.Get(webhook.HeaderSignature), r.calls[0].body, s.Secret, w.now, webhook.Tolerance)
			if (err == nil) != want[i] {
				t.Errorf("secret %d: %v", i+1, err)
			}
		}
	}
	check(true, true)
	w.now = w.now.Add(webhook.RotationTime)
	check(false, true)
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	body := []byte(`{"id":"x"}`)
	good := webhook.Sign(body, now, "whsec_A")
	// A signature that was made by hand: HMAC-SHA256, key "whsec_A", of
	// `1800000000.{"id":"x"}`.
	if want := "t=1800000000,v1=" + knownMAC; good != want {
		t.Errorf("got  %s\nwant %s", good, want)
	}
	for name, c := range map[string]struct {
		header string
		body   string
		secret string
		now    time.Time
		ok     bool
	}{
		"good":            {good, string(body), "whsec_A", now, true},
		"spaces":          {strings.ReplaceAll(good, ",", ", "), string(body), "whsec_A", now, true},
		"second of two":   {webhook.Sign(body, now, "whsec_B", "whsec_A"), string(body), "whsec_A", now, true},
		"other body":      {good, `{"id":"y"}`, "whsec_A", now, false},
		"other secret":    {good, string(body), "whsec_B", now, false},
		"old":             {good, string(body), "whsec_A", now.Add(6 * time.Minute), false},
		"from the future": {good, string(body), "whsec_A", now.Add(-6 * time.Minute), false},
		"other time":      {strings.Replace(good, "1800000000", "1800000001", 1), string(body), "whsec_A", now, false},
		"no time":         {strings.TrimPrefix(good, "t=1800000000,"), string(body), "whsec_A", now, false},
		"empty":           {"", string(body), "whsec_A", now, false},
		"no signature":    {"t=1800000000", string(body), "whsec_A", now, false},
		"no hex":          {"t=1800000000,v1=zz", string(body), "whsec_A", now, false},
	} {
		err := webhook.Verify(c.header, []byte(c.body), c.secret, c.now, webhook.Tolerance)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, webhook.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("t=1,v1=00", []byte("{}"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if webhook.Verify(header, body, "whsec_nobody_knows", time.Unix(1, 0), time.Hour) == nil {
			t.Fatalf("forged: %q", header)
		}
	})
}

// knownMAC is what openssl dgst -sha256 -hmac whsec_A says.
const knownMAC = "a68124766a258bb5164650ace26db9c01e77fffa5764b4dfdad466f27488481d"
