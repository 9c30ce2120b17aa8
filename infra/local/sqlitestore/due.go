package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// Due implements job.BatchStore. It does not lag.
func (s *Store) Due(ctx context.Context, id job.ID, now time.Time, limit int) ([]job.Ref, error) {
	var refs []job.Ref
	err := s.db.Query(ctx, `SELECT key FROM batch WHERE job = (SELECT n FROM job WHERE id = ?)
		AND held = 0 AND status <> 'DONE' AND due <= ? ORDER BY due LIMIT ?`,
		[]any{string(id), nanos(now), pageLimit(limit)}, func(rows *sql.Rows) error {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			refs = append(refs, job.Ref{Job: id, Key: job.Key(key)})
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("due batches of %s: %w", id, err)
	}
	return refs, nil
}

// Rang implements job.BatchStore.
func (s *Store) Rang(ctx context.Context, refs []job.Ref, due time.Time) error {
	if len(refs) == 0 {
		return nil
	}
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		for _, r := range refs {
			if _, err := tx.Exec(`UPDATE batch SET due = ? WHERE job = (SELECT n FROM job WHERE id = ?) AND key = ?
				AND status = 'PENDING' AND held = 0`, nanos(due), string(r.Job), string(r.Key)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note bells: %w", err)
	}
	return nil
}
