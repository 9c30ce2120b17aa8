// Function progress answers polls behind the HTTP API, and streams events and
// exports behind its Function URL. CORS is the business of both.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"gleaner/shared/cloud"
	"gleaner/shared/httpapi"
	"gleaner/shared/lambdahttp"
)

func main() { cloud.Main(run, os.Getenv) }

func run(ctx context.Context, getenv func(string) string) error {
	if err := cloud.Require(getenv, "GLEANER_TABLE"); err != nil {
		return err
	}
	log := cloud.Logger(getenv("GLEANER_LOG_LEVEL"))
	aws, err := cloud.ConnectFunction()
	if err != nil {
		return err
	}
	store := aws.Table(getenv("GLEANER_TABLE"))
	streaming := httpapi.Config{
		Store: store, Records: store, Auth: httpapi.KeysRequired, RequestID: lambdahttp.RequestID, Log: log,
	}
	whole := streaming
	whole.MaxResponse = lambdahttp.MaxAnswer
	lambda.StartWithOptions(lambdahttp.Either(httpapi.NewWatch(whole), httpapi.NewWatch(streaming)), lambda.WithContext(ctx))
	return nil
}
