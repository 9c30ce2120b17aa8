package e2e

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"gleaner/infra/e2e/emulators"
	"gleaner/infra/e2e/testsite"
	"gleaner/infra/local/eventsource"
	"gleaner/shared/bells"
	"gleaner/shared/control"
	"gleaner/shared/crawl"
	"gleaner/shared/deadletters"
	"gleaner/shared/dynamostore"
	"gleaner/shared/export"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/sqsqueue"
	"gleaner/shared/submit"
	"gleaner/shared/sweep"
	"gleaner/shared/work"
)

// Times of the functions and the queue in the soak on AWS: as deployed, a
// message comes again when the lease of a worker that died has run out, only
// sooner.
const (
	soakFunctionTime = 4 * time.Second
	soakVisibility   = soakFunctionTime + work.LeaseMargin + time.Second
	soakMaxReceives  = 5
	soakProcesses    = 3
	soakSweeps       = 5 * time.Second
	// soakHaste is how far the sweeper's clock is ahead: silent batches are rung
	// after ten seconds instead of a minute.
	soakHaste = work.BellGrace - 10*time.Second
)

// hasty is the store of a sweeper that is ahead of time: the times it notes are
// those of everybody else.
type hasty struct{ *dynamostore.Store }

func (h hasty) Rang(ctx context.Context, refs []job.Ref, due time.Time) error {
	return h.Store.Rang(ctx, refs, due.Add(-soakHaste))
}

// soakVariable tells a child process of TestAWSSoak that it is one, and what it
// works on.
const soakVariable = "GLEANER_SOAK_WORKER"

// TestAWSSoak soaks the functions on DynamoDB Local and an SQS emulator. Workers,
// dead letters and sweeper run in processes of their own, which are killed with
// SIGKILL at random.
func TestAWSSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("messages of killed workers take longer to come back than a short test may")
	}
	site := startSoakSite(t, 40)
	in := newSoakedCloud(t)
	soak(t, site, in)
	recountAll(t, in.store, in.jobs)
}

// soakedCloud is Gleaner on the emulators.
type soakedCloud struct {
	t       *testing.T
	store   *dynamostore.Store
	queue   *sqsqueue.Queue
	submit  *submit.Service
	control *control.Service
	jobs    []job.ID
	spec    string // what the children are told

	mu       sync.Mutex
	children []*exec.Cmd
}

func newSoakedCloud(t *testing.T) *soakedCloud {
	t.Helper()
	database, queues := emulators.URL(t, emulators.ServiceDynamoDB), emulators.URL(t, emulators.ServiceSQS)
	table := "gleaner-soak-" + rand.Text()
	client := emulators.DynamoDB(database)
	in := dynamostore.TableInput(table)
	in.StreamSpecification = nil // DynamoDB Local is slow with one
	emulators.CreateTable(t, client, in)
	messages := emulators.SQS(queues)
	dead := soakQueue(t, messages, table+"-dead", nil)
	arn := types.QueueAttributeNameQueueArn
	got, err := messages.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &dead, AttributeNames: []types.QueueAttributeName{arn}})
	if err != nil {
		t.Fatal(err)
	}
	url := soakQueue(t, messages, table, map[string]string{
		string(types.QueueAttributeNameRedrivePolicy): fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, got.Attributes[string(arn)], soakMaxReceives),
	})
	c := &soakedCloud{
		t: t, store: dynamostore.New(client, table), queue: sqsqueue.New(messages, url),
		spec: strings.Join([]string{database, table, queues, url, dead}, " "),
	}
	log := slog.New(slog.DiscardHandler)
	c.submit = submit.New(c.store, c.queue, submit.WithLogger(log))
	c.control = control.New(c.store, c.queue, nil, log)
	c.children = make([]*exec.Cmd, soakProcesses)
	for i := range c.children {
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range c.children {
			c.kill(i)
		}
	})
	return c
}

func soakQueue(t *testing.T, client *sqs.Client, name string, attributes map[string]string) string {
	t.Helper()
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

// start starts this test binary as a worker.
func (c *soakedCloud) start(i int) {
	self, err := os.Executable()
	if err != nil {
		c.t.Error(err)
		return
	}
	cmd := exec.CommandContext(context.Background(), self, "-test.run=^TestAWSSoakWorker$", "-test.timeout=0")
	cmd.Env = append(os.Environ(), soakVariable+"="+c.spec)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // it ends with this process, however that ends
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Error(err)
		return
	}
	_ = in
	c.children[i] = cmd
}

