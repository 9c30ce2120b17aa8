package dynamostore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/dynamostore"
	"gleaner/shared/job"
	"gleaner/shared/record"
)

// scan returns every item of a table.
func scan(t *testing.T, client *dynamodb.Client, table string) []map[string]types.AttributeValue {
	t.Helper()
	var items []map[string]types.AttributeValue
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, page.Items...)
	}
	return items
}

func text(v types.AttributeValue) string {
	s, _ := v.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

// Whatever belongs to a job is dropped by the table when the job's retention
// ends, and what every step of a batch rewrites stays within one write unit.
func TestAWSItemsExpireAndHeadsAreSmall(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, client, table := openTable(t)
	now := time.Now().UTC()
	expires := now.Add(30 * 24 * time.Hour)
	j, _, err := s.CreateJob(ctx, job.Job{
		ID: job.NewID(now, 2), Owner: "anna", CreatedAt: now, ExpiresAt: expires,
		Idempotency: &job.Idempotency{Key: "k", Fingerprint: "f"},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := j.ID
	if err := s.PutChunk(ctx, id, job.Chunk{Targets: []job.Target{{URL: "https://a.de/"}}}); err != nil {
		t.Fatal(err)
	}
	batches := lifeBatches(id, 5, now)
	batches[4].Targets = batches[4].Targets[:5] // few enough to stay in the head
	if err := s.PutBatches(ctx, batches); err != nil {
		t.Fatal(err)
	}
	claim := func(r job.Ref) job.Batch {
		t.Helper()
		b, err := s.Claim(ctx, r, job.Claim{Token: "token", Now: now, Lease: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	// One is fetched and leaves a continuation, one is split, one is retried.
	b := claim(batches[0].Ref)
	res := lifeResult(&b, now)
	cont := job.Batch{Ref: job.Ref{Job: id, Key: b.Ref.Key.Child('c')}, Targets: b.Targets[50:], Due: now}
	if err := s.SaveResult(ctx, b.Ref, "token", res, &cont); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutAddresses(ctx, b.Ref, res.Addresses, expires); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutDomains(ctx, b.Ref, []string{"tischlerei-oehlert.de"}, expires); err != nil {
		t.Fatal(err)
	}
	tally := job.TallyOf(&res)
	tally.Recent = res.Addresses[:job.MaxRecent]
	if _, err := s.Settle(ctx, b.Ref, tally, now, now); err != nil {
		t.Fatal(err)
	}
	b = claim(batches[2].Ref)
	var halves [2]job.Batch
	for i, letter := range []byte{'a', 'b'} {
		halves[i] = job.Batch{Ref: job.Ref{Job: id, Key: b.Ref.Key.Child(letter)}, Targets: b.Targets[i*50 : i*50+50]}
	}
	if err := s.Split(ctx, b.Ref, "token", halves, now); err != nil {
		t.Fatal(err)
	}
	retry := job.Batch{Ref: job.Ref{Job: id, Key: job.RetryKey(1, 0)}, Targets: b.Targets}
	if err := s.AddRetry(ctx, retry, []job.Key{batches[0].Ref.Key}, map[job.Outcome]int{job.OutcomeTimeout: 1}); err != nil {
		t.Fatal(err)
	}

	heads, kinds := 0, map[dynamostore.Kind]int{}
	for _, it := range scan(t, client, table) {
		pk, sk := text(it["pk"]), text(it["sk"])
		kinds[dynamostore.ParseKeys(pk, sk).Kind]++
		ttl, ok := it[dynamostore.AttributeTTL].(*types.AttributeValueMemberN)
		want := expires
		if pk == "I#anna#k" {
			want = now.Add(job.IdempotencyTTL)
		}
		if !ok || ttl.Value != fmt.Sprint(want.Add(time.Second-1).Unix()) {
			t.Errorf("%s / %s expires at %v, want %d", pk, sk, it[dynamostore.AttributeTTL], want.Unix())
		}
		if _, head := it["s"]; head || sk == dynamostore.SortStat {
			heads++
			if n := size(it); n > 900 {
				t.Errorf("%s / %s has %d bytes", pk, sk, n)
			}
		}
	}
	if heads != 2+5+1+2+1 {
		t.Errorf("%d heads and counters", heads)
	}
	for kind := dynamostore.KindOther; kind <= dynamostore.KindChunk; kind++ {
		if kinds[kind] == 0 {
			t.Errorf("no item of kind %d was stored", kind)
		}
	}
}

// size is about what DynamoDB bills an item as.
func size(it map[string]types.AttributeValue) int {
	n := 0
	for name, v := range it {
		n += len(name)
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			n += len(v.Value)
		case *types.AttributeValueMemberN:
			n += len(v.Value)/2 + 1
		case *types.AttributeValueMemberB:
			n += len(v.Value)
		default:
			n++
		}
	}
	return n
}

// The table itself drops what expired, also when nobody reads it.
func TestAWSTimeToLive(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, client, table := openTable(t)
	if _, err := client.UpdateTimeToLive(ctx, dynamostore.TTLInput(table)); err != nil {
		t.Fatal(err)
	}
	out, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	if ttl := out.TimeToLiveDescription; aws.ToString(ttl.AttributeName) != dynamostore.AttributeTTL || ttl.TimeToLiveStatus == types.TimeToLiveStatusDisabled {
		t.Errorf("time to live: %+v", ttl)
	}
	// The table's clock decides when, so here only what must not go is waited for.
	keep := record.Record{Partition: "p", Sort: "s", Value: []byte("v"), Expires: time.Now().Add(time.Hour)}
	if err := s.Put(ctx, keep); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, "p", "s"); err != nil {
		t.Fatal(err)
	}
}

// All workers of a job that begin at once meet at the same counters.
func TestAWSManyWorkersOneShard(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := open(t)
	now := time.Now().UTC()
	id := job.NewID(now, 1)
	batches := make([]job.Batch, 64)
	for i := range batches {
		batches[i] = job.Batch{Ref: job.Ref{Job: id, Key: job.PlannedKey(i)}, Targets: []job.Target{{URL: fmt.Sprintf("https://a-%d.de/", i)}}}
	}
	if _, _, err := s.CreateJob(ctx, job.Job{ID: id, Owner: "anna", CreatedAt: now, ExpiresAt: now.Add(time.Hour), Batches: len(batches)}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutBatches(ctx, batches); err != nil {
		t.Fatal(err)
	}
	var workers sync.WaitGroup
	for i := range batches {
		workers.Go(func() {
			if err := liveThrough(ctx, s, batches[i].Ref, now.Add(time.Duration(i)*time.Second)); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	p, err := s.Progress(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	c := p.Counters
	if c.Active != 0 || c.BatchesDone != 64 || c.Processed != 64 || c.Emails != 64 || c.Outcomes[job.OutcomeFound] != 64 {
		t.Errorf("counted %+v", c)
	}
	if len(c.Recent) != job.MaxRecent {
		t.Errorf("%d newest addresses", len(c.Recent))
	}
}

func liveThrough(ctx context.Context, s *dynamostore.Store, r job.Ref, now time.Time) error {
	b, err := s.Claim(ctx, r, job.Claim{Token: string(r.Key), Now: now, Lease: time.Minute})
	if err != nil {
		return err
	}
	res := job.Result{
		Visits:    []job.Visit{{URL: b.Targets[0].URL, Outcome: job.OutcomeFound}},
		Addresses: []job.Address{{Email: "anna@" + b.Targets[0].URL[len("https://"):len(b.Targets[0].URL)-1], FirstSeen: now}},
	}
	if err := s.SaveResult(ctx, r, string(r.Key), res, nil); err != nil {
		return err
	}
	tally := job.TallyOf(&res)
	tally.Emails, tally.Recent = 1, res.Addresses
	_, err = s.Settle(ctx, r, tally, now, now)
	return err
}
