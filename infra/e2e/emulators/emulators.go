// Package emulators gives tests a DynamoDB and an SQS to talk to: those named by
// AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_SQS or AWS_ENDPOINT_URL if they are set
// (LocalStack or any other emulator), otherwise Amazon's DynamoDB Local and
// local-aws-sqs, installed in this folder with
//
//	npm ci --ignore-scripts
//
// and started once per test binary on free loopback ports. Where they are not
// installed a test is skipped, except with CI=true, where it fails.
//
// DynamoDB Local is a development tool under a licence of its own, which asks its
// user to have an AWS account; nothing of it is ever part of what is deployed.
//
// Clients carry made-up credentials: no profile, no environment and no metadata
// service is asked for real ones.
package emulators

import (
	"context"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Region is the region that all clients of this package name.
const Region = "us-east-1"

// Service is one of the AWS services there is a stand-in for.
type Service string

// The services.
const (
	ServiceDynamoDB Service = "dynamodb" // its streams included
	ServiceSQS      Service = "sqs"
)

// variables are asked in this order for an endpoint given from outside.
var variables = map[Service][]string{
	ServiceDynamoDB: {"AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"},
	ServiceSQS:      {"AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL"},
}

// given returns the endpoint named in the environment, or nothing.
func given(s Service) string {
	for _, name := range variables[s] {
		if url := os.Getenv(name); url != "" {
			return url
		}
	}
	return ""
}

// shared holds the servers of this test binary. They are never stopped: each ends
// with its standard input, that is with this process, however it ends.
var shared = map[Service]func() (*Server, error){
	ServiceDynamoDB: sync.OnceValues(func() (*Server, error) { return Start(ServiceDynamoDB) }),
	ServiceSQS:      sync.OnceValues(func() (*Server, error) { return Start(ServiceSQS) }),
}

// URL returns the endpoint of a service, starting its emulator if this is the
// first test of the binary that asks. The test is skipped, or with CI=true failed,
// if there is none to be had.
func URL(tb testing.TB, s Service) string {
	tb.Helper()
	if url := given(s); url != "" {
		return url
	}
	server, err := shared[s]()
	unavailable(tb, err)
	return server.URL
}

// OwnDynamoDB returns the endpoint of a DynamoDB for this test alone, stopped when
// the test ends: DynamoDB Local grows slower with every record of a stream it keeps.
// An endpoint given by the environment is not the test's own, but served all the same.
func OwnDynamoDB(tb testing.TB) string {
	tb.Helper()
	if url := given(ServiceDynamoDB); url != "" {
		return url
	}
	server, err := Start(ServiceDynamoDB)
	unavailable(tb, err)
	tb.Cleanup(server.Stop)
	return server.URL
}

func unavailable(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		tb.Fatalf("no emulator, and in CI there must be one: %v", err)
	default:
		tb.Skipf("no emulator (run npm ci --ignore-scripts in infra/e2e/emulators, or set AWS_ENDPOINT_URL): %v", err)
	}
}

// Config is a configuration for the emulator at url, with made-up credentials.
// Its connections are kept alive and as many as a loaded worker has.
func Config(url string) aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.Proxy = nil
			t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 256
		}).WithTimeout(time.Minute),
	}
}

// DynamoDB returns a client of the DynamoDB at url.
func DynamoDB(url string) *dynamodb.Client {
	return dynamodb.NewFromConfig(Config(url), func(o *dynamodb.Options) {
		o.DisableValidateResponseChecksum = true // DynamoDB Local sends none that fits
	})
}

// Streams returns a client of the streams of the DynamoDB at url.
func Streams(url string) *dynamodbstreams.Client {
	if own := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB_STREAMS"); own != "" {
		url = own
	}
	return dynamodbstreams.NewFromConfig(Config(url))
}

// SQS returns a client of the SQS at url.
func SQS(url string) *sqs.Client { return sqs.NewFromConfig(Config(url)) }

// CreateTable creates a table from in, waits until it takes requests, and deletes
// it when the test ends.
func CreateTable(tb testing.TB, client *dynamodb.Client, in *dynamodb.CreateTableInput) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	if _, err := client.CreateTable(ctx, in); err != nil {
		tb.Fatalf("create table %s: %v", *in.TableName, err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), 30*time.Second)
		defer cancel()
		if _, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: in.TableName}); err != nil {
			tb.Errorf("delete table %s: %v", *in.TableName, err)
		}
	})
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second
	})
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: in.TableName}, time.Minute); err != nil {
		tb.Fatalf("table %s: %v", *in.TableName, err)
	}
}
