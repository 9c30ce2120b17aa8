package submit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/submit"
)

func (w *world) service() *submit.Service {
	return submit.New(w, w, submit.WithClock(w.clock), submit.WithLogger(slog.New(slog.DiscardHandler)))
}

func listOf(hosts, each int) submit.List {
	var lines []string
	for h := range hosts {
		for p := range each {
			lines = append(lines, fmt.Sprintf("https://firma-%d.de/seite/%d", h, p))
		}
	}
	return submit.FromStrings(lines)
}

// checkStarted wants the job RUNNING with every URL in exactly one batch and a
// bell for each batch that may run.
func checkStarted(t *testing.T, w *world, id job.ID, want int, bells bool) {
	t.Helper()
	j := w.jobs[id]
	if w.late > 0 {
		t.Fatal("batches were written to a running job")
	}
	if j.Status != job.Running || !j.Adding.IsZero() || j.StartedAt.IsZero() {
		t.Fatalf("job is %s, adding %v, started %v", j.Status, j.Adding, j.StartedAt)
	}
	urls := w.urlsOf(t, id)
	if len(urls) != want || j.URLs != want {
		t.Fatalf("%d URLs in batches, %d in the job, want %d", len(urls), j.URLs, want)
	}
	for u, n := range urls {
		if n != 1 {
			t.Fatalf("%s is in %d batches", u, n)
		}
	}
	if j.Batches != len(w.batches[id]) {
		t.Fatalf("job says %d batches, there are %d", j.Batches, len(w.batches[id]))
	}
	rung := map[job.Key]bool{}
	for _, b := range w.bells {
		if b.Job == id && b.Kind == job.BellBatch {
			rung[b.Key] = true
		}
	}
	for k, b := range w.batches[id] {
		if bells && !b.Held && !rung[k] {
			t.Errorf("batch %s was not rung", k)
		}
		if b.Held && rung[k] {
			t.Errorf("batch %s is held and was rung", k)
		}
		if !b.Held && !b.Due.After(w.jobs[id].StartedAt) {
			t.Errorf("batch %s is due at %v already", k, b.Due)
		}
	}
}

func TestCreateStartsTheJob(t *testing.T) {
	w := newWorld()
	l := submit.ParseText("https://a-firma.de\nhttps://A-firma.de/\nkein wort\n\n# note\nb-firma.de\n")
	a, err := w.service().Create(t.Context(), submit.Request{Owner: "anna", Name: "Test", List: l})
	if err != nil {
		t.Fatal(err)
	}
	if a.Accepted != 2 || a.Duplicates != 1 || a.RejectedCount != 2 || a.Job.Duplicates != 1 || a.Job.Rejected != 2 {
		t.Errorf("answer %+v", a)
	}
	if a.Job.Options.PerHost != job.DefaultPerHost || a.Job.ExpiresAt.Sub(a.Job.CreatedAt) != a.Job.Options.Retention() {
		t.Errorf("options %+v, expires %v", a.Job.Options, a.Job.ExpiresAt)
	}
	checkStarted(t, w, a.Job.ID, 2, true)
	if want := []string{"CreateJob", "PutBatches", "UpdateJob", "Send"}; !slices.Equal(w.calls, want) {
		t.Errorf("calls %v, want %v", w.calls, want)
	}
}

func TestCreateRefusals(t *testing.T) {
	w := newWorld()
	s := w.service()
	var field *job.FieldError
	var empty *submit.EmptyError
	if _, err := s.Create(t.Context(), submit.Request{Owner: "a", List: submit.ParseText("eins\nzwei")}); !errors.As(err, &empty) || len(empty.List.Rejected) != 2 {
		t.Errorf("no valid line: %v", err)
	}
	big := submit.List{Targets: make([]job.Target, submit.MaxListURLs+1), Lines: 1}
	if _, err := s.Create(t.Context(), submit.Request{Owner: "a", List: big}); !errors.As(err, &field) || field.Field != "urls" {
		t.Errorf("too many: %v", err)
	}
	r := submit.Request{Owner: "a", List: listOf(1, 1), Options: job.Options{PerHost: 99}}
	if _, err := s.Create(t.Context(), r); !errors.As(err, &field) || field.Field != "options.per_host" {
		t.Errorf("bad option: %v", err)
	}
	if _, err := s.Create(t.Context(), submit.Request{Owner: "a", Open: true, List: listOf(1, 1)}); !errors.As(err, &field) {
		t.Errorf("open with a list: %v", err)
	}
	if len(w.calls) != 0 {
		t.Errorf("refused requests reached the store: %v", w.calls)
	}
}

