// Package local runs the whole of Gleaner on one machine on SQLite: the very
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
	"os/exec"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/sync/errgroup"

	"gleaner/infra/local/eventsource"
	"gleaner/infra/local/wshub"
	"gleaner/shared/dashboard"
	"gleaner/shared/deadletters"
	"gleaner/shared/fetch"
	"gleaner/shared/httpapi"
	"gleaner/shared/notify"
	"gleaner/shared/push"
	"gleaner/shared/quota"
	"gleaner/shared/sweep"
	"gleaner/shared/websocket"
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
	// WorkerProcess, if set, makes the command of a process that calls Work with
	// the same Dir, Workers and Fetch: the batches are crawled there. A crawl at
	// full speed then takes no processor from whoever looks at the dashboard, and a
	// page that kills a worker does not take the server with it. The command's
	// standard input is the node's to use.
	WorkerProcess func(context.Context) *exec.Cmd
}

// Node is a whole Gleaner on one machine.
type Node struct {
	*installation

	opened  time.Time // since when it has the data directory to itself
	lock    *directoryLock
	sockets *wshub.Hub
	changes *stream
	process *workerProcess // nil: batches are crawled in this process

	legacies sync.WaitGroup // of worker processes, to be taken over later
}

// Open opens the data directory and takes hold of it; ErrInUse if another
// process has.
func Open(ctx context.Context, cfg Config) (n *Node, err error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("local: data directory: %w", err)
	}
	n = &Node{installation: &installation{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if n.lock, err = lockDirectory(ctx, cfg.Dir, nodeLock); err != nil {
		return n, err
	}
	if err := untilFree(ctx, cfg.Dir, workerLock); err != nil {
		return n, err
	}
	n.opened = time.Now().Truncate(time.Millisecond) // as times are stored
	if err := n.open(ctx, cfg); err != nil {
		return n, err
	}
	if cfg.WorkerProcess != nil {
		n.process = &workerProcess{command: cfg.WorkerProcess, rang: n.bells.Rang, died: n.inherit, log: cfg.Log}
	}
	n.changes = newStream(n.Store)
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
	err := n.close()
	if n.lock != nil {
		err = errors.Join(err, n.lock.Close())
	}
	return err
}

// Handler serves the API and the dashboard.
func (n *Node) Handler() (http.Handler, error) {
	api := httpapi.New(httpapi.Config{
		Store: n.Store, Records: n.Store, Bells: n.bells, Submit: n.Submit, Control: n.Control,
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
	if err := n.takeOver(ctx, n.opened); err != nil {
		if ctx.Err() != nil {
			return nil // stopped while it took over: the next start takes over again
		}
		return err
	}
	dead := &deadletters.Handler{Worker: n.worker, Jobs: n.Store, Now: time.Now, Log: n.cfg.Log}
	sweeper := &sweep.Sweeper{Store: n.Store, Bells: n.bells, Now: time.Now, Log: n.cfg.Log}
	notifier := notify.New(notify.Config{Jobs: n.Store, Records: n.Store, Publisher: n.sockets, Log: n.cfg.Log})
	sources := []interface{ Run(context.Context) error }{
		n.workers(),
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
	g, running := errgroup.WithContext(ctx)
	for _, s := range sources {
		g.Go(func() error { return s.Run(running) })
	}
	g.Go(func() error {
		<-running.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), pushTimeout/10)
		defer cancel()
		if err := n.sockets.Shutdown(end); err != nil {
			n.cfg.Log.WarnContext(ctx, "sockets were cut off", "error", err)
		}
		return nil
	})
	defer n.legacies.Wait()
	return g.Wait()
}

// workers is what crawls the batches: this process, or one of their own.
func (n *Node) workers() interface{ Run(context.Context) error } {
	if n.process != nil {
		return n.process
	}
	return n.batches()
}

// takeOver goes on with what a process that died had under way, with plans begun
// before a time: holding the directory's lock, this one knows that no lease in it is
// anybody's.
func (n *Node) takeOver(ctx context.Context, before time.Time) error {
	if err := n.Store.ExpireLeases(ctx, time.Now()); err != nil {
		return fmt.Errorf("local: taking over: %w", err)
	}
	return n.Control.TakeOver(ctx, before)
}

// inherit takes over what the worker process had under way when it died, but for
// plans that may be this process's: those are taken over when they surely are not.
func (n *Node) inherit(ctx context.Context, died time.Time) error {
	n.legacies.Go(func() {
		select {
		case <-ctx.Done(): // the next start takes everything over
		case <-time.After(planTime):
			if err := n.Control.TakeOverPlans(ctx, died); err != nil && ctx.Err() == nil {
				n.cfg.Log.ErrorContext(ctx, "plans of the worker process were not taken over", "error", err)
			}
		}
	})
	return n.takeOver(ctx, died.Add(-planTime))
}

// planTime is how long this process may be at a plan, which it makes while
// somebody waits for its answer.
const planTime = 5 * time.Second
