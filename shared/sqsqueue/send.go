package sqsqueue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"gleaner/shared/queue"
)

const (
	maxEntries  = 10            // messages of one SendMessageBatch
	maxSize     = queue.MaxBody // bytes of one SendMessageBatch, all bodies together
	parallel    = 16            // SendMessageBatch requests of one Send under way
	maxAttempts = 6             // sends of a message that SQS refuses in passing
)

// errDelay says that a delay is not one that SQS takes.
var errDelay = errors.New("delay is not within 0 and 15 minutes")

// Send implements queue.Sender: ten messages a request, requests in parallel. SQS
// answers for each message by itself, so those it refuses in passing are sent
// again, with growing waits, and the others are not.
func (q *Queue) Send(ctx context.Context, messages []queue.Outgoing) error {
	var mu sync.Mutex
	failed := &queue.SendError{}
	fail := func(err error, indices ...int) {
		mu.Lock()
		defer mu.Unlock()
		failed.Failed = append(failed.Failed, indices...)
		failed.Err = err
	}
	var groups sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for _, group := range cut(messages, fail) {
		slots <- struct{}{}
		groups.Go(func() {
			defer func() { <-slots }()
			q.sendGroup(ctx, messages, group, fail)
		})
	}
	groups.Wait()
	if len(failed.Failed) == 0 {
		return nil
	}
	slices.Sort(failed.Failed)
	return failed
}

// cut makes groups of message indices that fit into one request each. Messages
// that fit into none fail at once.
func cut(messages []queue.Outgoing, fail func(error, ...int)) [][]int {
	var groups [][]int
	var group []int
	size := 0
	for i := range messages {
		n := len(messages[i].Body)
		switch {
		case n > queue.MaxBody:
			fail(queue.ErrTooLarge, i)
			continue
		case messages[i].Delay < 0 || messages[i].Delay > queue.MaxDelay:
			fail(errDelay, i)
			continue
		}
		if len(group) == maxEntries || size+n > maxSize && len(group) > 0 {
			groups = append(groups, group)
			group, size = nil, 0
		}
		group = append(group, i)
		size += n
	}
	if len(group) > 0 {
		groups = append(groups, group)
	}
	return groups
}

// sendGroup sends one request's messages, until SQS has taken them all, has
// refused the rest for good, or patience ends.
func (q *Queue) sendGroup(ctx context.Context, messages []queue.Outgoing, group []int, fail func(error, ...int)) {
	var last error
	for n := range q.attempts {
		if n > 0 {
			if err := q.pause(ctx, n-1); err != nil {
				fail(err, group...)
				return
			}
		}
		out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{
			QueueUrl: q.url, Entries: q.entries(messages, group),
		})
		if err != nil { // the SDK has repeated what may be repeated
			fail(fmt.Errorf("send: %w", err), group...)
			return
		}
		var again []int
		for i := range out.Failed {
			refused := &out.Failed[i]
			index, err := strconv.Atoi(aws.ToString(refused.Id))
			if err != nil || !slices.Contains(group, index) {
				fail(fmt.Errorf("send: SQS answers for message %q, which was not sent", aws.ToString(refused.Id)), group...)
				return
			}
			last = fmt.Errorf("send: %s: %s", aws.ToString(refused.Code), aws.ToString(refused.Message))
			if refused.SenderFault {
				fail(last, index)
				continue
			}
			again = append(again, index)
		}
		if group = again; len(group) == 0 {
			return
		}
	}
	fail(last, group...)
}

func (q *Queue) entries(messages []queue.Outgoing, group []int) []types.SendMessageBatchRequestEntry {
	entries := make([]types.SendMessageBatchRequestEntry, len(group))
	for i, index := range group {
		m := &messages[index]
		entries[i] = types.SendMessageBatchRequestEntry{
			Id:           aws.String(strconv.Itoa(index)),
			MessageBody:  &m.Body,
			DelaySeconds: seconds(m.Delay),
		}
		if q.groups && m.Group != "" {
			entries[i].MessageGroupId = &m.Group
		}
	}
	return entries
}
