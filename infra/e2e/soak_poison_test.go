package e2e

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"gleaner/infra/e2e/testsite"
	"gleaner/shared/job"
)

// TestPoison has one page whose visit kills the process, as an exhausted memory
// would: the program is killed with SIGKILL each time the site sees the request.
// The page ends as crashed_worker, alone, and every other URL is read.
func TestPoison(t *testing.T) {
	const hosts, pages, poison = 4, 10, "/job/page/poison"
	if testing.Short() {
		t.Skip("the program is started a dozen times")
	}
	site := startSoakSite(t, hosts)
	var kills atomic.Int64
	deadly := make(chan struct{}, 100)
	host := testsite.Serve(t, "127.77.199.1", 1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != poison {
			site.ServeHTTP(w, r)
			return
		}
		deadly <- struct{}{}
		<-r.Context().Done() // until the process is gone
	})).Hosts()[0]

	urls := []string{"http://" + host + poison}
	for n := range pages {
		urls = append(urls, fmt.Sprintf("http://%s/job/page/%d", host, n))
		for _, h := range site.hosts {
			urls = append(urls, fmt.Sprintf("http://%s/job/slow/%d", h, n))
		}
	}
	in := newSoakedServer(t)
	stop, stopped := context.WithCancel(t.Context())
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		for {
			select {
			case <-stop.Done():
				return
			case <-deadly:
				kills.Add(1)
				in.crash()
			}
		}
	}()
	defer func() { stopped(); <-killed }()

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	j := &soakJob{tag: "job", urls: urls, options: job.Options{Follow: job.FollowNone, PerHost: 2}}
	if err := in.create(ctx, j); err != nil {
		t.Fatal(err)
	}
	s := &soaking{t: t, site: site, in: in, jobs: []*soakJob{j}}
	s.settle(ctx, 2*time.Minute)
	visits, err := in.visits(ctx, j.id)
	if err != nil {
		t.Fatal(err)
	}
	if len(visits) != len(urls) || j.last.Status != job.Completed {
		t.Errorf("%d of %d URLs have an outcome, the job is %s", len(visits), len(urls), j.last.Status)
	}
	for _, v := range visits {
		read := v.Outcome == job.OutcomeFound || v.Outcome == job.OutcomeNone
		if deadly := v.URL == urls[0]; deadly && v.Outcome != job.OutcomeCrashed || !deadly && !read {
			t.Errorf("%s ended as %s (%s)", v.URL, v.Outcome, v.Detail)
		}
	}
	t.Logf("%d URLs, the program was killed %d times", len(urls), kills.Load())
	if kills.Load() < 4 {
		t.Errorf("killed %d times only", kills.Load())
	}
}