func (c *soakedCloud) kill(i int) {
	if cmd := c.children[i]; cmd != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

func (c *soakedCloud) crash() {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := mrand.IntN(len(c.children))
	c.kill(i)
	c.start(i)
}

const soakOwner = "soak"

// insist repeats a call that failed in passing.
func insist(ctx context.Context, call func() error) error {
	for {
		err := call()
		if err == nil || errors.Is(err, job.ErrState) || errors.Is(err, job.ErrNotFound) || errors.Is(err, job.ErrNothing) || ctx.Err() != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *soakedCloud) create(ctx context.Context, j *soakJob) error {
	err := insist(ctx, func() error {
		r := submit.Request{
			Owner: soakOwner, Name: j.tag, Options: j.options, Open: j.chunks > 0, Expect: len(j.urls) * min(1, j.chunks),
			Idempotency: &job.Idempotency{Key: j.tag, Fingerprint: j.tag},
		}
		if !r.Open {
			r.List = submit.FromStrings(j.urls)
		}
		a, err := c.submit.Create(ctx, r)
		j.id = a.Job.ID
		return err
	})
	size := (len(j.urls) + j.chunks) / max(1, j.chunks)
	for n := 0; n < j.chunks && err == nil; n++ {
		part := submit.FromStrings(j.urls[min(n*size, len(j.urls)):min((n+1)*size, len(j.urls))])
		err = insist(ctx, func() error { _, err := c.submit.Append(ctx, soakOwner, j.id, n, part); return err })
	}
	if err == nil && j.chunks > 0 {
		err = insist(ctx, func() error { _, err := c.submit.Start(ctx, soakOwner, j.id, j.chunks); return err })
	}
	c.jobs = append(c.jobs, j.id)
	return err
}

func (c *soakedCloud) act(ctx context.Context, action string, id job.ID) error {
	do := map[string]func(context.Context, string, job.ID) (job.Job, error){
		"pause": c.control.Pause, "resume": c.control.Resume, "cancel": c.control.Cancel, "retry": c.control.Retry, "delete": c.control.Delete,
	}[action]
	err := insist(ctx, func() error { _, err := do(ctx, soakOwner, id); return err })
	if errors.Is(err, job.ErrNothing) {
		return fmt.Errorf("%w: %w", job.ErrState, err)
	}
	if err == nil && action == "cancel" {
		// As control has it rung, only sooner: leases are shorter here.
		bell := job.Bell{Ref: job.Ref{Job: id}, Kind: job.BellWindUp}
		return insist(ctx, func() error {
			return c.queue.Send(ctx, []queue.Outgoing{{Body: bell.Encode(), Group: bell.Group(), Delay: soakVisibility}})
		})
	}
	return err
}

func (c *soakedCloud) progress(ctx context.Context, id job.ID) (s job.Snapshot, err error) {
	err = insist(ctx, func() error {
		p, err := c.store.Progress(ctx, id)
		s = p.Snapshot(time.Now())
		return err
	})
	return s, err
}

func (c *soakedCloud) visits(ctx context.Context, id job.ID) (all []job.Visit, err error) {
	for v, err := range export.Visits(ctx, c.store, id, export.VisitFilter{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, *v)
	}
	return all, nil
}

func (c *soakedCloud) addresses(ctx context.Context, id job.ID) (all []job.Address, err error) {
	for a, err := range export.Addresses(ctx, c.store, id, job.AddressFilter{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, *a)
	}
	return all, nil
}

func (c *soakedCloud) batches() job.BatchStore { return c.store }

func (c *soakedCloud) double(ctx context.Context, id job.ID) (int, error) {
	return ringAgain(ctx, c.queue, c.store, id)
}

// TestAWSSoakWorker is no test but a child process of TestAWSSoak: it runs the
// functions until it is killed or its parent is gone.
func TestAWSSoakWorker(t *testing.T) {
	spec := os.Getenv(soakVariable)
	if spec == "" {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		bufio.NewScanner(os.Stdin).Scan() // until the parent is gone
		cancel()
	}()
	if err := runSoakWorker(ctx, strings.Fields(spec)); err != nil {
		t.Fatal(err)
	}
}

func runSoakWorker(ctx context.Context, spec []string) error {
	store := dynamostore.New(emulators.DynamoDB(spec[0]), spec[1])
	doorbell, dead := sqsqueue.New(emulators.SQS(spec[2]), spec[3]), sqsqueue.New(emulators.SQS(spec[2]), spec[4])
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	nets, err := fetch.ParseNets(testsite.Net)
	if err != nil {
		return err
	}
	crawler, err := crawl.New(crawl.Config{Fetch: fetch.Config{AllowNets: nets}, Records: store, Log: log})
	if err != nil {
		return err
	}
	retrier := control.New(store, doorbell, nil, log)
	worker := work.New(work.Config{
		Store: store, Bells: doorbell, Crawler: crawler, Planner: submit.New(store, doorbell, submit.WithLogger(log)), Retrier: retrier, Log: log,
	})
	bell := &bells.Handler{Worker: worker, Log: log}
	letters := &deadletters.Handler{Worker: worker, Jobs: store, Now: time.Now, Log: log}
	sweeper := &sweep.Sweeper{Store: hasty{store}, Bells: doorbell, Now: func() time.Time { return time.Now().Add(soakHaste) }, Log: log}
	var g errgroup.Group
	for _, source := range []interface{ Run(context.Context) error }{
		&eventsource.Queue{Queue: doorbell, Handler: bell.Handle, MaximumConcurrency: 2, Timeout: soakFunctionTime, Visibility: soakVisibility, Log: log},
		&eventsource.Queue{Queue: dead, Handler: letters.Handle, MaximumConcurrency: 1, Timeout: soakFunctionTime, Visibility: soakVisibility, Log: log},
		&eventsource.Schedule{
			Name: "sweeper", Interval: soakSweeps, Timeout: soakSweeps, Log: log,
			Function: func(ctx context.Context) error { _, err := sweeper.Sweep(ctx); return err },
		},
	} {
		g.Go(func() error { return source.Run(ctx) })
	}
	return g.Wait()
}
