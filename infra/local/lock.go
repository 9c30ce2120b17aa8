package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // its file locks work on every system and die with the process
)

// ErrInUse says that another process works in the data directory.
var ErrInUse = errors.New("the data directory is in use by another gleaner process")

// What is locked in a data directory.
const (
	nodeLock   = "lock.db"   // to be its node
	workerLock = "worker.db" // to be its worker process
)

// directoryLock makes this process the only one of its kind in a data directory,
// so that what a dead one left leased is known to be orphaned.
type directoryLock struct {
	db *sql.DB
	tx *sql.Tx
}

func lockDirectory(ctx context.Context, dir, name string) (*directoryLock, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(dir, name))+"?_txlock=exclusive&_pragma=busy_timeout(200)")
	if err != nil {
		return nil, fmt.Errorf("local: lock: %w", err)
	}
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrInUse, dir), db.Close())
	}
	return &directoryLock{db: db, tx: tx}, nil
}

// orphanTime is how long the worker process of a node that died may take to end.
const orphanTime = 10 * time.Second

// untilFree waits until nobody holds a lock.
func untilFree(ctx context.Context, dir, name string) error {
	for end := time.Now().Add(orphanTime); ; {
		l, err := lockDirectory(ctx, dir, name)
		if err == nil {
			return l.Close()
		}
		if ctx.Err() != nil || !errors.Is(err, ErrInUse) || time.Now().After(end) {
			return err
		}
	}
}

// Close gives the directory free.
func (l *directoryLock) Close() error {
	return errors.Join(l.tx.Rollback(), l.db.Close())
}
