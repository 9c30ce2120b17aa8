package pushtest

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/push"
)

func (w *world) delete(t *testing.T, id job.ID) {
	t.Helper()
	p, err := w.jobs.Progress(t.Context(), id)
	if err != nil {
		t.Fatalf("progress: %v", err)
	}
	p.Job.DeletedAt = time.Now()
	p.Job.Version++
	w.jobs.Put(p)
}

// testEnds checks what is left when connections, jobs and stores go away.
func testEnds(t *testing.T, setup Setup) {
	t.Run("DisconnectForgetsEverything", func(t *testing.T) {
		w := newWorld(t, setup)
		c := w.connect(t, "anna")
		for range 3 {
			subscribe(t, c, w.newJob("anna"))
		}
		if n := w.records.Len(""); n != 7 { // the connection, and each subscription both ways
			t.Errorf("%d records", n)
		}
		if err := c.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		eventually(t, "all records are gone", func() bool { return w.records.Len("") == 0 })
	})

	t.Run("GoneConnectionIsForgotten", func(t *testing.T) {
		w := newWorld(t, setup)
		id := w.newJob("anna")
		c := w.connect(t, "anna")
		subscribe(t, c, id)
		// Connections that went away without a word: one is still known, of the
		// other only the subscription is left.
		s := push.NewSubscriptions(w.records)
		if err := s.Connect(t.Context(), "bG9zdA==", "anna"); err != nil {
			t.Fatal(err)
		}
		lost, err := s.Connection(t.Context(), "bG9zdA==")
		if err != nil {
			t.Fatal(err)
		}
		half := push.Connection{ID: "aGFsZg==", Owner: "anna", ExpiresAt: time.Now().Add(time.Hour)}
		for _, c := range []push.Connection{lost, half} {
			if err := s.Subscribe(t.Context(), c, id); err != nil {
				t.Fatal(err)
			}
		}
		w.change(t, id)
		wantProgress(t, c, id)
		if got, err := s.Subscribers(t.Context(), id); err != nil || len(got) != 1 {
			t.Errorf("subscribers %v, %v; want one", got, err)
		}
		if n := w.records.Len(""); n != 3 {
			t.Errorf("%d records left, want those of the one connection", n)
		}
	})

	t.Run("DeletedJobIsAnnounced", func(t *testing.T) {
		w := newWorld(t, setup)
		id := w.newJob("anna")
		c := w.connect(t, "anna")
		subscribe(t, c, id)
		w.delete(t, id)
		w.notify(t, id)
		if m := wantError(t, c, http.StatusNotFound); m.Job != id {
			t.Errorf("it is about %q", m.Job)
		}
		w.jobs.Delete(id) // purged
		w.notify(t, id)
		wantNothing(t, c)
	})

	t.Run("FaultOfTheStoreIsTold", func(t *testing.T) {
		w := newWorld(t, setup)
		id := w.newJob("anna")
		c := w.connect(t, "anna")
		w.jobs.Fail(errors.New("the disk is full"))
		send(t, c, push.Request{Action: push.ActionSubscribe, Job: string(id)})
		wantError(t, c, http.StatusInternalServerError)
		if m := receiveMessage(t, c); m.Type != "" { // the front's own
			t.Errorf("got %+v", m)
		}
		w.jobs.Fail(nil)
		subscribe(t, c, id)
	})

	t.Run("SubscriptionsAreLimited", func(t *testing.T) {
		w := newWorld(t, setup)
		c := w.connect(t, "anna")
		var ids []job.ID
		for range push.MaxSubscriptions {
			ids = append(ids, w.newJob("anna"))
			subscribe(t, c, ids[len(ids)-1])
		}
		more := w.newJob("anna")
		send(t, c, push.Request{Action: push.ActionSubscribe, Job: string(more)})
		wantError(t, c, http.StatusTooManyRequests)
		subscribe(t, c, ids[0]) // again: not one more
		send(t, c, push.Request{Action: push.ActionUnsubscribe, Job: string(ids[0])})
		wantType(t, c, push.TypeUnsubscribed)
		subscribe(t, c, more)
	})
}
