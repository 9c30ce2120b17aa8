package dynamostore

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// maxChanges bounds how often a change starts over because somebody else changed
// the same batch meanwhile.
const maxChanges = 20

// change is one write to a batch's head, with what must happen in the same write.
type change struct {
	// decide looks at the head as it is, changes it to what it shall be, and says
	// what else to write. Any error ends the change without a write.
	decide func(h *head) ([]types.TransactWriteItem, error)
	// refused is told that the condition of the n-th of these did not hold, and
	// what stood there. Unless it returns an error, decide is asked again.
	refused func(n int, there item) error
}

// apply makes the change to the head that was read, over again from the present
// state when somebody else was faster.
func (s *Store) apply(ctx context.Context, h head, c change) (head, error) {
	for n := range maxChanges {
		next := h
		others, err := c.decide(&next)
		if err != nil {
			return h, err
		}
		condition, values := h.unchanged()
		next.version++
		var lost map[int]item
		if len(others) == 0 {
			err = s.put(ctx, next.item(), condition, values)
			if there, ok := refused(err); ok {
				lost = map[int]item{0: there}
			}
		} else {
			err = s.transact(ctx, append([]types.TransactWriteItem{s.transactPut(next.item(), condition, values)}, others...))
			lost = refusals(err)
		}
		if err == nil {
			return next, nil
		}
		if lost == nil {
			return h, err
		}
		for i, there := range lost {
			switch {
			case i > 0 && c.refused != nil:
				if err := c.refused(i-1, there); err != nil {
					return h, err
				}
			case i > 0:
				return h, fmt.Errorf("write %d of batch %s: %w", i, h.ref, job.ErrConflict)
			case there == nil:
				return h, job.ErrNotFound
			default:
				h = readHead(h.ref.Job, there)
			}
		}
		if err := sleep(ctx, backoff(n)); err != nil {
			return h, err
		}
	}
	return h, fmt.Errorf("batch %s: gave up after %d attempts: %w", h.ref, maxChanges, job.ErrConflict)
}

// head reads a batch's head; job.ErrNotFound.
func (s *Store) head(ctx context.Context, r job.Ref) (head, error) {
	it, err := s.get(ctx, batchKey(r))
	if err != nil {
		return head{}, err
	}
	if it == nil {
		return head{}, job.ErrNotFound
	}
	return readHead(r.Job, it), nil
}

// whole reads a batch's head and its parts; job.ErrNotFound.
func (s *Store) whole(ctx context.Context, r job.Ref) (head, []item, error) {
	sk := batchSort + string(r.Key)
	q := query{pk: batchPartition(r), from: sk, to: sk + afterParts}
	var all []item
	for more := true; more; {
		page, follows, err := s.run(ctx, q)
		if err != nil {
			return head{}, nil, err
		}
		all, more = append(all, page...), follows
		if len(page) > 0 {
			q.from = after(page[len(page)-1].text(attrSK))
		}
	}
	if len(all) == 0 || !isHead(all[0]) {
		return head{}, nil, job.ErrNotFound
	}
	return readHead(r.Job, all[0]), all[1:], nil
}
