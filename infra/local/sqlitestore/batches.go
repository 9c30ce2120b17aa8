package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// batchRow is a batch as it stands in its row.
type batchRow struct {
	job.Batch
	n, job                     int64
	due, leaseUntil, finished  int64
	key, status, next, retried string
	targets, result            []byte
}

const batchColumns = `b.n, b.job, b.key, b.status, b.next, b.held, b.due, b.attempt, b.token, b.lease_until,
	b.split, b.retried, b.finished`

func (b *batchRow) dest() []any {
	return []any{
		&b.n, &b.job, &b.key, &b.status, &b.next, &b.Held, &b.due, &b.Attempt, &b.LeaseToken, &b.leaseUntil,
		&b.Split, &b.retried, &b.finished,
	}
}

func (b *batchRow) fill(id job.ID) {
	b.Ref = job.Ref{Job: id, Key: job.Key(b.key)}
	b.Status, b.Next, b.Retried = job.BatchStatus(b.status), job.Key(b.next), job.Key(b.retried)
	b.Due, b.LeaseUntil, b.Finished = fromNanos(b.due), fromNanos(b.leaseUntil), fromNanos(b.finished)
}

func (b *batchRow) decode() (job.Batch, error) {
	var err error
	if b.Targets, err = job.DecodeTargets(b.targets); err != nil {
		return job.Batch{}, fmt.Errorf("batch %s: %w", b.Ref, err)
	}
	if b.result != nil {
		if b.Result, err = job.DecodeResult(b.result); err != nil {
			return job.Batch{}, fmt.Errorf("batch %s: %w", b.Ref, err)
		}
	}
	return b.Batch, nil
}

// encodedBatch is a batch ready to be written.
type encodedBatch struct {
	job.Batch
	targets []byte
}

// encodeBatches compresses on all processors, before the file is locked.
func encodeBatches(batches []job.Batch) ([]encodedBatch, error) {
	out := make([]encodedBatch, len(batches))
	workers := min(runtime.GOMAXPROCS(0), len(batches))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(batches) && errs[w] == nil; i += workers {
				out[i].Batch = batches[i]
				out[i].targets, errs[w] = job.EncodeTargets(batches[i].Targets)
			}
		})
	}
	wg.Wait()
	return out, errors.Join(errs...)
}

const putAtOnce = 1000 // batches of one transaction, so that other writers are not kept waiting

// PutBatches implements job.BatchStore; ErrState if the job is not CREATING.
func (s *Store) PutBatches(ctx context.Context, batches []job.Batch) error {
	encoded, err := encodeBatches(batches)
	if err != nil {
		return fmt.Errorf("put batches: %w", err)
	}
	for len(encoded) > 0 {
		part := encoded[:min(putAtOnce, len(encoded))]
		encoded = encoded[len(part):]
		err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
			numbers := map[job.ID]int64{}
			for i := range part {
				id := part[i].Ref.Job
				n, known := numbers[id]
				if !known {
					var err error
					if n, err = creating(tx, id); err != nil {
						return err
					}
					numbers[id] = n
				}
				if err := putBatch(tx, n, &part[i], replaceBatch); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("put batches: %w", err)
		}
	}
	return nil
}

func creating(tx *sqlitedb.Tx, id job.ID) (n int64, err error) {
	var status string
	found, err := tx.Get("SELECT n, status FROM job WHERE id = ?", []any{string(id)}, &n, &status)
	switch {
	case err != nil:
		return 0, err
	case !found:
		return 0, fmt.Errorf("job %s: %w", id, job.ErrNotFound)
	case job.Status(status) != job.Creating:
		return 0, fmt.Errorf("job %s is %s: %w", id, status, job.ErrState)
	}
	return n, nil
}

const (
	addBatch     = "INSERT INTO batch (job, key, status, next, held, due) VALUES (?, ?, 'PENDING', ?, ?, ?) ON CONFLICT DO NOTHING RETURNING n"
	replaceBatch = `INSERT INTO batch (job, key, status, next, held, due) VALUES (?, ?, 'PENDING', ?, ?, ?)
		ON CONFLICT (job, key) DO UPDATE SET next = excluded.next, held = excluded.held, due = excluded.due RETURNING n`
)

// putBatch writes a PENDING batch; ErrConflict if it is there already and insert
// is addBatch.
func putBatch(tx *sqlitedb.Tx, n int64, b *encodedBatch, insert string) error {
	due := nanos(b.Due)
	if b.Held {
		due = 0
	}
	var number int64
	added, err := tx.Get(insert, []any{n, string(b.Ref.Key), string(b.Next), b.Held, due}, &number)
	if err != nil {
		return err
	}
	if !added {
		return fmt.Errorf("batch %s exists: %w", b.Ref, job.ErrConflict)
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO targets (batch, body) VALUES (?, ?)", number, b.targets)
	return err
}

const batchTables = " FROM batch b JOIN targets t ON t.batch = b.n LEFT JOIN result r ON r.batch = b.n "

// Batch implements job.BatchStore.
func (s *Store) Batch(ctx context.Context, r job.Ref) (job.Batch, error) {
	var b batchRow
	found, err := s.db.Get(ctx, "SELECT "+batchColumns+", t.body, r.body"+batchTables+
		"WHERE b.job = (SELECT n FROM job WHERE id = ?) AND b.key = ?",
		[]any{string(r.Job), string(r.Key)}, append(b.dest(), &b.targets, &b.result)...)
	if err != nil {
		return job.Batch{}, fmt.Errorf("batch %s: %w", r, err)
	}
	if !found {
		return job.Batch{}, fmt.Errorf("batch %s: %w", r, job.ErrNotFound)
	}
	b.fill(r.Job)
	return b.decode()
}

const batchPageBytes = 2 << 20 // compressed: a page of huge results is cut short

// Batches implements job.BatchStore, in the order of keys.
func (s *Store) Batches(ctx context.Context, id job.ID, cursor string, limit int) (page job.Page[job.Batch], err error) {
	hash := listHash("batches", id)
	last, err := readCursor(cursor, hash, job.ErrCursor)
	if err != nil {
		return page, err
	}
	limit = pageLimit(limit)
	bytes := 0
	err = s.db.Query(ctx, "SELECT "+batchColumns+", t.body, r.body"+batchTables+
		"WHERE b.job = (SELECT n FROM job WHERE id = ?) AND b.key > ? ORDER BY b.key LIMIT ?",
		[]any{string(id), last, limit + 1}, func(rows *sql.Rows) error {
			if len(page.Items) == limit || bytes >= batchPageBytes {
				page.Next = newCursor(hash, last)
				return errStop
			}
			var b batchRow
			if err := rows.Scan(append(b.dest(), &b.targets, &b.result)...); err != nil {
				return err
			}
			bytes += len(b.targets) + len(b.result)
			b.fill(id)
			decoded, err := b.decode()
			if err != nil {
				return err
			}
			last = b.key
			page.Items = append(page.Items, decoded)
			return nil
		})
	if err != nil && !errors.Is(err, errStop) {
		return job.Page[job.Batch]{}, fmt.Errorf("batches of %s: %w", id, err)
	}
	return page, nil
}
