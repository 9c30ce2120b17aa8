// Function worker crawls one batch for each message of the queue.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambda"

	"gleaner/shared/bells"
	"gleaner/shared/cloud"
	"gleaner/shared/control"
	"gleaner/shared/crawl"
	"gleaner/shared/fetch"
	"gleaner/shared/submit"
	"gleaner/shared/webhook"
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
	nets, err := fetch.ParseNets(getenv("GLEANER_ALLOW_NETS"))
	if err != nil {
		return err
	}
	workers, err := cloud.Workers(getenv("GLEANER_WORKERS"))
	if err != nil {
		return err
	}
	polite := fetch.Config{ContactURL: getenv("GLEANER_CONTACT"), From: getenv("GLEANER_FROM"), AllowNets: nets}
	crawler, err := crawl.New(crawl.Config{Fetch: polite, Records: store, Log: log})
	if err != nil {
		return err
	}
	hooks, err := webhook.New(webhook.Config{Jobs: store, Records: store, Bells: queue, Fetch: polite, Log: log})
	if err != nil {
		return err
	}
	worker := work.New(work.Config{
		Store: store, Bells: queue, Crawler: crawler, Log: log, Announcer: hooks,
		Planner: submit.New(store, queue, submit.WithLogger(log), submit.WithWorkers(workers)),
		Retrier: control.New(store, queue, nil, log),
	})
	debug.SetMemoryLimit(crawl.HeapLimit)
	lambda.StartWithOptions((&bells.Handler{Worker: worker, Log: log}).Handle, lambda.WithContext(ctx))
	return nil
}
