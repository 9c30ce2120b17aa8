package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/dynamostore"
)

// cloud is a table and a queue on emulators: those the environment names, or
// their own where they are installed.
type cloud struct {
	dynamo    *dynamodb.Client
	table     string
	sqs       *sqs.Client
	queue     string
	tableLink *link
	queueLink *link
}

// link is the connection to a service: it counts requests and can be made slow.
type link struct {
	client   aws.HTTPClient
	requests atomic.Int64
	delay    atomic.Int64 // nanoseconds
}

// Do implements aws.HTTPClient.
func (l *link) Do(r *http.Request) (*http.Response, error) {
	l.requests.Add(1)
	if d := time.Duration(l.delay.Load()); d > 0 {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return l.client.Do(r)
}

func (e *Env) openCloud(ctx context.Context) (_ *cloud, err error) {
	c := &cloud{}
	defer func() {
		if err != nil {
			c.close(ctx)
		}
	}()
	table, err := e.endpoint(emulators.ServiceDynamoDB, "AWS_ENDPOINT_URL_DYNAMODB")
	if err != nil {
		return nil, err
	}
	queue, err := e.endpoint(emulators.ServiceSQS, "AWS_ENDPOINT_URL_SQS")
	if err != nil {
		return nil, err
	}
	slow := func(url string) (aws.Config, *link) {
		cfg := emulators.Config(url)
		l := &link{client: cfg.HTTPClient}
		cfg.HTTPClient = l
		return cfg, l
	}
	tableConfig, tableLink := slow(table)
	queueConfig, queueLink := slow(queue)
	c.tableLink, c.queueLink = tableLink, queueLink
	c.dynamo = dynamodb.NewFromConfig(tableConfig, func(o *dynamodb.Options) {
		o.DisableValidateResponseChecksum = true // DynamoDB Local sends none that fits
	})
	c.sqs = sqs.NewFromConfig(queueConfig)

	name := "gleaner-bench-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	if _, err := c.dynamo.CreateTable(ctx, dynamostore.TableInput(name)); err != nil {
		return nil, fmt.Errorf("create table: %w", err)
	}
	c.table = name
	waiter := dynamodb.NewTableExistsWaiter(c.dynamo, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 50 * time.Millisecond })
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	q, err := c.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		return nil, fmt.Errorf("create queue: %w", err)
	}
	c.queue = *q.QueueUrl
	return c, nil
}

// endpoint is the one the environment names, or that of an emulator started here.
func (e *Env) endpoint(s emulators.Service, variable string) (string, error) {
	for _, name := range []string{variable, "AWS_ENDPOINT_URL"} {
		if url := e.Getenv(name); url != "" {
			return url, nil
		}
	}
	if server := e.servers[s]; server != nil {
		return server.URL, nil
	}
	server, err := emulators.Start(s)
	if errors.Is(err, emulators.ErrNotInstalled) {
		return "", fmt.Errorf("%w: %s is not set, and %w", errSkipped, variable, err)
	}
	if err != nil {
		return "", err
	}
	if e.servers == nil {
		e.servers = map[emulators.Service]*emulators.Server{}
	}
	e.servers[s] = server
	return server.URL, nil
}

func (c *cloud) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if c.table != "" {
		_, _ = c.dynamo.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &c.table})
	}
	if c.queue != "" {
		_, _ = c.sqs.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &c.queue})
	}
}
