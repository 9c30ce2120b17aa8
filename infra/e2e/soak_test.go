package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/shared/job"
)

var soakTime = flag.Duration("soak", 0, "how long the soak tests create jobs and kill processes (0: 20s, or 3s with -short)")

// soakJob is one job of a soak.
type soakJob struct {
	tag     string // first element of its URLs' paths, by which the site's log tells it
	urls    []string
	options job.Options
	chunks  int // handed in so many pieces; 0: in one request

	id      job.ID
	last    job.Snapshot
	retried bool
	deleted bool
}

// soaked is an installation that is soaked: all its calls go on until they are
// answered, whatever is killed meanwhile.
type soaked interface {
	create(ctx context.Context, j *soakJob) error
	// act pauses, resumes, cancels, retries or deletes; job.ErrState if the job's
	// state does not allow it.
	act(ctx context.Context, action string, id job.ID) error
	progress(ctx context.Context, id job.ID) (job.Snapshot, error)
	visits(ctx context.Context, id job.ID) ([]job.Visit, error)
	addresses(ctx context.Context, id job.ID) ([]job.Address, error)
	// double rings batches of a job that were rung already, and says how many.
	double(ctx context.Context, id job.ID) (int, error)
	batches() job.BatchStore
	// crash kills a process and starts it anew.
	crash()
}

// soak lets random jobs run on an installation whose processes are killed, and
// compares what they end with with what the site saw.
func soak(t *testing.T, site *soakSite, in soaked) {
	length := 20 * time.Second
	switch {
	case *soakTime > 0:
		length = *soakTime
	case testing.Short():
		length = 3 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), length+soakEnd+time.Minute)
	defer cancel()
	s := &soaking{t: t, site: site, in: in}
	end := time.Now().Add(length)
	var kills sync.WaitGroup
	kills.Go(func() {
		for time.Now().Before(end) {
			time.Sleep(300*time.Millisecond + rand.N(2500*time.Millisecond))
			in.crash()
			s.crashes++
		}
	})
	for time.Now().Before(end) && !t.Failed() {
		if s.running() < 5 {
			s.begin(ctx)
		}
		s.meddle(ctx)
		s.look(ctx)
		time.Sleep(100 * time.Millisecond)
	}
	kills.Wait()
	s.settle(ctx, soakEnd)
	s.verify(ctx)
}

// soakEnd is how long the jobs may take to end once nothing is killed any more.
// They need some ten seconds of crawling; a bell that only the sweeper finds
// again takes one or two minutes.
const soakEnd = time.Minute

// soaking is a soak under way.
type soaking struct {
	t       *testing.T
	site    *soakSite
	in      soaked
	jobs    []*soakJob
	crashes int
	doubled int
	flaky   int // pages of that kind in all jobs
	ending  time.Duration
}

func (s *soaking) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *soaking) running() (n int) {
	for _, j := range s.jobs {
		if !j.deleted && !j.last.Status.Final() {
			n++
		}
	}
	return n
}

// begin creates a random job.
func (s *soaking) begin(ctx context.Context) {
	j := &soakJob{tag: fmt.Sprintf("job%d", len(s.jobs)), options: job.Options{Follow: job.FollowNone, PerHost: 1 + rand.IntN(job.MaxPerHost)}}
	kinds := []string{"page", "page", "page", "page", "gone", "torn", "slow"}
	if rand.IntN(4) == 0 {
		j.options.Follow, kinds = job.FollowContact, []string{"home", "home", "gone"}
	}
	size := []int{1, 7, 30, 60, 150, 300}[rand.IntN(6)]
	hosts := s.site.hosts
	if rand.IntN(6) == 0 {
		// One host that is a lane of its own, without what takes long.
		size, hosts, kinds = job.MaxLane+rand.IntN(100), hosts[:1], []string{"page"}
		j.options.Follow, j.options.PerHost = job.FollowNone, job.MaxPerHost
	}
	for n := range size {
		host, kind := hosts[rand.IntN(len(hosts))], kinds[rand.IntN(len(kinds))]
		if rand.IntN(20) == 0 && len(hosts) > 1 {
			// Each 503 makes its host be asked half as often, down to twice a minute,
			// as it should: the hosts take turns, so that the jobs still end soon.
			s.flaky++
			host, kind = hosts[s.flaky%len(hosts)], "flaky"
		}
		j.urls = append(j.urls, fmt.Sprintf("http://%s/%s/%s/%d", host, j.tag, kind, n))
	}
	if rand.IntN(3) == 0 {
		j.chunks = 1 + rand.IntN(4)
	}
	s.must(s.in.create(ctx, j))
	s.jobs = append(s.jobs, j)
}

