package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gleaner/infra/e2e/chaos"
	"gleaner/shared/job"
)

// scenario is a job's life from its list to its end.
type scenario struct {
	urls    []string
	prepare func(w *chaos.World)
	// create hands the list in; nil: in one request.
	create func(ctx context.Context, w *chaos.World, urls []string) (job.ID, error)
	play   func(ctx context.Context, w *chaos.World, id job.ID) error
	loose  bool       // how much is done when it ends depends on timing: only consistency is compared
	end    job.Status // empty: the job is gone without a trace
	local  bool       // on AWS the database itself does this
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

// act is one thing that is done in a scenario.
type act func(ctx context.Context, w *chaos.World, id job.ID) error

func stepping(n int) act {
	return func(ctx context.Context, w *chaos.World, id job.ID) error { return steps(ctx, w, id, n) }
}

func pausing(ctx context.Context, w *chaos.World, id job.ID) error    { return w.Pause(ctx, id) }
func resuming(ctx context.Context, w *chaos.World, id job.ID) error   { return w.Resume(ctx, id) }
func cancelling(ctx context.Context, w *chaos.World, id job.ID) error { return w.Cancel(ctx, id) }
func retrying(ctx context.Context, w *chaos.World, id job.ID) error   { return w.Retry(ctx, id) }
func deleting(ctx context.Context, w *chaos.World, id job.ID) error   { return w.Delete(ctx, id) }
func restoring(ctx context.Context, w *chaos.World, id job.ID) error  { return w.Restore(ctx, id) }

// inTurn does one thing after the other.
func inTurn(acts ...act) act {
	return func(ctx context.Context, w *chaos.World, id job.ID) error {
		for _, a := range acts {
			if err := a(ctx, w, id); err != nil {
				return err
			}
		}
		return nil
	}
}

// list has two small hosts to a batch and one host that becomes a lane. With 80
// URLs the second batch of the lane keeps two to retry in each round: a URL that
// is alone while its worker dies three times is blamed for it, and rightly so.
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
		kind := "page"
		switch p % 40 {
		case 11:
			kind = "flaky"
		case 31:
			kind = "stubborn"
		}
		urls = append(urls, fmt.Sprintf("https://lane.example.org/%s/%d", kind, p))
	}
	return urls
}

var scenarios = map[string]scenario{
	"plain": {urls: list(5, 0), play: run, end: job.Completed},
	"lane":  {urls: list(2, job.MaxLane+80), play: run, end: job.Completed},
	"continuation": {
		urls:    list(4, job.MaxLane+80),
		prepare: func(w *chaos.World) { w.Web.Limit = 90 },
		play:    run,
		end:     job.Completed,
	},
	"chunks":                    {urls: list(6, 0), create: inChunks, play: run, end: job.Completed},
	"planned in the background": {urls: list(6, 0), create: inBackground, play: run, end: job.Completed},
	"pause and resume": {
		urls: list(6, 0),
		play: inTurn(stepping(1), pausing, stepping(4), resuming, run),
		end:  job.Completed,
	},
	"paused while crawling": {urls: list(6, 0), prepare: pausedOnce, play: untilPaused, end: job.Completed},
	"cancel":                {urls: list(6, 0), play: inTurn(stepping(1), cancelling, run), loose: true, end: job.Cancelled},
	"retry":                 {urls: list(6, 0), play: inTurn(run, retrying, run), end: job.Completed},
	"retry of a lane":       {urls: list(2, job.MaxLane+80), play: inTurn(run, retrying, run), end: job.Completed},
	"retry twice":           {urls: list(2, job.MaxLane+80), play: inTurn(run, retrying, run, retrying, run), end: job.Completed},
	"cancel and retry": {
		urls:  list(6, 0),
		play:  inTurn(stepping(1), cancelling, run, retrying, run),
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
	"bug": {
		urls:    list(4, 0),
		prepare: func(w *chaos.World) { w.Web.Bug = "https://h1.example.org/page/2" },
		play:    run,
		end:     job.Completed,
	},
	"delete while running":   {urls: list(6, 0), create: inChunks, play: inTurn(stepping(2), deleting, untilGone)},
	"delete when completed":  {urls: list(3, job.MaxLane+80), create: inChunks, play: inTurn(run, deleting, untilGone)},
	"delete and restore":     {urls: list(6, 0), play: inTurn(stepping(1), deleting, stepping(3), restoring, run), end: job.Completed},
	"the end of retention":   {urls: list(3, 0), create: inChunks, play: inTurn(run, aMonthLater, untilGone), local: true},
	"abandoned while opened": {urls: list(3, 0), create: neverStarted, play: run, end: job.Failed},
}

// inChunks hands a list in as four chunks and starts the job.
func inChunks(ctx context.Context, w *chaos.World, urls []string) (job.ID, error) {
	id, chunks, err := w.Append(ctx, urls, (len(urls)+3)/4)
	if err != nil {
		return id, err
	}
	return id, w.Start(ctx, id, chunks)
}

// inBackground is a start that dies when it has closed the list, and whose client
// never comes back: the sweeper rings a worker, who plans the job.
func inBackground(ctx context.Context, w *chaos.World, urls []string) (job.ID, error) {
	id, chunks, err := w.Append(ctx, urls, (len(urls)+3)/4)
	if err != nil {
		return id, err
	}
	others := w.Faults.Decide
	w.Faults.Decide = func(p chaos.Point) error {
		if others != nil {
			if err := others(p); err != nil {
				return err
			}
		}
		if p.Op == "UpdateJob" && p.When == chaos.After {
			panic(chaos.Crash{Point: p})
		}
		return nil
	}
	defer func() { w.Faults.Decide = others }()
	for range 20 {
		w.Alive(func() { _, err = w.Submit.Start(ctx, w.Owner, id, chunks) })
		j, err := w.Plain.Job(ctx, id)
		if err != nil {
			return id, err
		}
		if !j.Open {
			return id, nil
		}
	}
	return id, errors.New("the list was never closed")
}

// neverStarted leaves a job open.
func neverStarted(ctx context.Context, w *chaos.World, urls []string) (job.ID, error) {
	id, _, err := w.Append(ctx, urls, 10)
	w.Advance(24 * time.Hour)
	return id, err
}

// pausedOnce lets the owner pause the job while a batch is being crawled.
func pausedOnce(w *chaos.World) {
	paused := false
	w.Web.During = func() {
		if paused {
			return
		}
		paused = true
		for _, j := range w.Jobs() {
			_, _ = w.Control.Pause(context.Background(), w.Owner, j)
		}
	}
}

func untilPaused(ctx context.Context, w *chaos.World, id job.ID) error {
	for s := w.Status(ctx, id); s != job.Paused; s = w.Status(ctx, id) {
		if s.Final() {
			return nil // the crash came before the pause
		}
		if err := steps(ctx, w, id, 1); err != nil {
			return err
		}
	}
	return inTurn(resuming, run)(ctx, w, id)
}

// untilGone lets the job be purged, and wants nothing to be left of it.
func untilGone(ctx context.Context, w *chaos.World, id job.ID) error {
	var emails []string
	for _, u := range list(6, job.MaxLane+80) {
		emails = append(emails, chaos.AddressesOf(u)...)
	}
	if err := w.RunUntilGone(ctx, id); err != nil {
		return err
	}
	left, err := w.Remains(ctx, id, emails)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("left of the job: %v", left)
	}
	return err
}

func aMonthLater(_ context.Context, w *chaos.World, _ job.ID) error {
	w.Advance(job.DefaultRetentionDays * 24 * time.Hour)
	return nil
}
