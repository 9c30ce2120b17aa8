package sqlitestore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

const counterColumns = `c.processed, c.batches_done, c.extra_urls, c.extra_batches, c.active, c.emails, c.domains,
	c.pages, c.bytes, c.outcomes, c.recent, c.newest, c.updated_at, c.version`

// counterRow is a counter item as it stands in its row.
type counterRow struct {
	job.Counters
	outcomes, recent  []byte
	newest, updatedAt int64
}

func (c *counterRow) dest() []any {
	return []any{
		&c.Processed, &c.BatchesDone, &c.ExtraURLs, &c.ExtraBatches, &c.Active, &c.Emails, &c.Domains,
		&c.Pages, &c.Bytes, &c.outcomes, &c.recent, &c.newest, &c.updatedAt, &c.Version,
	}
}

func (c *counterRow) decode() (err error) {
	c.UpdatedAt = fromNanos(c.updatedAt)
	c.Outcomes, err = decodeOutcomes(c.outcomes)
	return err
}

func (c *counterRow) decodeRecent() error {
	if len(c.recent) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.recent, &c.Recent); err != nil {
		return fmt.Errorf("stored recent addresses: %w", err)
	}
	return nil
}

// known maps the words of outcomes to themselves, so that reading counters
// makes no strings.
var known = sync.OnceValue(func() map[string]job.Outcome {
	words := map[string]job.Outcome{}
	for _, o := range job.Outcomes() {
		words[string(o)] = o
	}
	return words
})

// encodeOutcomes writes a line for each outcome: its word, a space, its number.
func encodeOutcomes(outcomes map[job.Outcome]int64) []byte {
	var text []byte
	for o, n := range outcomes {
		text = append(append(text, o...), ' ')
		text = append(strconv.AppendInt(text, n, 10), '\n')
	}
	return text
}

func decodeOutcomes(text []byte) (map[job.Outcome]int64, error) {
	if len(text) == 0 {
		return nil, nil
	}
	outcomes := make(map[job.Outcome]int64, bytes.Count(text, []byte{'\n'}))
	for line := range bytes.Lines(text) {
		word, number, _ := bytes.Cut(bytes.TrimSuffix(line, []byte{'\n'}), []byte{' '})
		n, err := strconv.ParseInt(string(number), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("stored outcomes: %w", err)
		}
		o, ok := known()[string(word)]
		if !ok {
			o = job.Outcome(word) // of a newer version
		}
		outcomes[o] += n
	}
	return outcomes, nil
}

// Progress implements job.JobStore. Job and counters are of one moment.
func (s *Store) Progress(ctx context.Context, id job.ID) (job.Progress, error) {
	var body []byte
	rows := make([]counterRow, 0, id.Shards())
	err := s.db.Few(ctx, "SELECT CASE c.shard WHEN 0 THEN j.body END, "+counterColumns+
		" FROM job j JOIN counter c ON c.job = j.n WHERE j.id = ? ORDER BY c.shard", []any{string(id)},
		func(r *sql.Rows) error {
			var b []byte
			var c counterRow
			if err := r.Scan(append([]any{&b}, c.dest()...)...); err != nil {
				return err
			}
			if b != nil {
				body = b
			}
			err := c.decode()
			rows = append(rows, c)
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
	// The newest of all are among those of the shards that have the newest.
	slices.SortFunc(rows, func(a, b counterRow) int { return cmp.Compare(b.newest, a.newest) })
	shards := make([]job.Counters, len(rows))
	for i := range rows {
		if i < job.MaxRecent {
			if err := rows[i].decodeRecent(); err != nil {
				return job.Progress{}, fmt.Errorf("progress of %s: %w", id, err)
			}
		}
		shards[i] = rows[i].Counters
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
	if err := errors.Join(c.decode(), c.decodeRecent()); err != nil {
		return err
	}
	change(&c.Counters)
	recent, newest := "", int64(0)
	if len(c.Recent) > 0 {
		body, err := json.Marshal(c.Recent)
		if err != nil {
			return err
		}
		recent, newest = string(body), nanos(c.Recent[0].FirstSeen)
	}
	if _, err := tx.Exec(`UPDATE counter SET processed = ?, batches_done = ?, extra_urls = ?, extra_batches = ?, active = ?,
		emails = ?, domains = ?, pages = ?, bytes = ?, outcomes = ?, recent = ?, newest = ?, updated_at = ?, version = version + 1
		WHERE job = ? AND shard = ?`,
		c.Processed, c.BatchesDone, c.ExtraURLs, c.ExtraBatches, c.Active,
		c.Emails, c.Domains, c.Pages, c.Bytes, string(encodeOutcomes(c.Outcomes)), recent, newest, max(nanos(at), c.updatedAt), n, r.Shard()); err != nil {
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
