// Package local runs the whole of Gleaner in one process on SQLite: the very
// handlers that are Lambda functions on AWS, behind event sources that build the
// same events. It wires; it has no logic of its own about jobs.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/sync/errgroup"

	"gleaner/infra/local/eventsource"
	"gleaner/infra/local/sqlitequeue"
	"gleaner/infra/local/sqlitestore"
	"gleaner/infra/local/wshub"
	"gleaner/shared/bells"
	"gleaner/shared/control"
	"gleaner/shared/crawl"
	"gleaner/shared/dashboard"
	"gleaner/shared/deadletters"
	"gleaner/shared/fetch"
	"gleaner/shared/httpapi"
	"gleaner/shared/notify"
	"gleaner/shared/push"
	"gleaner/shared/quota"
	"gleaner/shared/submit"
	"gleaner/shared/sweep"
	"gleaner/shared/webhook"
	"gleaner/shared/websocket"
	"gleaner/shared/work"
)

// Times of the functions and the queue on one machine. A worker's is shorter
// than on AWS: what a killed process had under way is begun anew, and a batch
// that needs longer goes on in its continuation.
const (
	workerTimeout = time.Minute
	visibility    = 2 * workerTimeout // nothing of one machine throttles: a message that comes again is a dead process's
	retryAfter    = 2 * time.Second
	maxReceives   = 8 // with waits of 2, 4, 8 … seconds: about four minutes
	sweepTimeout  = 50 * time.Second
	pushTimeout   = 30 * time.Second
	pushWindow    = time.Second
	pushRetries   = 3
	pushBatch     = 1000
)

// spare is how many batches more are crawled at times: a job that has none under
// way does not wait for the end of another's, which may take a minute.
func spare(workers int) int { return 1 + workers/8 }

// DefaultWorkers is how many batches are crawled at once unless told otherwise.
const DefaultWorkers = 8

// Config says how a Node runs.
type Config struct {
	Dir     string // where its data lies; made if it is not there
	Workers int    // batches at once; DefaultWorkers if 0
	Fetch   fetch.Config
	Quota   quota.Limits // of every owner
	Version string
	Log     *slog.Logger
}

// Node is a whole Gleaner on one machine.
type Node struct {
	Store   *sqlitestore.Store
	Submit  *submit.Service
	Control *control.Service

	cfg     Config
	opened  time.Time // since when it has the data directory to itself
	lock    *directoryLock
	bells   *sqlitequeue.Queue
	crawler *crawl.Crawler
	worker  *work.Worker
	sockets *wshub.Hub
	changes *stream
}

