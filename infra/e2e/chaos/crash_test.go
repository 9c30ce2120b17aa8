package chaos_test

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"gleaner/infra/e2e/chaos"
	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
)

// adapters are the stores that the matrix runs on.
var adapters = map[string]func(t *testing.T) job.Store{
	"sqlite": func(t *testing.T) job.Store {
		s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "gleaner.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	},
}

// scenario is a job's life from its list to its end.
type scenario struct {
	urls    []string
	prepare func(w *chaos.World)
	play    func(ctx context.Context, w *chaos.World, id job.ID) error
	loose   bool // how much is done when it ends depends on timing: only consistency is compared
	end     job.Status
}

func run(ctx context.Context, w *chaos.World, id job.ID) error { return w.Run(ctx, id) }

// steps lets n messages be handled.
func steps(ctx context.Context, w *chaos.World, id job.ID, n int) error {
	for range n {
		w.Step(ctx)
		if _, err := w.Check(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// list has two small hosts to a batch and one host that becomes a lane.
func list(small int, lane int) []string {
	var urls []string
	for h := range small {
		for p := range 5 {
			kind := "page"
			switch (h + p) % 6 {
			case 0:
				kind = "flaky"
			case 1:
				kind = "gone"
			}
			urls = append(urls, fmt.Sprintf("https://h%d.example.org/%s/%d", h, kind, p))
		}
	}
	for p := range lane {
		urls = append(urls, fmt.Sprintf("https://lane.example.org/page/%d", p))
	}
	return urls
}

var scenarios = map[string]scenario{
	"plain": {urls: list(5, 0), play: run, end: job.Completed},
	"lane":  {urls: list(2, job.MaxBatch+20), play: run, end: job.Completed},
	"continuation": {
		urls:    list(4, job.MaxBatch+20),
		prepare: func(w *chaos.World) { w.Web.Limit = 90 },
		play:    run,
		end:     job.Completed,
	},
	"pause and resume": {
		urls: list(6, 0),
		play: func(ctx context.Context, w *chaos.World, id job.ID) error {
			if err := steps(ctx, w, id, 1); err != nil {
				return err
			}
			if err := w.Do(func() (job.Job, error) { return w.Control.Pause(ctx, chaos.Owner, id) }); err != nil {
				return err
			}
			if err := steps(ctx, w, id, 4); err != nil {
				return err
			}
			if err := w.Do(func() (job.Job, error) { return w.Control.Resume(ctx, chaos.Owner, id) }); err != nil {
				return err
			}
			return w.Run(ctx, id)
		},
		end: job.Completed,
	},
	"paused while crawling": {
		urls: list(6, 0),
		prepare: func(w *chaos.World) {
			paused := false
			w.Web.During = func() {
				if !paused {
					paused = true
					for _, j := range w.Jobs() {
						_, _ = w.Control.Pause(context.Background(), chaos.Owner, j)
					}
				}
			}
		},
		play: func(ctx context.Context, w *chaos.World, id job.ID) error {
			for s := w.Status(ctx, id); s != job.Paused; s = w.Status(ctx, id) {
				if s.Final() {
					return nil // the crash came before the pause
				}
				if err := steps(ctx, w, id, 1); err != nil {
					return err
				}
			}
			if err := w.Do(func() (job.Job, error) { return w.Control.Resume(ctx, chaos.Owner, id) }); err != nil {
				return err
			}
			return w.Run(ctx, id)
		},
		end: job.Completed,
	},
	"retry": {
		urls: list(6, 0),
		play: func(ctx context.Context, w *chaos.World, id job.ID) error {
			if err := w.Run(ctx, id); err != nil {
				return err
			}
			if err := w.Do(func() (job.Job, error) { return w.Control.Retry(ctx, chaos.Owner, id) }); err != nil {
				return err
			}
			return w.Run(ctx, id)
		},
		end: job.Completed,
	},
	"cancel and retry": {
		urls: list(6, 0),
		play: func(ctx context.Context, w *chaos.World, id job.ID) error {
			if err := steps(ctx, w, id, 1); err != nil {
				return err
			}
			if err := w.Do(func() (job.Job, error) { return w.Control.Cancel(ctx, chaos.Owner, id) }); err != nil {
				return err
			}
			if err := w.Run(ctx, id); err != nil {
				return err
			}
			if err := w.Do(func() (job.Job, error) { return w.Control.Retry(ctx, chaos.Owner, id) }); err != nil {
				return err
			}
			return w.Run(ctx, id)
		},
		loose: true,
		end:   job.Completed,
	},
	"dead letters": {
		urls:    list(4, 0),
		prepare: func(w *chaos.World) { w.Web.Broken = "https://h1.example.org/page/2" },
		play:    run,
		loose:   true, // a batch that also crashed is split, and fewer URLs end as undeliverable
		end:     job.Completed,
	},
	"poison": {
		urls:    list(4, 0),
		prepare: func(w *chaos.World) { w.Web.Poison = "https://h1.example.org/page/2" },
		play:    run,
		end:     job.Completed,
	},
}

// play runs a scenario in a new world with the given faults.
func play(t *testing.T, open func(t *testing.T) job.Store, s scenario, decide func(chaos.Point) error) (chaos.End, *chaos.World) {
	t.Helper()
	w := chaos.NewWorld(open(t))
	w.Faults.Decide = decide
	if s.prepare != nil {
		s.prepare(w)
	}
	id, err := w.Create(t.Context(), s.urls)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.play(t.Context(), w, id); err != nil {
		t.Fatal(err)
	}
	end, err := w.End(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if end.Status != s.end {
		t.Fatalf("ended %s, want %s", end.Status, s.end)
	}
	return end, w
}

// TestCrashMatrix kills the process at every side of every call that each
// scenario makes of the store and the queue, once and three times in a row, and
// wants the end to be that of the undisturbed run.
func TestCrashMatrix(t *testing.T) {
	for name, open := range adapters {
		for title, s := range scenarios {
			t.Run(name+"/"+title, func(t *testing.T) {
				t.Parallel()
				calm, w := play(t, open, s, nil)
				points := w.Faults.Seen()
				t.Logf("%d crash points; undisturbed: %s %s", len(points), calm.Status, calm.Counters)
				for _, p := range telling(points) {
					for _, times := range []int{1, 3} {
						t.Run(fmt.Sprintf("%s x%d", p, times), func(t *testing.T) {
							end, w := play(t, open, s, crashAt(p, times))
							if w.Crashes == 0 {
								t.Fatal("nothing crashed: the point was not reached")
							}
							if !s.loose && !reflect.DeepEqual(end, calm) {
								t.Errorf("ended differently\n got %+v\nwant %+v", end, calm)
							}
						})
					}
				}
			})
		}
	}
}

// telling leaves out the middle of long rows of the same call.
func telling(points []chaos.Point) []chaos.Point {
	last := map[string]int{}
	for _, p := range points {
		last[p.Op] = p.Nth
	}
	return slices.DeleteFunc(points, func(p chaos.Point) bool { return p.Nth > 4 && p.Nth < last[p.Op] })
}

// crashAt dies at p, and at the next calls of the same operation until it has
// died so many times.
func crashAt(p chaos.Point, times int) func(chaos.Point) error {
	return func(at chaos.Point) error {
		if at.Op == p.Op && at.When == p.When && at.Nth >= p.Nth && times > 0 {
			times--
			panic(chaos.Crash{Point: at})
		}
		return nil
	}
}
