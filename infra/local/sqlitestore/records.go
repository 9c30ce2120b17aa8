package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/record"
)

const aliveRecord = " AND (expires = 0 OR expires > ?) "

// Get implements record.Store.
func (s *Store) Get(ctx context.Context, partition, sort string) (record.Record, error) {
	r := record.Record{Partition: partition, Sort: sort}
	var expires int64
	found, err := s.db.Get(ctx, "SELECT value, expires FROM record WHERE pk = ? AND sk = ?"+aliveRecord,
		[]any{partition, sort, nanos(s.clock())}, &r.Value, &expires)
	return finish(r, expires, found, err)
}

func finish(r record.Record, expires int64, found bool, err error) (record.Record, error) {
	if err == nil && !found {
		err = record.ErrNotFound
	}
	if err != nil {
		return record.Record{}, fmt.Errorf("record %s %s: %w", r.Partition, r.Sort, err)
	}
	r.Expires = fromNanos(expires)
	return r, nil
}

// GetAll implements record.Store.
func (s *Store) GetAll(ctx context.Context, partition string, sorts []string) ([]record.Record, error) {
	list, err := json.Marshal(sorts)
	if err != nil {
		return nil, err
	}
	return s.records(ctx, "SELECT sk, value, expires FROM record WHERE pk = ? AND sk IN (SELECT value FROM json_each(?))"+aliveRecord,
		partition, string(list), nanos(s.clock()))
}

func (s *Store) records(ctx context.Context, query, partition string, args ...any) ([]record.Record, error) {
	var records []record.Record
	err := s.db.Query(ctx, query, append([]any{partition}, args...), func(rows *sql.Rows) error {
		r := record.Record{Partition: partition}
		var expires int64
		if err := rows.Scan(&r.Sort, &r.Value, &expires); err != nil {
			return err
		}
		r.Expires = fromNanos(expires)
		records = append(records, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("records of %s: %w", partition, err)
	}
	return records, nil
}

// Put implements record.Store.
func (s *Store) Put(ctx context.Context, r record.Record) error {
	return s.PutAll(ctx, []record.Record{r})
}

// PutAll implements record.Store. Here it is one write.
func (s *Store) PutAll(ctx context.Context, rs []record.Record) error {
	for i := range rs {
		if len(rs[i].Value) > record.MaxValue {
			return fmt.Errorf("record %s %s: %w", rs[i].Partition, rs[i].Sort, record.ErrTooLarge)
		}
	}
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		for i := range rs {
			if err := putRecord(tx, &rs[i]); err != nil {
				return err
			}
		}
		return s.dropExpired(tx)
	})
	if err != nil {
		return fmt.Errorf("put records: %w", err)
	}
	return nil
}

func putRecord(tx *sqlitedb.Tx, r *record.Record) error {
	value := r.Value
	if value == nil {
		value = []byte{} // nil would be NULL
	}
	_, err := tx.Exec(`INSERT INTO record (pk, sk, value, expires) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET value = excluded.value, expires = excluded.expires`,
		r.Partition, r.Sort, value, nanos(r.Expires))
	return err
}

// dropExpired makes every write remove some of what nobody sees any more: more
// than one write can add, so that it does not pile up.
func (s *Store) dropExpired(tx *sqlitedb.Tx) error {
	_, err := tx.Exec("DELETE FROM record WHERE n IN (SELECT n FROM record WHERE expires > 0 AND expires <= ? LIMIT 50)", nanos(s.clock()))
	return err
}

// Create implements record.Store.
func (s *Store) Create(ctx context.Context, r record.Record) error {
	if len(r.Value) > record.MaxValue {
		return fmt.Errorf("record %s %s: %w", r.Partition, r.Sort, record.ErrTooLarge)
	}
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		var one int
		exists, err := tx.Get("SELECT 1 FROM record WHERE pk = ? AND sk = ?"+aliveRecord,
			[]any{r.Partition, r.Sort, nanos(s.clock())}, &one)
		if err != nil {
			return err
		}
		if exists {
			return record.ErrExists
		}
		if err := putRecord(tx, &r); err != nil {
			return err
		}
		return s.dropExpired(tx)
	})
	if err != nil {
		return fmt.Errorf("create record %s %s: %w", r.Partition, r.Sort, err)
	}
	return nil
}

// Take implements record.Store.
func (s *Store) Take(ctx context.Context, partition, sort string) (record.Record, error) {
	r := record.Record{Partition: partition, Sort: sort}
	var expires int64
	var found bool
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) (err error) {
		found, err = tx.Get("DELETE FROM record WHERE pk = ? AND sk = ?"+aliveRecord+"RETURNING value, expires",
			[]any{partition, sort, nanos(s.clock())}, &r.Value, &expires)
		return err
	})
	return finish(r, expires, found, err)
}

// Delete implements record.Store.
func (s *Store) Delete(ctx context.Context, partition, sort string) error {
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("DELETE FROM record WHERE pk = ? AND sk = ?", partition, sort)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete record %s %s: %w", partition, sort, err)
	}
	return nil
}

const recordPageBytes = 8 << 20 // a page of large values is cut short

// List implements record.Store.
func (s *Store) List(ctx context.Context, partition, prefix, cursor string, limit int) ([]record.Record, string, error) {
	hash := listHash("records", partition, prefix)
	last, err := readCursor(cursor, hash, record.ErrCursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageLimit(limit)
	from, op := prefix, ">="
	if last != "" {
		from, op = last, ">"
	}
	query := "SELECT sk, value, expires FROM record WHERE pk = ? AND sk " + op + " ?" + aliveRecord
	args := []any{partition, from, nanos(s.clock())}
	if end, bounded := after(prefix); bounded {
		query += "AND sk < ? "
		args = append(args, end)
	}
	var records []record.Record
	var next string
	bytes := 0
	err = s.db.Query(ctx, query+"ORDER BY sk LIMIT ?", append(args, limit+1), func(rows *sql.Rows) error {
		if len(records) == limit || bytes >= recordPageBytes {
			next = newCursor(hash, last)
			return errStop
		}
		r := record.Record{Partition: partition}
		var expires int64
		if err := rows.Scan(&r.Sort, &r.Value, &expires); err != nil {
			return err
		}
		r.Expires = fromNanos(expires)
		last = r.Sort
		bytes += len(r.Value)
		records = append(records, r)
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return nil, "", fmt.Errorf("records of %s: %w", partition, err)
	}
	return records, next, nil
}

// after is the first string that sorts behind all that begin with prefix;
// bounded is false if there is none.
func after(prefix string) (end string, bounded bool) {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1}), true
		}
	}
	return "", false
}
