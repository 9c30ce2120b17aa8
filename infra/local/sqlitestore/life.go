package sqlitestore

import (
	"context"
	"fmt"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// lockBatch reads a batch's row within a write.
func lockBatch(tx *sqlitedb.Tx, r job.Ref) (*batchRow, error) {
	b := new(batchRow)
	found, err := tx.Get("SELECT "+batchColumns+" FROM batch b WHERE b.job = (SELECT n FROM job WHERE id = ?) AND b.key = ?",
		[]any{string(r.Job), string(r.Key)}, b.dest()...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, job.ErrNotFound
	}
	b.fill(r.Job)
	return b, nil
}

// changeBatch runs change on a batch's row in one write.
func (s *Store) changeBatch(ctx context.Context, what string, r job.Ref, change func(*sqlitedb.Tx, *batchRow) error) error {
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		b, err := lockBatch(tx, r)
		if err != nil {
			return err
		}
		return change(tx, b)
	})
	if err != nil {
		return fmt.Errorf("%s batch %s: %w", what, r, err)
	}
	return nil
}

// Claim implements job.BatchStore.
func (s *Store) Claim(ctx context.Context, r job.Ref, c job.Claim) (job.Batch, error) {
	var claimed *batchRow
	err := s.changeBatch(ctx, "claim", r, func(tx *sqlitedb.Tx, b *batchRow) error {
		claimed = b
		switch {
		case b.Status == job.Done:
			return job.ErrDone
		case b.Held:
			return job.ErrHeld
		case b.Status == job.Pending:
			b.Status = job.Leased
			b.Attempt++
			if err := s.count(tx, b.job, r, c.Now, func(c *job.Counters) { c.Active++ }); err != nil {
				return err
			}
		case b.LeaseToken == c.Token: // the answer was lost
		case c.Now.Before(b.LeaseUntil):
			return &job.LeasedError{Until: b.LeaseUntil}
		default:
			b.Attempt++
		}
		b.LeaseToken, b.LeaseUntil = c.Token, fromNanos(nanos(c.Now.Add(c.Lease)))
		b.Due = b.LeaseUntil
		if _, err := tx.Exec("UPDATE batch SET status = ?, attempt = ?, token = ?, lease_until = ?, due = ? WHERE n = ?",
			string(b.Status), b.Attempt, b.LeaseToken, nanos(b.LeaseUntil), nanos(b.Due), b.n); err != nil {
			return err
		}
		if _, err := tx.Get("SELECT body FROM targets WHERE batch = ?", []any{b.n}, &b.targets); err != nil {
			return err
		}
		_, err := tx.Get("SELECT body FROM result WHERE batch = ?", []any{b.n}, &b.result)
		return err
	})
	if err != nil {
		return job.Batch{}, err
	}
	return claimed.decode()
}

// Release implements job.BatchStore.
func (s *Store) Release(ctx context.Context, r job.Ref, token string, due time.Time) error {
	return s.changeBatch(ctx, "release", r, func(tx *sqlitedb.Tx, b *batchRow) error {
		if b.Status != job.Leased || b.LeaseToken != token {
			return job.ErrLeaseLost
		}
		if _, err := tx.Exec("UPDATE batch SET status = 'PENDING', attempt = attempt - 1, token = '', lease_until = 0, due = ? WHERE n = ?",
			nanos(due), b.n); err != nil {
			return err
		}
		return s.count(tx, b.job, r, s.clock(), func(c *job.Counters) { c.Active-- })
	})
}

// SaveResult implements job.BatchStore.
func (s *Store) SaveResult(ctx context.Context, r job.Ref, token string, res job.Result, cont *job.Batch) error {
	body, err := job.EncodeResult(&res)
	if err != nil {
		return fmt.Errorf("save result of batch %s: %w", r, err)
	}
	var next *encodedBatch
	if cont != nil {
		encoded, err := encodeBatches([]job.Batch{*cont})
		if err != nil {
			return fmt.Errorf("save result of batch %s: %w", r, err)
		}
		next = &encoded[0]
	}
	return s.changeBatch(ctx, "save result of", r, func(tx *sqlitedb.Tx, b *batchRow) error {
		switch {
		case b.Status == job.Done:
			return job.ErrDone
		case b.LeaseToken != token || b.Status == job.Pending:
			return job.ErrLeaseLost
		case b.Status == job.Fetched: // the answer was lost
			return nil
		}
		if next != nil {
			// Only in a lane does the continuation wait, and only there is it
			// this batch's to ring.
			next.Next, next.Held = b.Next, b.Next != ""
			if next.Held {
				b.Next = next.Ref.Key
			}
			if err := putBatch(tx, b.job, next, addBatch); err != nil {
				return err
			}
			if err := s.count(tx, b.job, next.Ref, s.clock(), func(c *job.Counters) { c.ExtraBatches++ }); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("INSERT OR REPLACE INTO result (batch, body) VALUES (?, ?)", b.n, body); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE batch SET status = 'FETCHED', next = ? WHERE n = ?", string(b.Next), b.n)
		return err
	})
}

// Settle implements job.BatchStore.
func (s *Store) Settle(ctx context.Context, r job.Ref, t job.Tally, now, nextDue time.Time) (next job.Key, err error) {
	err = s.changeBatch(ctx, "settle", r, func(tx *sqlitedb.Tx, b *batchRow) error {
		next = b.Next
		switch b.Status {
		case job.Done:
			return job.ErrDone
		case job.Fetched:
		default:
			next = ""
			return fmt.Errorf("it is %s: %w", b.Status, job.ErrState)
		}
		if _, err := tx.Exec("UPDATE batch SET status = 'DONE', due = 0, finished = ? WHERE n = ?", nanos(now), b.n); err != nil {
			return err
		}
		if next != "" {
			// Not held any more means that it has gone its way already.
			if _, err := tx.Exec("UPDATE batch SET held = 0, due = ? WHERE job = ? AND key = ? AND held = 1",
				nanos(nextDue), b.job, string(next)); err != nil {
				return err
			}
		}
		return s.count(tx, b.job, r, now, func(c *job.Counters) {
			c.Active--
			c.BatchesDone++
			addTally(c, &t)
		})
	})
	return next, err
}
