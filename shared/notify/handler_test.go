package notify_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/job"
	"gleaner/shared/notify"
	"gleaner/shared/push"
	"gleaner/shared/push/pushtest"
	"gleaner/shared/record"
)

// outbox is a Publisher that counts, and fails as told.
type outbox struct {
	mu             sync.Mutex
	posted, closed []string
	fail           map[string]error
	busy, most     int
	hold           time.Duration
}

func (o *outbox) Post(_ context.Context, connection string, _ []byte) error {
	o.mu.Lock()
	o.busy++
	o.most = max(o.most, o.busy)
	o.mu.Unlock()
	time.Sleep(o.hold)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy--
	if err := o.fail[connection]; err != nil {
		return err
	}
	o.posted = append(o.posted, connection)
	return nil
}

func (o *outbox) Close(_ context.Context, connection string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = append(o.closed, connection)
	return nil
}

// take returns, in order, who was posted to since the last call.
func (o *outbox) take() []string {
	posted := slices.Sorted(slices.Values(o.posted))
	o.posted = nil
	return posted
}

type fixture struct {
	*notify.Handler
	outbox  *outbox
	records *pushtest.Records
	jobs    *countingJobs
}

// countingJobs counts reads.
type countingJobs struct {
	pushtest.Jobs
	mu    sync.Mutex
	reads int
}

func (c *countingJobs) Progress(ctx context.Context, id job.ID) (job.Progress, error) {
	c.mu.Lock()
	c.reads++
	c.mu.Unlock()
	return c.Jobs.Progress(ctx, id)
}

func newFixture() *fixture {
	f := &fixture{outbox: &outbox{fail: map[string]error{}}, records: &pushtest.Records{}, jobs: &countingJobs{}}
	f.Handler = f.warm(f.records)
	return f
}

// warm is another process's handler.
func (f *fixture) warm(records record.Store) *notify.Handler {
	return notify.New(notify.Config{Jobs: f.jobs, Records: records, Publisher: f.outbox, Log: slog.New(slog.DiscardHandler)})
}

