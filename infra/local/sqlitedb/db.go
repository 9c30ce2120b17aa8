// Package sqlitedb opens an SQLite file the way Gleaner's local adapters need
// it: write-ahead log, one connection that writes, a pool that reads lists and one
// for whoever needs a row or two, prepared statements kept, checkpoints off the writers' path, schema versions.
//
// A write that was answered survives kill -9: in WAL mode a commit has reached
// the operating system before it returns. A power cut may take the last of them
// back, never the file: to wait for the disk would cost an fsync a commit.
package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver: pure Go
)

// Options say how a file is opened.
type Options struct {
	Migrations []string // the n-th brings user_version from n to n+1; never change one that was released
}

// DB is an open file. It is safe for concurrent use; other processes may have
// the same file open.
type DB struct {
	path    string
	lists   *pool // of Query
	rows    *pool // of Get and Few: a poll never waits for exports
	writers *sql.DB
	conn    *sql.Conn     // the only connection that writes
	lock    chan struct{} // held while conn is used
	kept    map[string]*sql.Stmt

	hard      int64         // size of the log above which writers wait
	committed chan struct{} // wakes the checkpointer
	stop      context.CancelFunc
	stopped   chan struct{}
	closeOnce sync.Once
	closeErr  error
}

// ErrClosed is returned by everything after Close.
var ErrClosed = errors.New("database is closed")

const busyTimeout = 10 * time.Second // for a writer of another process

// Open opens or creates the file at path and brings its schema up to date. A
// file of a newer version of the program is refused.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	d := &DB{
		path: abs, lock: make(chan struct{}, 1), kept: map[string]*sql.Stmt{}, hard: checkpointHard,
		committed: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	if err := d.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), d.release())
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	go d.checkpoints(background)
	return d, nil
}

func (d *DB) open(ctx context.Context, o Options) error {
	// What is found is personal data: for the owner of the process alone. The
	// log and the shared memory get the mode of the file.
	f, err := os.OpenFile(d.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	common := []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(NORMAL)", "temp_store(MEMORY)", "mmap_size(268435456)",
	}
	// Checkpoints sync files, so they have a goroutine and are never left to
	// whichever commit happens to fill the log. With the size limit a log that
	// starts anew is cut, so that its size says how much there is to move.
	if d.writers, err = sql.Open("sqlite", dsn(d.path, common, "wal_autocheckpoint(0)", "journal_size_limit(0)", "cache_size(-16384)")); err != nil {
		return err
	}
	d.writers.SetMaxOpenConns(2) // the writer and the checkpointer
	if d.conn, err = d.writers.Conn(ctx); err != nil {
		return err
	}
	if err := d.migrate(ctx, o.Migrations); err != nil {
		return err
	}
	// Most is read from the file as it lies in memory; caches are for what is still
	// in the log, and each connection has its own.
	if d.lists, err = openPool(ctx, dsn(d.path, common, "query_only(1)", "cache_size(-4096)"), max(4, 2*runtime.GOMAXPROCS(0))); err != nil {
		return err
	}
	d.rows, err = openPool(ctx, dsn(d.path, common, "query_only(1)", "cache_size(-2048)"), max(2, runtime.GOMAXPROCS(0)))
	return err
}

// pool is connections that read, and the statements prepared on them.
type pool struct {
	db    *sql.DB
	stmts sync.Map // query → *sql.Stmt
}

func openPool(ctx context.Context, dsn string, size int) (*pool, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return &pool{db: db}, db.PingContext(ctx)
}

func (p *pool) close() error {
	if p == nil { // it was never opened
		return nil
	}
	var errs []error
	p.stmts.Range(func(_, stmt any) bool {
		errs = append(errs, stmt.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(append(errs, p.db.Close())...)
}

func dsn(path string, common []string, own ...string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/…
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_pragma": append(own, common...)}.Encode()}
	return u.String()
}

func (d *DB) migrate(ctx context.Context, migrations []string) error {
	for {
		done := false
		err := d.write(ctx, func(tx *Tx) error {
			var version int
			if _, err := tx.Get("PRAGMA user_version", nil, &version); err != nil {
				return err
			}
			if version > len(migrations) {
				return fmt.Errorf("schema version %d is newer than this program's %d", version, len(migrations))
			}
			if version == len(migrations) {
				done = true
				return nil
			}
			if _, err := d.conn.ExecContext(tx.ctx, migrations[version]); err != nil {
				return fmt.Errorf("migration %d: %w", version+1, err)
			}
			// PRAGMA takes no parameters.
			_, err := d.conn.ExecContext(tx.ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1))
			return err
		})
		if err != nil || done {
			return err
		}
	}
}

// Close waits for the write under way, moves the log into the file and closes it.
func (d *DB) Close() error {
	d.closeOnce.Do(func() {
		d.stop()
		<-d.stopped
		d.lock <- struct{}{} // for good: nobody writes any more
		d.closeErr = d.release()
	})
	return d.closeErr
}

func (d *DB) release() error {
	var errs []error
	errs = append(errs, d.lists.close(), d.rows.close())
	for _, stmt := range d.kept {
		errs = append(errs, stmt.Close())
	}
	if d.conn != nil {
		errs = append(errs, d.conn.Close())
	}
	if d.writers != nil {
		errs = append(errs, d.writers.Close()) // the last connection checkpoints
	}
	return errors.Join(errs...)
}

// Limits of the write-ahead log in bytes: below the first, checkpoints are not
// worth a sync; above the second, which only writing faster than the disk can
// leads to, writers wait until the log is emptied.
const (
	checkpointFrom = 4 << 20
	checkpointHard = 256 << 20
	checkpointGap  = time.Second
)

// checkpoints moves the log into the file, beside the writers.
func (d *DB) checkpoints(ctx context.Context) {
	defer close(d.stopped)
	tick := time.NewTicker(checkpointGap)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case <-d.committed:
		default:
			continue
		}
		if d.logSize() < checkpointFrom {
			continue
		}
		// A checkpoint that fails (a reader in the way, a full disk) costs
		// nothing but space: the log holds all, and the next one tries again.
		_, _ = d.writers.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
		if d.logSize() < d.hard {
			continue
		}
		// What was written in the meantime, so that little is left to wait for.
		_, _ = d.writers.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
		select {
		case <-ctx.Done():
			return
		case d.lock <- struct{}{}:
			_, _ = d.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
			<-d.lock
		}
	}
}

func (d *DB) logSize() int64 {
	info, err := os.Stat(d.path + "-wal")
	if err != nil {
		return 0
	}
	return info.Size()
}
