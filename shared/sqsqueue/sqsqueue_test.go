package sqsqueue_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/queue"
	"gleaner/shared/sqsqueue"
)

// open makes a queue, and its dead-letter queue that takes what was received
// maxReceives times.
func open(t *testing.T, maxReceives int) (q, dead *sqsqueue.Queue) {
	t.Helper()
	client := emulators.SQS(emulators.URL(t, emulators.ServiceSQS))
	create := func(name string, attributes map[string]string) string {
		out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_, _ = client.DeleteQueue(context.WithoutCancel(t.Context()), &sqs.DeleteQueueInput{QueueUrl: out.QueueUrl})
		})
		return *out.QueueUrl
	}
	name := "bells-" + rand.Text()
	deadURL := create(name+"-dead", nil)
	arn := types.QueueAttributeNameQueueArn
	got, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &deadURL, AttributeNames: []types.QueueAttributeName{arn}})
	if err != nil {
		t.Fatal(err)
	}
	url := create(name, map[string]string{
		string(types.QueueAttributeNameRedrivePolicy): fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`,
			got.Attributes[string(arn)], maxReceives),
	})
	return sqsqueue.New(client, url), sqsqueue.New(client, deadURL)
}

func TestAWSThousandMessages(t *testing.T) {
	q, _ := open(t, 5)
	messages := make([]queue.Outgoing, 1000)
	for i := range messages {
		messages[i] = queue.Outgoing{Body: strconv.Itoa(i), Group: "owner-" + strconv.Itoa(i%3)}
	}
	if err := q.Send(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	if d, err := q.Depth(t.Context()); err != nil || d.Visible != len(messages) {
		t.Fatalf("depth %+v, %v", d, err)
	}
	var got []int
	for len(got) < len(messages) {
		some, err := q.Receive(t.Context(), 10, time.Minute, time.Second)
		if err != nil || len(some) == 0 {
			t.Fatalf("after %d: %d messages, %v", len(got), len(some), err)
		}
		for _, m := range some {
			n, err := strconv.Atoi(m.Body)
			if err != nil || m.Group != "owner-"+strconv.Itoa(n%3) || m.Receives != 1 {
				t.Fatalf("message %+v, %v", m, err)
			}
			got = append(got, n)
			if err := q.Delete(t.Context(), m.Receipt); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(got)
	if len(slices.Compact(got)) != len(messages) {
		t.Error("a message came twice")
	}
}
