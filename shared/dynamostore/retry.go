package dynamostore

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Retries go on for about 8 s on average before the last error is reported; a
// context's deadline ends them sooner. Workers of one job meet at its counters
// when all of them begin at once, so it must be many more than the SDK's three.
const (
	maxAttempts = 20
	baseDelay   = 10 * time.Millisecond
	maxDelay    = time.Second
)

// backoff is the wait before the n-th repeat, n from 0: exponential, capped, with
// full jitter, so that those who collided do not collide again.
func backoff(n int) time.Duration {
	limit := maxDelay
	if n < 10 {
		limit = min(maxDelay, baseDelay<<n)
	}
	return time.Millisecond + rand.N(limit)
}

// patient makes a client's calls outlast conflicts and throttling. The SDK does
// not repeat a transaction that was cancelled because of another one. A repeated
// TransactWriteItems carries the token of the first, so one whose answer was lost
// is not applied again.
func patient(o *dynamodb.Options) {
	o.Retryer = retry.NewStandard(func(so *retry.StandardOptions) {
		so.MaxAttempts = maxAttempts
		so.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			return backoff(attempt), nil
		})
		so.RateLimiter = ratelimit.None // throttled on one partition is no reason to give up on the others
		so.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(passing)}, retry.DefaultRetryables...)
	})
}

// passing recognises the failures that only say "not just now".
func passing(err error) aws.Ternary {
	var conflict *types.TransactionConflictException
	var inProgress *types.TransactionInProgressException
	var replicated *types.ReplicatedWriteConflictException
	if errors.As(err, &conflict) || errors.As(err, &inProgress) || errors.As(err, &replicated) {
		return aws.TrueTernary
	}
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return aws.UnknownTernary
	}
	again := aws.FalseTernary
	for i := range cancelled.CancellationReasons {
		switch aws.ToString(cancelled.CancellationReasons[i].Code) {
		case "None":
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			again = aws.TrueTernary
		default:
			return aws.FalseTernary // a condition that does not hold will not hold later
		}
	}
	return again
}

// refused returns what stood in the table when a single write's condition did not hold.
func refused(err error) (old item, ok bool) {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return nil, false
	}
	return failed.Item, true
}

// refusals returns, for each item of a transaction whose condition did not hold,
// what stood in the table (nil if nothing did).
func refusals(err error) map[int]item {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return nil
	}
	var found map[int]item
	for i := range cancelled.CancellationReasons {
		reason := &cancelled.CancellationReasons[i]
		if aws.ToString(reason.Code) == "ConditionalCheckFailed" {
			if found == nil {
				found = map[int]item{}
			}
			found[i] = reason.Item
		}
	}
	return found
}
