package chaos_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/infra/e2e/chaos"
	"gleaner/shared/job"
)

// dice are random decisions that several goroutines may ask for.
type dice struct {
	mu sync.Mutex
	t  *rapid.T
}

// oneIn is true once in n times.
func (d *dice) oneIn(n int, label string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return rapid.IntRange(1, n).Draw(d.t, label) == 1
}

func (d *dice) below(n int, label string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return rapid.IntRange(0, n-1).Draw(d.t, label)
}

// TestDisorder delivers messages twice, late, out of order and to two workers at
// once, skews the clock, lets the store and the queue fail before and after
// their writes took effect, and kills processes, all at random, while the owner
// pauses, resumes, cancels and retries; what must hold at every moment is checked
// at every step, and the end is compared with a calm run where it is determined.
func TestDisorder(t *testing.T) {
	for name, open := range adapters {
		t.Run(name, func(t *testing.T) {
			urls := list(5, job.MaxBatch+20)
			calm, _ := play(t, open, scenario{urls: urls, play: run, end: job.Completed}, nil)
			rapid.Check(t, func(rt *rapid.T) {
				w := chaos.NewWorld(open(t))
				d := &dice{t: rt}
				w.Bells.Pick = func(n int) int { return d.below(n, "pick") }
				w.Bells.Twice = func() bool { return d.oneIn(4, "twice") }
				w.Both = func() bool { return d.oneIn(4, "both") }
				w.Skew = func() time.Duration { return time.Duration(d.below(3, "skew")-1) * 2 * time.Second }
				faults := rapid.SampledFrom([]int{0, 40, 12}).Draw(rt, "one fault in")
				if rapid.Bool().Draw(rt, "continuations") {
					w.Web.Limit = 60
				}
				left := 60 // faults end, so that runs do
				w.Faults.Decide = func(p chaos.Point) error {
					if faults == 0 || !d.oneIn(faults, "fault") {
						return nil
					}
					d.mu.Lock()
					left--
					over := left < 0
					d.mu.Unlock()
					if over {
						return nil
					}
					if d.oneIn(4, "crash") {
						panic(chaos.Crash{Point: p})
					}
					return chaos.ErrInjected
				}
				id, err := w.Create(t.Context(), urls)
				if err != nil {
					rt.Fatal(err)
				}
				touched := owner(t.Context(), rt, w, d, id)
				if err := w.Run(t.Context(), id); err != nil {
					rt.Fatal(err)
				}
				end, err := w.End(t.Context(), id)
				if err != nil {
					rt.Fatal(err)
				}
				if !touched && w.Crashes == 0 && !reflect.DeepEqual(end.Outcomes, calm.Outcomes) {
					rt.Fatalf("outcomes differ\n got %v\nwant %v", end.Outcomes, calm.Outcomes)
				}
				if !touched && len(end.Outcomes) != len(urls) {
					rt.Fatalf("%d of %d URLs have an outcome", len(end.Outcomes), len(urls))
				}
			})
		})
	}
}

// owner lets some steps happen and has the job's owner do things in between. It
// reports whether anything was done that changes how the job ends.
func owner(ctx context.Context, rt *rapid.T, w *chaos.World, d *dice, id job.ID) (touched bool) {
	actions := map[string]func() (job.Job, error){
		"pause":  func() (job.Job, error) { return w.Control.Pause(ctx, chaos.Owner, id) },
		"resume": func() (job.Job, error) { return w.Control.Resume(ctx, chaos.Owner, id) },
		"cancel": func() (job.Job, error) { return w.Control.Cancel(ctx, chaos.Owner, id) },
		"retry":  func() (job.Job, error) { return w.Control.Retry(ctx, chaos.Owner, id) },
	}
	for range rapid.IntRange(0, 12).Draw(rt, "rounds") {
		for range d.below(4, "steps") {
			w.Step(ctx)
			if _, err := w.Check(ctx, id); err != nil {
				rt.Fatal(err)
			}
		}
		name := rapid.SampledFrom([]string{"none", "pause", "resume", "pause", "resume", "cancel", "retry"}).Draw(rt, "action")
		do, ok := actions[name]
		if !ok {
			continue
		}
		touched = touched || name == "cancel" || name == "retry"
		_ = w.Do(do) // not allowed in every state
	}
	if w.Status(ctx, id) == job.Paused {
		if err := w.Do(actions["resume"]); err != nil {
			rt.Fatal(err)
		}
	}
	return touched
}
