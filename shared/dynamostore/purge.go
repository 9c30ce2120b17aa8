package dynamostore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// PurgeJob implements job.JobStore. Shard by shard the items go, then the job's
// entry in its owner's list together with the job item.
func (s *Store) PurgeJob(ctx context.Context, id job.ID, limit int) (bool, error) {
	done, err := s.purge(ctx, id, max(1, limit))
	if err != nil {
		return false, fmt.Errorf("purge job %s: %w", id, err)
	}
	return done, nil
}

func (s *Store) purge(ctx context.Context, id job.ID, limit int) (bool, error) {
	j, err := s.Job(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for shard := range id.Shards() {
		for more := true; more; {
			if limit <= 0 {
				return false, nil
			}
			var items []item
			items, more, err = s.run(ctx, query{
				pk: ShardPartition(id, shard), from: " ", to: "~",
				limit:      int32(min(limit, job.MaxPage)), //nolint:gosec // at most MaxPage
				attributes: "pk, sk",
			})
			if err != nil {
				return false, err
			}
			deletes := make([]types.WriteRequest, len(items))
			for i, it := range items {
				deletes[i] = deleteRequest(it)
			}
			if err := s.writeAll(ctx, deletes); err != nil {
				return false, err
			}
			limit -= len(items)
		}
	}
	if limit <= 0 {
		return false, nil
	}
	remove := func(k item) types.TransactWriteItem {
		return types.TransactWriteItem{Delete: &types.Delete{TableName: s.table, Key: k}}
	}
	if err := s.transact(ctx, []types.TransactWriteItem{remove(metaKey(id)), remove(ownerKey(j.Owner, id))}); err != nil {
		return false, err
	}
	return true, nil
}
