// Package runner stands where API Gateway and Lambda stand on AWS, in front of any
// DynamoDB and SQS: LocalStack's, another emulator's, or Amazon's own. It calls
// the very handlers that are Lambda functions with the events that AWS would make.
//
// Its HTTP and WebSocket fronts replace API Gateway v2, which few emulators have;
// its event sources replace Lambda where the emulator has none.
package runner

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"gleaner/infra/local/eventsource"
	"gleaner/infra/local/eventsource/dynamostream"
	"gleaner/infra/local/wshub"
	"gleaner/shared/apigwpush"
	"gleaner/shared/bells"
	"gleaner/shared/control"
	"gleaner/shared/crawl"
	"gleaner/shared/dashboard"
	"gleaner/shared/deadletters"
	"gleaner/shared/doctor"
	"gleaner/shared/dynamostore"
	"gleaner/shared/fetch"
	"gleaner/shared/httpapi"
	"gleaner/shared/job"
	"gleaner/shared/lambdahttp"
	"gleaner/shared/notify"
	"gleaner/shared/push"
	"gleaner/shared/queue"
	"gleaner/shared/record"
	"gleaner/shared/sqsqueue"
	"gleaner/shared/submit"
	"gleaner/shared/sweep"
	"gleaner/shared/webhook"
	"gleaner/shared/websocket"
	"gleaner/shared/work"
)

// Figures of template.yaml.
const (
	WorkerTimeout     = 5 * time.Minute
	deadletterTimeout = time.Minute
	notifierTimeout   = time.Minute
	sweeperTimeout    = 2 * time.Minute
	streamBatch       = 1000
	streamWindow      = time.Second
	streamRetries     = 3
	visibilityFactor  = 6
)

// Stage is the path of the WebSocket API's stage, under which its connections are.
const Stage = "/stage"

// Config says what a Runner stands in front of.
type Config struct {
	AWS      aws.Config // credentials, and of the WebSocket connections
	DynamoDB *dynamodb.Client
	Streams  *dynamodbstreams.Client
	SQS      *sqs.Client

	Table, QueueURL, DeadLetterURL string
	// URL is where the Runner's Handler is reached, without a trailing slash.
	URL string
	// Workers is how many batches are crawled at once; DefaultWorkers if 0.
	Workers int
	// Timeout is that of the worker; WorkerTimeout if 0.
	Timeout time.Duration
	Groups  bool // messages carry their owner as group
	Fetch   fetch.Config
	Version string
	Log     *slog.Logger
}

// DefaultWorkers is how many batches are crawled at once unless told otherwise.
const DefaultWorkers = 8

// Runner is Gleaner's functions with what calls them. The event sources may be
// changed before Run.
type Runner struct {
	Store   *dynamostore.Store
	Queue   *sqsqueue.Queue
	Handler http.Handler // the HTTP API, the dashboard, the WebSocket API and its connections

	Bells       *eventsource.Queue
	DeadLetters *eventsource.Queue
	Changes     *eventsource.Stream
	Sweeper     *eventsource.Schedule

	cfg     Config
	sockets *wshub.Hub
}

// New wires a Runner. The table and the queues must be there.
func New(ctx context.Context, cfg Config) (*Runner, error) {
	if cfg.Workers == 0 {
		cfg.Workers = DefaultWorkers
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = WorkerTimeout
	}
	described, err := cfg.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &cfg.Table})
	if err != nil {
		return nil, fmt.Errorf("runner: table %s: %w", cfg.Table, err)
	}
	if described.Table.LatestStreamArn == nil {
		return nil, fmt.Errorf("runner: table %s has no stream", cfg.Table)
	}
	r := &Runner{
		Store: dynamostore.New(cfg.DynamoDB, cfg.Table),
		Queue: sqsqueue.New(cfg.SQS, cfg.QueueURL, sqsqueue.WithGroups(cfg.Groups)),
		cfg:   cfg,
	}
	worker, err := r.Worker(r.Store, r.Queue)
	if err != nil {
		return nil, err
	}
	r.Bells = &eventsource.Queue{
		Queue: r.Queue, Handler: (&bells.Handler{Worker: worker, Log: cfg.Log}).Handle, MaximumConcurrency: cfg.Workers,
		Timeout: cfg.Timeout, Visibility: visibilityFactor * cfg.Timeout, Log: cfg.Log,
	}
	dead := &deadletters.Handler{Worker: worker, Jobs: r.Store, Now: time.Now, Log: cfg.Log}
	r.DeadLetters = &eventsource.Queue{
		Queue:   sqsqueue.New(cfg.SQS, cfg.DeadLetterURL, sqsqueue.WithGroups(cfg.Groups)),
		Handler: dead.Handle, MaximumConcurrency: 2,
		Timeout: deadletterTimeout, Visibility: visibilityFactor * deadletterTimeout, Log: cfg.Log,
	}
	r.push(*described.Table.LatestStreamArn)
	sweeper := &sweep.Sweeper{Store: r.Store, Bells: r.Queue, Now: time.Now, Log: cfg.Log}
	r.Sweeper = &eventsource.Schedule{
		Name: "sweeper", Interval: sweep.Interval, Timeout: sweeperTimeout, Log: cfg.Log,
		Function: func(ctx context.Context) error { _, err := sweeper.Sweep(ctx); return err },
	}
	if err := r.front(); err != nil {
		return nil, err
	}
	return r, nil
}

