package work_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/crawl"
	"gleaner/shared/job"
	"gleaner/shared/sweep"
	"gleaner/shared/work"
)

// A batch larger than its time is finished by continuations, and nothing is
// fetched twice.
func TestContinuations(t *testing.T) {
	t.Parallel()
	s := newSite(t, func() { time.Sleep(150 * time.Millisecond) })
	p := newPlace(t, realCrawler(t))
	const pages = 80 // two at a time: 6 s
	id := p.begin(t, s.urls(pages))
	invocations := 0
	for b, ok := bellOf(id, 0), true; ok; b, ok = p.bells.Next() {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // of which one is kept for storing
		err := p.worker.Ring(ctx, b)
		cancel()
		if err != nil {
			t.Fatalf("invocation %d: %v", invocations, err)
		}
		invocations++
	}
	got := p.progress(t, id)
	if got.Job.Status != job.Completed || got.Counters.Processed != pages || got.Counters.Emails != pages {
		t.Errorf("%s with %+v", got.Job.Status, got.Counters)
	}
	if invocations < 2 || got.Counters.ExtraBatches != int64(invocations-1) {
		t.Errorf("%d invocations, %d continuations", invocations, got.Counters.ExtraBatches)
	}
	for path, n := range s.asked {
		if n != 1 {
			t.Errorf("%s was fetched %d times", path, n)
		}
	}
}

// A cancelled job begins no further page: those under way come to their end,
// what they bring is kept, and the others end as cancelled.
func TestCancelStopsWithinAPage(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	s := newSite(t, func() { <-gate })
	asked := &asking{Crawler: realCrawler(t, func(c *crawl.Config) { c.Poll = 5 * time.Millisecond })}
	p := newPlace(t, asked)
	const pages = 50
	id := p.begin(t, s.urls(pages))
	ended := make(chan error, 1)
	go func() { ended <- p.worker.Ring(t.Context(), bellOf(id, 0)) }()
	<-s.more
	<-s.more // both connections have a page under way
	if _, err := p.control.Cancel(t.Context(), owner, id); err != nil {
		t.Fatal(err)
	}
	// Who asks again has acted upon the answer before.
	for n := asked.times.Load() + 2; asked.times.Load() < n; {
		time.Sleep(time.Millisecond)
	}
	close(gate)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if n := s.requests(); n != 2 {
		t.Errorf("%d pages were begun, 2 of them before the cancel", n)
	}
	counts := map[job.Outcome]int{}
	for _, o := range p.visits(t, id) {
		counts[o]++
	}
	got := p.progress(t, id)
	if counts[job.OutcomeFound] != 2 || counts[job.OutcomeCancelled] != pages-2 || got.Counters.Emails != 2 || got.Counters.Active != 0 {
		t.Errorf("outcomes %v, %+v", counts, got.Counters)
	}
	if got.Job.Status != job.Cancelled {
		t.Errorf("the job is %s", got.Job.Status)
	}
}

// asking counts how often a crawl asks where its job stands.
type asking struct {
	*crawl.Crawler
	times atomic.Int64
}

func (a *asking) Crawl(ctx context.Context, r crawl.Request) (job.Result, error) {
	stopped := r.Stopped
	r.Stopped = func(ctx context.Context) job.Status {
		s := stopped(ctx)
		a.times.Add(1)
		return s
	}
	return a.Crawler.Crawl(ctx, r)
}

// crawlFunc is a Crawler.
type crawlFunc func(ctx context.Context, r crawl.Request) (job.Result, error)

func (f crawlFunc) Crawl(ctx context.Context, r crawl.Request) (job.Result, error) { return f(ctx, r) }

// allFine is a crawl that finds nothing anywhere.
func allFine(r crawl.Request) job.Result {
	var res job.Result
	for _, t := range r.Targets {
		res.Visits = append(res.Visits, job.Visit{URL: t.URL, Outcome: job.OutcomeNone})
		res.Pages++
	}
	return res
}

func urls(host string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("https://%s/%d", host, i)
	}
	return all
}

