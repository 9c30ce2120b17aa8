package sqlitestore

import (
	"context"
	"fmt"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// purges remove what belongs to a job, each at most as many rows as its second
// parameter says; what finds other rows goes after them.
var purges = []string{
	// Addresses go run by run, in their order; the runs that have none left go first
	// the next time, so that none is looked through again and again.
	`DELETE FROM run WHERE first IN (SELECT first FROM run WHERE job = ?1 AND first <
		(SELECT r.first FROM run r CROSS JOIN address a ON a.n BETWEEN r.first AND r.last WHERE r.job = ?1 ORDER BY r.first LIMIT 1) LIMIT ?2)`,
	"DELETE FROM address WHERE n IN (SELECT a.n FROM run r CROSS JOIN address a ON a.n BETWEEN r.first AND r.last WHERE r.job = ?1 LIMIT ?2)",
	// The last number of a job stays until the job goes: it is not given again to
	// a worker that is late.
	"DELETE FROM run WHERE first IN (SELECT first FROM run WHERE job = ?1 AND first < (SELECT max(first) FROM run WHERE job = ?1) LIMIT ?2)",
	"DELETE FROM domain WHERE job = ?1 AND n IN (SELECT n FROM domain WHERE job = ?1 AND n < (SELECT max(n) FROM domain WHERE job = ?1) LIMIT ?2)",
	"DELETE FROM result WHERE batch IN (SELECT b.n FROM batch b JOIN result r ON r.batch = b.n WHERE b.job = ?1 LIMIT ?2)",
	"DELETE FROM targets WHERE batch IN (SELECT b.n FROM batch b JOIN targets t ON t.batch = b.n WHERE b.job = ?1 LIMIT ?2)",
	"DELETE FROM batch WHERE n IN (SELECT n FROM batch WHERE job = ?1 LIMIT ?2)",
	"DELETE FROM chunk WHERE rowid IN (SELECT rowid FROM chunk WHERE job = ?1 LIMIT ?2)",
}

const purgeAtOnce = 2000 // rows of one transaction, so that other writers are not kept waiting

// PurgeJob implements job.JobStore.
func (s *Store) PurgeJob(ctx context.Context, id job.ID, limit int) (done bool, err error) {
	for left := max(1, limit); left > 0 && !done; {
		var removed int
		err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
			removed, done, err = s.purge(tx, id, min(left, purgeAtOnce))
			return err
		})
		if err != nil {
			return false, fmt.Errorf("purge job %s: %w", id, err)
		}
		left -= removed
	}
	return done, nil
}

func (s *Store) purge(tx *sqlitedb.Tx, id job.ID, limit int) (removed int, done bool, err error) {
	var n int64
	found, err := tx.Get("SELECT n FROM job WHERE id = ?", []any{string(id)}, &n)
	if err != nil || !found {
		return 0, !found, err
	}
	for _, query := range purges {
		rows, err := tx.Exec(query, n, limit-removed)
		if err != nil {
			return 0, false, err
		}
		if removed += int(rows); removed >= limit {
			return removed, false, nil
		}
	}
	for _, query := range []string{"DELETE FROM run WHERE job = ?", "DELETE FROM domain WHERE job = ?", "DELETE FROM counter WHERE job = ?"} {
		if _, err := tx.Exec(query, n); err != nil {
			return 0, false, err
		}
	}
	if _, err := tx.Exec("DELETE FROM idempotency WHERE job = ?", string(id)); err != nil {
		return 0, false, err
	}
	if _, err := tx.Exec("DELETE FROM job WHERE n = ?", n); err != nil {
		return 0, false, err
	}
	s.names.forget(n)
	return removed, true, s.emitJob(tx, id, s.clock())
}
