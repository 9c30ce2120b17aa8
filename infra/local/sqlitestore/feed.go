package sqlitestore

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// Change says that an item was written. It names the item by the keys it has in
// the cloud's table, so that both kinds of stream look alike to their readers.
type Change struct {
	Seq int64 // grows with every change; numbers may be missing
	PK  string
	SK  string
	At  time.Time
}

// defaultFeedKeep is how many changes are kept at least. A reader further behind than
// that has missed some and should look at the items themselves.
const defaultFeedKeep = 1 << 16

const feedTrimEvery = 1 << 10

// Feed returns changes of job items (PK J#<id>, SK META) and counter items (PK
// J#<id>#<shard>, SK STAT) with numbers above after, oldest first, at most limit.
func (s *Store) Feed(ctx context.Context, after int64, limit int) ([]Change, error) {
	var changes []Change
	err := s.db.Query(ctx, "SELECT seq, pk, sk, at FROM feed WHERE seq > ? ORDER BY seq LIMIT ?",
		[]any{after, limit}, func(rows *sql.Rows) error {
			var c Change
			var at int64
			if err := rows.Scan(&c.Seq, &c.PK, &c.SK, &at); err != nil {
				return err
			}
			c.At = fromNanos(at)
			changes = append(changes, c)
			return nil
		})
	return changes, err
}

// FeedEnd is the number of the newest change: where a reader that wants only
// what comes begins. It is 0 if there was none.
func (s *Store) FeedEnd(ctx context.Context) (seq int64, err error) {
	_, err = s.db.Get(ctx, "SELECT seq FROM sqlite_sequence WHERE name = 'feed'", nil, &seq)
	return seq, err
}

func (s *Store) emitJob(tx *sqlitedb.Tx, id job.ID, at time.Time) error {
	return s.emit(tx, "J#"+string(id), "META", at)
}

func (s *Store) emitCounter(tx *sqlitedb.Tx, id job.ID, shard int, at time.Time) error {
	return s.emit(tx, "J#"+string(id)+"#"+strconv.Itoa(shard), "STAT", at)
}

func (s *Store) emit(tx *sqlitedb.Tx, pk, sk string, at time.Time) error {
	if _, err := tx.Exec("INSERT INTO feed (pk, sk, at) VALUES (?, ?, ?)", pk, sk, nanos(at)); err != nil {
		return err
	}
	if s.emitted.Add(1)%feedTrimEvery != 0 {
		return nil
	}
	_, err := tx.Exec("DELETE FROM feed WHERE seq <= (SELECT max(seq) FROM feed) - ?", s.feedKeep)
	return err
}
