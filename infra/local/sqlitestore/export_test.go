package sqlitestore

import (
	"context"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// KeepFeed sets how many changes are kept at least.
func KeepFeed(s *Store, n int64) { s.feedKeep = n }

// EmitMany writes n changes into the feed.
func EmitMany(ctx context.Context, s *Store, id job.ID, n int) error {
	return s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		for range n {
			if err := s.emitJob(tx, id, s.clock()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Migrations are the first n of the schema's.
func Migrations(n int) []string { return migrations[:n] }

// Runs says how many runs of addresses there are.
func Runs(ctx context.Context, s *Store) (n int, err error) {
	_, err = s.db.Get(ctx, "SELECT count(*) FROM run", nil, &n)
	return n, err
}
