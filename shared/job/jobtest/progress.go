package jobtest

import (
	"sync"
	"testing"

	"gleaner/shared/job"
)

var progressTests = []test{
	{"ConsistentWhileSettling", testProgressConsistent},
	{"VersionGrows", testProgressVersion},
}

// Whoever polls while workers settle sees figures that fit together and never
// go back.
func testProgressConsistent(t *testing.T, f *fixture) {
	j, batches := f.running(t, 4, func(id job.ID) []job.Batch { return f.batches(id, 48, 4) })
	var pollers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		pollers.Go(func() {
			var last job.Progress
			for polls := 0; ; polls++ {
				select {
				case <-done:
					if polls > 0 {
						return
					}
				default:
				}
				p, err := f.Progress(t.Context(), j.ID)
				if err != nil {
					t.Errorf("progress: %v", err)
					return
				}
				c := p.Counters
				var outcomes int64
				for _, n := range c.Outcomes {
					outcomes += n
				}
				switch {
				case outcomes != c.Processed || c.Processed != 4*c.BatchesDone || c.Bytes != 1000*c.Processed || c.Pages != 2*c.Processed:
					t.Errorf("figures of no moment: %+v", c)
				case c.Active < 0 || c.Active > workers || c.Processed > p.Total():
					t.Errorf("impossible figures: %+v", c)
				case c.Processed < last.Counters.Processed || p.Version() < last.Version():
					t.Errorf("back from %+v to %+v", last.Counters, c)
				}
				last = p
			}
		})
	}
	f.workOff(t, batches)
	close(done)
	pollers.Wait()
	if p := f.progress(t, j.ID); !p.AllSettled() || p.Counters.Processed != p.Total() || p.Counters.Active != 0 {
		t.Errorf("at the end: %+v", p.Counters)
	}
}

func testProgressVersion(t *testing.T, f *fixture) {
	r := f.one(t, 4)
	last := f.progress(t, r.Job).Version()
	grown := func(what string) {
		t.Helper()
		now := f.progress(t, r.Job).Version()
		if now <= last {
			t.Errorf("version %d after %s, %d before", now, what, last)
		}
		last = now
	}
	b := f.claim(t, r, "token")
	grown("claim")
	if err := f.Release(t.Context(), r, "token", f.now); err != nil {
		t.Fatal(err)
	}
	grown("release")
	f.claim(t, r, "token")
	grown("claim")
	res := f.result(b.Targets[:2])
	f.save(t, r, "token", res, &job.Batch{Ref: job.Ref{Job: r.Job, Key: r.Key.Child('c')}, Targets: b.Targets[2:], Due: f.now})
	grown("continuation")
	f.settle(t, r, res)
	grown("settle")
	f.become(t, r.Job, job.Paused)
	grown("pause")
}
