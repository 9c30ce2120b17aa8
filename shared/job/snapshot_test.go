package job_test

import (
	"testing"
	"time"

	"gleaner/shared/job"
)

func TestSnapshotLeavesPausesOut(t *testing.T) {
	start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	j := job.Job{ID: job.NewID(start, 1), Status: job.Creating, URLs: 100}
	at := func(s job.Status, after time.Duration) {
		if err := j.Become(s, start.Add(after), ""); err != nil {
			t.Fatal(err)
		}
	}
	at(job.Running, 0)
	at(job.Paused, 10*time.Second)
	at(job.Running, time.Hour)
	p := job.Progress{Job: j, Counters: job.Counters{Processed: 40}}
	s := p.Snapshot(start.Add(time.Hour + 10*time.Second))
	if s.ElapsedMS != 20_000 || s.Rate != 2 || s.ETA == nil || *s.ETA != 30 {
		t.Fatalf("elapsed %d ms, rate %v, left %v", s.ElapsedMS, s.Rate, s.ETA)
	}
	at(job.Completed, time.Hour+20*time.Second)
	p.Job = j
	if s := p.Snapshot(start.Add(48 * time.Hour)); s.ElapsedMS != 30_000 || s.ETA != nil {
		t.Fatalf("a finished job goes on: %d ms, left %v", s.ElapsedMS, s.ETA)
	}
}

func TestStateMachine(t *testing.T) {
	allowed := map[job.Status]string{
		job.Creating: "RUNNING CANCELLED FAILED", job.Running: "PAUSED COMPLETED CANCELLED FAILED",
		job.Paused: "RUNNING CANCELLED FAILED", job.Completed: "RUNNING", job.Cancelled: "RUNNING", job.Failed: "",
	}
	for _, from := range job.Statuses() {
		got := ""
		for _, to := range []job.Status{job.Creating, job.Running, job.Paused, job.Completed, job.Cancelled, job.Failed} {
			j := job.Job{Status: from}
			err := j.Become(to, time.Now(), "")
			if (err == nil) != from.CanBecome(to) || err != nil && j.Status != from {
				t.Errorf("%s to %s: %v", from, to, err)
			}
			if err == nil {
				got += " " + string(to)
			}
		}
		if got != "" {
			got = got[1:]
		}
		if got != allowed[from] {
			t.Errorf("%s may become %q, want %q", from, got, allowed[from])
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	j := job.Job{Status: job.Creating}
	for i := range 500 {
		next := job.Running
		if i%2 == 1 {
			next = job.Paused
		}
		if err := j.Become(next, time.Now(), ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(j.History) > 100 || j.History[0].Status != job.Running {
		t.Fatalf("%d entries, first %s", len(j.History), j.History[0].Status)
	}
}

func TestEveryOutcomeIsExplained(t *testing.T) {
	for _, o := range job.Outcomes() {
		if o.Text() == "" || o.Class() == "" || !o.Known() {
			t.Errorf("%s: %q %q", o, o.Text(), o.Class())
		}
	}
	if job.Outcome("made_up").Known() || job.Outcome("made_up").Retryable() {
		t.Error("an outcome that is not on the list is known")
	}
}
