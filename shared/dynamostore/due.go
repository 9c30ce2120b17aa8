package dynamostore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// Due implements job.BatchStore. It asks the sparse index of each shard.
func (s *Store) Due(ctx context.Context, id job.ID, now time.Time, limit int) ([]job.Ref, error) {
	limit = pageLimit(limit)
	shards := make([][]item, id.Shards())
	err := each(ctx, len(shards), func(ctx context.Context, i int) error {
		in := &dynamodb.QueryInput{
			TableName:                 s.table,
			IndexName:                 aws.String(IndexDue),
			KeyConditionExpression:    aws.String("pk = :p AND due <= :now"),
			ExpressionAttributeValues: item{":p": text(ShardPartition(id, i)), ":now": nanos(now)},
			Limit:                     aws.Int32(int32(limit)),
			ReturnConsumedCapacity:    s.report,
		}
		var err error
		shards[i], _, err = s.query(ctx, in) // keys only: MaxPage of them fit into one page
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("due batches of job %s: %w", id, err)
	}
	all := slices.Concat(shards...)
	slices.SortStableFunc(all, func(a, b item) int {
		return int(max(-1, min(1, a.number(attrDue)-b.number(attrDue))))
	})
	refs := make([]job.Ref, min(limit, len(all)))
	for i := range refs {
		refs[i] = job.Ref{Job: id, Key: job.Key(strings.TrimPrefix(all[i].text(attrSK), batchSort))}
	}
	return refs, nil
}

// Rang implements job.BatchStore.
func (s *Store) Rang(ctx context.Context, refs []job.Ref, due time.Time) error {
	err := each(ctx, len(refs), func(ctx context.Context, i int) error {
		out, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName:                 s.table,
			Key:                       batchKey(refs[i]),
			UpdateExpression:          aws.String("SET due = :d"),
			ConditionExpression:       aws.String("#s = :pending AND attribute_not_exists(h)"),
			ExpressionAttributeNames:  map[string]string{"#s": attrStatus},
			ExpressionAttributeValues: item{":d": nanos(due), ":pending": text(string(job.Pending))},
			ReturnConsumedCapacity:    s.report,
		}, patient)
		if _, moved := refused(err); moved {
			return nil
		}
		if err == nil && out.ConsumedCapacity != nil {
			s.writes("UpdateItem", []types.ConsumedCapacity{*out.ConsumedCapacity}...)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("note %d bells: %w", len(refs), err)
	}
	return nil
}
