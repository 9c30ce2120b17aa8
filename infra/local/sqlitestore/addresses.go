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
	err = s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		n, err := jobNumber(tx, r.Job)
		if err != nil {
			return err
		}
		runs, err := newRuns(tx, n)
		if err != nil {
			return err
		}
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
	return mine, nil
}

// PutDomains implements job.AddressStore, as PutAddresses does.
func (s *Store) PutDomains(ctx context.Context, r job.Ref, domains []string, _ time.Time) (mine []bool, err error) {
	if len(domains) == 0 {
		return nil, nil
	}
	mine = make([]bool, len(domains))
	err = s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		n, err := jobNumber(tx, r.Job)
		if err != nil {
			return err
		}
		for i := range mine {
			// It changes a row if the name is free or the batch's.
			changed, err := tx.Exec(`INSERT INTO domain (job, name, batch) VALUES (?, ?, ?)
				ON CONFLICT DO UPDATE SET batch = excluded.batch WHERE batch = excluded.batch`, n, domains[i], string(r.Key))
			if err != nil {
				return err
			}
			mine[i] = changed > 0
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("put domains of %s: %w", r, err)
	}
	return mine, nil
}

// AddressOwners implements job.AddressStore.
func (s *Store) AddressOwners(ctx context.Context, id job.ID, emails []string) (map[string]job.Key, error) {
	return s.owners(ctx, `SELECT email, batch FROM address
		WHERE job = (SELECT n FROM job WHERE id = ?) AND email IN (SELECT value FROM json_each(?))`, id, emails)
}

// DomainOwners implements job.AddressStore.
func (s *Store) DomainOwners(ctx context.Context, id job.ID, domains []string) (map[string]job.Key, error) {
	return s.owners(ctx, `SELECT name, batch FROM domain
		WHERE job = (SELECT n FROM job WHERE id = ?) AND name IN (SELECT value FROM json_each(?))`, id, domains)
}

func (s *Store) owners(ctx context.Context, query string, id job.ID, names []string) (map[string]job.Key, error) {
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	owners := make(map[string]job.Key, len(names))
	if len(names) == 0 {
		return owners, nil
	}
	err = s.db.Query(ctx, query, []any{string(id), string(list)}, func(rows *sql.Rows) error {
		var name, key string
		if err := rows.Scan(&name, &key); err != nil {
			return err
		}
		owners[name] = job.Key(key)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("owners in %s: %w", id, err)
	}
	return owners, nil
}
