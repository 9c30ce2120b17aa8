package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

const counterColumns = `c.processed, c.batches_done, c.extra_urls, c.extra_batches, c.active, c.emails, c.domains,
	c.pages, c.bytes, c.outcomes, c.recent, c.updated_at, c.version`

// counterRow is a counter item as it stands in its row.
type counterRow struct {
	job.Counters
	outcomes, recent []byte
	updatedAt        int64
}

func (c *counterRow) dest() []any {
	return []any{
		&c.Processed, &c.BatchesDone, &c.ExtraURLs, &c.ExtraBatches, &c.Active, &c.Emails, &c.Domains,
		&c.Pages, &c.Bytes, &c.outcomes, &c.recent, &c.updatedAt, &c.Version,
	}
}

func (c *counterRow) decode() error {
	c.UpdatedAt = fromNanos(c.updatedAt)
	if len(c.outcomes) > 0 {
		if err := json.Unmarshal(c.outcomes, &c.Outcomes); err != nil {
			return fmt.Errorf("stored outcomes: %w", err)
		}
	}
	if len(c.recent) > 0 {
		if err := json.Unmarshal(c.recent, &c.Recent); err != nil {
			return fmt.Errorf("stored recent addresses: %w", err)
		}
	}
	return nil
}

// Progress implements job.JobStore. Job and counters are of one moment.
func (s *Store) Progress(ctx context.Context, id job.ID) (job.Progress, error) {
	var body []byte
	shards := make([]job.Counters, 0, id.Shards())
	err := s.db.Query(ctx, "SELECT CASE c.shard WHEN 0 THEN j.body END, "+counterColumns+
		" FROM job j JOIN counter c ON c.job = j.n WHERE j.id = ? ORDER BY c.shard", []any{string(id)},
		func(rows *sql.Rows) error {
			var b []byte
			var c counterRow
			if err := rows.Scan(append([]any{&b}, c.dest()...)...); err != nil {
				return err
			}
			if b != nil {
				body = b
			}
			err := c.decode()
			shards = append(shards, c.Counters)
			return err
		})
	if err != nil {
		return job.Progress{}, fmt.Errorf("progress of %s: %w", id, err)
	}
	if body == nil {
		return job.Progress{}, fmt.Errorf("progress of %s: %w", id, job.ErrNotFound)
	}
	j, err := decodeJob(body)
	if err != nil {
		return job.Progress{}, err
	}
	return job.Progress{Job: j, Counters: job.Sum(shards)}, nil
}

// count changes one shard's counters within a write.
func (s *Store) count(tx *sqlitedb.Tx, n int64, r job.Ref, at time.Time, change func(*job.Counters)) error {
	var c counterRow
	found, err := tx.Get("SELECT "+counterColumns+" FROM counter c WHERE c.job = ? AND c.shard = ?", []any{n, r.Shard()}, c.dest()...)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("counters of %s: %w", r, job.ErrNotFound)
	}
	if err := c.decode(); err != nil {
		return err
	}
	change(&c.Counters)
	outcomes, err := json.Marshal(c.Outcomes)
	if err != nil {
		return err
	}
	recent, err := json.Marshal(c.Recent)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE counter SET processed = ?, batches_done = ?, extra_urls = ?, extra_batches = ?, active = ?,
		emails = ?, domains = ?, pages = ?, bytes = ?, outcomes = ?, recent = ?, updated_at = ?, version = version + 1
		WHERE job = ? AND shard = ?`,
		c.Processed, c.BatchesDone, c.ExtraURLs, c.ExtraBatches, c.Active,
		c.Emails, c.Domains, c.Pages, c.Bytes, string(outcomes), string(recent), max(nanos(at), c.updatedAt), n, r.Shard()); err != nil {
		return err
	}
	return s.emitCounter(tx, r.Job, r.Shard(), s.clock())
}

func addTally(c *job.Counters, t *job.Tally) {
	c.Processed += int64(t.Processed)
	c.Emails += int64(t.Emails)
	c.Domains += int64(t.Domains)
	c.Pages += int64(t.Pages)
	c.Bytes += t.Bytes
	if c.Outcomes == nil {
		c.Outcomes = make(map[job.Outcome]int64, len(t.Outcomes))
	}
	for o, n := range t.Outcomes {
		c.Outcomes[o] += int64(n)
	}
	c.Recent = append(slices.Clone(t.Recent), c.Recent...)
	slices.SortStableFunc(c.Recent, func(a, b job.Address) int { return cmp.Compare(nanos(b.FirstSeen), nanos(a.FirstSeen)) })
	c.Recent = c.Recent[:min(len(c.Recent), job.MaxRecent)]
}
