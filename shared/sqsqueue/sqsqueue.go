// Package sqsqueue is the queue.Queue on Amazon SQS: a standard queue whose
// dead-letter queue and redrive are the template's business.
package sqsqueue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"gleaner/shared/queue"
)

var _ queue.Queue = (*Queue)(nil)

// Queue is a queue.Queue on one SQS queue. It is safe for concurrent use.
type Queue struct {
	client   *sqs.Client
	url      *string
	groups   bool
	attempts int
	pause    func(ctx context.Context, n int) error
}

// Option changes a Queue under construction.
type Option func(*Queue)

// WithGroups says whether a message's group is sent as its MessageGroupId, which
// makes SQS serve groups fairly on a standard queue and is billed a little more.
// It is on by default; some emulators refuse it on standard queues.
func WithGroups(on bool) Option { return func(q *Queue) { q.groups = on } }

// New returns a Queue on the SQS queue of that URL.
func New(client *sqs.Client, url string, opts ...Option) *Queue {
	q := &Queue{client: client, url: aws.String(url), groups: true, attempts: maxAttempts, pause: pause}
	for _, opt := range opts {
		opt(q)
	}
	return q
}

// Receive implements queue.Receiver. Times are rounded up to whole seconds, which
// is what SQS counts in.
func (q *Queue) Receive(ctx context.Context, limit int, visibility, wait time.Duration) ([]queue.Message, error) {
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:            q.url,
		MaxNumberOfMessages: int32(max(1, min(limit, queue.MaxBatch))),
		VisibilityTimeout:   seconds(visibility),
		WaitTimeSeconds:     seconds(min(wait, queue.MaxWait)),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount,
			types.MessageSystemAttributeNameMessageGroupId,
			types.MessageSystemAttributeNameSentTimestamp,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("receive: %w", err)
	}
	messages := make([]queue.Message, len(out.Messages))
	for i := range out.Messages {
		if messages[i], err = message(&out.Messages[i]); err != nil {
			return nil, err
		}
	}
	return messages, nil
}

func message(m *types.Message) (queue.Message, error) {
	got := queue.Message{
		ID:      aws.ToString(m.MessageId),
		Receipt: aws.ToString(m.ReceiptHandle),
		Body:    aws.ToString(m.Body),
		Group:   m.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)],
	}
	var err error
	if got.Receives, err = strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)]); err != nil {
		return got, fmt.Errorf("receive count of message %s: %w", got.ID, err)
	}
	sent, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	if err != nil {
		return got, fmt.Errorf("time of message %s: %w", got.ID, err)
	}
	got.SentAt = time.UnixMilli(sent).UTC()
	return got, nil
}

// Delete implements queue.Receiver.
func (q *Queue) Delete(ctx context.Context, receipt string) error {
	_, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: q.url, ReceiptHandle: &receipt})
	if err != nil {
		return fmt.Errorf("delete: %w", receiptError(err))
	}
	return nil
}

// ChangeVisibility implements queue.Receiver. d is rounded up to whole seconds.
func (q *Queue) ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: q.url, ReceiptHandle: &receipt, VisibilityTimeout: seconds(d),
	})
	if err != nil {
		return fmt.Errorf("change visibility: %w", receiptError(err))
	}
	return nil
}

// receiptError turns what SQS says of a receipt that is none, or of a message
// that is no longer in flight, into queue.ErrReceipt.
func receiptError(err error) error {
	var invalid *types.ReceiptHandleIsInvalid
	var arrived *types.MessageNotInflight
	if errors.As(err, &invalid) || errors.As(err, &arrived) {
		return fmt.Errorf("%w: %w", queue.ErrReceipt, err)
	}
	return err
}

// Depth implements queue.Queue.
func (q *Queue) Depth(ctx context.Context) (queue.Depth, error) {
	visible := types.QueueAttributeNameApproximateNumberOfMessages
	inFlight := types.QueueAttributeNameApproximateNumberOfMessagesNotVisible
	delayed := types.QueueAttributeNameApproximateNumberOfMessagesDelayed
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: q.url, AttributeNames: []types.QueueAttributeName{visible, inFlight, delayed},
	})
	if err != nil {
		return queue.Depth{}, fmt.Errorf("depth: %w", err)
	}
	count := func(name types.QueueAttributeName) int {
		if err != nil {
			return 0
		}
		var n int
		if n, err = strconv.Atoi(out.Attributes[string(name)]); err != nil {
			err = fmt.Errorf("depth: %s: %w", name, err)
		}
		return n
	}
	d := queue.Depth{Visible: count(visible), InFlight: count(inFlight), Delayed: count(delayed)}
	return d, err
}

// seconds rounds up, so that what shall wait never waits less.
func seconds(d time.Duration) int32 {
	return int32(max(0, (d+time.Second-1)/time.Second))
}

// pause waits before the n-th repeat, n from 0: exponential with full jitter.
func pause(ctx context.Context, n int) error {
	timer := time.NewTimer(rand.N(min(50*time.Millisecond<<n, 2*time.Second)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
