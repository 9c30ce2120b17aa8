package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// exactRecent is how often a settle that finds the newest addresses changed
// under its hands merges them again. When more workers than that settle on one
// shard at once, it writes them without looking: one of the others' may be
// missing among the newest shown, while every figure stays exact.
const exactRecent = 4

// Settle implements job.BatchStore.
func (s *Store) Settle(ctx context.Context, r job.Ref, t job.Tally, now, nextDue time.Time) (job.Key, error) {
	h, stat, err := s.headAndCounters(ctx, r, len(t.Recent) > 0)
	if err != nil {
		return "", fmt.Errorf("settle %s: %w", r, err)
	}
	// The next of the lane is let go in the same write; alone is set when that
	// turns out to be done already, or the next one gone.
	alone := false
	exact := exactRecent
	h, err = s.apply(ctx, h, change{
		decide: func(h *head) ([]types.TransactWriteItem, error) {
			switch h.status {
			case job.Done:
				return nil, job.ErrDone
			case job.Fetched:
			default:
				return nil, fmt.Errorf("%w: batch is %s", job.ErrState, h.status)
			}
			h.status, h.finished = job.Done, now
			figures, err := s.tally(h.ref, t, stat, exact > 0, now)
			if err != nil {
				return nil, err
			}
			others := []types.TransactWriteItem{figures}
			if h.next != "" && !alone {
				next := batchKey(job.Ref{Job: r.Job, Key: h.next})
				others = append(others, s.transactUpdate(next,
					"SET due = :d ADD v :one REMOVE h", "attribute_exists(h)",
					item{":d": nanos(nextDue), ":one": number(1)}))
			}
			return others, nil
		},
		refused: func(n int, there item) error {
			switch {
			case n == 0 && there == nil:
				return fmt.Errorf("counters of shard %d: %w", r.Shard(), job.ErrNotFound)
			case n == 0:
				stat = there
				exact--
			default:
				alone = true
			}
			return nil
		},
	})
	switch {
	case errors.Is(err, job.ErrDone):
		return h.next, fmt.Errorf("settle %s: %w", r, err)
	case err != nil:
		return "", fmt.Errorf("settle %s: %w", r, err)
	}
	return h.next, nil
}

// headAndCounters reads a batch's head and, if wanted, its shard's counters.
func (s *Store) headAndCounters(ctx context.Context, r job.Ref, counters bool) (head, item, error) {
	if !counters {
		h, err := s.head(ctx, r)
		return h, nil, err
	}
	found, err := s.getAll(ctx, []item{batchKey(r), statKey(r.Job, r.Shard())}, "")
	if err != nil {
		return head{}, nil, err
	}
	var h head
	var stat item
	for _, it := range found {
		if it.text(attrSK) == SortStat {
			stat = it
		} else {
			h = readHead(r.Job, it)
		}
	}
	if h.status == "" {
		return head{}, nil, job.ErrNotFound
	}
	return h, stat, nil
}

// tally adds a settled batch's figures. The newest addresses are merged with
// those read with stat; if exact, the write is refused should these have changed.
func (s *Store) tally(r job.Ref, t job.Tally, stat item, exact bool, now time.Time) (types.TransactWriteItem, error) {
	a := add(attrProcessed, t.Processed).
		and(attrBatchesDone, 1).
		and(attrActive, -1).
		and(attrEmails, int64(t.Emails)).
		and(attrDomains, int64(t.Domains)).
		and(attrPages, int64(t.Pages)).
		and(attrBytes, t.Bytes).
		outcomes(t.Outcomes, 1).
		at(now)
	if len(t.Recent) == 0 {
		return a.write(s, r.Job, r.Shard(), "", nil), nil
	}
	known, err := readRecent(stat)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	newest := job.Sum([]job.Counters{{Recent: t.Recent}, {Recent: known}}).Recent
	data, err := job.EncodeResult(&job.Result{Addresses: newest})
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	a.sets[attrRecent] = binary(data)
	a.and(attrRecentTurn, 1)
	turn := stat.number(attrRecentTurn)
	switch {
	case !exact:
		return a.write(s, r.Job, r.Shard(), "attribute_exists(pk)", nil), nil
	case turn == 0:
		return a.write(s, r.Job, r.Shard(), "attribute_exists(pk) AND attribute_not_exists(rn)", nil), nil
	default:
		return a.write(s, r.Job, r.Shard(), "rn = :rn", item{":rn": number(turn)}), nil
	}
}
