package dynamostream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"gleaner/infra/local/eventsource"
	"gleaner/infra/local/eventsource/dynamostream"
)

var _ eventsource.StreamSource = (*dynamostream.Source)(nil)

// stream is a stream of several shards in memory.
type stream struct {
	shards  []string // in the order they are listed
	parents map[string]string
	records map[string][]string
	closed  map[string]bool
	issued  int // number of the iterators in use: older ones have expired
	fail    error
}

func (s *stream) DescribeStream(_ context.Context, in *dynamodbstreams.DescribeStreamInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error) {
	at := slices.Index(s.shards, aws.ToString(in.ExclusiveStartShardId)) + 1 // one a page
	d := &types.StreamDescription{}
	if at < len(s.shards) {
		d.Shards = []types.Shard{{ShardId: &s.shards[at]}}
		if parent := s.parents[s.shards[at]]; parent != "" {
			d.Shards[0].ParentShardId = &parent
		}
	}
	if at+1 < len(s.shards) {
		d.LastEvaluatedShardId = &s.shards[at]
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: d}, nil
}

func (s *stream) iterator(shard string, at int) *string {
	return aws.String(fmt.Sprintf("%s/%d/%d", shard, at, s.issued))
}

func (s *stream) GetShardIterator(_ context.Context, in *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	at := 0
	switch in.ShardIteratorType {
	case types.ShardIteratorTypeLatest:
		at = len(s.records[*in.ShardId])
	case types.ShardIteratorTypeAfterSequenceNumber:
		_, number, _ := strings.Cut(*in.SequenceNumber, ".")
		at, _ = strconv.Atoi(number)
	}
	return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: s.iterator(*in.ShardId, at)}, nil
}

func (s *stream) GetRecords(_ context.Context, in *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	part := strings.Split(*in.ShardIterator, "/")
	if part[2] != strconv.Itoa(s.issued) {
		return nil, &types.ExpiredIteratorException{}
	}
	at, _ := strconv.Atoi(part[1])
	all := s.records[part[0]]
	end := min(len(all), at+int(*in.Limit))
	out := &dynamodbstreams.GetRecordsOutput{NextShardIterator: s.iterator(part[0], end)}
	for i := at; i < end; i++ {
		out.Records = append(out.Records, types.Record{
			EventID:  aws.String(all[i]),
			Dynamodb: &types.StreamRecord{SequenceNumber: aws.String(fmt.Sprintf("%s.%d", part[0], i+1))},
		})
	}
	if end == len(all) && s.closed[part[0]] {
		out.NextShardIterator = nil
	}
	return out, nil
}

func drain(t *testing.T, s *dynamostream.Source, position string) (names []string, next string) {
	t.Helper()
	for empty := 0; empty < 4; { // an empty Read is not the end: a shard may have ended
		records, after, err := s.Read(t.Context(), position, 2)
		if err != nil {
			t.Fatal(err)
		}
		position = after
		if len(records) == 0 {
			empty++
		}
		names = append(names, ids(records)...)
	}
	return names, position
}

func ids(records []events.DynamoDBEventRecord) (names []string) {
	for _, r := range records {
		names = append(names, r.EventID)
	}
	return names
}

func check(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
}

func family() *stream {
	return &stream{
		shards:  []string{"child", "other", "parent"},
		parents: map[string]string{"child": "parent", "parent": "no longer kept"},
		records: map[string][]string{"parent": {"p1", "p2", "p3"}, "child": {"c1", "c2"}},
		closed:  map[string]bool{"parent": true},
	}
}

func TestParentsComeFirst(t *testing.T) {
	api := family()
	source := dynamostream.New(api, "arn", dynamostream.TrimHorizon)
	got, position := drain(t, source, "")
	check(t, got, "p1", "p2", "p3", "c1", "c2")

	api.records["other"] = []string{"o1"}
	api.issued++ // all iterators expire
	got, position = drain(t, source, position)
	check(t, got, "o1")

	// A shard that comes later is read from its first record on, also by a
	// source that takes up the position.
	api.closed["child"] = true
	api.shards = append(api.shards, "grandchild")
	api.parents["grandchild"] = "child"
	api.records["grandchild"] = []string{"g1"}
	got, _ = drain(t, dynamostream.New(api, "arn", dynamostream.TrimHorizon), position)
	check(t, got, "g1")
	got, _ = drain(t, source, position)
	check(t, got, "g1")
}

func TestLatest(t *testing.T) {
	api := family()
	source := dynamostream.New(api, "arn", dynamostream.Latest)
	got, position := drain(t, source, "")
	check(t, got)
	api.records["child"] = append(api.records["child"], "c3")
	api.closed["child"] = true
	api.shards = append(api.shards, "grandchild")
	api.parents["grandchild"] = "child"
	api.records["grandchild"] = []string{"g1"}
	got, _ = drain(t, source, position)
	check(t, got, "c3", "g1")
}

func TestFaultLosesNothing(t *testing.T) {
	api := family()
	source := dynamostream.New(api, "arn", dynamostream.TrimHorizon)
	records, position, err := source.Read(t.Context(), "", 2)
	if err != nil {
		t.Fatal(err)
	}
	check(t, ids(records), "p1", "p2")
	api.fail = errors.New("throttled")
	if _, _, err := source.Read(t.Context(), position, 2); !errors.Is(err, api.fail) {
		t.Errorf("error %v", err)
	}
	api.fail = nil
	got, _ := drain(t, source, position)
	check(t, got, "p3", "c1", "c2")
	if _, _, err := source.Read(t.Context(), "nonsense", 2); err == nil {
		t.Error("a position of nothing was accepted")
	}
}
