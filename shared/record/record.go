// Package record is the contract for small items that are not jobs: API keys,
// suppression entries, robots.txt files, page validators, socket tickets and
// subscriptions. They live in the same table as the jobs, under a partition and
// a sort key. Its adapters pass the suite in recordtest.
package record

import (
	"context"
	"errors"
	"time"
)

// Record is one item.
type Record struct {
	Partition string
	Sort      string
	Value     []byte    // at most MaxValue bytes
	Expires   time.Time // zero: never. An expired record is not returned by anything.
}

// MaxValue is the largest value a record holds.
const MaxValue = 350 * 1024

// Errors that callers decide on.
var (
	ErrNotFound = errors.New("no such record")
	ErrExists   = errors.New("record exists")
	ErrTooLarge = errors.New("record value is too large")
	ErrCursor   = errors.New("cursor is not of this list")
)

// Store keeps records. It is safe for concurrent use by many processes; reads
// see every write that was answered before they began.
type Store interface {
	// Get returns a record; ErrNotFound.
	Get(ctx context.Context, partition, sort string) (Record, error)

	// GetAll returns those of the given sort keys that are there, in any order,
	// in as few requests as the database allows.
	GetAll(ctx context.Context, partition string, sorts []string) ([]Record, error)

	// Put stores a record, replacing what was there.
	Put(ctx context.Context, r Record) error

	// PutAll stores many records (distinct keys), not as one write: repeat it whole if it fails.
	PutAll(ctx context.Context, rs []Record) error

	// Create stores a record unless one is there: ErrExists.
	Create(ctx context.Context, r Record) error

	// Take removes a record and returns it; of several concurrent callers exactly
	// one gets it, the others ErrNotFound.
	Take(ctx context.Context, partition, sort string) (Record, error)

	// Delete removes a record; that it was not there is no error.
	Delete(ctx context.Context, partition, sort string) error

	// List returns the records of a partition whose sort key begins with prefix,
	// ascending by sort key's bytes, at most limit (1 to 1000) from cursor on, and
	// the cursor of the next page, empty at the end.
	List(ctx context.Context, partition, prefix, cursor string, limit int) ([]Record, string, error)
}
