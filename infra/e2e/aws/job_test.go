package aws

import (
	"bytes"
	"context"
	"encoding/csv"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"gleaner/infra/e2e/testsite"
	"gleaner/shared/bells"
	"gleaner/shared/client"
	"gleaner/shared/export"
	"gleaner/shared/httpapi"
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
// dead-letter queue, and a WebSocket client was shown every settled batch within two
// seconds, or as much later as this machine answers late.
func TestAWSTwentyThousand(t *testing.T) {
	hosts, pages := size()
	web := testsite.Start(t, "127.77.110.1", hosts, 0)
	s := newStack(t, time.Minute)
	settled := &settlements{Store: s.Store}
	worker, err := s.Worker(settled, s.Queue)
	if err != nil {
		t.Fatal(err)
	}
	s.Bells.Handler = (&bells.Handler{Worker: worker, Log: discard}).Handle
	s.start()
	id := s.Create(web.URLs(pages))
	v := s.view(id)
	p := startProbe(t, func(ctx context.Context) error { _, err := s.Store.Job(ctx, id); return err })
	end := v.wait(limit)
	t.Logf("%d pages in %.1f s, %.0f a second, %d addresses", end.Processed, float64(end.ElapsedMS)/1000, end.Rate, end.Emails)
	s.check(web, id, end, pages)
	s.checkExport(web, id, pages)
	for url, n := range web.Visits.Counts() {
		if n != 1 {
			t.Errorf("%s was fetched %d times", url, n)
		}
	}
	all := settled.shown(v)
	if len(all) == 0 {
		t.Fatal("no batch was settled")
	}
	var delays []time.Duration
	for _, s := range all {
		delays = append(delays, s.delay())
		// The stand-in for the table has one thread, for which the whole job queues.
		if late := p.slowest(s.settled, s.at); s.delay() > promptly+inSequence*late {
			t.Errorf("a settlement was shown after %v; the table answered within %v", s.delay(), late)
		}
	}
	t.Logf("%d batches settled; shown after: %s; %d messages", len(all), distribution(delays), len(v.seen))
	t.Logf("late were timers and the table's answers by: %s", distribution(p.all()))
}

// TestAWSDisorder runs the same job while every message comes twice, in random
// order, and one in twenty goes to a worker that is killed at any of its requests.
func TestAWSDisorder(t *testing.T) {
	hosts, pages := size()
	web := testsite.Start(t, "127.77.120.1", hosts, 0)
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
	id := s.Create(web.URLs(pages))
	end := s.view(id).wait(limit)
	again := 0
	for _, n := range web.Visits.Counts() {
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
func (s *stack) check(web *testsite.Site, id job.ID, end job.Snapshot, pages int) {
	s.t.Helper()
	total := int64(len(web.Hosts) * pages)
	if end.Status != job.Completed || end.Processed != total || end.Total != total || end.Outcomes[job.OutcomeFound] != total ||
		len(end.Outcomes) != 1 || end.Active != 0 {
		s.t.Errorf("ended %+v, want %d found", end, total)
	}
	want := web.Addresses(pages)
	if got := s.Addresses(id); !maps.Equal(got, want) {
		s.t.Errorf("%d addresses listed, %d published", len(got), len(want))
	}
	if end.Emails != int64(len(want)) || end.Domains != int64(len(web.Hosts)) {
		s.t.Errorf("counted %d addresses of %d domains, want %d of %d", end.Emails, end.Domains, len(want), len(web.Hosts))
	}
	if n := s.dead.Load(); n != 0 {
		s.t.Errorf("%d messages ended in the dead-letter queue", n)
	}
}

// checkExport compares the file of all addresses, as the terminal writes it, with
// what the site published. One so large comes as a stream from the Function URL.
func (s *stack) checkExport(web *testsite.Site, id job.ID, pages int) {
	s.t.Helper()
	c, err := client.New(client.Config{Endpoint: s.Base, Key: s.Key})
	if err != nil {
		s.t.Fatal(err)
	}
	var file bytes.Buffer
	if err := c.ExportAddresses(s.t.Context(), &file, id, export.CSV, job.AddressFilter{}); err != nil {
		s.t.Fatal(err)
	}
	rows, err := csv.NewReader(&file).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	want, got := web.Addresses(pages), map[string]bool{}
	for _, row := range rows[1:] {
		got[row[0]] = true
	}
	if !maps.Equal(got, want) || len(rows) != len(want)+1 {
		s.t.Errorf("%d rows of %d addresses in the file, %d published", len(rows)-1, len(got), len(want))
	}
	path := "/jobs/" + string(id) + "/emails.csv"
	if len(want) <= bufferedRows {
		s.Do(http.MethodGet, path, "", http.StatusOK, nil)
		return
	}
	var refused httpapi.Problem
	s.Do(http.MethodGet, path, "", http.StatusRequestEntityTooLarge, &refused)
	if !strings.HasPrefix(refused.Stream, s.Base+"/stream/") {
		s.t.Errorf("the file is named %q", refused.Stream)
	}
}

// bufferedRows is up to where the api function sends a file itself.
const bufferedRows = 20_000