// meddle does something with a random job, which its state may not allow.
func (s *soaking) meddle(ctx context.Context) {
	if len(s.jobs) == 0 {
		return
	}
	j := s.jobs[rand.IntN(len(s.jobs))]
	if j.deleted {
		return
	}
	n, err := s.in.double(ctx, j.id)
	s.must(err)
	s.doubled += n
	action := ""
	switch roll := rand.IntN(100); {
	case roll < 8:
		action = "pause"
	case roll < 20:
		action = "resume"
	case roll < 24:
		action = "retry"
	case roll < 27:
		action = "cancel"
	case roll < 29:
		action = "delete"
	default:
		return
	}
	err = s.in.act(ctx, action, j.id)
	if err != nil && !errors.Is(err, job.ErrState) {
		s.must(err)
	}
	if err == nil {
		j.retried = j.retried || action == "retry"
		j.deleted = action == "delete"
	}
}

// look checks what must hold at every moment.
func (s *soaking) look(ctx context.Context) {
	for _, j := range s.jobs {
		if j.deleted {
			continue
		}
		p, err := s.in.progress(ctx, j.id)
		s.must(err)
		if p.Version < j.last.Version || p.Processed < j.last.Processed || p.Emails < j.last.Emails || p.Processed > p.Total || p.Active < 0 {
			s.t.Fatalf("job %s: progress went back: %+v after %+v", j.tag, p, j.last)
		}
		j.last = p
		time.Sleep(20 * time.Millisecond) // below the limit of requests a second
	}
}

// ended reports whether nothing more happens to a job: also what workers that
// were killed left of a cancelled one is wound up.
func (j *soakJob) ended() bool {
	return j.deleted || j.last.Status.Final() && j.last.Active == 0
}

// settle lets every job come to its end, which may take so long.
func (s *soaking) settle(ctx context.Context, within time.Duration) {
	begun := time.Now()
	for left := -1; left != 0 && !s.t.Failed(); time.Sleep(200 * time.Millisecond) {
		s.look(ctx)
		left = 0
		for _, j := range s.jobs {
			if j.ended() {
				continue
			}
			left++
			if j.last.Status == job.Paused {
				if err := s.in.act(ctx, "resume", j.id); err != nil && !errors.Is(err, job.ErrState) {
					s.must(err)
				}
			}
		}
		if s.ending = time.Since(begun); left > 0 && s.ending > within {
			s.t.Fatalf("%d jobs have not ended within %v:%s", left, within, s.waiting(ctx))
		}
	}
}

// waiting says what the unfinished jobs wait for.
func (s *soaking) waiting(ctx context.Context) string {
	var out strings.Builder
	for _, j := range s.jobs {
		if j.ended() {
			continue
		}
		fmt.Fprintf(&out, "\n%s %s %s, %d of %d processed", j.tag, j.id, j.last.Status, j.last.Processed, j.last.Total)
		page, err := s.in.batches().Batches(ctx, j.id, "", job.MaxPage)
		s.must(err)
		for i := range page.Items {
			if b := &page.Items[i]; b.Status != job.Done {
				fmt.Fprintf(&out, "\n\t%s %s, %d URLs, attempt %d, held %v, due in %v", b.Ref.Key, b.Status, len(b.Targets),
					b.Attempt, b.Held, time.Until(b.Due).Round(time.Millisecond))
			}
		}
	}
	return out.String()
}
