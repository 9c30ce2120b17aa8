package webhook_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/record"
	"gleaner/shared/submit"
	"gleaner/shared/webhook"
)

// again asks for the call about a job to be sent again.
func (w *world) again(id job.ID) (webhook.Delivery, error) {
	j, err := w.store.Job(w.t.Context(), id)
	if err != nil {
		return webhook.Delivery{}, err
	}
	return webhook.SendAgain(w.t.Context(), w.records, w, &j, w.now)
}

func (w *world) mustAgain(id job.ID) webhook.Delivery {
	w.t.Helper()
	d, err := w.again(id)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// drain answers bells until none waits.
func (w *world) drain() {
	w.t.Helper()
	for range 1000 {
		if len(w.waiting) == 0 {
			return
		}
		w.round()
	}
	w.t.Fatal("bells without end")
}

func TestSentAgainAfterItWasGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	r := newReceiver(t, append(slices.Repeat([]int{500}, webhook.MaxAttempts), 503)...)
	id := w.job(r.URL)
	w.drain()
	before := w.delivery(id)
	if before.GaveUpAt.IsZero() || before.Again != 0 {
		t.Fatalf("%+v", before)
	}
	w.now = w.now.Add(26 * time.Hour)
	asked := w.mustAgain(id)
	if shown := w.delivery(id); shown.ID != before.ID || shown.Again != 1 || shown.Attempts != 0 || !shown.GaveUpAt.IsZero() ||
		!shown.NextAt.Equal(w.now) || asked.ID != shown.ID || asked.Again != 1 || !asked.NextAt.Equal(shown.NextAt) {
		t.Errorf("answered %+v\nlisted %+v", asked, shown)
	}
	w.drain() // 503, then 200
	d := w.delivery(id)
	if d.Attempts != 2 || d.DeliveredAt.IsZero() || !d.GaveUpAt.IsZero() || d.Again != 1 ||
		!slices.Equal(d.Earlier, []webhook.Round{before.Round}) {
		t.Errorf("%+v", d)
	}
	for i, c := range r.calls {
		if string(c.body) != string(r.calls[0].body) || c.header.Get(webhook.HeaderDelivery) != before.ID {
			t.Errorf("call %d sent something else", i+1)
		}
	}
	if got := r.calls[webhook.MaxAttempts].header.Get(webhook.HeaderAttempt); len(r.calls) != webhook.MaxAttempts+2 || got != "1" {
		t.Errorf("%d calls, attempt %s", len(r.calls), got)
	}
	// A repetition of the request finds it answered; a later one is another.
	if again := w.mustAgain(id); len(w.waiting) != 0 || again.Again != 1 || again.DeliveredAt.IsZero() {
		t.Errorf("repeated: %+v, bells %+v", again, w.waiting)
	}
	w.now = w.now.Add(5 * time.Second)
	w.mustAgain(id)
	w.drain()
	if d := w.delivery(id); d.Again != 2 || len(d.Earlier) != 2 || d.Earlier[0].DeliveredAt.IsZero() || d.DeliveredAt.IsZero() {
		t.Errorf("a call that arrived, sent again: %+v", d)
	}
	for range 12 {
		w.now = w.now.Add(time.Minute)
		w.mustAgain(id)
		w.drain()
	}
	if d := w.delivery(id); d.Again != 14 || len(d.Earlier) != 10 {
		t.Errorf("%d rounds are remembered after %d requests", len(d.Earlier), d.Again)
	}
}

func TestNothingToSendAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	if _, err := w.again(w.job("")); !errors.Is(err, webhook.ErrNoWebhook) {
		t.Errorf("no webhook: %v", err)
	}
	made, err := submit.New(w.store, w).Create(t.Context(), submit.Request{
		Owner: "kai", List: submit.ParseText("baeckerei-lindhorst.de"), Options: job.Options{Webhook: "https://baeckerei-lindhorst.de/done"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.waiting = nil
	if _, err := w.again(made.Job.ID); !errors.Is(err, webhook.ErrNotCompleted) {
		t.Errorf("running: %v", err)
	}
	if len(w.waiting) != 0 {
		t.Errorf("rung for nothing: %+v", w.waiting)
	}
}

// A call that is not over is tried at once; the bell of its next try comes to
// nothing.
func TestSentAgainBetweenTwoTries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	r := newReceiver(t, 500, 500, 500, 500)
	id := w.job(r.URL)
	for range 4 {
		w.round()
	}
	late := w.waiting
	w.waiting = nil
	w.mustAgain(id)
	began := w.now
	w.drain()
	if d := w.delivery(id); !w.now.Equal(began) || len(r.calls) != 5 || d.DeliveredAt.IsZero() || d.Attempts != 1 || d.Earlier[0].Attempts != 4 ||
		d.Earlier[0].Error == "" || !d.Earlier[0].NextAt.IsZero() {
		t.Errorf("%d calls after %s, %+v", len(r.calls), w.now.Sub(began), d)
	}
	w.waiting = late
	w.drain()
	if len(r.calls) != 5 {
		t.Errorf("the next try was made although the call had arrived")
	}
}

// Before the first try was made, or noted, there is one call to make and no more.
func TestSentAgainBeforeTheFirstTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	r := newReceiver(t)
	id := w.job(r.URL)
	w.mustAgain(id)
	if d := w.delivery(id); d.Attempts != 0 || d.URL != r.URL || len(d.Earlier) != 0 {
		t.Errorf("%+v", d)
	}
	w.drain()
	if d := w.delivery(id); len(r.calls) != 1 || d.DeliveredAt.IsZero() || len(d.Earlier) != 0 {
		t.Errorf("%d calls, %+v", len(r.calls), d)
	}
}

