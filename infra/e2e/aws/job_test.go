package aws

import (
	"context"
	"log/slog"
	"maps"
	"testing"
	"time"

	"gleaner/shared/bells"
	"gleaner/shared/job"
	"gleaner/shared/sweep"
	"gleaner/shared/work"
)

var discard = slog.New(slog.DiscardHandler)

// limit is more than any of the jobs takes.
const limit = 12 * time.Minute

// size is how large the jobs of these tests are: hosts, and pages of each.
func size() (hosts, pages int) {
	if raced || testing.Short() {
		return 100, 20
	}
	return 400, 50
}

// TestAWSTwentyThousand runs one job of 20,000 URLs through the functions: the
// figures are those of the site, each page was fetched once, nothing ended in the
// dead-letter queue, and a WebSocket client was shown every settled batch.
func TestAWSTwentyThousand(t *testing.T) {
	hosts, pages := size()
	web := startSite(t, hosts)
	s := newStack(t, time.Minute)
	settled := &settlements{Store: s.Store}
	worker, err := s.Worker(settled, s.Queue)
	if err != nil {
		t.Fatal(err)
	}
	s.Bells.Handler = (&bells.Handler{Worker: worker, Log: discard}).Handle
	s.start()
	id := s.create(web.urls(pages))
	v := s.view(id)
	end := v.wait(limit)
	t.Logf("%d pages in %.1f s, %.0f a second, %d addresses", end.Processed, float64(end.ElapsedMS)/1000, end.Rate, end.Emails)
	s.check(web, id, end, pages)
	for url, n := range web.visited() {
		if n != 1 {
			t.Errorf("%s was fetched %d times", url, n)
		}
	}
	delays := settled.delays(v)
	if len(delays) == 0 {
		t.Fatal("no batch was settled")
	}
	at := func(q float64) time.Duration { return delays[int(q*float64(len(delays)-1))].Round(time.Millisecond) }
	t.Logf("%d batches settled; shown after %v (half of them), %v (99 %%), %v (all); %d messages",
		len(delays), at(0.5), at(0.99), at(1), len(v.seen))
	if at(0.5) > 2*time.Second {
		t.Errorf("half of all settled batches were shown later than 2 s after")
	}
}

// TestAWSDisorder runs the same job while every message comes twice, in random
// order, and one in twenty goes to a worker that is killed at any of its requests.
func TestAWSDisorder(t *testing.T) {
	hosts, pages := size()
	web := startSite(t, hosts)
	s := newStack(t, 10*time.Second)
	// A killed worker's message comes again when its lease has run out.
	s.Bells.Visibility = 28 * time.Second
	s.Bells.Queue = &disorderly{Receiver: s.Queue}
	k := &killer{stack: s, inner: s.Bells.Handler, oneIn: 20}
	s.Bells.Handler = k.Handle
	// What a killed worker's second message took off the queue, the sweeper brings
	// back. Its minutes of patience are not waited for.
	sweeper := &sweep.Sweeper{Store: s.Store, Bells: s.Queue, Now: func() time.Time { return time.Now().Add(work.BellGrace) }, Log: discard}
	s.Sweeper.Interval = 15 * time.Second
	s.Sweeper.Function = func(ctx context.Context) error { _, err := sweeper.Sweep(ctx); return err }
	s.start()
	id := s.create(web.urls(pages))
	end := s.view(id).wait(limit)
	again := 0
	for _, n := range web.visited() {
		again += n - 1
	}
	t.Logf("%d pages in %.1f s; %d workers killed, %d pages fetched again, %d dead letters",
		end.Processed, float64(end.ElapsedMS)/1000, k.kills.Load(), again, s.dead.Load())
	s.check(web, id, end, pages)
	if k.kills.Load() == 0 {
		t.Error("no worker was killed")
	}
}

// check compares a finished job with what the site published and saw.
func (s *stack) check(web *site, id job.ID, end job.Snapshot, pages int) {
	s.t.Helper()
	total := int64(len(web.hosts) * pages)
	if end.Status != job.Completed || end.Processed != total || end.Total != total || end.Outcomes[job.OutcomeFound] != total ||
		len(end.Outcomes) != 1 || end.Active != 0 {
		s.t.Errorf("ended %+v, want %d found", end, total)
	}
	want := web.published(pages)
	if got := s.addresses(id); !maps.Equal(got, want) {
		s.t.Errorf("%d addresses listed, %d published", len(got), len(want))
	}
	if end.Emails != int64(len(want)) || end.Domains != int64(len(web.hosts)) {
		s.t.Errorf("counted %d addresses of %d domains, want %d of %d", end.Emails, end.Domains, len(want), len(web.hosts))
	}
	if n := s.dead.Load(); n != 0 {
		s.t.Errorf("%d messages ended in the dead-letter queue", n)
	}
}
