// Function sweeper runs every minute: it rings lost batches again, completes jobs
// that are done, gives up abandoned ones and purges deleted ones.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"gleaner/shared/cloud"
	"gleaner/shared/sweep"
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
	sweeper := &sweep.Sweeper{
		Store: aws.Table(getenv("GLEANER_TABLE")),
		Bells: aws.Queue(getenv("GLEANER_QUEUE_URL"), getenv("GLEANER_GROUPS")),
		Now:   time.Now, Log: log,
	}
	lambda.StartWithOptions(sweeper.Sweep, lambda.WithContext(ctx))
	return nil
}
