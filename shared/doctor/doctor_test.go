package doctor_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/doctor"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/quota"
	"gleaner/shared/record"
)

// depth is a queue that holds so much.
type depth queue.Depth

func (d depth) Depth(context.Context) (queue.Depth, error) { return queue.Depth(d), nil }

// silent is a queue that does not answer.
type silent struct{}

func (silent) Depth(context.Context) (queue.Depth, error) {
	return queue.Depth{}, errors.New("no route to host")
}

var errKilled = errors.New("killed")

// healthy is an installation without a fault.
func healthy(t *testing.T) doctor.Config {
	t.Helper()
	dir := t.TempDir()
	s, err := sqlitestore.Open(t.Context(), filepath.Join(dir, "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return doctor.Config{
		Jobs: s, Records: s, Queue: depth{}, DeadLetters: depth{}, Dir: dir, Sockets: 1, Version: "1.2.3",
		Contact: "https://baeckerei-lindhorst.de/crawler", Workers: 300, Quota: quota.Limits{RunningJobs: 100},
		WorkerProcess: func() doctor.WorkerProcess {
			return doctor.WorkerProcess{Since: time.Now().Add(-time.Hour), Deaths: 1, Died: time.Now().Add(-time.Hour), Cause: errKilled}
		},
		PushLag: func(context.Context) (time.Duration, error) { return 0, nil },
		Peers:   []doctor.Peer{{Name: "the table", URL: server(t, 0)}},
	}
}

// server answers with a Date so far from the truth.
func server(t *testing.T, skew time.Duration) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func find(t *testing.T, r doctor.Report, name string) doctor.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %q in %+v", name, r)
	return doctor.Check{}
}

func TestHealthy(t *testing.T) {
	r := doctor.New(healthy(t)).Examine(t.Context())
	var names []string
	for _, c := range r.Checks {
		names = append(names, c.Name)
		if c.Status != doctor.OK && c.Name != "disk" || c.Detail == "" { // the disk of whoever tests may be full
			t.Errorf("%+v", c)
		}
	}
	want := "version,store,queue,dead letters,workers,worker process,limits,live updates,clock,file descriptors,disk,configuration"
	if got := strings.Join(names, ","); got != want {
		t.Errorf("checks %s, want %s", got, want)
	}
}

func TestLeftOut(t *testing.T) {
	c := healthy(t)
	c.Queue, c.DeadLetters, c.PushLag, c.Dir, c.Sockets, c.Peers, c.Workers = nil, nil, nil, "", 0, nil, 0
	c.WorkerProcess = nil
	r := doctor.New(c).Examine(t.Context())
	if len(r.Checks) != 5 || r.Status != doctor.OK {
		t.Errorf("%+v", r)
	}
}

