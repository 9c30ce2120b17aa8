package e2e

import (
	"strconv"
	"testing"
	"time"

	"gleaner/infra/e2e/testsite"
	"gleaner/shared/job"
)

// TestSmallJobBesideLargeOne starts a job of 50 URLs beside one that keeps every
// worker busy for long, and wants the small one to be done before a worker of the
// large one has come to the end of its batch; how long it takes alone is printed
// beside how long it takes then.
func TestSmallJobBesideLargeOne(t *testing.T) {
	const workers = 4
	large := testsite.Start(t, "127.77.0.1", workers, 250*time.Millisecond)
	small := startSoakSite(t, 10)
	smallURLs := func(tag string) (urls []string) {
		for n := range 5 {
			for _, h := range small.hosts {
				urls = append(urls, "http://"+h+"/"+tag+"/page/"+string(rune('a'+n)))
			}
		}
		return urls
	}
	s := startServer(t, t.TempDir(), "--workers", strconv.Itoa(workers))
	first := s.Create(smallURLs("first"))
	alone := s.watch(first, time.Minute)

	// Lanes of 250 pages, each asked for two at a time: half a minute a batch.
	big := s.Create(large.URLs(2 * job.MaxLane))
	for s.Progress(big).Active < workers {
		time.Sleep(20 * time.Millisecond)
	}
	second := s.Create(smallURLs("second"))
	beside := s.watch(second, 2*time.Minute)
	left := s.Progress(big)
	t.Logf("50 URLs: %d ms alone, %d ms beside a job of %d that has all %d workers", alone.ElapsedMS, beside.ElapsedMS, left.Total, workers)
	if alone.Status != job.Completed || beside.Status != job.Completed || beside.Processed != 50 {
		t.Errorf("ended %s and %s", alone.Status, beside.Status)
	}
	if left.Processed > 0 || left.Active != workers {
		t.Errorf("when the small job was done, so were %d of %d of the large one, with %d workers", left.Processed, left.Total, left.Active)
	}
}
