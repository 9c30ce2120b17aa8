// Package dynamostore keeps jobs and records in one DynamoDB table. It
// implements job.Store and record.Store.
//
// Keys, where s is one of the job's shards:
//
//	job            J#<id>           META
//	counters       J#<id>#<s>       STAT
//	batch          J#<id>#<s>       B#<key>            the head: all that changes, under 1 KB
//	its targets    J#<id>#<s>       B#<key>#T#<hash>#<part>
//	its result     J#<id>#<s>       B#<key>#O#<hash>#<part>
//	chunk          J#<id>#<s>       C#<number>         and its parts C#<number>#T#<hash>#<part>
//	address        J#<id>#<s>       E#<address>
//	domain         J#<id>#<s>       N#<domain>
//	owner's list   O#<owner>        <id>
//	idempotency    I#<owner>#<key>  META
//	record         R#<partition>    #<sort>
//
// DynamoDB bills a write by the size of the whole item, and twice in a
// transaction. So what a batch's every step rewrites is kept apart from what is
// written once and large; and because a head and its parts sort next to each
// other, one Query still reads a whole batch, or a page of them. A part's key
// holds a hash of what it is part of, so two workers that both believe to hold a
// batch cannot mix their results.
//
// The shard count is in the job's ID: progress is one BatchGetItem.
package dynamostore

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"gleaner/shared/job"
	"gleaner/shared/record"
)

// The contracts this package implements.
var (
	_ job.Store    = (*Store)(nil)
	_ record.Store = (*Store)(nil)
)

// parallel bounds the requests that one call has under way.
const parallel = 64

// Store is a job.Store and a record.Store on one table. It holds no state of its
// own and is safe for concurrent use.
type Store struct {
	client  *dynamodb.Client
	table   *string
	now     func() time.Time
	observe func(op string, reads, writes float64)
	report  types.ReturnConsumedCapacity
}

// Option changes a Store under construction.
type Option func(*Store)

// WithCapacityObserver has observe told what each request consumed: the name of
// the DynamoDB operation, and read and write units, those of indexes included. It
// is called concurrently. What a request consumed whose condition did not hold is
// billed but not told by DynamoDB, and so not observed.
func WithCapacityObserver(observe func(op string, reads, writes float64)) Option {
	return func(s *Store) {
		s.observe = observe
		s.report = types.ReturnConsumedCapacityTotal
	}
}

// New returns a Store on the table of that name, which must have the keys,
// indexes and stream of TableInput. Conflicts and throttling are waited out by
// the Store itself, whatever retryer the client has.
func New(client *dynamodb.Client, table string, opts ...Option) *Store {
	s := &Store{client: client, table: aws.String(table), now: time.Now, report: types.ReturnConsumedCapacityNone}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// NewClient returns a client that suits a Store: it keeps as many connections as
// a Store has requests under way, where the SDK would keep ten and open the
// others anew each time, and takes a request that is not answered for lost.
func NewClient(cfg aws.Config, options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, append([]func(*dynamodb.Options){func(o *dynamodb.Options) {
		if c, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = c.WithTransportOptions(func(t *http.Transport) {
				t.MaxIdleConnsPerHost = 2 * parallel
				t.ResponseHeaderTimeout = answerTime
			})
		}
	}}, options...)...)
}

// answerTime is far more than DynamoDB takes for any request.
const answerTime = 5 * time.Second

// each runs fn for 0 to n-1, at most parallel at a time, and returns the first error.
func each(ctx context.Context, n int, fn func(ctx context.Context, i int) error) error {
	if n == 1 {
		return fn(ctx, 0)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i := range n {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return fn(ctx, i)
		})
	}
	return g.Wait()
}

func (s *Store) reads(op string, c ...types.ConsumedCapacity) {
	for i := range c {
		s.consumed(op, aws.ToFloat64(c[i].CapacityUnits), 0)
	}
}

func (s *Store) writes(op string, c ...types.ConsumedCapacity) {
	for i := range c {
		s.consumed(op, 0, aws.ToFloat64(c[i].CapacityUnits))
	}
}

func (s *Store) consumed(op string, reads, writes float64) {
	if s.observe != nil {
		s.observe(op, reads, writes)
	}
}
