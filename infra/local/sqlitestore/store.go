// Package sqlitestore keeps jobs, their batches and addresses, and small records
// in one SQLite file: the store of the one-machine installation. It passes the
// suites of job and record.
//
// What was answered survives kill -9 (see sqlitedb). Reads never wait for
// writes; writes wait for each other, and none holds the file longer than one
// contract call needs.
package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
	"gleaner/shared/record"
)

// Store implements job.Store and record.Store on one file. It is safe for
// concurrent use; other processes may have the same file open.
type Store struct {
	db       *sqlitedb.DB
	clock    func() time.Time
	feedKeep int64
	names    indexes
	emitted  atomic.Int64 // feed rows written by this process; says when to trim
}

var (
	_ job.Store    = (*Store)(nil)
	_ record.Store = (*Store)(nil)
)

// Option changes how a store is opened.
type Option func(*options)

type options struct {
	clock func() time.Time
}

// WithClock replaces time.Now where the contracts take no time: for the expiry
// of records, Counters.UpdatedAt and the feed.
func WithClock(now func() time.Time) Option { return func(o *options) { o.clock = now } }

// Open opens or creates the file at path and brings its schema up to date.
func Open(ctx context.Context, path string, opts ...Option) (*Store, error) {
	o := options{clock: time.Now}
	for _, set := range opts {
		set(&o)
	}
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{Migrations: migrations})
	if err != nil {
		return nil, err
	}
	return &Store{db: db, clock: o.clock, feedKeep: defaultFeedKeep}, nil
}

// Close waits for the write under way and closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Ping says whether the file can be read and written.
func (s *Store) Ping(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("UPDATE job SET n = n WHERE n = 0")
		return err
	})
}

// nanos is the stored form of a time.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func pageLimit(limit int) int {
	if limit <= 0 || limit > job.MaxPage {
		return job.MaxPage
	}
	return limit
}

var errTooMany = errors.New("too many")

// jobNumber finds the number the other tables know a job by.
func jobNumber(tx *sqlitedb.Tx, id job.ID) (n int64, err error) {
	found, err := tx.Get("SELECT n FROM job WHERE id = ?", []any{string(id)}, &n)
	if err == nil && !found {
		err = fmt.Errorf("job %s: %w", id, job.ErrNotFound)
	}
	return n, err
}
