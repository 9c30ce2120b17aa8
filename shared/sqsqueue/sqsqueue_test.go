package sqsqueue_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/queue"
	"gleaner/shared/queue/queuetest"
	"gleaner/shared/sqsqueue"
)

// open makes a queue and its dead-letter queue, which takes what was received
// more than maxReceives times; 0: nothing.
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
	attributes := map[string]string{}
	if maxReceives > 0 {
		attributes[string(types.QueueAttributeNameRedrivePolicy)] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`,
			got.Attributes[string(arn)], maxReceives)
	}
	url := create(name, attributes)
	return sqsqueue.New(client, url), sqsqueue.New(client, deadURL)
}

func TestAWSQueue(t *testing.T) {
	queuetest.Run(t, queuetest.Harness{
		New: func(t *testing.T, maxReceives int) (queue.Queue, queue.Queue) {
			q, dead := open(t, maxReceives)
			return q, dead
		},
		Tick: time.Second,
	})
}

func TestMain(m *testing.M) {
	flag.Parse()
	// The suite waits for timeouts to run out, not for the processor.
	if err := flag.Set("test.parallel", "20"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
