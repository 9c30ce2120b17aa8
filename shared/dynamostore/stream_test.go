package dynamostore_test

import (
	"context"
	"crypto/rand"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/dynamostore"
	"gleaner/shared/job"
)

// changes reads a table's stream from its beginning until see returns true.
func changes(ctx context.Context, t *testing.T, client *dynamodbstreams.Client, arn *string, see func(streamtypes.Record) bool) {
	t.Helper()
	iterators := map[string]*string{} // by shard; nil when the shard is read to its end
	for {
		described, err := client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
		if err != nil {
			t.Fatalf("describe stream: %v", err)
		}
		for _, shard := range described.StreamDescription.Shards {
			id := aws.ToString(shard.ShardId)
			iterator, known := iterators[id]
			if !known {
				out, err := client.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
					StreamArn: arn, ShardId: shard.ShardId, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon,
				})
				if err != nil {
					t.Fatalf("iterator of shard %s: %v", id, err)
				}
				iterator = out.ShardIterator
			}
			if iterator == nil {
				continue
			}
			out, err := client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator})
			if err != nil {
				t.Fatalf("records of shard %s: %v", id, err)
			}
			iterators[id] = out.NextShardIterator
			for _, r := range out.Records {
				if see(r) {
					return
				}
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// From the keys in the table's stream alone a notifier learns which job's
// progress changed, and the stream holds nothing but keys.
func TestAWSStreamTellsWhichJobChanged(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url := emulators.URL(t, emulators.ServiceDynamoDB)
	client := emulators.DynamoDB(url)
	table := "gleaner-test-" + rand.Text()
	emulators.CreateTable(t, client, dynamostore.TableInput(table))
	described, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	s := dynamostore.New(client, table)

	now := time.Now().UTC()
	id := job.NewID(now, 4)
	batches := lifeBatches(id, 6, now)
	if _, _, err := s.CreateJob(ctx, job.Job{ID: id, Owner: "anna", CreatedAt: now, ExpiresAt: now.Add(time.Hour), Batches: len(batches)}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutBatches(ctx, batches); err != nil {
		t.Fatal(err)
	}
	r := batches[5].Ref // on shard 1
	b, err := s.Claim(ctx, r, job.Claim{Token: "t", Now: now, Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	res := lifeResult(&b, now)
	if err := s.SaveResult(ctx, r, "t", res, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutAddresses(ctx, r, res.Addresses, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Settle(ctx, r, job.TallyOf(&res), now, now); err != nil {
		t.Fatal(err)
	}
	if _, err := job.Mutate(ctx, s, id, func(j *job.Job) error { return j.Become(job.Running, now, "") }); err != nil {
		t.Fatal(err)
	}

	// 1 + 4 creations, a claim and a settle on shard 1, one change of the job.
	want := map[dynamostore.Keys]int{
		{Kind: dynamostore.KindJob, Job: id}:                2,
		{Kind: dynamostore.KindCounters, Job: id}:           1,
		{Kind: dynamostore.KindCounters, Job: id, Shard: 1}: 3,
		{Kind: dynamostore.KindCounters, Job: id, Shard: 2}: 1,
		{Kind: dynamostore.KindCounters, Job: id, Shard: 3}: 1,
	}
	got := map[dynamostore.Keys]int{}
	changes(ctx, t, emulators.Streams(url), described.Table.LatestStreamArn, func(record streamtypes.Record) bool {
		if len(record.Dynamodb.NewImage) > 0 || len(record.Dynamodb.OldImage) > 0 {
			t.Errorf("a record holds more than keys: %v", record.Dynamodb)
		}
		pk, _ := record.Dynamodb.Keys["pk"].(*streamtypes.AttributeValueMemberS)
		sk, _ := record.Dynamodb.Keys["sk"].(*streamtypes.AttributeValueMemberS)
		k := dynamostore.ParseKeys(pk.Value, sk.Value)
		if k.Kind == dynamostore.KindJob || k.Kind == dynamostore.KindCounters {
			got[k]++
		}
		return maps.Equal(got, want)
	})
}
