package dynamostore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// PutBatches implements job.BatchStore; job.ErrState if the job is not CREATING.
// Should the job start meanwhile, a batch that was claimed or changed in any way
// is left as it is: a plan repeated too late cannot undo what workers did.
func (s *Store) PutBatches(ctx context.Context, batches []job.Batch) error {
	if len(batches) == 0 {
		return nil
	}
	id := batches[0].Ref.Job
	status, expires, err := s.standing(ctx, id)
	if err == nil && status != job.Creating {
		err = fmt.Errorf("%w: job is %s", job.ErrState, status)
	}
	if err != nil {
		return fmt.Errorf("put batches of job %s: %w", id, err)
	}
	heads := make([]head, len(batches))
	var parts []types.WriteRequest
	for i := range batches {
		h, cut, err := prepare(&batches[i], expires)
		if err != nil {
			return fmt.Errorf("put batches of job %s: %w", id, err)
		}
		heads[i], parts = h, append(parts, cut...)
	}
	// Nobody looks at a batch before its job is RUNNING, so the order of heads
	// and parts does not matter: all go at once.
	groups := requests(parts)
	bundle := 1
	if len(heads) > parallel {
		bundle = maxTransaction
	}
	bundles := slices.Collect(slices.Chunk(heads, bundle))
	err = each(ctx, len(groups)+len(bundles), func(ctx context.Context, i int) error {
		if i < len(groups) {
			return s.writeGroup(ctx, groups[i])
		}
		return s.putHeads(ctx, bundles[i-len(groups)])
	})
	if err != nil {
		return fmt.Errorf("put batches of job %s: %w", id, err)
	}
	return nil
}

// untouched is the condition that a batch is not there, or as it was planned.
const untouched = "attribute_not_exists(pk) OR attribute_not_exists(v)"

// putHeads writes heads, those left out that were changed meanwhile. Many are one
// transaction: that is twice the units, which large batches can bear, and one
// request instead of a hundred, which a start in a fraction of a second needs.
func (s *Store) putHeads(ctx context.Context, heads []head) error {
	if len(heads) > 1 {
		writes := make([]types.TransactWriteItem, len(heads))
		for i := range heads {
			writes[i] = s.transactPut(heads[i].item(), untouched, nil)
		}
		err := s.transact(ctx, writes)
		if len(refusals(err)) == 0 {
			return err
		}
	}
	for i := range heads {
		err := s.put(ctx, heads[i].item(), untouched, nil)
		if _, changed := refused(err); err != nil && !changed {
			return err
		}
	}
	return nil
}

// prepare makes the head of a new batch, and the parts that go with it.
func prepare(b *job.Batch, expires int64) (head, []types.WriteRequest, error) {
	data, err := job.EncodeTargets(b.Targets)
	if err != nil {
		return head{}, nil, fmt.Errorf("batch %s: %w", b.Ref, err)
	}
	targets, parts := cutBlob(data, inlineTargets, batchKey(b.Ref), partTargets, expires)
	h := newHead(b, targets)
	h.expires = expires
	return h, parts, nil
}

// Batch implements job.BatchStore.
func (s *Store) Batch(ctx context.Context, r job.Ref) (job.Batch, error) {
	h, parts, err := s.whole(ctx, r)
	if err != nil {
		return job.Batch{}, fmt.Errorf("batch %s: %w", r, err)
	}
	return h.batch(parts)
}

// pageBytes is how much of batches or addresses one page of a list holds or, for
// addresses, looks through; after that it ends, however few there are.
const pageBytes = 4 << 20

// Batches implements job.BatchStore. The order is by shard, then by key.
func (s *Store) Batches(ctx context.Context, id job.ID, cursor string, limit int) (job.Page[job.Batch], error) {
	var page job.Page[job.Batch]
	limit = pageLimit(limit)
	list := cursorOf("batches", string(id))
	shard, last, err := shardPosition(list, cursor)
	if err != nil {
		return page, fmt.Errorf("batches of job %s: %w", id, err)
	}
	size := 0
	for ; shard < id.Shards(); shard, last = shard+1, "" {
		q := query{pk: ShardPartition(id, shard), from: batchSort, to: batchSort + "~"}
		if last != "" {
			q.from = batchSort + last + afterParts
		}
		var pending []item // of batches not yet known to be complete
		for more := true; more; {
			// Heads are small and parts up to 400 KB: DynamoDB cuts its pages at 1 MB.
			var read []item
			if read, more, err = s.run(ctx, q); err != nil {
				return page, fmt.Errorf("batches of job %s: %w", id, err)
			}
			if len(read) > 0 {
				q.from = after(read[len(read)-1].text(attrSK))
			}
			pending = append(pending, read...)
			for len(pending) > 0 {
				end := 1
				for end < len(pending) && !isHead(pending[end]) {
					end++
				}
				if end == len(pending) && more {
					break
				}
				if !isHead(pending[0]) { // parts that outlived their head
					pending = pending[end:]
					continue
				}
				if len(page.Items) == limit || size > pageBytes {
					b := &page.Items[len(page.Items)-1]
					page.Next = list.at(strconv.Itoa(b.Ref.Shard()) + "#" + string(b.Ref.Key))
					return page, nil
				}
				h := readHead(id, pending[0])
				b, err := h.batch(pending[1:end])
				if err != nil {
					return page, fmt.Errorf("batches of job %s: %w", id, err)
				}
				for _, it := range pending[1:end] {
					size += len(it.binary(attrData))
				}
				page.Items = append(page.Items, b)
				pending = pending[end:]
			}
		}
	}
	return page, nil
}

// shardPosition reads a cursor of the form <shard>#<last of it>.
func shardPosition(l list, cursor string) (shard int, last string, err error) {
	position, err := l.parse(cursor)
	if err != nil || position == "" {
		return 0, "", err
	}
	first, last, ok := strings.Cut(position, "#")
	if shard, err = strconv.Atoi(first); err != nil || !ok || shard < 0 {
		return 0, "", job.ErrCursor
	}
	return shard, last, nil
}
