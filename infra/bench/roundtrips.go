package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"gleaner/shared/dynamostore"
	"gleaner/shared/sqsqueue"
)

// slowLink is how long each request takes on the slow link: far more than anything
// else, so that the time of a start divided by it is the number of requests that
// wait for each other.
const slowLink = 300 * time.Millisecond

// maxRoundTrips is how many requests may wait for each other, whatever the size.
const maxRoundTrips = 5

// createOnAWS measures POST /jobs on DynamoDB and SQS: the requests it takes, and
// how many of them wait for each other.
func createOnAWS(ctx context.Context, e *Env, r *Report) error {
	c, err := e.openCloud(ctx)
	if errors.Is(err, errSkipped) {
		r.Skipped = "DynamoDB and SQS: " + err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	defer c.close(ctx)
	s, err := serve(ctx, api(dynamostore.New(c.dynamo, c.table), sqsqueue.New(c.sqs, c.queue)))
	if err != nil {
		return err
	}
	defer s.close()
	sizes := []int{100, 10_000, 100_000}
	if e.Quick {
		sizes = []int{100, 100_000}
	}
	for _, urls := range sizes {
		e.note("create: DynamoDB and SQS, %d URLs", urls)
		body := asJSON(listOf(urls))
		start := func(delay time.Duration) (time.Duration, error) {
			c.tableLink.delay.Store(int64(delay))
			c.queueLink.delay.Store(int64(delay))
			began := time.Now()
			_, err := s.do(ctx, http.MethodPost, "/jobs", "application/json", body, http.StatusAccepted)
			return time.Since(began), err
		}
		var quick, slow samples
		var table, queue int64
		for range e.pick(20, 2) {
			table, queue = c.tableLink.requests.Load(), c.queueLink.requests.Load()
			took, err := start(0)
			if err != nil {
				return err
			}
			quick = append(quick, took)
			table, queue = c.tableLink.requests.Load()-table, c.queueLink.requests.Load()-queue
		}
		for range e.pick(5, 1) {
			took, err := start(slowLink)
			if err != nil {
				return err
			}
			slow = append(slow, took)
		}
		// The least of each: what it takes when nothing else is in the way.
		rounds := math.Round((slow.at(0) - quick.at(0)) / float64(slowLink.Milliseconds()))
		name := fmt.Sprintf("DynamoDB Local and SQS emulator, %d URLs", urls)
		r.add(name+", p50", quick.at(0.5), "ms", "")
		r.add(name+", p99", quick.at(0.99), "ms", "of the emulators")
		r.add(name+", requests", float64(table), "to DynamoDB", "")
		r.add(name+", requests", float64(queue), "to SQS", "")
		r.add(name+", requests that wait for each other", rounds, "", "the same for all sizes")
		r.most(name+": requests that wait for each other", rounds, maxRoundTrips)
	}
	return nil
}