// TestCreateSurvivesACrashAtEveryStep crashes before and after each call and
// repeats the request with its key, as a client does.
func TestCreateSurvivesACrashAtEveryStep(t *testing.T) {
	l := listOf(30, 40) // 1,200 URLs in 30 batches
	for step := range 4 {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("step %d after %v", step, after), func(t *testing.T) {
				w := newWorld()
				w.crashAt, w.after = step, after
				r := submit.Request{Owner: "anna", List: l, Idempotency: &job.Idempotency{Key: "k1", Fingerprint: "f"}}
				first, err := w.service().Create(t.Context(), r)
				if step < 3 && err == nil {
					t.Fatalf("a crash was answered as success: %+v", first)
				}
				w.restart()
				w.pass(20 * time.Second) // the dead process's lease runs out
				a, err := w.service().Create(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if len(w.jobs) != 1 {
					t.Fatalf("%d jobs", len(w.jobs))
				}
				if a.Accepted != 1200 || a.Job.ID == "" {
					t.Errorf("answer %+v", a)
				}
				// After the flip the bells are the sweeper's: the job must not be planned again.
				checkStarted(t, w, a.Job.ID, 1200, step < 2 || step == 2 && !after)
			})
		}
	}
}

func TestRepeatWhileTheFirstIsStillAtIt(t *testing.T) {
	w := newWorld()
	w.crashAt = 1 // dies before PutBatches and keeps its lease
	r := submit.Request{Owner: "anna", List: listOf(1, 3), Idempotency: &job.Idempotency{Key: "k1", Fingerprint: "f"}}
	if _, err := w.service().Create(t.Context(), r); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	w.restart()
	s := w.service()
	submit.SetWait(s, 0)
	var busy *submit.BusyError
	if _, err := s.Create(t.Context(), r); !errors.As(err, &busy) || busy.RetryAfter <= 0 {
		t.Fatalf("got %v, want busy: the first may still be writing", err)
	}
	r.Idempotency = &job.Idempotency{Key: "k1", Fingerprint: "another"}
	if _, err := s.Create(t.Context(), r); !errors.Is(err, job.ErrIdempotency) {
		t.Fatalf("got %v", err)
	}
}

func TestAFaultLetsGoOfTheJobAtOnce(t *testing.T) {
	w := newWorld()
	r := submit.Request{Owner: "anna", List: listOf(2, 3), Idempotency: &job.Idempotency{Key: "k1", Fingerprint: "f"}}
	s := submit.New(failOnce{w, new(bool)}, w, submit.WithClock(w.clock))
	if _, err := s.Create(t.Context(), r); err == nil {
		t.Fatal("no error")
	}
	a, err := s.Create(t.Context(), r)
	if err != nil || !a.Repeated {
		t.Fatalf("%+v %v", a, err)
	}
	checkStarted(t, w, a.Job.ID, 6, true)
}

type failOnce struct {
	*world
	failed *bool
}

func (f failOnce) PutBatches(ctx context.Context, b []job.Batch) error {
	if !*f.failed {
		*f.failed = true
		return errors.New("throttled")
	}
	return f.world.PutBatches(ctx, b)
}

// TestALateWriterCannotTouchARunningJob lets one planner fall asleep before it
// writes its batches, while a repeat of the request takes over and finishes.
func TestALateWriterCannotTouchARunningJob(t *testing.T) {
	w := newWorld()
	r := submit.Request{Owner: "anna", List: listOf(2, 3), Idempotency: &job.Idempotency{Key: "k1", Fingerprint: "f"}}
	s := submit.New(sleeper{w, func() {
		w.pass(20 * time.Second)
		a, err := w.service().Create(t.Context(), r)
		if err != nil || a.Job.Status != job.Running {
			t.Errorf("the repeat: %+v %v", a.Job.Status, err)
		}
	}}, w, submit.WithClock(w.clock), submit.WithLogger(slog.New(slog.DiscardHandler)))
	a, err := s.Create(t.Context(), r)
	if err == nil {
		checkStarted(t, w, a.Job.ID, 6, true)
	}
	if len(w.jobs) != 1 {
		t.Fatalf("%d jobs", len(w.jobs))
	}
	for id := range w.jobs {
		checkStarted(t, w, id, 6, true)
	}
}

type sleeper struct {
	*world
	sleep func()
}

func (s sleeper) CreateJob(ctx context.Context, j job.Job) (job.Job, bool, error) {
	stored, created, err := s.world.CreateJob(ctx, j)
	s.sleep()
	return stored, created, err
}

func TestBellsThatFailDoNotFailTheRequest(t *testing.T) {
	w := newWorld()
	w.crashAt = 3
	a, err := w.service().Create(t.Context(), submit.Request{Owner: "anna", List: listOf(3, 3)})
	if err != nil {
		t.Fatal(err)
	}
	checkStarted(t, w, a.Job.ID, 9, false)
}

func TestCancelledWhileCreating(t *testing.T) {
	w := newWorld()
	s := submit.New(sleeper{w, func() {
		for id := range w.jobs {
			_, err := job.Mutate(t.Context(), w, id, func(j *job.Job) error { return j.Become(job.Cancelled, w.clock(), "") })
			if err != nil {
				t.Error(err)
			}
		}
	}}, w, submit.WithClock(w.clock))
	a, err := s.Create(t.Context(), submit.Request{Owner: "anna", List: listOf(1, 3)})
	if a.Job.Status != job.Cancelled && !errors.Is(err, job.ErrState) {
		t.Fatalf("%+v %v", a, err)
	}
	if len(w.bells) != 0 {
		t.Error("a cancelled job was rung")
	}
}
