// Command run serves Gleaner's HTTP and WebSocket API on 127.0.0.1, on the table
// and queues at AWS_ENDPOINT_URL, in place of API Gateway. With --functions it
// also runs what Lambda runs elsewhere.
//
//	go run ./infra/localstack/run --table gleaner --queue gleaner-bells --dead-letters gleaner-dead
//
// It prints one line of JSON with its URL and an API key made for it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"gleaner/infra/localstack/runner"
	"gleaner/shared/apikey"
	"gleaner/shared/dynamostore"
	"gleaner/shared/fetch"
)

// owner is who the printed key belongs to.
const owner = "localstack"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8080", "address to serve on")
	table := flags.String("table", "gleaner", "name of the table")
	bells := flags.String("queue", "gleaner-bells", "name of the queue")
	dead := flags.String("dead-letters", "gleaner-dead", "name of the dead-letter queue")
	functions := flags.Bool("functions", false, "run the worker, notifier, deadletter and sweeper functions too, where there is no Lambda")
	workers := flags.Int("workers", runner.DefaultWorkers, "batches at once, with --functions")
	groups := flags.Bool("groups", true, "send owners as MessageGroupId; some emulators refuse it on standard queues")
	allow := flags.String("allow-nets", "", "private networks that may be crawled, separated by commas, with --functions")
	if err := flags.Parse(args); err != nil {
		return err
	}
	nets, err := fetch.ParseNets(*allow)
	if err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	c := runner.Config{
		AWS: cfg, DynamoDB: tableClient(cfg), Streams: dynamodbstreams.NewFromConfig(cfg), SQS: sqs.NewFromConfig(cfg),
		Table: *table, Workers: *workers, Groups: *groups, Fetch: fetch.Config{AllowNets: nets}, Version: "local",
		Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	}
	for name, url := range map[string]*string{*bells: &c.QueueURL, *dead: &c.DeadLetterURL} {
		found, err := c.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name)})
		if err != nil {
			return fmt.Errorf("queue %s: %w", name, err)
		}
		*url = *found.QueueUrl
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	c.URL = "http://" + l.Addr().String()
	r, err := runner.New(ctx, c)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	_, secret, err := apikey.New(r.Store, nil, nil).Create(ctx, owner, "run "+time.Now().UTC().Format(time.RFC3339))
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if err := json.NewEncoder(out).Encode(map[string]string{"url": c.URL, "key": secret}); err != nil {
		return errors.Join(err, l.Close())
	}
	return serve(ctx, l, r, *functions)
}

// tableClient is a client that takes answers without the checksum that DynamoDB sends
// and DynamoDB Local does not.
func tableClient(cfg aws.Config) *dynamodb.Client {
	return dynamostore.NewClient(cfg, func(o *dynamodb.Options) { o.DisableValidateResponseChecksum = true })
}

// serve answers requests until ctx ends.
func serve(ctx context.Context, l net.Listener, r *runner.Runner, functions bool) error {
	server := &http.Server{Handler: r.Handler, ReadHeaderTimeout: 10 * time.Second}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	if functions {
		g.Go(func() error { return r.Run(ctx) })
	}
	g.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return errors.Join(r.Shutdown(end), server.Shutdown(end))
	})
	return g.Wait()
}
