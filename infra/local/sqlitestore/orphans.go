package sqlitestore

import (
	"context"
	"fmt"
	"time"

	"gleaner/infra/local/sqlitedb"
)

// ExpireLeases ends every lease at now, so that the batches of workers that died
// can be claimed at once. Only for a process that knows that no other one works
// on this file.
func (s *Store) ExpireLeases(ctx context.Context, now time.Time) error {
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec(`UPDATE batch SET lease_until = ?, due = CASE WHEN held = 0 THEN ? ELSE due END
			WHERE status IN ('LEASED', 'FETCHED') AND lease_until > ?`, nanos(now), nanos(now), nanos(now))
		return err
	})
	if err != nil {
		return fmt.Errorf("expire leases: %w", err)
	}
	return nil
}
