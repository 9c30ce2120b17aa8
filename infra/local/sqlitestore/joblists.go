package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gleaner/shared/job"
)

var errStop = errors.New("enough") // ends a query early; never leaves the package

// Jobs implements job.JobStore.
func (s *Store) Jobs(ctx context.Context, owner string, f job.JobFilter, cursor string, limit int) (job.Page[job.Job], error) {
	query := "SELECT id, status, name, body FROM job WHERE owner = ? AND deleted_at = 0 AND id < ? ORDER BY id DESC"
	args := []any{owner}
	if f.Status != "" {
		query = "SELECT id, status, name, body FROM job WHERE owner = ? AND status = ? AND deleted_at = 0 AND id < ? ORDER BY id DESC"
		args = append(args, string(f.Status))
	}
	return s.listJobs(ctx, query, args, "\U0010FFFF", f, cursor, listHash("jobs", owner, f), limit)
}

// JobsByStatus implements job.JobStore.
func (s *Store) JobsByStatus(ctx context.Context, status job.Status, cursor string, limit int) (job.Page[job.Job], error) {
	return s.listJobs(ctx, "SELECT id, status, name, body FROM job WHERE status = ? AND deleted_at = 0 AND id > ? ORDER BY id",
		[]any{string(status)}, "", job.JobFilter{}, cursor, listHash("status", status), limit)
}

// listJobs runs a query whose last parameter is the ID to go on from, start for
// the first page.
func (s *Store) listJobs(ctx context.Context, query string, args []any, start string, f job.JobFilter,
	cursor string, hash uint64, limit int,
) (page job.Page[job.Job], err error) {
	last, err := readCursor(cursor, hash, job.ErrCursor)
	if err != nil {
		return page, err
	}
	if last != "" {
		start = last
	}
	limit = pageLimit(limit)
	var bodies [][]byte
	err = s.db.Query(ctx, query, append(args, start), func(rows *sql.Rows) error {
		var id, status, name string
		var body sql.RawBytes
		if err := rows.Scan(&id, &status, &name, &body); err != nil {
			return err
		}
		// The few fields a filter looks at have columns: the rest is decoded
		// only of what is returned.
		if !f.Match(&job.Job{ID: job.ID(id), Status: job.Status(status), Name: name}) {
			return nil
		}
		if len(bodies) == limit {
			page.Next = newCursor(hash, last)
			return errStop
		}
		last = id
		bodies = append(bodies, bytes.Clone(body))
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return job.Page[job.Job]{}, fmt.Errorf("list jobs: %w", err)
	}
	page.Items = make([]job.Job, len(bodies))
	for i, body := range bodies {
		if page.Items[i], err = decodeJob(body); err != nil {
			return job.Page[job.Job]{}, fmt.Errorf("list jobs: %w", err)
		}
	}
	return page, nil
}

// DeletedJobs implements job.JobStore. SQLite drops nothing by itself, so jobs
// whose retention ended are among them.
func (s *Store) DeletedJobs(ctx context.Context, before time.Time, limit int) ([]job.ID, error) {
	var ids []job.ID
	err := s.db.Query(ctx, `SELECT id FROM job WHERE deleted_at > 0 AND deleted_at < ?1
		UNION SELECT id FROM job WHERE expires_at > 0 AND expires_at < ?1 LIMIT ?2`,
		[]any{nanos(before), pageLimit(limit)}, func(rows *sql.Rows) error {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, job.ID(id))
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("deleted jobs: %w", err)
	}
	return ids, nil
}
