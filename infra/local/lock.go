package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	_ "modernc.org/sqlite" // its file locks work on every system and die with the process
)

// ErrInUse says that another process works in the data directory.
var ErrInUse = errors.New("the data directory is in use by another gleaner process")

// directoryLock makes this process the only one whose workers run in a data
// directory, so that what a dead one left leased is known to be orphaned.
type directoryLock struct {
	db *sql.DB
	tx *sql.Tx
}

func lockDirectory(ctx context.Context, dir string) (*directoryLock, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(dir, "lock.db"))+"?_txlock=exclusive&_pragma=busy_timeout(200)")
	if err != nil {
		return nil, fmt.Errorf("local: lock: %w", err)
	}
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrInUse, dir), db.Close())
	}
	return &directoryLock{db: db, tx: tx}, nil
}

// Close gives the directory free.
func (l *directoryLock) Close() error {
	return errors.Join(l.tx.Rollback(), l.db.Close())
}
