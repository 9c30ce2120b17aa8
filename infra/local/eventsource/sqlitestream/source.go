// Package sqlitestream reads the changes of an SQLite store as the stream of a
// DynamoDB table with keys only.
package sqlitestream

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/infra/local/sqlitestore"
)

// Feed is where changes come from; *sqlitestore.Store is one.
type Feed interface {
	Feed(ctx context.Context, after int64, limit int) ([]sqlitestore.Change, error)
	FeedEnd(ctx context.Context) (int64, error)
}

var _ Feed = (*sqlitestore.Store)(nil)

// Source is an eventsource.StreamSource that begins with what changes after its
// first Read. A position is the number of a change.
type Source struct{ feed Feed }

// New returns a source of a store's changes.
func New(feed Feed) *Source { return &Source{feed: feed} }

// Read implements eventsource.StreamSource.
func (s *Source) Read(ctx context.Context, after string, limit int) ([]events.DynamoDBEventRecord, string, error) {
	if after == "" {
		end, err := s.feed.FeedEnd(ctx)
		if err != nil {
			return nil, "", fmt.Errorf("sqlitestream: %w", err)
		}
		return nil, strconv.FormatInt(end, 10), nil
	}
	seq, err := strconv.ParseInt(after, 10, 64)
	if err != nil {
		return nil, "", fmt.Errorf("sqlitestream: position %q: %w", after, err)
	}
	changes, err := s.feed.Feed(ctx, seq, limit)
	if err != nil {
		return nil, "", fmt.Errorf("sqlitestream: %w", err)
	}
	records := make([]events.DynamoDBEventRecord, len(changes))
	for i := range changes {
		records[i] = event(&changes[i])
		seq = changes[i].Seq
	}
	return records, strconv.FormatInt(seq, 10), nil
}

// event is the record DynamoDB would make. The feed does not tell new items from
// changed ones, so all are MODIFY.
func event(c *sqlitestore.Change) events.DynamoDBEventRecord {
	number := strconv.FormatInt(c.Seq, 10)
	return events.DynamoDBEventRecord{
		AWSRegion:    "local",
		EventID:      number,
		EventName:    string(events.DynamoDBOperationTypeModify),
		EventSource:  "aws:dynamodb",
		EventVersion: "1.1",
		Change: events.DynamoDBStreamRecord{
			ApproximateCreationDateTime: events.SecondsEpochTime{Time: c.At},
			SequenceNumber:              number,
			SizeBytes:                   int64(len("pk") + len(c.PK) + len("sk") + len(c.SK)),
			StreamViewType:              string(events.DynamoDBStreamViewTypeKeysOnly),
			Keys: map[string]events.DynamoDBAttributeValue{
				"pk": events.NewStringAttribute(c.PK),
				"sk": events.NewStringAttribute(c.SK),
			},
		},
	}
}
