// Function api is the HTTP API. CORS is the business of API Gateway.
package main

import (
	"context"
	"errors"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"gleaner/shared/cloud"
	"gleaner/shared/control"
	"gleaner/shared/doctor"
	"gleaner/shared/httpapi"
	"gleaner/shared/job"
	"gleaner/shared/lambdahttp"
	"gleaner/shared/notify"
	"gleaner/shared/push"
	"gleaner/shared/quota"
	"gleaner/shared/submit"
)

func main() { cloud.Main(run, os.Getenv) }

func run(ctx context.Context, getenv func(string) string) error {
	if err := cloud.Require(getenv, "GLEANER_TABLE", "GLEANER_QUEUE_URL", "GLEANER_DEAD_LETTERS_URL", "GLEANER_SOCKET_URL"); err != nil {
		return err
	}
	log := cloud.Logger(getenv("GLEANER_LOG_LEVEL"))
	aws, err := cloud.ConnectFunction()
	if err != nil {
		return err
	}
	store := aws.Table(getenv("GLEANER_TABLE"))
	queue := aws.Queue(getenv("GLEANER_QUEUE_URL"), getenv("GLEANER_GROUPS"))
	limits, err := quota.ParseLimits(getenv("GLEANER_URLS_PER_DAY"), getenv("GLEANER_RUNNING_JOBS"))
	workers, wrong := cloud.Workers(getenv("GLEANER_WORKERS"))
	if err := errors.Join(err, wrong); err != nil {
		return err
	}
	handler := httpapi.New(httpapi.Config{
		Store: store, Records: store, Bells: queue,
		Submit:  submit.New(store, queue, submit.WithLogger(log), submit.WithWorkers(workers)),
		Control: control.New(store, queue, nil, log),
		Tickets: httpapi.PushTickets{Tickets: push.NewTickets(store), URL: getenv("GLEANER_SOCKET_URL")},
		Quota:   quota.New(store, store, limits, nil),
		Doctor: doctor.New(doctor.Config{
			Jobs: store, Records: store, Queue: queue, DeadLetters: aws.Queue(getenv("GLEANER_DEAD_LETTERS_URL"), ""),
			PushLag: (&notify.Echo{Records: store}).Lag, Peers: []doctor.Peer{{Name: "DynamoDB", URL: getenv("GLEANER_CLOCK_URL")}},
			Workers: workers, Quota: limits, Sockets: job.MaxConnections, Version: getenv("GLEANER_VERSION"), Contact: getenv("GLEANER_CONTACT"),
		}),
		Auth: httpapi.KeysRequired, RequestID: lambdahttp.RequestID, Version: getenv("GLEANER_VERSION"), Log: log,
		Workers: workers, Limits: httpapi.Limits{Body: lambdahttp.MaxRequest}, MaxResponse: lambdahttp.MaxAnswer, StreamURL: getenv("GLEANER_STREAM_URL"),
	})
	lambda.StartWithOptions(lambdahttp.Whole(handler), lambda.WithContext(ctx))
	return nil
}
