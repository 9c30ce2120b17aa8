package dynamostore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// PurgeJob implements job.JobStore. Shard by shard the items go, then its
// idempotency key, at last its entry in its owner's list together with the job item.
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
				limit:      int32(min(limit, job.MaxPage)),
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
	if j.Idempotency != nil {
		if err := s.forget(ctx, j); err != nil {
			return false, err
		}
	}
	remove := func(k item) types.TransactWriteItem {
		return types.TransactWriteItem{Delete: &types.Delete{TableName: s.table, Key: k}}
	}
	if err := s.transact(ctx, []types.TransactWriteItem{remove(metaKey(id)), remove(ownerKey(j.Owner, id))}); err != nil {
		return false, err
	}
	return true, nil
}

// forget frees the job's idempotency key, unless a later job has it.
func (s *Store) forget(ctx context.Context, j job.Job) error {
	out, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:                 s.table,
		Key:                       idempotencyKey(j.Owner, j.Idempotency.Key),
		ConditionExpression:       aws.String("j = :id"),
		ExpressionAttributeValues: item{":id": text(string(j.ID))},
		ReturnConsumedCapacity:    s.report,
	}, patient)
	if _, others := refused(err); others {
		return nil
	}
	if err == nil && out.ConsumedCapacity != nil {
		s.writes("DeleteItem", *out.ConsumedCapacity)
	}
	return err
}
