package e2e

import (
	"testing"
	"time"

	"gleaner/infra/e2e/testsite"
	"gleaner/shared/job"
)

// TestSmallJobBesideLargeOne starts a job of 50 URLs right after one that keeps
// every worker busy for long, both of the same owner, and wants the small one to
// be done long before the large one; how long it takes alone is printed beside
// how long it takes then.
func TestSmallJobBesideLargeOne(t *testing.T) {
	pages := 400
	if testing.Short() {
		pages = 150
	}
	large := testsite.Start(t, "127.77.0.1", 150, 150*time.Millisecond)
	small := startSoakSite(t, 10)
	smallURLs := func(tag string) (urls []string) {
		for n := range 5 {
			for _, h := range small.hosts {
				urls = append(urls, "http://"+h+"/"+tag+"/page/"+string(rune('a'+n)))
			}
		}
		return urls
	}
	s := startServer(t, t.TempDir())
	first := s.create(smallURLs("first"))
	alone := s.watch(first, time.Minute)

	big := s.create(large.URLs(pages))
	for s.progress(big).Active < 4 {
		time.Sleep(20 * time.Millisecond)
	}
	second := s.create(smallURLs("second"))
	beside := s.watch(second, 2*time.Minute)
	left := s.progress(big)
	t.Logf("50 URLs: %d ms alone, %d ms beside a job of %d, of which %d were done by then",
		alone.ElapsedMS, beside.ElapsedMS, left.Total, left.Processed)
	if alone.Status != job.Completed || beside.Status != job.Completed || beside.Processed != 50 {
		t.Errorf("ended %s and %s", alone.Status, beside.Status)
	}
	if left.Status.Final() || left.Processed > left.Total/2 {
		t.Errorf("when the small job was done, so were %d of %d of the large one", left.Processed, left.Total)
	}
}
