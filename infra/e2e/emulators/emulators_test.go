package emulators

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestAWSStopEndsTheServer(t *testing.T) {
	server, err := Start(ServiceSQS)
	unavailable(t, err)
	server.Stop()
	client := http.Client{Timeout: 5 * time.Second}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := client.Do(req); err == nil {
		_ = res.Body.Close()
		t.Fatal("the emulator still answers after Stop")
	}
}

func TestAWSDynamoDB(t *testing.T) {
	client := DynamoDB(OwnDynamoDB(t))
	if _, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
		t.Fatal(err)
	}
}

// The SQS emulator departs from SQS in places that run.mjs mends; this is what
// must hold of any SQS the other tests are pointed at.
func TestAWSSQSBehavesLikeSQS(t *testing.T) {
	ctx := t.Context()
	client := SQS(URL(t, ServiceSQS))
	name := "gleaner-emulator-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	q, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = client.DeleteQueue(context.WithoutCancel(ctx), &sqs.DeleteQueueInput{QueueUrl: q.QueueUrl})
	})
	if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: q.QueueUrl, MessageBody: aws.String("ding"), MessageGroupId: aws.String("anna"),
	}); err != nil {
		t.Fatal(err)
	}
	receive := func(wait int32) types.Message {
		t.Helper()
		begun := time.Now()
		got, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: q.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: wait, VisibilityTimeout: 30,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil || len(got.Messages) != 1 {
			t.Fatalf("receive: %v, %v", got, err)
		}
		if time.Since(begun) >= time.Duration(wait)*time.Second {
			t.Fatalf("a long poll of %d s with a message waiting took %v", wait, time.Since(begun))
		}
		return got.Messages[0]
	}

	first := receive(10)
	if n := first.Attributes["ApproximateReceiveCount"]; n != "1" {
		t.Fatalf("receive count %q on the first receive", n)
	}
	if g := first.Attributes["MessageGroupId"]; g != "anna" {
		t.Fatalf("group %q", g)
	}
	if _, err := client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: q.QueueUrl, ReceiptHandle: first.ReceiptHandle, VisibilityTimeout: 0,
	}); err != nil {
		t.Fatalf("change visibility to 0: %v", err)
	}
	if n := receive(10).Attributes["ApproximateReceiveCount"]; n != "2" {
		t.Fatalf("receive count %q on the second receive", n)
	}
}
