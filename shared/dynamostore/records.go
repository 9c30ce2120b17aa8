package dynamostore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
	"gleaner/shared/record"
)

// recordSort precedes a record's sort key, which may be empty; DynamoDB's may not.
const recordSort = "#"

func recordKey(partition, sort string) item {
	return key(recordPrefix+partition, recordSort+sort)
}

func writeRecord(r *record.Record) (item, error) {
	if len(r.Value) > record.MaxValue {
		return nil, fmt.Errorf("record %s/%s has %d bytes: %w", r.Partition, r.Sort, len(r.Value), record.ErrTooLarge)
	}
	it := recordKey(r.Partition, r.Sort)
	it[attrData] = binary(r.Value)
	it.setTime(attrExpires, r.Expires)
	it.setNumber(attrTTL, ttl(r.Expires))
	return it, nil
}

// readRecord reads a record; ok is false for one that expired: DynamoDB drops it
// hours or days later.
func (s *Store) readRecord(it item) (r record.Record, ok bool) {
	r = record.Record{
		Partition: strings.TrimPrefix(it.text(attrPK), recordPrefix),
		Sort:      strings.TrimPrefix(it.text(attrSK), recordSort),
		Value:     it.binary(attrData),
		Expires:   it.time(attrExpires),
	}
	return r, it != nil && (r.Expires.IsZero() || r.Expires.After(s.now()))
}

// Get implements record.Store.
func (s *Store) Get(ctx context.Context, partition, sort string) (record.Record, error) {
	it, err := s.get(ctx, recordKey(partition, sort))
	if err != nil {
		return record.Record{}, fmt.Errorf("get record %s/%s: %w", partition, sort, err)
	}
	r, ok := s.readRecord(it)
	if !ok {
		return record.Record{}, fmt.Errorf("get record %s/%s: %w", partition, sort, record.ErrNotFound)
	}
	return r, nil
}

// GetAll implements record.Store.
func (s *Store) GetAll(ctx context.Context, partition string, sorts []string) ([]record.Record, error) {
	keys := make([]item, 0, len(sorts))
	asked := make(map[string]bool, len(sorts))
	for _, sort := range sorts {
		if !asked[sort] {
			asked[sort] = true
			keys = append(keys, recordKey(partition, sort))
		}
	}
	found, err := s.getAll(ctx, keys, "")
	if err != nil {
		return nil, fmt.Errorf("get %d records of %s: %w", len(sorts), partition, err)
	}
	records := make([]record.Record, 0, len(found))
	for _, it := range found {
		if r, ok := s.readRecord(it); ok {
			records = append(records, r)
		}
	}
	return records, nil
}

// Put implements record.Store.
func (s *Store) Put(ctx context.Context, r record.Record) error {
	it, err := writeRecord(&r)
	if err != nil {
		return err
	}
	if err := s.put(ctx, it, "", nil); err != nil {
		return fmt.Errorf("put record %s/%s: %w", r.Partition, r.Sort, err)
	}
	return nil
}

// PutAll implements record.Store.
func (s *Store) PutAll(ctx context.Context, rs []record.Record) error {
	writes := make([]types.WriteRequest, len(rs))
	for i := range rs {
		it, err := writeRecord(&rs[i])
		if err != nil {
			return err
		}
		writes[i] = putRequest(it)
	}
	if err := s.writeAll(ctx, writes); err != nil {
		return fmt.Errorf("put %d records: %w", len(rs), err)
	}
	return nil
}

// Create implements record.Store.
func (s *Store) Create(ctx context.Context, r record.Record) error {
	it, err := writeRecord(&r)
	if err != nil {
		return err
	}
	writer := rand.Text()
	it[attrWriter] = text(writer)
	err = s.put(ctx, it, "attribute_not_exists(pk) OR e <= :now", item{":now": nanos(s.now())})
	there, exists := refused(err)
	switch {
	case err == nil, exists && there.text(attrWriter) == writer: // stored by this very call, whose first answer was lost
		return nil
	case exists:
		return fmt.Errorf("create record %s/%s: %w", r.Partition, r.Sort, record.ErrExists)
	default:
		return fmt.Errorf("create record %s/%s: %w", r.Partition, r.Sort, err)
	}
}

// Take implements record.Store. Of concurrent deletes on condition that the item
// is there one succeeds, and its answer holds the item.
func (s *Store) Take(ctx context.Context, partition, sort string) (record.Record, error) {
	old, err := s.remove(ctx, partition, sort, aws.String("attribute_exists(pk)"))
	if _, gone := refused(err); gone {
		err = record.ErrNotFound
	}
	if err != nil {
		return record.Record{}, fmt.Errorf("take record %s/%s: %w", partition, sort, err)
	}
	r, ok := s.readRecord(old)
	if !ok {
		return record.Record{}, fmt.Errorf("take record %s/%s: %w", partition, sort, record.ErrNotFound)
	}
	return r, nil
}

// Delete implements record.Store.
func (s *Store) Delete(ctx context.Context, partition, sort string) error {
	if _, err := s.remove(ctx, partition, sort, nil); err != nil {
		return fmt.Errorf("delete record %s/%s: %w", partition, sort, err)
	}
	return nil
}

func (s *Store) remove(ctx context.Context, partition, sort string, condition *string) (item, error) {
	out, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: s.table, Key: recordKey(partition, sort), ConditionExpression: condition,
		ReturnValues: types.ReturnValueAllOld, ReturnConsumedCapacity: s.report,
	}, patient)
	if err != nil {
		return nil, err
	}
	if out.ConsumedCapacity != nil {
		s.writes("DeleteItem", *out.ConsumedCapacity)
	}
	return out.Attributes, nil
}

// List implements record.Store.
func (s *Store) List(ctx context.Context, partition, prefix, cursor string, limit int) ([]record.Record, string, error) {
	limit = pageLimit(limit)
	list := cursorOf("records", partition, prefix)
	last, err := list.parse(cursor)
	if errors.Is(err, job.ErrCursor) {
		return nil, "", fmt.Errorf("list records of %s: %w", partition, record.ErrCursor)
	}
	in := &dynamodb.QueryInput{
		TableName:                 s.table,
		KeyConditionExpression:    aws.String("pk = :p AND begins_with(sk, :s)"),
		ExpressionAttributeValues: item{":p": text(recordPrefix + partition), ":s": text(recordSort + prefix)},
		ConsistentRead:            aws.Bool(true),
		ReturnConsumedCapacity:    s.report,
	}
	if last != "" {
		in.ExclusiveStartKey = key(recordPrefix+partition, last)
	}
	var records []record.Record
	for more := true; more; {
		in.Limit = aws.Int32(int32(limit - len(records) + 1))
		var items []item
		if items, more, err = s.query(ctx, in); err != nil {
			return nil, "", fmt.Errorf("list records of %s: %w", partition, err)
		}
		for _, it := range items {
			r, ok := s.readRecord(it)
			if !ok {
				continue
			}
			if len(records) == limit {
				return records, list.at(recordSort + records[limit-1].Sort), nil
			}
			records = append(records, r)
		}
		if len(items) > 0 {
			in.ExclusiveStartKey = key(recordPrefix+partition, items[len(items)-1].text(attrSK))
		}
	}
	return records, "", nil
}
