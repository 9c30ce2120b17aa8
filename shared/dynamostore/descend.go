package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// Split implements job.BatchStore.
func (s *Store) Split(ctx context.Context, r job.Ref, token string, halves [2]job.Batch, now time.Time) error {
	err := s.split(ctx, r, token, halves, now)
	if err != nil && !errors.Is(err, errUnchanged) {
		return fmt.Errorf("split %s: %w", r, err)
	}
	return nil
}

func (s *Store) split(ctx context.Context, r job.Ref, token string, halves [2]job.Batch, now time.Time) error {
	h, err := s.head(ctx, r)
	if err != nil {
		return err
	}
	if err := maySplit(&h, token); err != nil {
		return err
	}
	var children [2]head
	var parts []types.WriteRequest
	for i := range halves {
		var more []types.WriteRequest
		if children[i], more, err = prepare(&halves[i], h.expires); err != nil {
			return err
		}
		children[i].due = now
		parts = append(parts, more...)
	}
	if err := s.writeAll(ctx, parts); err != nil {
		return err
	}
	first, second := &children[0], &children[1]
	_, err = s.apply(ctx, h, change{decide: func(h *head) ([]types.TransactWriteItem, error) {
		if err := maySplit(h, token); err != nil {
			return nil, err
		}
		chained := h.next != "" || halves[0].Next == second.ref.Key
		first.held, first.next = false, ""
		second.held, second.next = chained, h.next
		if chained {
			first.next = second.ref.Key
		}
		if h.next != "" {
			h.next = first.ref.Key // where whoever asks what comes next is sent
		}
		h.status, h.split, h.finished = job.Done, true, now
		return []types.TransactWriteItem{
			s.transactPut(first.item(), "", nil),
			s.transactPut(second.item(), "", nil),
			add(attrBatchesDone, 1).and(attrExtraBatches, 2).and(attrActive, -1).at(now).
				write(s, h.ref.Job, h.ref.Shard(), "", nil),
		}, nil
	}})
	return err
}

// maySplit says whether the holder of token may split a batch; errUnchanged if it has.
func maySplit(h *head, token string) error {
	switch {
	case h.token != token:
		return job.ErrLeaseLost
	case h.split:
		return errUnchanged
	case h.status == job.Done:
		return job.ErrDone
	case h.status != job.Leased:
		return job.ErrLeaseLost
	}
	return nil
}

// AddRetry implements job.BatchStore.
func (s *Store) AddRetry(ctx context.Context, b job.Batch, origins []job.Key, superseded map[job.Outcome]int) error {
	if err := s.addRetry(ctx, b, origins, superseded); err != nil {
		return fmt.Errorf("add retry %s: %w", b.Ref, err)
	}
	return nil
}

func (s *Store) addRetry(ctx context.Context, b job.Batch, origins []job.Key, superseded map[job.Outcome]int) error {
	if len(origins) > job.MaxRetryOrigins {
		return fmt.Errorf("%d origins are more than %d", len(origins), job.MaxRetryOrigins)
	}
	_, expires, err := s.standing(ctx, b.Ref.Job)
	if err != nil {
		return err
	}
	h, parts, err := prepare(&b, expires)
	if err != nil {
		return err
	}
	if err := s.writeAll(ctx, parts); err != nil {
		return err
	}
	writes := []types.TransactWriteItem{
		s.transactPut(h.item(), "attribute_not_exists(pk)", nil),
		add(attrExtraBatches, 1).and(attrExtraURLs, int64(len(b.Targets))).outcomes(superseded, -1).at(s.now()).
			write(s, b.Ref.Job, b.Ref.Shard(), "", nil),
	}
	const before = 2 // writes ahead of the origins
	for _, origin := range origins {
		w := s.transactUpdate(batchKey(job.Ref{Job: b.Ref.Job, Key: origin}),
			"SET r = :r ADD v :one", "#s = :done AND attribute_not_exists(r)",
			item{":r": text(string(b.Ref.Key)), ":one": number(1), ":done": text(string(job.Done))})
		w.Update.ExpressionAttributeNames = map[string]string{"#s": attrStatus}
		writes = append(writes, w)
	}
	err = s.transact(ctx, writes)
	lost := refusals(err)
	if lost == nil {
		return err
	}
	for i, origin := range origins {
		there, refused := lost[before+i]
		switch {
		case !refused:
		case there == nil:
			return fmt.Errorf("origin %s: %w", origin, job.ErrNotFound)
		case there.text(attrRetried) == "":
			return fmt.Errorf("origin %s is %s: %w", origin, there.text(attrStatus), job.ErrState)
		}
	}
	return job.ErrConflict
}