// Open opens the data directory and takes hold of it; ErrInUse if another
// process has.
func Open(ctx context.Context, cfg Config) (n *Node, err error) {
	if cfg.Workers == 0 {
		cfg.Workers = DefaultWorkers
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("local: data directory: %w", err)
	}
	n = &Node{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if n.lock, err = lockDirectory(ctx, cfg.Dir); err != nil {
		return n, err
	}
	n.opened = time.Now().Truncate(time.Millisecond) // as times are stored
	if n.Store, err = sqlitestore.Open(ctx, filepath.Join(cfg.Dir, "gleaner.db")); err != nil {
		return n, err
	}
	queueFile := filepath.Join(cfg.Dir, "queue.db")
	n.bells, err = sqlitequeue.Open(ctx, queueFile, sqlitequeue.Config{Name: "bells", MaxReceives: maxReceives, DeadLetter: "dead-letters"})
	if err != nil {
		return n, err
	}
	n.crawler, err = crawl.New(crawl.Config{Fetch: cfg.Fetch, Records: n.Store, Log: cfg.Log})
	if err != nil {
		return n, err
	}
	n.changes = newStream(n.Store)
	n.Submit = submit.New(n.Store, n.bells, submit.WithLogger(cfg.Log), submit.WithWorkers(cfg.Workers))
	n.Control = control.New(n.Store, n.bells, time.Now, cfg.Log)
	hooks, err := webhook.New(webhook.Config{Jobs: n.Store, Records: n.Store, Bells: n.bells, Fetch: cfg.Fetch, Log: cfg.Log})
	if err != nil {
		return n, err
	}
	n.worker = work.New(work.Config{
		Store: n.Store, Bells: n.bells, Crawler: n.crawler, Planner: n.Submit, Retrier: n.Control, Announcer: hooks, Log: cfg.Log,
	})
	// The hub calls the function, and the function posts to the hub.
	var socket *websocket.Handler
	n.sockets = wshub.New(wshub.Config{
		Handler: func(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
			return socket.Handle(ctx, e)
		},
		Log: cfg.Log,
	})
	socket = websocket.New(websocket.Config{Jobs: n.Store, Records: n.Store, Publisher: n.sockets, Log: cfg.Log})
	return n, nil
}

// Close gives everything back. Run must have returned.
func (n *Node) Close() error {
	var errs []error
	if n.bells != nil {
		errs = append(errs, n.bells.Close())
	}
	if n.Store != nil {
		errs = append(errs, n.Store.Close())
	}
	if n.lock != nil {
		errs = append(errs, n.lock.Close())
	}
	return errors.Join(errs...)
}

// Handler serves the API and the dashboard.
func (n *Node) Handler() (http.Handler, error) {
	api := httpapi.New(httpapi.Config{
		Store: n.Store, Records: n.Store, Submit: n.Submit, Control: n.Control,
		Tickets: httpapi.PushTickets{Tickets: push.NewTickets(n.Store)},
		Doctor:  n.doctor(),
		Quota:   quota.New(n.Store, n.Store, n.cfg.Quota, nil),
		Auth:    httpapi.LoopbackOwner, Version: n.cfg.Version, Log: n.cfg.Log,
	})
	page, err := dashboard.Handler(dashboard.Options{})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("GET /{$}", page)
	mux.Handle("GET /assets/", page)
	mux.Handle("GET /favicon.svg", page)
	mux.Handle("GET /favicon.ico", page)
	mux.Handle("GET /ws", n.sockets)
	return mux, nil
}

// Run works off jobs until ctx ends, then lets the batches under way end soon,
// and returns when they have.
func (n *Node) Run(ctx context.Context) error {
	if err := n.recover(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // stopped while it took over: the next start takes over again
		}
		return err
	}
	stop := context.AfterFunc(ctx, n.worker.Drain)
	defer stop()
	bell := &bells.Handler{Worker: n.worker, Log: n.cfg.Log}
	dead := &deadletters.Handler{Worker: n.worker, Jobs: n.Store, Now: time.Now, Log: n.cfg.Log}
	sweeper := &sweep.Sweeper{Store: n.Store, Bells: n.bells, Now: time.Now, Log: n.cfg.Log}
	notifier := notify.New(notify.Config{Jobs: n.Store, Records: n.Store, Publisher: n.sockets, Log: n.cfg.Log})
	sources := []interface{ Run(context.Context) error }{
		&eventsource.Queue{
			Queue: n.bells, Handler: bell.Handle, MaximumConcurrency: n.cfg.Workers, Spare: spare(n.cfg.Workers),
			Timeout: workerTimeout, Visibility: visibility, RetryAfter: retryAfter, Log: n.cfg.Log,
		},
		&eventsource.Queue{
			Queue: n.bells.DeadLetter(), Handler: dead.Handle, MaximumConcurrency: 1,
			Timeout: workerTimeout, Visibility: visibility, RetryAfter: workerTimeout, Log: n.cfg.Log,
		},
		&eventsource.Stream{
			Source: n.changes, Handler: notifier.Handle, BatchSize: pushBatch, Window: pushWindow,
			Retries: pushRetries, Timeout: pushTimeout, Log: n.cfg.Log,
			Filter: func(r *events.DynamoDBEventRecord) bool { _, ok := notify.Concerns(r); return ok },
		},
		&eventsource.Schedule{
			Name: "sweeper", Interval: sweep.Interval, Timeout: sweepTimeout, Log: n.cfg.Log,
			Function: func(ctx context.Context) error { _, err := sweeper.Sweep(ctx); return err },
		},
	}
	var g errgroup.Group
	for _, s := range sources {
		g.Go(func() error { return s.Run(ctx) })
	}
	g.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), pushTimeout/10)
		defer cancel()
		if err := n.sockets.Shutdown(end); err != nil {
			n.cfg.Log.WarnContext(ctx, "sockets were cut off", "error", err)
		}
		return nil
	})
	return g.Wait()
}

// recover takes over what a process that died had under way: holding the
// directory's lock, this one knows that no lease in it is anybody's.
func (n *Node) recover(ctx context.Context) error {
	if err := n.Store.ExpireLeases(ctx, time.Now()); err != nil {
		return fmt.Errorf("local: taking over: %w", err)
	}
	return n.Control.TakeOver(ctx, n.opened)
}
