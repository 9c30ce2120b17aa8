package client_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"gleaner/shared/client"
	"gleaner/shared/job"
)

// ways notes how news came.
type ways struct {
	mu  sync.Mutex
	all []client.Way
}

func (w *ways) add(way client.Way, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, way)
}

func (w *ways) list() []client.Way {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.all)
}

func watched(t *testing.T, s *server, c *client.Client, w client.Watcher) (job.Snapshot, []client.Way) {
	t.Helper()
	made, err := c.Create(t.Context(), client.NewJob{Targets: targets(t, s.site.URLs())})
	if err != nil {
		t.Fatal(err)
	}
	var seen ways
	w.State = seen.add
	end, err := c.Watch(t.Context(), made.Job.ID, w)
	if err != nil {
		t.Fatal(err)
	}
	if end.Status != job.Completed || end.Processed != end.Total {
		t.Errorf("ended %+v", end)
	}
	return end, seen.list()
}

func TestWatchPollsWhereNothingIsPushed(t *testing.T) {
	t.Parallel()
	s := start(t, 6, 50*time.Millisecond)
	s.misbehave(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/tickets" {
			return false
		}
		http.NotFound(w, r)
		return true
	})
	_, ways := watched(t, s, s.client(t), client.Watcher{Interval: 50 * time.Millisecond})
	if slices.Contains(ways, client.Pushed) || !slices.Contains(ways, client.Polled) {
		t.Errorf("news came by %v", ways)
	}
}

func TestWatchPollOnly(t *testing.T) {
	t.Parallel()
	s := start(t, 6, 50*time.Millisecond)
	watched(t, s, s.client(t), client.Watcher{Interval: 50 * time.Millisecond, PollOnly: true})
	if n := s.requests("POST /tickets"); n > 0 {
		t.Errorf("%d tickets were asked for", n)
	}
}

func TestWatchFallsBackWhenTheSocketBreaks(t *testing.T) {
	t.Parallel()
	s := start(t, 12, 300*time.Millisecond)
	var cut sync.Once
	var seen ways
	c := s.client(t)
	made, err := c.Create(t.Context(), client.NewJob{Targets: targets(t, s.site.URLs())})
	if err != nil {
		t.Fatal(err)
	}
	end, err := c.Watch(t.Context(), made.Job.ID, client.Watcher{
		Interval: 50 * time.Millisecond,
		State: func(w client.Way, err error) {
			seen.add(w, err)
			if w == client.Pushed {
				cut.Do(func() {
					s.misbehave(func(w http.ResponseWriter, r *http.Request) bool {
						if r.URL.Path == "/tickets" {
							http.NotFound(w, r)
							return true
						}
						return false
					})
					s.cut()
				})
			}
		},
	})
	if err != nil || end.Status != job.Completed {
		t.Fatalf("%+v %v", end, err)
	}
	if got := seen.list(); len(got) < 2 || got[0] != client.Pushed || got[1] != client.Polled {
		t.Errorf("news came by %v, want pushed, then polled", got)
	}
}

func TestWatchOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	s := start(t, 12, 100*time.Millisecond)
	c := s.client(t, func(c *client.Config) { c.Retries = -1 })
	made, err := c.Create(t.Context(), client.NewJob{Targets: targets(t, s.site.URLs())})
	if err != nil {
		t.Fatal(err)
	}
	var seen ways
	s.misbehave(func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) })
	end, err := c.Watch(t.Context(), made.Job.ID, client.Watcher{
		Interval: 20 * time.Millisecond, PollOnly: true,
		State: func(w client.Way, err error) {
			seen.add(w, err)
			if w == client.Offline {
				time.AfterFunc(200*time.Millisecond, func() { s.misbehave(nil) })
			}
		},
	})
	if err != nil || end.Status != job.Completed {
		t.Fatalf("%+v %v", end, err)
	}
	if got := seen.list(); !slices.Equal(got, []client.Way{client.Offline, client.Polled}) {
		t.Errorf("news came by %v", got)
	}
}

func TestWatchOfNothing(t *testing.T) {
	t.Parallel()
	s := start(t, 1, 0)
	if _, err := s.client(t).Watch(t.Context(), job.NewID(time.Now(), 1), client.Watcher{}); !client.NotFound(err) {
		t.Errorf("got %v", err)
	}
}
