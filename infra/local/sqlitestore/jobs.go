package sqlitestore

import (
	"context"
	"encoding/json"
	"fmt"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// storedJob is a job with the fields its JSON leaves out.
type storedJob struct {
	Job          job.Job          `json:"job"`
	Owner        string           `json:"owner"`
	Idempotency  *job.Idempotency `json:"idempotency,omitempty"`
	IgnoreRobots bool             `json:"ignore_robots,omitempty"`
}

func encodeJob(j *job.Job) ([]byte, error) {
	body, err := json.Marshal(storedJob{Job: *j, Owner: j.Owner, Idempotency: j.Idempotency, IgnoreRobots: j.Options.IgnoreRobots})
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", j.ID, err)
	}
	return body, nil
}

func decodeJob(body []byte) (job.Job, error) {
	var stored storedJob
	if err := json.Unmarshal(body, &stored); err != nil {
		return job.Job{}, fmt.Errorf("stored job: %w", err)
	}
	j := stored.Job
	j.Owner, j.Idempotency, j.Options.IgnoreRobots = stored.Owner, stored.Idempotency, stored.IgnoreRobots
	return j, nil
}

// CreateJob implements job.JobStore.
func (s *Store) CreateJob(ctx context.Context, j job.Job) (stored job.Job, created bool, err error) {
	j.Status, j.Version = job.Creating, 1
	body, err := encodeJob(&j)
	if err != nil {
		return job.Job{}, false, err
	}
	err = s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		if j.Idempotency != nil {
			earlier, err := earlierJob(tx, &j)
			if err != nil || earlier != nil {
				if err == nil {
					stored, err = decodeJob(earlier)
				}
				return err
			}
		}
		var n int64
		added, err := tx.Get(`INSERT INTO job (id, owner, status, name, deleted_at, expires_at, version, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING n`,
			[]any{string(j.ID), j.Owner, string(j.Status), j.Name, nanos(j.DeletedAt), nanos(j.ExpiresAt), j.Version, body}, &n)
		if err != nil {
			return err
		}
		if !added {
			return fmt.Errorf("job %s exists: %w", j.ID, job.ErrConflict)
		}
		now := s.clock()
		if err := s.emitJob(tx, j.ID, now); err != nil {
			return err
		}
		for shard := range j.ID.Shards() {
			if _, err := tx.Exec("INSERT INTO counter (job, shard, updated_at) VALUES (?, ?, ?)", n, shard, nanos(j.CreatedAt)); err != nil {
				return err
			}
			if err := s.emitCounter(tx, j.ID, shard, now); err != nil {
				return err
			}
		}
		stored, created = j, true
		return nil
	})
	if err != nil {
		return job.Job{}, false, fmt.Errorf("create job: %w", err)
	}
	return stored, created, nil
}

// earlierJob returns the stored job that the owner created with the same key, or
// reserves the key and returns nil.
func earlierJob(tx *sqlitedb.Tx, j *job.Job) ([]byte, error) {
	if _, err := tx.Exec(`DELETE FROM idempotency WHERE rowid IN
		(SELECT rowid FROM idempotency WHERE expires_at <= ? LIMIT 100)`, nanos(j.CreatedAt)); err != nil {
		return nil, err
	}
	var fingerprint string
	var body []byte
	found, err := tx.Get(`SELECT i.fingerprint, j.body FROM idempotency i JOIN job j ON j.id = i.job
		WHERE i.owner = ? AND i.key = ? AND i.expires_at > ?`,
		[]any{j.Owner, j.Idempotency.Key, nanos(j.CreatedAt)}, &fingerprint, &body)
	if err != nil {
		return nil, err
	}
	if found {
		if fingerprint != j.Idempotency.Fingerprint {
			return nil, fmt.Errorf("key %q: %w", j.Idempotency.Key, job.ErrIdempotency)
		}
		return body, nil
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO idempotency (owner, key, fingerprint, job, expires_at) VALUES (?, ?, ?, ?, ?)",
		j.Owner, j.Idempotency.Key, j.Idempotency.Fingerprint, string(j.ID), nanos(j.CreatedAt.Add(job.IdempotencyTTL)))
	return nil, err
}

// Job implements job.JobStore.
func (s *Store) Job(ctx context.Context, id job.ID) (job.Job, error) {
	var body []byte
	found, err := s.db.Get(ctx, "SELECT body FROM job WHERE id = ?", []any{string(id)}, &body)
	if err != nil {
		return job.Job{}, fmt.Errorf("job %s: %w", id, err)
	}
	if !found {
		return job.Job{}, fmt.Errorf("job %s: %w", id, job.ErrNotFound)
	}
	return decodeJob(body)
}

// UpdateJob implements job.JobStore.
func (s *Store) UpdateJob(ctx context.Context, j job.Job) (job.Job, error) {
	before := j.Version
	j.Version++
	body, err := encodeJob(&j)
	if err != nil {
		return job.Job{}, err
	}
	var n int64
	err = s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		changed, err := tx.Get(`UPDATE job SET owner = ?, status = ?, name = ?, deleted_at = ?, expires_at = ?, version = ?, body = ?
			WHERE id = ? AND version = ? RETURNING n`,
			[]any{j.Owner, string(j.Status), j.Name, nanos(j.DeletedAt), nanos(j.ExpiresAt), j.Version, body, string(j.ID), before}, &n)
		if err != nil {
			return err
		}
		if !changed {
			if _, err := jobNumber(tx, j.ID); err != nil {
				return err
			}
			return job.ErrConflict
		}
		return s.emitJob(tx, j.ID, s.clock())
	})
	if err != nil {
		return job.Job{}, fmt.Errorf("update job %s: %w", j.ID, err)
	}
	if j.Status.Final() {
		s.names.forget(n)
	}
	return j, nil
}
