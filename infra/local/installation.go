package local

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"gleaner/infra/local/eventsource"
	"gleaner/infra/local/sqlitequeue"
	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/bells"
	"gleaner/shared/control"
	"gleaner/shared/crawl"
	"gleaner/shared/submit"
	"gleaner/shared/webhook"
	"gleaner/shared/work"
)

// installation is what every process of a data directory has: its store, its
// queue, and what works on them.
type installation struct {
	Store   *sqlitestore.Store
	Submit  *submit.Service
	Control *control.Service

	cfg    Config
	bells  *sqlitequeue.Queue
	worker *work.Worker
}

// open opens the files in the data directory. What it opened before an error is
// closed by close.
func (i *installation) open(ctx context.Context, cfg Config) (err error) {
	if cfg.Workers == 0 {
		cfg.Workers = DefaultWorkers
	}
	i.cfg = cfg
	if i.Store, err = sqlitestore.Open(ctx, filepath.Join(cfg.Dir, "gleaner.db")); err != nil {
		return err
	}
	queueFile := filepath.Join(cfg.Dir, "queue.db")
	i.bells, err = sqlitequeue.Open(ctx, queueFile, sqlitequeue.Config{Name: "bells", MaxReceives: maxReceives, DeadLetter: "dead-letters"})
	if err != nil {
		return err
	}
	crawler, err := crawl.New(crawl.Config{Fetch: cfg.Fetch, Records: i.Store, Log: cfg.Log})
	if err != nil {
		return err
	}
	i.Submit = submit.New(i.Store, i.bells, submit.WithLogger(cfg.Log), submit.WithWorkers(cfg.Workers))
	i.Control = control.New(i.Store, i.bells, time.Now, cfg.Log)
	hooks, err := webhook.New(webhook.Config{Jobs: i.Store, Records: i.Store, Bells: i.bells, Fetch: cfg.Fetch, Log: cfg.Log})
	if err != nil {
		return err
	}
	i.worker = work.New(work.Config{
		Store: i.Store, Bells: i.bells, Crawler: crawler, Planner: i.Submit, Retrier: i.Control, Announcer: hooks, Log: cfg.Log,
	})
	return nil
}

func (i *installation) close() error {
	var errs []error
	if i.bells != nil {
		errs = append(errs, i.bells.Close())
	}
	if i.Store != nil {
		errs = append(errs, i.Store.Close())
	}
	return errors.Join(errs...)
}

// spare is how many batches more are crawled at times: a job that has none under
// way does not wait for the end of another's, which may take a minute.
func spare(workers int) int { return 1 + workers/8 }

// batches is the event source of the worker function.
func (i *installation) batches() *drained {
	bell := &bells.Handler{Worker: i.worker, Log: i.cfg.Log}
	return &drained{i.worker, &eventsource.Queue{
		Queue: i.bells, Handler: bell.Handle, MaximumConcurrency: i.cfg.Workers, Spare: spare(i.cfg.Workers),
		Timeout: workerTimeout, Visibility: visibility, RetryAfter: retryAfter, Log: i.cfg.Log,
	}}
}

// drained is an event source of a worker who is told when the source ends.
type drained struct {
	worker *work.Worker
	source *eventsource.Queue
}

// Run runs the source until ctx ends and the batches under way have ended, which
// they do soon then.
func (d *drained) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, d.worker.Drain)
	defer stop()
	return d.source.Run(ctx)
}
