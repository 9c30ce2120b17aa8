package sqlitestore

import (
	"context"
	"fmt"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// PutChunk implements job.JobStore; ErrNotFound if there is no such job.
func (s *Store) PutChunk(ctx context.Context, id job.ID, c job.Chunk) error {
	targets, err := job.EncodeTargets(c.Targets)
	if err != nil {
		return fmt.Errorf("chunk %d of %s: %w", c.Number, id, err)
	}
	err = s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		n, err := jobNumber(tx, id)
		if err != nil {
			return err
		}
		_, err = tx.Exec("INSERT OR REPLACE INTO chunk (job, number, lines, rejected, duplicates, targets) VALUES (?, ?, ?, ?, ?, ?)",
			n, c.Number, c.Lines, c.Rejected, c.Duplicates, targets)
		return err
	})
	if err != nil {
		return fmt.Errorf("chunk %d of %s: %w", c.Number, id, err)
	}
	return nil
}

// Chunks implements job.JobStore. fn may use the store: no chunk is read before
// fn is done with the one before it.
func (s *Store) Chunks(ctx context.Context, id job.ID, fn func(job.Chunk) error) error {
	for last := -1; ; {
		c := job.Chunk{}
		var targets []byte
		found, err := s.db.Get(ctx, `SELECT number, lines, rejected, duplicates, targets FROM chunk
			WHERE job = (SELECT n FROM job WHERE id = ?) AND number > ? ORDER BY number LIMIT 1`,
			[]any{string(id), last}, &c.Number, &c.Lines, &c.Rejected, &c.Duplicates, &targets)
		if err != nil {
			return fmt.Errorf("chunks of %s: %w", id, err)
		}
		if !found {
			return nil
		}
		if c.Targets, err = job.DecodeTargets(targets); err != nil {
			return fmt.Errorf("chunk %d of %s: %w", c.Number, id, err)
		}
		if err := fn(c); err != nil {
			return err
		}
		last = c.Number
	}
}
