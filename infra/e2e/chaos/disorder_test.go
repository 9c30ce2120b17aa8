package chaos_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/infra/e2e/chaos"
	"gleaner/shared/dynamostore"
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
// their writes took effect, kills processes and hides a page that kills more,
// all at random, while the owner pauses, resumes, cancels, retries, deletes and
// restores; what must hold at every moment is checked at every step, and the end
// is compared with a calm run where it is determined. In the end the job's
// retention is over or its owner deletes it, and late bells find nothing.
func TestDisorder(t *testing.T) {
	checks := 60
	if testing.Short() {
		checks = 10
	}
	disorder(t, sqlite(t), list(5, job.MaxLane+80), checks)
}

// TestAWSDisorder does the same on DynamoDB, a few times and with less to store.
func TestAWSDisorder(t *testing.T) {
	if testing.Short() {
		t.Skip("DynamoDB Local takes its time")
	}
	disorder(t, dynamo(t), list(5, 0), 8)
}

// setChecks bounds rapid's runs unless the command line says how many.
func setChecks(t *testing.T, n int) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if given {
		return
	}
	was := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Lookup("rapid.checks").Value.Set(fmt.Sprint(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Lookup("rapid.checks").Value.Set(was) })
}

func disorder(t *testing.T, store job.Store, urls []string, checks int) {
	setChecks(t, checks)
	calm, _ := play(t, store, scenario{urls: urls, play: run, end: job.Completed}, nil)
	crashes, doubled := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w := chaos.NewWorld(store)
		d := &dice{t: rt}
		upset(rt, w, d, urls)
		id, err := w.Create(t.Context(), urls)
		if err != nil {
			rt.Fatal(err)
		}
		touched, gone := owner(t.Context(), rt, w, d, id)
		crashes += w.Crashes
		doubled += w.Doubled
		if gone {
			mustBeGone(t, rt, w, id, nil)
			return
		}
		if err := w.Run(t.Context(), id); err != nil {
			rt.Fatal(err)
		}
		end, err := w.End(t.Context(), id)
		if err != nil {
			rt.Fatal(err)
		}
		if err := w.CheckStored(t.Context(), id); err != nil {
			rt.Fatal(err)
		}
		if !touched && w.Crashes == 0 && w.Web.Poison == "" && !reflect.DeepEqual(end.Outcomes, calm.Outcomes) {
			rt.Fatalf("outcomes differ: %s", end.Differs(calm))
		}
		if !touched && len(end.Outcomes) != len(urls) {
			rt.Fatalf("%d of %d URLs have an outcome", len(end.Outcomes), len(urls))
		}
		if p := w.Web.Poison; !touched && p != "" && end.Outcomes[p] != job.OutcomeCrashed {
			rt.Fatalf("%s kills workers and ended as %s", p, end.Outcomes[p])
		}
		farewell(t, rt, w, d, id, &end)
	})
	t.Logf("%d crashes, %d bells answered by two workers at once", crashes, doubled)
}

// upset decides what goes wrong in a world.
func upset(rt *rapid.T, w *chaos.World, d *dice, urls []string) {
	w.Bells.Pick = func(n int) int { return d.below(n, "pick") }
	w.Bells.Twice = func() bool { return d.oneIn(4, "twice") }
	w.Bells.Lost = func() bool { return d.oneIn(25, "lost") }
	w.Skew = func() time.Duration { return time.Duration(d.below(3, "skew")-1) * 2 * time.Second }
	faults := rapid.SampledFrom([]int{0, 40, 12}).Draw(rt, "one fault in")
	if rapid.Bool().Draw(rt, "continuations") {
		w.Web.Limit = 60
	}
	if d.oneIn(4, "poison") {
		w.Web.Poison = urls[d.below(len(urls), "poisonous")]
	} else {
		// Two workers and one crash between them would be two crashes, of which
		// only one says so.
		w.Both = func() bool { return d.oneIn(4, "both") }
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
}

// owner lets some steps happen and has the job's owner do things in between. It
// reports whether anything was done that changes how the job ends, and whether it
// was deleted for so long that it is gone.
func owner(ctx context.Context, rt *rapid.T, w *chaos.World, d *dice, id job.ID) (touched, gone bool) {
	actions := map[string]act{
		"pause": pausing, "resume": resuming, "cancel": cancelling, "retry": retrying, "delete": deleting, "restore": restoring,
	}
	for range rapid.IntRange(0, 12).Draw(rt, "rounds") {
		for range d.below(4, "steps") {
			w.Step(ctx)
			if _, err := w.Check(ctx, id); errors.Is(err, job.ErrNotFound) {
				return touched, true
			} else if err != nil {
				rt.Fatal(err)
			}
		}
		if d.oneIn(4, "recount") {
			if err := w.CheckStored(ctx, id); err != nil {
				rt.Fatal(err)
			}
		}
		name := rapid.SampledFrom([]string{"none", "pause", "resume", "pause", "resume", "cancel", "retry", "delete", "restore"}).Draw(rt, "action")
		do, ok := actions[name]
		if !ok {
			continue
		}
		touched = touched || name == "cancel" || name == "retry"
		_ = do(ctx, w, id) // not allowed in every state
	}
	switch err := restoring(ctx, w, id); {
	case errors.Is(err, job.ErrNotFound): // too late
		if err := w.RunUntilGone(ctx, id); err != nil {
			rt.Fatal(err)
		}
		return touched, true
	case err != nil:
		rt.Fatal(err)
	}
	if w.Status(ctx, id) == job.Paused {
		if err := resuming(ctx, w, id); err != nil {
			rt.Fatal(err)
		}
	}
	return touched, false
}

// mustBeGone drains the queue and wants nothing to be left of a purged job.
func mustBeGone(t *testing.T, rt *rapid.T, w *chaos.World, id job.ID, emails []string) {
	if err := w.RunUntilGone(t.Context(), id); err != nil {
		rt.Fatal(err)
	}
	if left, err := w.Remains(t.Context(), id, emails); err != nil || len(left) > 0 {
		rt.Fatalf("left of the job: %v, %v", left, err)
	}
}

// farewell ends what is left of a finished job, by its owner or by its retention,
// and then rings bells that come far too late.
func farewell(t *testing.T, rt *rapid.T, w *chaos.World, d *dice, id job.ID, end *chaos.End) {
	ctx := t.Context()
	w.Both = nil
	late := w.Late(ctx, id)
	if _, cloud := w.Plain.(*dynamostore.Store); cloud || d.oneIn(2, "deleted") {
		if err := deleting(ctx, w, id); err != nil {
			rt.Fatal(err)
		}
	} else {
		w.Advance(job.DefaultRetentionDays * 24 * time.Hour)
	}
	if err := w.RunUntilGone(ctx, id); err != nil {
		rt.Fatal(err)
	}
	late()
	mustBeGone(t, rt, w, id, end.Addresses)
}
