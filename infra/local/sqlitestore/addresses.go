package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// moreAddress is what most addresses lack.
type moreAddress struct {
	Sources []string `json:"sources,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
	Raw     string   `json:"raw,omitempty"`
}

// PutAddresses implements job.AddressStore: all of a call in one transaction,
// each on its own condition. Retention is the job's: the sweeper purges the
// whole job, so expires is not kept with each address.
func (s *Store) PutAddresses(ctx context.Context, r job.Ref, addresses []job.Address, _ time.Time) (mine []bool, err error) {
	more := make([]string, len(addresses))
	for i := range addresses {
		a := &addresses[i]
		if len(a.Sources) == 0 && len(a.Reasons) == 0 && a.Raw == "" {
			continue
		}
		body, err := json.Marshal(moreAddress{Sources: a.Sources, Reasons: a.Reasons, Raw: a.Raw})
		if err != nil {
			return nil, fmt.Errorf("put addresses of %s: %w", r, err)
		}
		more[i] = string(body)
	}
	mine = make([]bool, len(addresses))
	if len(addresses) == 0 {
		return nil, nil
	}
	var adding *adding
	err = s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		n, err := jobNumber(tx, r.Job)
		if err != nil {
			return err
		}
		runs, err := newRuns(tx, n, s.names.get(n, false), len(addresses))
		if err != nil {
			return err
		}
		adding = runs.names
		for i := range addresses {
			if mine[i], err = runs.put(&addresses[i], r.Key, more[i]); err != nil {
				return err
			}
		}
		return runs.end()
	})
	if err != nil {
		return nil, fmt.Errorf("put addresses of %s: %w", r, err)
	}
	adding.committed()
	return mine, nil
}

// AddressOwners implements job.AddressStore.
func (s *Store) AddressOwners(ctx context.Context, id job.ID, emails []string) (map[string]job.Key, error) {
	return s.owners(ctx, id, emails, false, func(email string) hash { return hashOf(fold(email)) }, `SELECT email, batch FROM address
		WHERE job = ? AND n IN (SELECT value FROM json_each(?))`)
}

// owners finds the owners of names of a job by their hashes, with a query for the
// names of a job with some numbers.
func (s *Store) owners(ctx context.Context, id job.ID, names []string, domains bool, hashOf func(name string) hash, query string) (map[string]job.Key, error) {
	owners := make(map[string]job.Key, len(names))
	if len(names) == 0 {
		return owners, nil
	}
	fail := func(err error) (map[string]job.Key, error) { return nil, fmt.Errorf("owners in %s: %w", id, err) }
	var n int64
	found, err := s.db.Get(ctx, "SELECT n FROM job WHERE id = ?", []any{string(id)}, &n)
	if err != nil {
		return fail(err)
	}
	if !found {
		return owners, nil
	}
	x := s.names.get(n, domains)
	if err := x.catchUp(func(query string, args []any, fn func(*sql.Rows) error) error {
		return s.db.Query(ctx, query, args, fn)
	}); err != nil {
		return fail(err)
	}
	asked := make(map[string]struct{}, len(names))
	var numbers []int64
	for _, name := range names {
		asked[name] = struct{}{}
		numbers = x.find(numbers, hashOf(name))
	}
	if len(numbers) == 0 {
		return owners, nil
	}
	list, err := json.Marshal(numbers)
	if err != nil {
		return fail(err)
	}
	err = s.db.Query(ctx, query, []any{n, string(list)}, func(rows *sql.Rows) error {
		var name, key string
		if err := rows.Scan(&name, &key); err != nil {
			return err
		}
		if _, ok := asked[name]; ok { // not only its hash
			owners[name] = job.Key(key)
		}
		return nil
	})
	if err != nil {
		return fail(err)
	}
	return owners, nil
}
