package submit_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/submit"
)

func openJob(t *testing.T, w *world, chunks, size int) job.ID {
	t.Helper()
	s := w.service()
	a, err := s.Create(t.Context(), submit.Request{Owner: "anna", Open: true, Expect: chunks * size})
	if err != nil || a.Job.Status != job.Creating || !a.Job.Open {
		t.Fatalf("%+v %v", a, err)
	}
	for n := range chunks {
		lines := make([]string, 0, size)
		for i := range size {
			lines = append(lines, fmt.Sprintf("https://firma-%d.de/%d", (n*size+i)/7, n*size+i))
		}
		if n > 0 {
			lines = append(lines, "https://firma-0.de/0", "unfug") // again, and a fault
		}
		if _, err := s.Append(t.Context(), "anna", a.Job.ID, n, submit.FromStrings(lines)); err != nil {
			t.Fatal(err)
		}
	}
	return a.Job.ID
}

func TestChunksAppendedAndStarted(t *testing.T) {
	w := newWorld()
	s := w.service()
	id := openJob(t, w, 3, 500)
	if _, err := s.Append(t.Context(), "boris", id, 0, submit.List{}); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("another owner's chunk: %v", err)
	}
	if _, err := s.Start(t.Context(), "boris", id, 3); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("another owner's start: %v", err)
	}
	var missing *submit.MissingError
	if _, err := s.Start(t.Context(), "anna", id, 5); !errors.As(err, &missing) || !slices.Equal(missing.Numbers, []int{3, 4}) {
		t.Errorf("missing chunks: %v", err)
	}
	var field *job.FieldError
	if _, err := s.Start(t.Context(), "anna", id, 2); !errors.As(err, &field) || field.Field != "chunks" {
		t.Errorf("too few chunks: %v", err)
	}
	j, err := s.Start(t.Context(), "anna", id, 3)
	if err != nil || j.Status != job.Running || j.Chunks != 3 || j.Open {
		t.Fatalf("%+v %v", j, err)
	}
	if j.Duplicates != 2 || j.Rejected != 2 {
		t.Errorf("duplicates %d rejected %d, want 2 and 2", j.Duplicates, j.Rejected)
	}
	checkStarted(t, w, id, 1500, true)
	again, err := s.Start(t.Context(), "anna", id, 3)
	if err != nil || again.Version != j.Version {
		t.Errorf("repeated start: version %d to %d, %v", j.Version, again.Version, err)
	}
	if _, err := s.Append(t.Context(), "anna", id, 3, listOf(1, 1)); !errors.Is(err, job.ErrState) {
		t.Errorf("append after start: %v", err)
	}
}

func TestStartOfNothing(t *testing.T) {
	w := newWorld()
	s := w.service()
	a, err := s.Create(t.Context(), submit.Request{Owner: "anna", Open: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), "anna", a.Job.ID, 0, submit.ParseText("unfug")); err != nil {
		t.Fatalf("a chunk of faulty lines only: %v", err)
	}
	var empty *submit.EmptyError
	if _, err := s.Start(t.Context(), "anna", a.Job.ID, 1); !errors.As(err, &empty) {
		t.Fatalf("got %v", err)
	}
	if !w.jobs[a.Job.ID].Open {
		t.Error("the job was closed although it could not start")
	}
}

func TestStartSurvivesACrashAtEveryStep(t *testing.T) {
	for step := range 8 {
		for _, after := range []bool{false, true} {
			w := newWorld()
			id := openJob(t, w, 2, 300)
			w.calls, w.crashAt, w.after = nil, step, after
			_, first := w.service().Start(t.Context(), "anna", id, 2)
			w.restart()
			w.pass(20 * time.Second)
			if _, err := w.service().Start(t.Context(), "anna", id, 2); err != nil {
				t.Fatalf("step %d after %v: %v then %v", step, after, first, err)
			}
			checkStarted(t, w, id, 600, false)
		}
	}
}

// TestLargeJobsArePlannedByAWorker also crashes the worker at every step and
// lets the bell come again.
func TestLargeJobsArePlannedByAWorker(t *testing.T) {
	const size = 51_000
	for step := range 7 {
		w := newWorld()
		id := openJob(t, w, 2, size)
		s := w.service()
		j, err := s.Start(t.Context(), "anna", id, 2)
		if err != nil || j.Status != job.Creating || j.Open || j.Chunks != 2 {
			t.Fatalf("%s open %v: %v", j.Status, j.Open, err)
		}
		if last := w.bells[len(w.bells)-1]; last.Kind != job.BellPlan || last.Job != id {
			t.Fatalf("bell %+v", last)
		}
		w.calls, w.crashAt, w.after = nil, step, step%2 == 0
		_ = s.Plan(t.Context(), id)
		w.restart()
		w.pass(20 * time.Second)
		if err := s.Plan(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		checkStarted(t, w, id, 2*size, false)
		version := w.jobs[id].Version
		if err := s.Plan(t.Context(), id); err != nil || w.jobs[id].Version != version {
			t.Errorf("a bell too many: %v", err)
		}
	}
}

func TestPlanOfAJobThatIsGone(t *testing.T) {
	if err := newWorld().service().Plan(t.Context(), job.NewID(time.Now(), 1)); err != nil {
		t.Fatal(err)
	}
}
