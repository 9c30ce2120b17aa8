package client_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gleaner/shared/client"
	"gleaner/shared/job"
	"gleaner/shared/webhook"
)

func TestSendAgain(t *testing.T) {
	t.Parallel()
	s := start(t, 1, 0)
	c := s.client(t)
	// The receiver is gone when the job is completed, and there again afterwards.
	got := make(chan string, 10)
	status := make(chan int, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get(webhook.HeaderDelivery)
		w.WriteHeader(<-status)
	}))
	defer hook.Close()
	made, err := c.Create(t.Context(), client.NewJob{Options: job.Options{Webhook: hook.URL}, Targets: targets(t, s.site.URLs()[:1])})
	if err != nil {
		t.Fatal(err)
	}
	over := func(again int) webhook.Delivery {
		t.Helper()
		for range 600 {
			all, err := c.Deliveries(t.Context(), made.Job.ID)
			if err != nil {
				t.Fatal(err)
			}
			if len(all) == 1 && all[0].Again == again && (!all[0].GaveUpAt.IsZero() || !all[0].DeliveredAt.IsZero()) {
				return all[0]
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatal("no end of it")
		return webhook.Delivery{}
	}
	status <- http.StatusGone
	first := over(0)
	if first.GaveUpAt.IsZero() || <-got != first.ID {
		t.Fatalf("%+v", first)
	}
	asked, err := c.SendAgain(t.Context(), made.Job.ID)
	if err != nil || asked.ID != first.ID || asked.Again != 1 || asked.Attempts != 0 || len(asked.Earlier) != 1 || asked.Earlier[0].Status != http.StatusGone {
		t.Fatalf("%+v %v", asked, err)
	}
	status <- http.StatusNoContent
	if d := over(1); d.DeliveredAt.IsZero() || d.Status != http.StatusNoContent || <-got != first.ID {
		t.Errorf("%+v", d)
	}

	plain, err := c.Create(t.Context(), client.NewJob{Targets: targets(t, s.site.URLs()[:1])})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SendAgain(t.Context(), plain.Job.ID); err == nil || !strings.Contains(err.Error(), "no webhook") || !strings.Contains(err.Error(), "409") {
		t.Errorf("no webhook: %v", err)
	}
	if _, err := c.SendAgain(t.Context(), job.NewID(time.Now(), 1)); !client.NotFound(err) {
		t.Errorf("got %v, want not found", err)
	}
}
