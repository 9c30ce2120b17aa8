package e2e

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"gleaner/infra/e2e/testsite"
	"gleaner/shared/job"
)

// TestTenThousandPages runs a job of 10,000 pages on 500 hosts through the real
// program: progress never goes back, and the figures are those of the site's own
// log, each page once and every address once.
func TestTenThousandPages(t *testing.T) {
	hosts, pages := 500, 20
	if testing.Short() {
		hosts, pages = 50, 10
	}
	web := testsite.Start(t, "127.77.0.1", hosts, 0)
	s := startServer(t, t.TempDir())
	id := s.Create(web.URLs(pages))
	end := s.watch(id, 5*time.Minute)
	t.Logf("%d pages in %.1f s, %.0f a second", end.Processed, float64(end.ElapsedMS)/1000, end.Rate)
	checkEnd(t, s, web, id, end, pages)
	for url, n := range web.Visits.Counts() {
		if n != 1 {
			t.Errorf("%s was fetched %d times", url, n)
		}
	}
}

// checkEnd compares a finished job with what the site published and saw.
func checkEnd(t *testing.T, s *server, web *testsite.Site, id job.ID, end job.Snapshot, pages int) {
	t.Helper()
	total := int64(len(web.Hosts) * pages)
	if end.Status != job.Completed || end.Processed != total || end.Outcomes[job.OutcomeFound] != total || end.Active != 0 {
		t.Errorf("ended %+v, want %d found", end, total)
	}
	if log := web.Visits.Counts(); int64(len(log)) != total {
		t.Errorf("the site saw %d pages, want %d", len(log), total)
	}
	want := web.Addresses(pages)
	if got := s.Addresses(id); !maps.Equal(got, want) {
		t.Errorf("%d addresses listed, %d published", len(got), len(want))
	}
	if end.Emails != int64(len(want)) || end.Domains != int64(len(web.Hosts)) {
		t.Errorf("counted %d addresses of %d domains, want %d of %d", end.Emails, end.Domains, len(want), len(web.Hosts))
	}
}

// TestKillNineTenTimes kills the program at random moments of a job, ten times
// in a row, and wants the figures of an undisturbed run.
func TestKillNineTenTimes(t *testing.T) {
	const pages = 20
	web := testsite.Start(t, "127.77.0.1", 150, 60*time.Millisecond)
	data := t.TempDir()
	s := startServer(t, data)
	id := s.Create(web.URLs(pages))
	var last job.Snapshot
	for n := range 10 {
		time.Sleep(rand.N(600 * time.Millisecond))
		p := s.Progress(id)
		if p.Processed < last.Processed || p.Version < last.Version {
			t.Fatalf("kill %d: progress went back: %+v after %+v", n, p, last)
		}
		last = p
		s.kill()
		s = startServer(t, data)
	}
	t.Logf("%d of %d done after the tenth kill", last.Processed, last.Total)
	checkEnd(t, s, web, id, s.watch(id, 2*time.Minute), pages)
	again := 0
	for _, n := range web.Visits.Counts() {
		again += n - 1
	}
	t.Logf("%d pages were fetched again", again)
}
