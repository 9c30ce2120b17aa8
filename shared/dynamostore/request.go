package dynamostore

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Limits of DynamoDB's requests.
const (
	maxGet   = 100     // items of a BatchGetItem
	maxWrite = 25      // items of a BatchWriteItem
	maxBytes = 8 << 20 // of a BatchWriteItem; DynamoDB takes 16 MB

	maxTransaction = 100 // items of a TransactWriteItems
)

// get reads one item consistently; nil if it is not there.
func (s *Store) get(ctx context.Context, k item) (item, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: s.table, Key: k, ConsistentRead: aws.Bool(true), ReturnConsumedCapacity: s.report,
	}, patient)
	if err != nil {
		return nil, err
	}
	if out.ConsumedCapacity != nil {
		s.reads("GetItem", *out.ConsumedCapacity)
	}
	return out.Item, nil
}

// getAll reads items consistently, in any order, those that are there; keys must
// differ. attributes are those wanted, all if empty. Up to 100 items are one
// request, more are requests in parallel.
func (s *Store) getAll(ctx context.Context, keys []item, attributes string) ([]item, error) {
	groups := make([][]item, (len(keys)+maxGet-1)/maxGet)
	err := each(ctx, len(groups), func(ctx context.Context, i int) error {
		var err error
		groups[i], err = s.getGroup(ctx, keys[i*maxGet:min(len(keys), (i+1)*maxGet)], attributes)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(groups) == 1 {
		return groups[0], nil
	}
	var all []item
	for _, g := range groups {
		all = append(all, g...)
	}
	return all, nil
}

func (s *Store) getGroup(ctx context.Context, keys []item, attributes string) ([]item, error) {
	want := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
	if attributes != "" {
		want.ProjectionExpression = aws.String(attributes)
	}
	for _, k := range keys {
		want.Keys = append(want.Keys, k)
	}
	pending := map[string]types.KeysAndAttributes{*s.table: want}
	var found []item
	for n := 0; ; n++ {
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: pending, ReturnConsumedCapacity: s.report,
		}, patient)
		if err != nil {
			return nil, err
		}
		s.reads("BatchGetItem", out.ConsumedCapacity...)
		for _, it := range out.Responses[*s.table] {
			found = append(found, it)
		}
		left := len(out.UnprocessedKeys[*s.table].Keys)
		if left == 0 {
			return found, nil
		}
		// More than 16 MB, or throttled; only without any progress is patience limited.
		if left < len(pending[*s.table].Keys) {
			n = 0
		}
		if n >= maxAttempts {
			return nil, fmt.Errorf("BatchGetItem: %d of %d keys still unprocessed after %d attempts", left, len(keys), n)
		}
		if err := sleep(ctx, backoff(n)); err != nil {
			return nil, err
		}
		pending = out.UnprocessedKeys
	}
}

// put writes one item if condition (with its values) holds, which may be empty.
func (s *Store) put(ctx context.Context, it item, condition string, values item) error {
	in := &dynamodb.PutItemInput{TableName: s.table, Item: it, ReturnConsumedCapacity: s.report}
	if condition != "" {
		in.ConditionExpression = aws.String(condition)
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
		if len(values) > 0 {
			in.ExpressionAttributeValues = values
		}
	}
	out, err := s.client.PutItem(ctx, in, patient)
	if err != nil {
		return err
	}
	if out.ConsumedCapacity != nil {
		s.writes("PutItem", *out.ConsumedCapacity)
	}
	return nil
}

// transact applies all writes or none.
func (s *Store) transact(ctx context.Context, writes []types.TransactWriteItem) error {
	out, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: writes, ReturnConsumedCapacity: s.report,
	}, patient)
	if err != nil {
		return err
	}
	s.writes("TransactWriteItems", out.ConsumedCapacity...)
	return nil
}

func (s *Store) transactPut(it item, condition string, values item) types.TransactWriteItem {
	p := &types.Put{TableName: s.table, Item: it}
	if condition != "" {
		p.ConditionExpression = aws.String(condition)
		p.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
		if len(values) > 0 {
			p.ExpressionAttributeValues = values
		}
	}
	return types.TransactWriteItem{Put: p}
}

