package sqlitestore

import (
	"context"
	"fmt"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// Split implements job.BatchStore. Repeating it with the same token is harmless.
func (s *Store) Split(ctx context.Context, r job.Ref, token string, halves [2]job.Batch, now time.Time) error {
	encoded, err := encodeBatches(halves[:])
	if err != nil {
		return fmt.Errorf("split batch %s: %w", r, err)
	}
	return s.changeBatch(ctx, "split", r, func(tx *sqlitedb.Tx, b *batchRow) error {
		if b.LeaseToken != token {
			return job.ErrLeaseLost
		}
		switch {
		case b.Status == job.Done && b.Split: // the answer was lost
			return nil
		case b.Status == job.Done:
			return job.ErrDone
		case b.Status != job.Leased:
			return job.ErrLeaseLost
		}
		first, second := &encoded[0], &encoded[1]
		chained := b.Next != "" || first.Next == second.Ref.Key
		first.Held, second.Held = false, chained
		first.Next, second.Next = "", b.Next
		if chained {
			first.Next = second.Ref.Key
		}
		first.Due, second.Due = now, now
		for i := range encoded {
			if err := putBatch(tx, b.job, &encoded[i], addBatch); err != nil {
				return err
			}
		}
		// Whoever asks a split batch what comes next is sent to its first half.
		next := job.Key("")
		if chained {
			next = first.Ref.Key
		}
		if _, err := tx.Exec("UPDATE batch SET status = 'DONE', split = 1, next = ?, due = 0, finished = ? WHERE n = ?",
			string(next), nanos(now), b.n); err != nil {
			return err
		}
		return s.count(tx, b.job, r, now, func(c *job.Counters) {
			c.Active--
			c.BatchesDone++
			c.ExtraBatches += 2
		})
	})
}

// AddRetry implements job.BatchStore; ErrState if an origin is not DONE,
// ErrNotFound if it is not there.
func (s *Store) AddRetry(ctx context.Context, b job.Batch, origins []job.Key, superseded map[job.Outcome]int) error {
	if len(origins) > job.MaxRetryOrigins {
		return fmt.Errorf("add retry %s: %d origins: %w", b.Ref, len(origins), errTooMany)
	}
	encoded, err := encodeBatches([]job.Batch{b})
	if err != nil {
		return fmt.Errorf("add retry %s: %w", b.Ref, err)
	}
	err = s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		n, err := jobNumber(tx, b.Ref.Job)
		if err != nil {
			return err
		}
		for _, key := range origins {
			origin, err := lockBatch(tx, job.Ref{Job: b.Ref.Job, Key: key})
			switch {
			case err != nil:
				return fmt.Errorf("origin %s: %w", key, err)
			case origin.Retried != "":
				return fmt.Errorf("origin %s is retried by %s: %w", key, origin.Retried, job.ErrConflict)
			case origin.Status != job.Done:
				return fmt.Errorf("origin %s is %s: %w", key, origin.Status, job.ErrState)
			}
			if _, err := tx.Exec("UPDATE batch SET retried = ? WHERE n = ?", string(b.Ref.Key), origin.n); err != nil {
				return err
			}
		}
		if err := putBatch(tx, n, &encoded[0], addBatch); err != nil {
			return err
		}
		return s.count(tx, n, b.Ref, s.clock(), func(c *job.Counters) {
			c.ExtraURLs += int64(len(b.Targets))
			c.ExtraBatches++
			if c.Outcomes == nil {
				c.Outcomes = map[job.Outcome]int64{}
			}
			for o, n := range superseded {
				c.Outcomes[o] -= int64(n)
			}
		})
	})
	if err != nil {
		return fmt.Errorf("add retry %s: %w", b.Ref, err)
	}
	return nil
}
