package sqlitestore

import (
	"context"

	"github.com/klauspost/compress/s2"

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

// Forget drops what is known in memory of all names.
func Forget(s *Store) {
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	clear(s.names.of)
}

// HashOf is of a name.
func HashOf(name string) uint32 { return uint32(hashOf(name)) }

// TextOf is the stored text of a run of addresses.
func TextOf(count int, email func(int) string) []byte {
	var text []byte
	for i := range count {
		text = appendText(text, fold(email(i)), &job.Address{SourceURL: "https://hof.de/"})
	}
	return s2.Encode(nil, text)
}
