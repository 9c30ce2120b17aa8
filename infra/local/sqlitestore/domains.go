package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// PutDomains implements job.AddressStore, as PutAddresses does.
func (s *Store) PutDomains(ctx context.Context, r job.Ref, domains []string, _ time.Time) (mine []bool, err error) {
	if len(domains) == 0 {
		return nil, nil
	}
	mine = make([]bool, len(domains))
	var adding *adding
	err = s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		n, err := jobNumber(tx, r.Job)
		if err != nil {
			return err
		}
		next := int64(1)
		if _, err := tx.Get("SELECT n + 1 FROM domain WHERE job = ? ORDER BY n DESC LIMIT 1", []any{n}, &next); err != nil {
			return err
		}
		x := s.names.get(n, true)
		if err := x.catchUp(tx.Query); err != nil {
			return err
		}
		adding = x.adding(len(domains))
		for i, name := range domains {
			if mine[i], err = putDomain(tx, adding, n, next+int64(len(adding.added)), name, r.Key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("put domains of %s: %w", r, err)
	}
	adding.committed()
	return mine, nil
}

// putDomain stores a domain with number next unless it is there, and says whether
// it is the batch's.
func putDomain(tx *sqlitedb.Tx, a *adding, n, next int64, name string, batch job.Key) (mine bool, err error) {
	h := hashOf(name)
	for _, at := range a.find(name, h) {
		var owner string
		there, err := tx.Get("SELECT batch FROM domain WHERE job = ? AND n = ? AND name = ?", []any{n, at, name}, &owner)
		if err != nil || there {
			return owner == string(batch), err
		}
	}
	if _, err := tx.Exec("INSERT INTO domain (job, n, name, batch) VALUES (?, ?, ?, ?)", n, next, name, string(batch)); err != nil {
		return false, err
	}
	a.add(name, h, next)
	return true, nil
}

// DomainOwners implements job.AddressStore.
func (s *Store) DomainOwners(ctx context.Context, id job.ID, domains []string) (map[string]job.Key, error) {
	return s.owners(ctx, id, domains, true, hashOf, `SELECT name, batch FROM domain
		WHERE job = ? AND n IN (SELECT value FROM json_each(?))`)
}

// domainsSince is since for domains.
func domainsSince(q query, job, after int64, add func(h hash, n int64)) error {
	return q("SELECT n, name FROM domain WHERE job = ? AND n > ? ORDER BY n", []any{job, after}, func(rows *sql.Rows) error {
		var n int64
		var name sql.RawBytes
		if err := rows.Scan(&n, &name); err != nil {
			return err
		}
		add(hashOfBytes(name), n)
		return nil
	})
}