// A batch that will be blamed if its worker dies once more is crawled alone in
// its process, and others wait for it.
func TestSuspectIsCrawledAlone(t *testing.T) {
	t.Parallel()
	var beside, most, suspectSaw atomic.Int64
	p := newPlace(t, crawlFunc(func(_ context.Context, r crawl.Request) (job.Result, error) {
		n := beside.Add(1)
		defer beside.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		for range 20 {
			if r.Targets[0].Host() == "suspect.example.org" {
				suspectSaw.Store(max(suspectSaw.Load(), beside.Load()))
			}
			time.Sleep(time.Millisecond)
		}
		return allFine(r), nil
	}))
	lists := [][]string{urls("suspect.example.org", 3)}
	for n := range 12 {
		lists = append(lists, urls(fmt.Sprintf("h%d.example.org", n), 3))
	}
	id := p.begin(t, lists...)
	for n := range 2 { // two workers died
		_, err := p.store.Claim(t.Context(), bellOf(id, 0).Ref, job.Claim{Token: fmt.Sprint(n), Now: p.Now(), Lease: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		p.Pass(2 * time.Minute)
	}
	var all sync.WaitGroup
	for n := len(lists) - 1; n >= 0; n-- {
		all.Go(func() {
			if err := p.worker.Ring(t.Context(), bellOf(id, n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if suspectSaw.Load() != 1 {
		t.Errorf("the suspect had %d batches beside it", suspectSaw.Load()-1)
	}
	if most.Load() < 2 {
		t.Error("the others were not crawled beside each other: this proves nothing")
	}
	if got := p.progress(t, id); got.Job.Status != job.Completed {
		t.Errorf("the job is %s", got.Job.Status)
	}
}

// A batch for which there is no place in time is neither claimed meanwhile nor
// forgotten, and its message is not used up by waiting.
func TestNoPlaceInTime(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan string, 10), make(chan struct{})
	p := newPlace(t, crawlFunc(func(_ context.Context, r crawl.Request) (job.Result, error) {
		begun <- r.Targets[0].Host()
		<-goOn
		return allFine(r), nil
	}))
	id := p.begin(t, urls("long.example.org", 3), urls("suspect.example.org", 3), urls("other.example.org", 3))
	for n := range 2 { // two workers died
		_, err := p.store.Claim(t.Context(), bellOf(id, 1).Ref, job.Claim{Token: fmt.Sprint(n), Now: p.Now(), Lease: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		p.Pass(2 * time.Minute)
	}
	waitsInVain := func(n, attempts int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.worker.Ring(ctx, bellOf(id, n)); err != nil {
			t.Errorf("batch %d: %v", n, err)
		}
		if again, ok := p.bells.Next(); !ok || again != bellOf(id, n) {
			t.Errorf("batch %d: rung again: %v, %+v", n, ok, again)
		}
		b, err := p.store.Batch(t.Context(), bellOf(id, n).Ref)
		if err != nil || b.Status != job.Pending || b.Attempt != attempts {
			t.Errorf("batch %d is %s after %d attempts, %v", n, b.Status, b.Attempt, err)
		}
	}
	var all sync.WaitGroup
	ring := func(n int) {
		all.Go(func() {
			if err := p.worker.Ring(t.Context(), bellOf(id, n)); err != nil {
				t.Error(err)
			}
		})
	}
	ring(0)
	<-begun
	waitsInVain(1, 2) // the suspect, which is not alone
	ring(1)
	goOn <- struct{}{}
	if host := <-begun; host != "suspect.example.org" {
		t.Errorf("crawled: %s", host)
	}
	waitsInVain(2, 0) // another, beside the suspect
	close(goOn)
	ring(2)
	all.Wait()
	if got := p.progress(t, id); got.Job.Status != job.Completed {
		t.Errorf("the job is %s", got.Job.Status)
	}
}

// A batch that cannot be crawled for a reason of our own is handed back at once,
// without a mark against it.
func TestFaultOfOurOwn(t *testing.T) {
	t.Parallel()
	ours := errors.New("the suppression list cannot be read")
	p := newPlace(t, crawlFunc(func(context.Context, crawl.Request) (job.Result, error) { return job.Result{}, ours }))
	id := p.begin(t, urls("a.example.org", 3))
	for range 10 {
		if err := p.worker.Ring(t.Context(), bellOf(id, 0)); !errors.Is(err, ours) {
			t.Fatalf("%v", err)
		}
		b, err := p.store.Batch(t.Context(), bellOf(id, 0).Ref)
		if err != nil || b.Status != job.Pending || b.Attempt != 0 {
			t.Fatalf("%s after %d attempts, %v", b.Status, b.Attempt, err)
		}
	}
	// Its bell dies of it in the end.
	if err := p.worker.Bury(t.Context(), bellOf(id, 0).Ref, "the reason"); err != nil {
		t.Fatal(err)
	}
	got := p.progress(t, id)
	if got.Job.Status != job.Completed || got.Counters.Outcomes[job.OutcomeDead] != 3 {
		t.Errorf("%s, %v", got.Job.Status, got.Counters.Outcomes)
	}
	if err := p.worker.Bury(t.Context(), bellOf(id, 0).Ref, "again"); err != nil {
		t.Errorf("buried twice: %v", err)
	}
}

// failing is a store that does not settle until it is told to.
type failing struct {
	*sqlitestore.Store
	down atomic.Bool
}

func (f *failing) Settle(ctx context.Context, r job.Ref, t job.Tally, now, nextDue time.Time) (job.Key, error) {
	if f.down.Load() {
		return "", errors.New("the disk is full")
	}
	return f.Store.Settle(ctx, r, t, now, nextDue)
}

// A worker that fails over a batch it holds makes its message come again, which
// finds the batch held and is gone: another bell rings when the lease is over.
func TestFailureWhileHolding(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	f := &failing{Store: p.store}
	f.down.Store(true)
	fine := crawlFunc(func(_ context.Context, r crawl.Request) (job.Result, error) { return allFine(r), nil })
	w := work.New(work.Config{Store: f, Bells: p.bells, Crawler: fine, Now: p.Now})
	id := p.begin(t, urls("a.example.org", 3))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Ring(ctx, bellOf(id, 0)); err == nil {
		t.Fatal("no failure")
	}
	again, ok := p.bells.Next()
	if !ok || again != bellOf(id, 0) {
		t.Fatalf("rung: %v, %+v", ok, again)
	}
	f.down.Store(false)
	if err := w.Ring(ctx, bellOf(id, 0)); err != nil {
		t.Errorf("while it is held: %v", err)
	}
	p.Pass(time.Minute + work.LeaseMargin + time.Second)
	if err := w.Ring(ctx, again); err != nil {
		t.Error(err)
	}
	if got := p.progress(t, id); got.Job.Status != job.Completed {
		t.Errorf("the job is %s", got.Job.Status)
	}
	if _, more := p.bells.Next(); more {
		t.Error("rung once more")
	}
}

// A worker that drains takes no batch; its message comes again elsewhere.
func TestDrain(t *testing.T) {
	t.Parallel()
	p := newPlace(t, crawlFunc(func(_ context.Context, r crawl.Request) (job.Result, error) { return allFine(r), nil }))
	id := p.begin(t, urls("a.example.org", 3))
	p.worker.Drain()
	if err := p.worker.Ring(t.Context(), bellOf(id, 0)); err == nil {
		t.Error("answered while draining")
	}
	if b, err := p.store.Batch(t.Context(), bellOf(id, 0).Ref); err != nil || b.Attempt != 0 {
		t.Errorf("claimed while draining: %+v, %v", b.Attempt, err)
	}
}

// Whoever settles a batch may die before he rings the next of its lane, or stores
// a continuation and dies: the sweeper rings those soon, also where the rest of
// the job moves on.
func TestLostBells(t *testing.T) {
	t.Parallel()
	p := newPlace(t, crawlFunc(func(_ context.Context, r crawl.Request) (job.Result, error) {
		if r.Targets[0].Host() != "large.example.org" {
			return allFine(r), nil
		}
		rest := r.Targets[1:]
		r.Targets = r.Targets[:1]
		res := allFine(r)
		res.Remainder = rest
		return res, nil
	}))
	lists := [][]string{urls("lane.example.org", 4), urls("large.example.org", 4)}
	for n := range 10 {
		lists = append(lists, urls(fmt.Sprintf("h%d.example.org", n), 3))
	}
	id := p.begin(t, lists...)
	ring := func(b job.Bell) {
		t.Helper()
		if err := p.worker.Ring(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 { // three workers died: it is split into a lane of two
		_, err := p.store.Claim(t.Context(), bellOf(id, 0).Ref, job.Claim{Token: fmt.Sprint(n), Now: p.Now(), Lease: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		p.Pass(2 * time.Minute)
	}
	ring(bellOf(id, 0))
	half, _ := p.bells.Next()
	ring(half)
	ring(bellOf(id, 1))
	lost := map[job.Bell]bool{}
	for _, b := range p.bells.Take() {
		lost[b] = true
	}
	if len(lost) != 2 {
		t.Fatalf("rung: %v", lost)
	}
	sweeper := &sweep.Sweeper{Store: p.store, Bells: p.bells, Now: p.Now, Log: slog.New(slog.DiscardHandler)}
	for n := 2; n < 6; n++ { // two minutes in which others move on
		p.Pass(30 * time.Second)
		ring(bellOf(id, n))
		if _, err := sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, b := range p.bells.Take() {
			if !lost[b] {
				t.Errorf("rung, although the job moves on: %+v", b)
			}
			delete(lost, b)
		}
	}
	if len(lost) > 0 {
		t.Errorf("silent: %v", lost)
	}
}