func (s *Store) transactUpdate(k item, update, condition string, values item) types.TransactWriteItem {
	u := &types.Update{TableName: s.table, Key: k, UpdateExpression: aws.String(update), ExpressionAttributeValues: values}
	if condition != "" {
		u.ConditionExpression = aws.String(condition)
		u.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	return types.TransactWriteItem{Update: u}
}

// writeAll puts and deletes items (distinct keys) without conditions, in
// BatchWriteItem requests in parallel. When it fails a part of them is written.
func (s *Store) writeAll(ctx context.Context, writes []types.WriteRequest) error {
	groups := requests(writes)
	return each(ctx, len(groups), func(ctx context.Context, i int) error {
		return s.writeGroup(ctx, groups[i])
	})
}

func (s *Store) writeGroup(ctx context.Context, group []types.WriteRequest) error {
	pending := map[string][]types.WriteRequest{*s.table: group}
	for n := 0; ; n++ {
		out, err := s.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: pending, ReturnConsumedCapacity: s.report,
		}, patient)
		if err != nil {
			return err
		}
		s.writes("BatchWriteItem", out.ConsumedCapacity...)
		left := len(out.UnprocessedItems[*s.table])
		if left == 0 {
			return nil
		}
		if left < len(pending[*s.table]) {
			n = 0
		}
		if n >= maxAttempts {
			return fmt.Errorf("BatchWriteItem: %d of %d items still unprocessed after %d attempts", left, len(group), n)
		}
		if err := sleep(ctx, backoff(n)); err != nil {
			return err
		}
		pending = out.UnprocessedItems
	}
}

// requests cuts writes into what one request takes.
func requests(writes []types.WriteRequest) [][]types.WriteRequest {
	var groups [][]types.WriteRequest
	begin, size := 0, 0
	for i := range writes {
		n := 0
		if p := writes[i].PutRequest; p != nil {
			n = len(item(p.Item).binary(attrData))
		}
		if i > begin && (i-begin == maxWrite || size+n > maxBytes) {
			groups, begin, size = append(groups, writes[begin:i]), i, 0
		}
		size += n
	}
	if begin < len(writes) {
		groups = append(groups, writes[begin:])
	}
	return groups
}

func putRequest(it item) types.WriteRequest {
	return types.WriteRequest{PutRequest: &types.PutRequest{Item: it}}
}

func deleteRequest(k item) types.WriteRequest {
	return types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: k}}
}

// query is a Query of one partition between two sort keys, both included.
type query struct {
	pk, from, to string
	limit        int32  // items of one request; 0: what fits into 1 MB
	attributes   string // those wanted; all if empty
	backwards    bool
	stale        bool // an eventually consistent read will do
}

// run returns one page of items and whether more follow.
func (s *Store) run(ctx context.Context, q query) (items []item, more bool, err error) {
	in := &dynamodb.QueryInput{
		TableName:                 s.table,
		KeyConditionExpression:    aws.String("pk = :p AND sk BETWEEN :a AND :z"),
		ExpressionAttributeValues: item{":p": text(q.pk), ":a": text(q.from), ":z": text(q.to)},
		ScanIndexForward:          aws.Bool(!q.backwards),
		ConsistentRead:            aws.Bool(!q.stale),
		ReturnConsumedCapacity:    s.report,
	}
	if q.limit > 0 {
		in.Limit = aws.Int32(q.limit)
	}
	if q.attributes != "" {
		in.ProjectionExpression = aws.String(q.attributes)
	}
	return s.query(ctx, in)
}

func (s *Store) query(ctx context.Context, in *dynamodb.QueryInput) (items []item, more bool, err error) {
	out, err := s.client.Query(ctx, in, patient)
	if err != nil {
		return nil, false, err
	}
	if out.ConsumedCapacity != nil {
		s.reads("Query", *out.ConsumedCapacity)
	}
	items = make([]item, len(out.Items))
	for i := range out.Items {
		items[i] = out.Items[i]
	}
	return items, len(out.LastEvaluatedKey) > 0, nil
}

// sleep waits for d or until ctx ends, whose error it returns.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
