// Function deadletter settles what the queue gave up on, so that every job ends.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"gleaner/shared/cloud"
	"gleaner/shared/deadletters"
	"gleaner/shared/work"
)

func main() { cloud.Main(run, os.Getenv) }

func run(ctx context.Context, getenv func(string) string) error {
	if err := cloud.Require(getenv, "GLEANER_TABLE", "GLEANER_QUEUE_URL"); err != nil {
		return err
	}
	log := cloud.Logger(getenv("GLEANER_LOG_LEVEL"))
	aws, err := cloud.ConnectFunction()
	if err != nil {
		return err
	}
	store := aws.Table(getenv("GLEANER_TABLE"))
	queue := aws.Queue(getenv("GLEANER_QUEUE_URL"), getenv("GLEANER_GROUPS"))
	handler := &deadletters.Handler{
		Worker: work.New(work.Config{Store: store, Bells: queue, Log: log}),
		Jobs:   store, Now: time.Now, Log: log,
	}
	lambda.StartWithOptions(handler.Handle, lambda.WithContext(ctx))
	return nil
}