// Every fault is found, makes the report as bad as it is, and comes with advice.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name, check, status, detail string
		harm                        func(t *testing.T, c *doctor.Config)
	}{
		{"store gone", "store", doctor.Failing, "could not be written", func(_ *testing.T, c *doctor.Config) {
			c.Records = noRecords{c.Records}
		}},
		{"queue silent", "queue", doctor.Failing, "no route", func(_ *testing.T, c *doctor.Config) { c.Queue = silent{} }},
		{"nobody answers", "queue", doctor.Degraded, "7 waiting, 0 at work", func(_ *testing.T, c *doctor.Config) { c.Queue = depth{Visible: 7} }},
		{"too much waits", "queue", doctor.Degraded, "1000000 waiting", func(_ *testing.T, c *doctor.Config) {
			c.Queue = depth{Visible: 1_000_000, InFlight: 300}
		}},
		{"dead letters", "dead letters", doctor.Degraded, "3 messages", func(_ *testing.T, c *doctor.Config) { c.DeadLetters = depth{Visible: 2, InFlight: 1} }},
		{"dead letters silent", "dead letters", doctor.Failing, "no route", func(_ *testing.T, c *doctor.Config) { c.DeadLetters = silent{} }},
		{"a job stands still", "workers", doctor.Degraded, "have not moved", func(t *testing.T, c *doctor.Config) {
			run(t, c.Jobs, time.Now().Add(-time.Hour))
			c.Now = func() time.Time { return time.Now().Add(time.Hour) }
			c.Peers = nil
		}},
		{"a list is not planned", "workers", doctor.Degraded, "have not moved", func(t *testing.T, c *doctor.Config) {
			create(t, c.Jobs, time.Now().Add(-time.Hour))
		}},
		{"fewer workers than allowed", "limits", doctor.Degraded, "40 waiting, 10 at work", func(t *testing.T, c *doctor.Config) {
			run(t, c.Jobs, time.Now().Add(-6*time.Minute))
			c.Queue = depth{Visible: 40, InFlight: 10}
		}},
		{"busy workers not to be known", "limits", doctor.Degraded, "could not be found out", func(_ *testing.T, c *doctor.Config) { c.Queue = silent{} }},
		{"the worker process died", "worker process", doctor.Degraded, "died 2 times, last 1m0s ago: killed", func(_ *testing.T, c *doctor.Config) {
			c.WorkerProcess = func() doctor.WorkerProcess {
				return doctor.WorkerProcess{Since: time.Now(), Deaths: 2, Died: time.Now().Add(-time.Minute), Cause: errKilled}
			}
		}},
		{"the worker process is gone", "worker process", doctor.Failing, "died 5s ago: killed", func(_ *testing.T, c *doctor.Config) {
			c.WorkerProcess = func() doctor.WorkerProcess {
				return doctor.WorkerProcess{Deaths: 3, Died: time.Now().Add(-5 * time.Second), Cause: errKilled}
			}
		}},
		{"no worker process", "worker process", doctor.Failing, "not started", func(_ *testing.T, c *doctor.Config) {
			c.WorkerProcess = func() doctor.WorkerProcess { return doctor.WorkerProcess{} }
		}},
		{"push is slow", "live updates", doctor.Degraded, "15000 ms", func(_ *testing.T, c *doctor.Config) {
			c.PushLag = func(context.Context) (time.Duration, error) { return 15 * time.Second, nil }
		}},
		{"push is silent", "live updates", doctor.Degraded, "does not answer", func(_ *testing.T, c *doctor.Config) {
			c.PushLag = func(context.Context) (time.Duration, error) { return 0, errors.New("the notifier does not answer") }
		}},
		{"push stands still", "live updates", doctor.Failing, "ms behind", func(_ *testing.T, c *doctor.Config) {
			c.PushLag = func(context.Context) (time.Duration, error) { return time.Hour, nil }
		}},
		{"clock is off", "clock", doctor.Degraded, "the table +", func(t *testing.T, c *doctor.Config) {
			c.Peers = []doctor.Peer{{Name: "the table", URL: server(t, -30*time.Second)}}
		}},
		{"clock is wrong", "clock", doctor.Failing, "the table -", func(t *testing.T, c *doctor.Config) {
			c.Peers = []doctor.Peer{{Name: "the table", URL: server(t, time.Hour)}}
		}},
		{"peer is silent", "clock", doctor.Degraded, "not compared with the table", func(_ *testing.T, c *doctor.Config) {
			c.Peers = []doctor.Peer{{Name: "the table", URL: "http://127.0.0.1:1/"}}
		}},
		{"clock was set back", "clock", doctor.Failing, "job ", func(t *testing.T, c *doctor.Config) {
			run(t, c.Jobs, time.Now().Add(time.Hour))
		}},
		{"few files", "file descriptors", doctor.Degraded, "wanted", func(_ *testing.T, c *doctor.Config) { c.Sockets = 1 << 30 }},
		{"no directory", "disk", doctor.Failing, "cannot be looked at", func(_ *testing.T, c *doctor.Config) { c.Dir += "/gone" }},
		{"no contact", "configuration", doctor.Degraded, "names no page", func(_ *testing.T, c *doctor.Config) { c.Contact = "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := healthy(t)
			c.harm(t, &cfg)
			r := doctor.New(cfg).Examine(t.Context())
			got := find(t, r, c.check)
			if got.Status != c.status || !strings.Contains(got.Detail, c.detail) || got.Advice == "" {
				t.Errorf("%+v, want %s with %q", got, c.status, c.detail)
			}
			if r.Status == doctor.OK || c.status == doctor.Failing && r.Status != doctor.Failing {
				t.Errorf("the report is %s", r.Status)
			}
		})
	}
}

// A job that has just begun, or one that keeps most workers busy, is no fault.
func TestWorkersMayTakeTheirTime(t *testing.T) {
	for _, c := range []struct {
		age  time.Duration
		busy int
	}{{time.Minute, 5}, {time.Hour, 200}} {
		cfg := healthy(t)
		run(t, cfg.Jobs, time.Now().Add(-c.age))
		cfg.Queue = depth{Visible: 4000, InFlight: c.busy}
		if got := find(t, doctor.New(cfg).Examine(t.Context()), "limits"); got.Status != doctor.OK {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// noRecords fails to write.
type noRecords struct{ record.Store }

func (noRecords) Put(context.Context, record.Record) error { return errors.New("disk full") }

func create(t *testing.T, s job.JobStore, at time.Time) job.ID {
	t.Helper()
	j, _, err := s.CreateJob(t.Context(), job.Job{
		ID: job.NewID(at, 1), Owner: "anna", Status: job.Creating, CreatedAt: at, ExpiresAt: at.Add(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return j.ID
}

func run(t *testing.T, s job.JobStore, at time.Time) {
	t.Helper()
	_, err := job.Mutate(t.Context(), s, create(t, s, at), func(j *job.Job) error { return j.Become(job.Running, at, "") })
	if err != nil {
		t.Fatal(err)
	}
}