// The latest completion is the one that is sent again; its bell, and that of the
// completion, are answered by calls under their own ids.
func TestSentAgainAfterARetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	r := newReceiver(t)
	id := w.job(r.URL)
	w.drain()
	if _, err := job.Mutate(t.Context(), w.store, id, func(j *job.Job) error {
		j.FinishedAt = j.FinishedAt.Add(time.Hour) // as if it had been completed again
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	w.mustAgain(id)
	w.drain()
	j, err := w.store.Job(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	all, err := webhook.Deliveries(t.Context(), w.store, &j)
	if err != nil || len(all) != 2 || all[0].Again != 1 || all[1].Again != 0 || all[0].ID == all[1].ID || all[0].DeliveredAt.IsZero() {
		t.Errorf("%+v %v", all, err)
	}
	if len(r.calls) != 2 || r.calls[1].header.Get(webhook.HeaderDelivery) != all[0].ID {
		t.Errorf("%d calls", len(r.calls))
	}
}

// What breaks off is done when the bell comes again, or the next request rings.
func TestNoRequestIsLost(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) (*world, *receiver, job.ID) {
		w := newWorld(t, loopback)
		r := newReceiver(t, http.StatusGone)
		id := w.job(r.URL)
		w.drain()
		return w, r, id
	}
	t.Run("the queue is down", func(t *testing.T) {
		t.Parallel()
		w, r, id := start(t)
		w.deaf = true
		if _, err := w.again(id); err == nil {
			t.Fatal("no error")
		}
		w.deaf = false
		w.mustAgain(id)
		w.drain()
		if d := w.delivery(id); len(r.calls) != 2 || d.Again != 1 || d.DeliveredAt.IsZero() {
			t.Errorf("%d calls, %+v", len(r.calls), d)
		}
	})
	t.Run("the outcome cannot be stored", func(t *testing.T) {
		t.Parallel()
		w, r, id := start(t)
		w.mustAgain(id)
		w.loseOutcome()
		if d := w.delivery(id); len(r.calls) != 3 || d.Again != 1 || d.DeliveredAt.IsZero() {
			t.Errorf("%d calls, %+v", len(r.calls), d)
		}
	})
	t.Run("a worker died while it called", func(t *testing.T) {
		t.Parallel()
		w, r, id := start(t)
		// His claim is there until it runs out.
		claim := record.Record{Partition: "WD#" + string(id), Sort: "CLAIM", Expires: time.Now().Add(time.Hour)}
		if err := w.store.Create(t.Context(), claim); err != nil {
			t.Fatal(err)
		}
		w.mustAgain(id)
		w.round()
		if len(r.calls) != 1 || len(w.waiting) != 1 {
			t.Fatalf("%d calls, %d bells", len(r.calls), len(w.waiting))
		}
		claim.Expires = time.Now().Add(-time.Second)
		if err := w.store.Put(t.Context(), claim); err != nil {
			t.Fatal(err)
		}
		w.drain()
		if d := w.delivery(id); len(r.calls) != 2 || d.DeliveredAt.IsZero() {
			t.Errorf("%d calls, %+v", len(r.calls), d)
		}
	})
}

// Whatever happens in whatever order: after a request a call is made; no more
// calls arrive than were asked for; and all bells come to an end.
func TestSendAgainInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	rapid.Check(t, func(rt *rapid.T) {
		w.waiting = nil
		status := http.StatusOK
		calls, arrived := 0, 0
		r := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			if calls++; status == http.StatusOK {
				arrived++
			}
			rw.WriteHeader(status)
		}))
		defer r.Close()
		id := w.job(r.URL)
		asked, atLast := 0, 0
		step := func() queue.Outgoing {
			return w.waiting[rapid.IntRange(0, len(w.waiting)-1).Draw(rt, "bell")]
		}
		rt.Repeat(map[string]func(*rapid.T){
			"ask": func(*rapid.T) {
				if d := w.mustAgain(id); d.DeliveredAt.IsZero() { // else: it has just arrived
					asked++
					atLast = calls
				}
			},
			"answer": func(rt *rapid.T) {
				status = rapid.SampledFrom([]int{http.StatusOK, http.StatusInternalServerError, http.StatusGone}).Draw(rt, "status")
			},
			"bell": func(rt *rapid.T) {
				if len(w.waiting) == 0 {
					rt.Skip("no bell waits")
				}
				m := step()
				i := slices.IndexFunc(w.waiting, func(o queue.Outgoing) bool { return o == m })
				w.waiting = slices.Delete(w.waiting, i, i+1)
				w.now = w.now.Add(m.Delay)
				if err := w.ring(m); err != nil {
					rt.Fatal(err)
				}
			},
			"double": func(rt *rapid.T) { // a bell that rings before its time and comes again
				if len(w.waiting) == 0 {
					rt.Skip("no bell waits")
				}
				if err := w.ring(step()); err != nil {
					rt.Fatal(err)
				}
			},
			"time": func(*rapid.T) { w.now = w.now.Add(time.Minute) },
		})
		w.drain()
		if asked > 0 && calls == atLast {
			rt.Errorf("no call after the last of %d requests", asked)
		}
		if arrived > asked+1 {
			rt.Errorf("%d calls arrived for %d requests", arrived, asked)
		}
		if d := w.delivery(id); d.Again > asked || d.DeliveredAt.IsZero() == d.GaveUpAt.IsZero() {
			rt.Errorf("after %d requests: %+v", asked, d)
		}
	})
}