func (f *fixture) job(t *testing.T, watchers ...string) job.ID {
	t.Helper()
	id := job.NewID(time.Now(), 4)
	f.jobs.Put(job.Progress{Job: job.Job{ID: id, Owner: "anna", Status: job.Running}})
	for _, name := range watchers {
		c := push.Connection{ID: name, Owner: "anna", ExpiresAt: time.Now().Add(time.Hour)}
		if err := push.NewSubscriptions(f.records).Subscribe(t.Context(), c, id); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

func meta(id job.ID, n int) events.DynamoDBEventRecord {
	return pushtest.Record("J#"+string(id), "META", fmt.Sprint(n))
}

func stat(id job.ID, n int) events.DynamoDBEventRecord {
	return pushtest.Record("J#"+string(id)+"#1", "STAT", fmt.Sprint(n))
}

func handle(t *testing.T, h *notify.Handler, records ...events.DynamoDBEventRecord) (failed []string) {
	t.Helper()
	r, err := h.Handle(t.Context(), events.DynamoDBEvent{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

func want[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestOneMessageForManyRecords(t *testing.T) {
	f := newFixture()
	a, b, nobody := f.job(t, "a1", "a2"), f.job(t, "b1"), f.job(t)
	var records []events.DynamoDBEventRecord
	for i := range 100 {
		records = append(records, stat(a, 3*i), meta(b, 3*i+1), stat(nobody, 3*i+2))
	}
	want(t, "failed", handle(t, f.Handler, records...), nil)
	want(t, "posted", f.outbox.take(), []string{"a1", "a2", "b1"})
	if f.jobs.reads != 2 {
		t.Errorf("%d reads of jobs, want 2: none for the one that nobody watches", f.jobs.reads)
	}
	want(t, "failed", handle(t, f.Handler, records...), nil)
	want(t, "posted again", f.outbox.take(), nil)
	want(t, "failed", handle(t, f.warm(f.records), stat(a, 1)), nil)
	want(t, "posted by another process", f.outbox.take(), []string{"a1", "a2"})
}

// meeting is a store whose two readers wait for each other.
type meeting struct {
	record.Store
	*countingJobs
	both *sync.WaitGroup // nil: nobody waits
}

func (m *meeting) wait() {
	if m.both != nil {
		m.both.Done()
		m.both.Wait()
	}
}

func (m *meeting) List(ctx context.Context, partition, prefix, cursor string, limit int) ([]record.Record, string, error) {
	m.wait()
	return m.Store.List(ctx, partition, prefix, cursor, limit)
}

func (m *meeting) Progress(ctx context.Context, id job.ID) (job.Progress, error) {
	m.wait()
	return m.countingJobs.Progress(ctx, id)
}

// A job that was watched the last time costs one wait for the store, not two; one
// that is left costs no read of its figures again.
func TestWatchedJobIsReadAtOnce(t *testing.T) {
	f := newFixture()
	id := f.job(t, "a1")
	m := &meeting{Store: f.records, countingJobs: f.jobs}
	h := notify.New(notify.Config{Jobs: m, Records: m, Publisher: f.outbox, Log: slog.New(slog.DiscardHandler)})
	want(t, "failed", handle(t, h, stat(id, 1)), nil)
	m.both = &sync.WaitGroup{}
	m.both.Add(2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		want(t, "failed", handle(t, h, stat(id, 2)), nil)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("watchers and figures were read one after the other")
	}
	m.both = nil
	if err := push.NewSubscriptions(f.records).Unsubscribe(t.Context(), "a1", id); err != nil {
		t.Fatal(err)
	}
	want(t, "failed", handle(t, h, stat(id, 3)), nil) // learns that nobody is there
	reads := f.jobs.reads
	want(t, "failed", handle(t, h, stat(id, 4)), nil)
	if f.jobs.reads != reads {
		t.Error("figures were read of a job that nobody watches any more")
	}
}

func TestConcerns(t *testing.T) {
	id := job.NewID(time.Now(), 4)
	p := "J#" + string(id)
	for _, c := range []struct {
		pk, sk string
		want   bool
	}{
		{p, "META", true},
		{p + "#0", "STAT", true},
		{p + "#3", "STAT", true},
		{p, "STAT", false},
		{p + "#0", "META", false},
		{p + "#0", "B#000001", false},
		{p + "#0", "E#anna@baeckerei-lindhorst.de", false},
		{"J#", "META", false},
		{"J#nonsense", "META", false},
		{"I#anna#key", "META", false},
		{"R#W#" + string(id), "#one", false},
		{"", "", false},
	} {
		r := pushtest.Record(c.pk, c.sk, "1")
		if got, ok := notify.Concerns(&r); ok != c.want || ok && got != id {
			t.Errorf("%s %s: %q, %v", c.pk, c.sk, got, ok)
		}
	}
	odd := events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{Keys: map[string]events.DynamoDBAttributeValue{
		"pk": events.NewNumberAttribute("1"), "sk": events.NewBinaryAttribute([]byte("META")),
	}}}
	if _, ok := notify.Concerns(&odd); ok {
		t.Error("keys that are no strings were taken")
	}
}

func TestUnreadableJobIsDeliveredAgain(t *testing.T) {
	f := newFixture()
	a, b := f.job(t, "a1"), f.job(t, "b1")
	f.jobs.Fail(errors.New("throttled"))
	records := []events.DynamoDBEventRecord{stat(a, 10), stat(b, 11), stat(a, 12)}
	want(t, "failed", handle(t, f.Handler, records...), []string{"10", "11"})
	f.jobs.Fail(nil)
	want(t, "failed", handle(t, f.Handler, records...), nil)
	want(t, "posted", f.outbox.take(), []string{"a1", "b1"})
}

type unlisted struct{ record.Store }

func (unlisted) List(context.Context, string, string, string, int) ([]record.Record, string, error) {
	return nil, "", errors.New("throttled")
}

func TestUnreadableSubscribersAreAskedAgain(t *testing.T) {
	f := newFixture()
	id := f.job(t, "a1")
	want(t, "failed", handle(t, f.warm(unlisted{f.records}), stat(id, 7)), []string{"7"})
}

// If nothing at all gets through, the gateway is at fault.
func TestGatewayDown(t *testing.T) {
	f := newFixture()
	a, b := f.job(t, "a1", "a2"), f.job(t, "b1")
	for _, name := range []string{"a1", "a2", "b1"} {
		f.outbox.fail[name] = errors.New("service unavailable")
	}
	want(t, "failed", handle(t, f.Handler, stat(a, 1), meta(b, 2)), []string{"1", "2"})
	want(t, "closed", f.outbox.closed, nil)
	clear(f.outbox.fail)
	want(t, "failed", handle(t, f.Handler, stat(a, 1), meta(b, 2)), nil)
	want(t, "posted", f.outbox.take(), []string{"a1", "a2", "b1"})
}

// If others get through, it is the connection: it does not hold up the stream.
func TestOneConnectionStuck(t *testing.T) {
	f := newFixture()
	a, b := f.job(t, "stuck"), f.job(t, "b1")
	f.outbox.fail["stuck"] = errors.New("limit exceeded")
	want(t, "failed", handle(t, f.Handler, stat(a, 1), meta(b, 2)), nil)
	want(t, "posted", f.outbox.take(), []string{"b1"})
	want(t, "closed", f.outbox.closed, []string{"stuck"})
}

func TestGoneIsForgotten(t *testing.T) {
	f := newFixture()
	id := f.job(t, "here", "left")
	f.outbox.fail["left"] = fmt.Errorf("post: %w", push.ErrGone)
	want(t, "failed", handle(t, f.Handler, stat(id, 1)), nil)
	got, err := push.NewSubscriptions(f.records).Subscribers(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "subscribers", got, []string{"here"})
	want(t, "closed", f.outbox.closed, nil)
}

func TestPostsAreParallelAndBounded(t *testing.T) {
	f := newFixture()
	f.outbox.hold = 2 * time.Millisecond
	var records []events.DynamoDBEventRecord
	for i := range 8 {
		var watchers []string
		for k := range 40 {
			watchers = append(watchers, fmt.Sprintf("%d-%d", i, k))
		}
		records = append(records, stat(f.job(t, watchers...), i))
	}
	want(t, "failed", handle(t, f.Handler, records...), nil)
	if n := len(f.outbox.take()); n != 320 {
		t.Errorf("%d messages, want 320", n)
	}
	if f.outbox.most < 2 || f.outbox.most > 64 {
		t.Errorf("%d posts at once", f.outbox.most)
	}
}
