// Package dynamostream reads a DynamoDB stream shard by shard and hands out its
// records as Lambda events hold them.
package dynamostream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// Start says where a source begins.
type Start string

// The places to begin.
const (
	Latest      Start = "LATEST"       // with what changes after the first Read
	TrimHorizon Start = "TRIM_HORIZON" // with the oldest record that is kept
)

const (
	maxRecords = 1000             // of one GetRecords
	describe   = 10 * time.Second // how often new shards are looked for
	finished   = "finished"       // position of a shard that has been read to its end
)

// API is what is used of *dynamodbstreams.Client.
type API interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// Source is an eventsource.StreamSource over all shards of a stream. A shard is
// begun when its parent has been read to its end, so the records of one item
// come in order. It is for one reader at a time.
//
// A position names, for each shard, the last record read. One of a shard of which
// nothing has been read yet is the place where the source began, and so moves on
// if that is Latest and the position is taken up by another Source.
type Source struct {
	client API
	arn    string
	start  Start

	position  string // what the shards stand at, as returned by the last Read
	shards    []*shard
	described time.Time
	turn      int // the shard that is read first
}

type shard struct {
	id, parent string
	after      string // sequence number of the last record read; finished at the end
	begin      Start  // where it begins while after is empty
	iterator   *string
}

// New returns a source of the stream with this ARN.
func New(client API, arn string, start Start) *Source {
	return &Source{client: client, arn: arn, start: start}
}

// Read implements eventsource.StreamSource. If a shard fails after others have
// given records, those are returned, and the next Read comes upon the fault.
func (s *Source) Read(ctx context.Context, after string, limit int) ([]events.DynamoDBEventRecord, string, error) {
	records, err := s.read(ctx, after, limit)
	if err != nil && len(records) == 0 {
		return nil, "", fmt.Errorf("dynamostream: %w", err)
	}
	if err := s.note(); err != nil {
		return nil, "", fmt.Errorf("dynamostream: %w", err)
	}
	return records, s.position, nil
}

func (s *Source) read(ctx context.Context, after string, limit int) ([]events.DynamoDBEventRecord, error) {
	if s.shards == nil || after != s.position {
		if err := s.resume(ctx, after); err != nil {
			return nil, err
		}
	} else if time.Since(s.described) > describe {
		if err := s.describe(ctx, TrimHorizon); err != nil {
			return nil, err
		}
	}
	var records []events.DynamoDBEventRecord
	s.turn++
	for i := range s.shards {
		if len(records) >= limit {
			break
		}
		sh := s.shards[(s.turn+i)%len(s.shards)]
		if sh.after == finished || !s.parentDone(sh) {
			continue
		}
		got, err := s.readShard(ctx, sh, min(limit-len(records), maxRecords))
		if err != nil {
			return records, err
		}
		records = append(records, got...)
		if sh.after == finished {
			s.described = time.Time{} // its children may be there already
		}
	}
	return records, nil
}

// resume sets the shards to a position.
func (s *Source) resume(ctx context.Context, after string) error {
	stands := map[string]string{}
	begin := s.start
	if after != "" {
		if err := json.Unmarshal([]byte(after), &stands); err != nil {
			return fmt.Errorf("position %q: %w", after, err)
		}
		begin = TrimHorizon // a shard that is not named has come since
	}
	s.shards = nil
	if err := s.describe(ctx, begin); err != nil {
		return err
	}
	for _, sh := range s.shards {
		if stand, ok := stands[sh.id]; ok {
			sh.after, sh.begin = stand, s.start
		}
	}
	if begin == Latest { // the end of open shards is where it begins: shards that are closed are past
		for _, sh := range s.shards {
			if s.closed(sh) {
				sh.after = finished
			}
		}
	}
	return nil
}

// closed reports whether a shard has children.
func (s *Source) closed(sh *shard) bool {
	for _, other := range s.shards {
		if other.parent == sh.id {
			return true
		}
	}
	return false
}

// describe brings the list of shards up to date.
func (s *Source) describe(ctx context.Context, begin Start) error {
	known := map[string]*shard{}
	for _, sh := range s.shards {
		known[sh.id] = sh
	}
	var shards []*shard
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: aws.String(s.arn)}
	for {
		out, err := s.client.DescribeStream(ctx, in)
		if err != nil {
			return err
		}
		for i := range out.StreamDescription.Shards {
			d := &out.StreamDescription.Shards[i]
			sh := known[aws.ToString(d.ShardId)]
			if sh == nil {
				sh = &shard{id: aws.ToString(d.ShardId), parent: aws.ToString(d.ParentShardId), begin: begin}
			}
			shards = append(shards, sh)
		}
		if in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			break
		}
	}
	s.shards, s.described = shards, time.Now()
	return nil
}

func (s *Source) parentDone(sh *shard) bool {
	for _, other := range s.shards {
		if other.id == sh.parent {
			return other.after == finished
		}
	}
	return true // it is the first, or its parent is no longer kept
}

func (s *Source) readShard(ctx context.Context, sh *shard, limit int) ([]events.DynamoDBEventRecord, error) {
	if sh.iterator == nil {
		in := &dynamodbstreams.GetShardIteratorInput{
			StreamArn: aws.String(s.arn), ShardId: aws.String(sh.id), ShardIteratorType: types.ShardIteratorType(sh.begin),
		}
		if sh.after != "" {
			in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, aws.String(sh.after)
		}
		out, err := s.client.GetShardIterator(ctx, in)
		var trimmed *types.TrimmedDataAccessException
		if errors.As(err, &trimmed) { // what followed is no longer kept either
			sh.after, sh.begin = "", TrimHorizon
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		sh.iterator = out.ShardIterator
	}
	out, err := s.client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: sh.iterator, Limit: aws.Int32(int32(limit))})
	var expired *types.ExpiredIteratorException
	var trimmed *types.TrimmedDataAccessException
	if errors.As(err, &expired) || errors.As(err, &trimmed) {
		sh.iterator = nil // the next Read gets another
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	records := make([]events.DynamoDBEventRecord, len(out.Records))
	for i := range out.Records {
		records[i] = event(&out.Records[i], s.arn)
		sh.after = records[i].Change.SequenceNumber
	}
	if sh.iterator = out.NextShardIterator; sh.iterator == nil {
		sh.after = finished
	}
	return records, nil
}

// note writes down where the shards stand.
func (s *Source) note() error {
	stands := make(map[string]string, len(s.shards))
	for _, sh := range s.shards {
		if sh.after == "" && sh.begin != s.start {
			continue // begun from its first record, as any shard that is not named
		}
		stands[sh.id] = sh.after
	}
	position, err := json.Marshal(stands) // keys sorted: equal stands are equal positions
	s.position = string(position)
	return err
}
