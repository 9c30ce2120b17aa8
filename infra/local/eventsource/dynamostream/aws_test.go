package dynamostream_test

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/infra/e2e/emulators"
	"gleaner/infra/local/eventsource"
	"gleaner/infra/local/eventsource/dynamostream"
)

// TestAWSStream follows the stream of a real table through the event source, and
// compares the attributes of one record with what was written.
func TestAWSStream(t *testing.T) {
	url := emulators.URL(t, emulators.ServiceDynamoDB)
	client := emulators.DynamoDB(url)
	table := "gleaner-stream-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	emulators.CreateTable(t, client, &dynamodb.CreateTableInput{
		TableName: &table, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("PK"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("PK"), AttributeType: types.ScalarAttributeTypeS}},
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages},
	})
	d, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	put := func(pk string) {
		t.Helper()
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: map[string]types.AttributeValue{
			"PK":   &types.AttributeValueMemberS{Value: pk},
			"n":    &types.AttributeValueMemberN{Value: "12.5"},
			"b":    &types.AttributeValueMemberB{Value: []byte{0, 255}},
			"bool": &types.AttributeValueMemberBOOL{Value: true},
			"null": &types.AttributeValueMemberNULL{Value: true},
			"ss":   &types.AttributeValueMemberSS{Value: []string{"x"}},
			"ns":   &types.AttributeValueMemberNS{Value: []string{"1"}},
			"bs":   &types.AttributeValueMemberBS{Value: [][]byte{{1}}},
			"m": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
				"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: "y"}}},
			}},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	put("before")
	arn, streams := *d.Table.LatestStreamArn, emulators.Streams(url)
	source := dynamostream.New(streams, arn, dynamostream.Latest)
	_, position, err := source.Read(t.Context(), "", 10) // from here on
	if err != nil {
		t.Fatal(err)
	}

	got := make(chan events.DynamoDBEventRecord, 100)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	s := &eventsource.Stream{
		Source: resumed{source, position}, BatchSize: 100, Window: 200 * time.Millisecond, Timeout: time.Minute, Log: slog.Default(),
		Handler: func(_ context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
			for _, r := range e.Records {
				got <- r
			}
			return events.DynamoDBEventResponse{}, nil
		},
	}
	go func() { done <- s.Run(ctx) }()
	var want, names []string
	for i := range 20 {
		want = append(want, "item"+strconv.Itoa(i))
		put(want[i])
	}
	var last events.DynamoDBEventRecord
	for len(names) < len(want) {
		select {
		case last = <-got:
			names = append(names, last.Change.Keys["PK"].String())
		case <-time.After(time.Minute):
			t.Fatalf("only %v arrived", names)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("records of %v, want %v", names, want)
	}
	image := last.Change.NewImage
	if last.EventName != "INSERT" || last.EventSource != "aws:dynamodb" || last.EventSourceArn != arn || last.Change.SequenceNumber == "" {
		t.Errorf("%+v", last)
	}
	if image["n"].Number() != "12.5" || !slices.Equal(image["b"].Binary(), []byte{0, 255}) || !image["bool"].Boolean() || !image["null"].IsNull() ||
		!slices.Equal(image["ss"].StringSet(), []string{"x"}) || !slices.Equal(image["ns"].NumberSet(), []string{"1"}) ||
		!reflect.DeepEqual(image["bs"].BinarySet(), [][]byte{{1}}) || image["m"].Map()["l"].List()[0].String() != "y" {
		t.Errorf("image %v", image)
	}

	// From the beginning there is one more.
	all, _ := drain(t, dynamostream.New(streams, arn, dynamostream.TrimHorizon), "")
	if len(all) != len(want)+1 {
		t.Errorf("%d records from the beginning, want %d", len(all), len(want)+1)
	}
}

// resumed is a source that begins at a position.
type resumed struct {
	*dynamostream.Source
	begin string
}

func (r resumed) Read(ctx context.Context, after string, limit int) ([]events.DynamoDBEventRecord, string, error) {
	if after == "" {
		after = r.begin
	}
	return r.Source.Read(ctx, after, limit)
}
