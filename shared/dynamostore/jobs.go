package dynamostore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// Attributes of idempotency items and of records.
const (
	attrFingerprint = "fp" // of the request an idempotency key stands for
	attrJob         = "j"  // the job it made
	attrWriter      = "w"  // names the very write that created a record
	attrExpires     = "e"  // Unix nanoseconds after which the item counts as gone
)

// storedJob is a job's item: the public form and what that leaves out.
type storedJob struct {
	Job          job.Job          `json:"j"`
	Owner        string           `json:"o"`
	IgnoreRobots bool             `json:"r,omitempty"`
	Idempotency  *job.Idempotency `json:"i,omitempty"`
}

func writeJob(j *job.Job) (item, error) {
	data, err := json.Marshal(storedJob{*j, j.Owner, j.Options.IgnoreRobots, j.Idempotency})
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", j.ID, err)
	}
	it := metaKey(j.ID)
	it[attrData] = binary(data)
	it[attrVersion] = number(j.Version)
	it[attrStatusIndex], it[attrStatusOrder] = statusOrder(j)
	it.setNumber(attrTTL, ttl(j.ExpiresAt))
	return it, nil
}

func readJob(it item) (job.Job, error) {
	var stored storedJob
	if err := json.Unmarshal(it.binary(attrData), &stored); err != nil {
		return job.Job{}, fmt.Errorf("item %s: %w", it.text(attrPK), err)
	}
	j := stored.Job
	j.Owner, j.Options.IgnoreRobots, j.Idempotency = stored.Owner, stored.IgnoreRobots, stored.Idempotency
	return j, nil
}

// CreateJob implements job.JobStore. It is one TransactWriteItems, and one read
// more when the idempotency key was used before.
func (s *Store) CreateJob(ctx context.Context, j job.Job) (job.Job, bool, error) {
	stored, created, err := s.createJob(ctx, j)
	if err != nil {
		return job.Job{}, false, fmt.Errorf("create job %s: %w", j.ID, err)
	}
	return stored, created, nil
}

func (s *Store) createJob(ctx context.Context, j job.Job) (job.Job, bool, error) {
	j.Status = job.Creating
	j.Version = 1
	meta, err := writeJob(&j)
	if err != nil {
		return job.Job{}, false, err
	}
	listed := ownerKey(j.Owner, j.ID)
	listed.setNumber(attrTTL, ttl(j.ExpiresAt))
	writes := []types.TransactWriteItem{
		s.transactPut(meta, "attribute_not_exists(pk)", nil),
		s.transactPut(listed, "", nil),
	}
	for shard := range j.ID.Shards() {
		stat := statKey(j.ID, shard)
		stat.setTime(attrUpdated, j.CreatedAt)
		stat.setNumber(attrTTL, ttl(j.ExpiresAt))
		writes = append(writes, s.transactPut(stat, "", nil))
	}
	if j.Idempotency == nil {
		return created(j, s.transact(ctx, writes))
	}

	now := j.CreatedAt // a job's times are its creator's, not this store's
	reserve := idempotencyKey(j.Owner, j.Idempotency.Key)
	reserve[attrFingerprint] = text(j.Idempotency.Fingerprint)
	reserve[attrJob] = text(string(j.ID))
	reserve.setTime(attrExpires, now.Add(job.IdempotencyTTL))
	reserve.setNumber(attrTTL, ttl(now.Add(job.IdempotencyTTL)))
	condition, values := "attribute_not_exists(pk) OR e <= :now", item{":now": nanos(now)}
	for range 3 {
		err := s.transact(ctx, append(writes, s.transactPut(reserve, condition, values)))
		earlier, used := refusals(err)[len(writes)]
		if !used {
			return created(j, err)
		}
		if earlier.text(attrFingerprint) != j.Idempotency.Fingerprint {
			return job.Job{}, false, job.ErrIdempotency
		}
		first, err := s.Job(ctx, job.ID(earlier.text(attrJob)))
		if !errors.Is(err, job.ErrNotFound) {
			return first, false, err
		}
		// The job of that key was purged: the key is free again.
		condition = "attribute_not_exists(pk) OR e <= :now OR j = :purged"
		values = item{":now": nanos(now), ":purged": earlier[attrJob]}
	}
	return job.Job{}, false, job.ErrConflict
}

// created maps the outcome of the transaction that creates a job.
func created(j job.Job, err error) (job.Job, bool, error) {
	switch _, taken := refusals(err)[0]; {
	case err == nil:
		return j, true, nil
	case taken:
		return job.Job{}, false, job.ErrConflict
	default:
		return job.Job{}, false, err
	}
}

// Job implements job.JobStore.
func (s *Store) Job(ctx context.Context, id job.ID) (job.Job, error) {
	it, err := s.get(ctx, metaKey(id))
	if err != nil {
		return job.Job{}, fmt.Errorf("job %s: %w", id, err)
	}
	if it == nil {
		return job.Job{}, fmt.Errorf("job %s: %w", id, job.ErrNotFound)
	}
	return readJob(it)
}

// UpdateJob implements job.JobStore. It is a transaction of one item, because a
// repeat of that after a lost answer is known for what it is, even if somebody
// else changed the job in between: a change is never made twice.
func (s *Store) UpdateJob(ctx context.Context, j job.Job) (job.Job, error) {
	was := j.Version
	j.Version++
	it, err := writeJob(&j)
	if err != nil {
		return job.Job{}, err
	}
	err = s.transact(ctx, []types.TransactWriteItem{s.transactPut(it, "v = :v", item{":v": number(was)})})
	there, conflict := refusals(err)[0]
	switch {
	case err == nil:
		return j, nil
	case !conflict:
		return job.Job{}, fmt.Errorf("update job %s: %w", j.ID, err)
	case there == nil:
		return job.Job{}, fmt.Errorf("update job %s: %w", j.ID, job.ErrNotFound)
	default:
		return job.Job{}, fmt.Errorf("update job %s: %w", j.ID, job.ErrConflict)
	}
}

// standing returns a job's status, deletedIndex for a deleted one, and when its
// items expire, as attrTTL; job.ErrNotFound.
func (s *Store) standing(ctx context.Context, id job.ID) (status job.Status, expires int64, err error) {
	it, err := s.get(ctx, metaKey(id))
	if err != nil {
		return "", 0, err
	}
	if it == nil {
		return "", 0, job.ErrNotFound
	}
	return job.Status(it.text(attrStatusIndex)), it.number(attrTTL), nil
}