// Store is what the functions keep in the table.
type Store interface {
	job.Store
	record.Store
}

// Worker makes a worker on a store and a queue of bells.
func (r *Runner) Worker(store Store, ring queue.Sender) (*work.Worker, error) {
	crawler, err := crawl.New(crawl.Config{Fetch: r.cfg.Fetch, Records: store, Log: r.cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("runner: %w", err)
	}
	hooks, err := webhook.New(webhook.Config{Jobs: store, Records: store, Bells: ring, Fetch: r.cfg.Fetch, Log: r.cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("runner: %w", err)
	}
	return work.New(work.Config{
		Store: store, Bells: ring, Crawler: crawler, Announcer: hooks, Log: r.cfg.Log,
		Planner: submit.New(store, ring, submit.WithLogger(r.cfg.Log), submit.WithWorkers(r.cfg.Workers)),
		Retrier: control.New(store, ring, nil, r.cfg.Log),
	}), nil
}

// push wires the WebSocket API and the notifier. Both post through the very
// @connections endpoint that the Runner serves.
func (r *Runner) push(stream string) {
	publisher := apigwpush.New(r.cfg.AWS, r.cfg.URL+Stage)
	socket := websocket.New(websocket.Config{Jobs: r.Store, Records: r.Store, Publisher: publisher, Log: r.cfg.Log})
	r.sockets = wshub.New(wshub.Config{Handler: socket.Handle, Log: r.cfg.Log})
	notifier := notify.New(notify.Config{Jobs: r.Store, Records: r.Store, Publisher: publisher, Log: r.cfg.Log})
	r.Changes = &eventsource.Stream{
		Source: dynamostream.New(r.cfg.Streams, stream, dynamostream.Latest), Handler: notifier.Handle,
		Filter:    notify.Wanted,
		BatchSize: streamBatch, Window: streamWindow, Retries: streamRetries, Timeout: notifierTimeout, Log: r.cfg.Log,
	}
}

// front wires the HTTP API: polls to the progress function, pages to that of the
// dashboard, the rest to the api function; and the Function URL of the progress
// function.
func (r *Runner) front() error {
	page, err := dashboard.Handler(dashboard.Options{})
	if err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	watch := httpapi.Config{Store: r.Store, Records: r.Store, Auth: httpapi.KeysRequired, Version: r.cfg.Version, Log: r.cfg.Log}
	stream := lambdahttp.Stream(httpapi.NewWatch(watch))
	watch.MaxResponse = lambdahttp.MaxAnswer
	all := watch
	all.StreamURL, all.Workers = r.cfg.URL+streamPath, r.cfg.Workers
	all.Bells = r.Queue
	all.Limits.Body = lambdahttp.MaxRequest
	all.Submit = submit.New(r.Store, r.Queue, submit.WithLogger(r.cfg.Log), submit.WithWorkers(r.cfg.Workers))
	all.Control = control.New(r.Store, r.Queue, nil, r.cfg.Log)
	all.Doctor = doctor.New(doctor.Config{
		Jobs: r.Store, Records: r.Store, Queue: r.Queue, DeadLetters: sqsqueue.New(r.cfg.SQS, r.cfg.DeadLetterURL),
		PushLag: (&notify.Echo{Records: r.Store}).Lag, Workers: r.cfg.Workers, Sockets: job.MaxConnections,
		Version: r.cfg.Version, Contact: r.cfg.Fetch.ContactURL,
	})
	all.Tickets = httpapi.PushTickets{Tickets: push.NewTickets(r.Store)}
	function := func(h http.Handler) http.Handler { return &HTTPFront{Function: lambdahttp.Whole(h), Log: r.cfg.Log} }
	progress, web := function(httpapi.NewWatch(watch)), function(page)
	mux := http.NewServeMux()
	mux.Handle("/", function(httpapi.New(all)))
	mux.Handle("GET /jobs/{id}/progress", progress)
	mux.Handle("GET /jobs/{id}/events", progress)
	mux.Handle("GET /{$}", web)
	mux.Handle("GET /assets/", web)
	mux.Handle("GET /favicon.svg", web)
	mux.Handle("GET /favicon.ico", web)
	mux.Handle(streamPath+"/", http.StripPrefix(streamPath, &URLFront{Function: stream, Log: r.cfg.Log}))
	mux.Handle("GET /ws", r.sockets)
	mux.Handle(Stage+"/", http.StripPrefix(Stage, r.sockets.Connections()))
	r.Handler = mux
	return nil
}

// Run runs the event sources in place of Lambda until ctx ends, then lets the
// invocations under way end.
func (r *Runner) Run(ctx context.Context) error {
	var g errgroup.Group
	for _, source := range []interface{ Run(context.Context) error }{r.Bells, r.DeadLetters, r.Changes, r.Sweeper} {
		g.Go(func() error { return source.Run(ctx) })
	}
	return g.Wait()
}

// Shutdown closes the WebSockets.
func (r *Runner) Shutdown(ctx context.Context) error { return r.sockets.Shutdown(ctx) }
