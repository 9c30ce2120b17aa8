package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// errUnchanged ends a change that has nothing to write.
var errUnchanged = errors.New("nothing to write")

// Claim implements job.BatchStore.
func (s *Store) Claim(ctx context.Context, r job.Ref, c job.Claim) (job.Batch, error) {
	h, parts, err := s.whole(ctx, r)
	if err != nil {
		return job.Batch{}, fmt.Errorf("claim %s: %w", r, err)
	}
	read := h
	h, err = s.apply(ctx, h, change{decide: func(h *head) ([]types.TransactWriteItem, error) {
		return s.claim(h, c)
	}})
	if err != nil {
		return job.Batch{}, fmt.Errorf("claim %s: %w", r, err)
	}
	if h.result.hash != read.result.hash {
		// Its former holder stored the result after the parts were read.
		if _, parts, err = s.whole(ctx, r); err != nil {
			return job.Batch{}, fmt.Errorf("claim %s: %w", r, err)
		}
	}
	b, err := h.batch(parts)
	if err != nil {
		return job.Batch{}, fmt.Errorf("claim %s: %w", r, err)
	}
	return b, nil
}

func (s *Store) claim(h *head, c job.Claim) ([]types.TransactWriteItem, error) {
	pending := h.status == job.Pending
	switch {
	case h.status == job.Done:
		return nil, job.ErrDone
	case h.held:
		return nil, job.ErrHeld
	case !pending && h.token == c.Token: // a repeat
	case !pending && h.lease.After(c.Now):
		return nil, &job.LeasedError{Until: h.lease}
	default:
		h.attempt++
	}
	h.token = c.Token
	h.lease = c.Now.Add(c.Lease)
	h.due = h.lease
	if !pending {
		return nil, nil
	}
	h.status = job.Leased
	return []types.TransactWriteItem{
		add(attrActive, 1).at(c.Now).write(s, h.ref.Job, h.ref.Shard(), "", nil),
	}, nil
}

// Release implements job.BatchStore.
func (s *Store) Release(ctx context.Context, r job.Ref, token string, due time.Time) error {
	h, err := s.head(ctx, r)
	if err != nil {
		return fmt.Errorf("release %s: %w", r, err)
	}
	_, err = s.apply(ctx, h, change{decide: func(h *head) ([]types.TransactWriteItem, error) {
		if h.status != job.Leased || h.token != token {
			return nil, job.ErrLeaseLost
		}
		h.status, h.token, h.lease, h.due = job.Pending, "", time.Time{}, due
		h.attempt--
		return []types.TransactWriteItem{
			add(attrActive, -1).at(s.now()).write(s, h.ref.Job, h.ref.Shard(), "", nil),
		}, nil
	}})
	if err != nil {
		return fmt.Errorf("release %s: %w", r, err)
	}
	return nil
}

// SaveResult implements job.BatchStore.
func (s *Store) SaveResult(ctx context.Context, r job.Ref, token string, res job.Result, cont *job.Batch) error {
	err := s.saveResult(ctx, r, token, &res, cont)
	if err != nil && !errors.Is(err, errUnchanged) {
		return fmt.Errorf("save the result of %s: %w", r, err)
	}
	return nil
}

func (s *Store) saveResult(ctx context.Context, r job.Ref, token string, res *job.Result, cont *job.Batch) error {
	data, err := job.EncodeResult(res)
	if err != nil {
		return err
	}
	h, err := s.head(ctx, r)
	if err != nil {
		return err
	}
	if err := mayStore(&h, token); err != nil {
		return err
	}
	result, parts := cutBlob(data, 0, batchKey(r), partResult, h.expires)
	var follower head
	if cont != nil {
		var more []types.WriteRequest
		if follower, more, err = prepare(cont, h.expires); err != nil {
			return err
		}
		parts = append(parts, more...)
	}
	if err := s.writeAll(ctx, parts); err != nil {
		return err
	}
	_, err = s.apply(ctx, h, change{decide: func(h *head) ([]types.TransactWriteItem, error) {
		if err := mayStore(h, token); err != nil {
			return nil, err
		}
		h.status, h.result = job.Fetched, result
		if cont == nil {
			return nil, nil
		}
		follower.next, follower.held = h.next, h.next != ""
		if follower.held {
			h.next = follower.ref.Key
		}
		return []types.TransactWriteItem{
			s.transactPut(follower.item(), "", nil),
			add(attrExtraBatches, 1).at(s.now()).write(s, h.ref.Job, h.ref.Shard(), "", nil),
		}, nil
	}})
	return err
}

// mayStore says whether the holder of token may store a batch's result;
// errUnchanged if it has.
func mayStore(h *head, token string) error {
	switch {
	case h.status == job.Done:
		return job.ErrDone
	case h.token != token || h.status == job.Pending:
		return job.ErrLeaseLost
	case h.status == job.Fetched:
		return errUnchanged
	}
	return nil
}
