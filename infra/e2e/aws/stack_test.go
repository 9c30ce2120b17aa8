// Package aws tests the functions on DynamoDB and SQS, as they stand together on
// AWS: jobs are created over HTTP, bells go through the queue, progress comes back
// over the table's stream and a WebSocket.
package aws

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"gleaner/infra/e2e/api"
	"gleaner/infra/e2e/emulators"
	"gleaner/infra/e2e/testsite"
	"gleaner/infra/localstack/runner"
	"gleaner/shared/apikey"
	"gleaner/shared/dynamostore"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
)

// maxReceives is that of template.yaml.
const maxReceives = 5

// concurrency is how many batches are crawled at once.
const concurrency = 16

// stack is Gleaner on the emulators.
type stack struct {
	t testing.TB
	api.Caller
	*runner.Runner
	dynamo, queues string // endpoints
	table          string
	bells, letters string       // queues
	dead           atomic.Int64 // letters
}

// newStack makes a table and queues of the test's own. Nothing runs until start.
func newStack(t testing.TB, timeout time.Duration) *stack {
	t.Helper()
	s := &stack{Caller: api.Caller{TB: t}, t: t, dynamo: emulators.OwnDynamoDB(t), queues: emulators.URL(t, emulators.ServiceSQS)}
	client := emulators.DynamoDB(s.dynamo)
	s.table = "gleaner-e2e-" + rand.Text()
	emulators.CreateTable(t, client, dynamostore.TableInput(s.table))
	s.letters = s.queue("dead-"+rand.Text(), nil)
	arn := types.QueueAttributeNameQueueArn
	got, err := emulators.SQS(s.queues).GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &s.letters, AttributeNames: []types.QueueAttributeName{arn}})
	if err != nil {
		t.Fatal(err)
	}
	s.bells = s.queue("bells-"+rand.Text(), map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, got.Attributes[string(arn)], maxReceives),
	})

	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Base = "http://" + l.Addr().String()
	s.Runner, err = runner.New(t.Context(), runner.Config{
		AWS: emulators.Config(s.Base), DynamoDB: client, Streams: emulators.Streams(s.dynamo), SQS: emulators.SQS(s.queues),
		Table: s.table, QueueURL: s.bells, DeadLetterURL: s.letters, URL: s.Base, Workers: job.MaxWorkers, Timeout: timeout, Groups: true,
		Fetch: fetch.Config{ContactURL: "https://gleaner-tests.org/crawler", AllowNets: []netip.Prefix{netip.MustParsePrefix(testsite.Net)}},
		Log:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Bells.MaximumConcurrency = concurrency // the job is planned for all, but this is one machine
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: s.Handler, ReadHeaderTimeout: 10 * time.Second}}
	server.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx) // a client that does not say good-bye is cut off
		server.Close()
	})
	_, s.Key, err = apikey.New(s.Store, nil, nil).Create(t.Context(), "anna", "e2e")
	if err != nil {
		t.Fatal(err)
	}
	settle := s.DeadLetters.Handler
	s.DeadLetters.Handler = func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		s.dead.Add(int64(len(e.Records)))
		return settle(ctx, e)
	}
	return s
}

func (s *stack) queue(name string, attributes map[string]string) string {
	s.t.Helper()
	client := emulators.SQS(s.queues)
	out, err := client.CreateQueue(s.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_, _ = client.DeleteQueue(context.WithoutCancel(s.t.Context()), &sqs.DeleteQueueInput{QueueUrl: out.QueueUrl})
	})
	return *out.QueueUrl
}

// start runs the event sources until the test ends.
func (s *stack) start() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
}

// dynamoClient is a client of the table that uses a transport of its own.
func (s *stack) dynamoClient(c *http.Client) *dynamodb.Client {
	return dynamodb.New(emulators.DynamoDB(s.dynamo).Options(), func(o *dynamodb.Options) { o.HTTPClient = c })
}
