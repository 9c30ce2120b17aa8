// Function web serves the dashboard.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"gleaner/shared/cloud"
	"gleaner/shared/dashboard"
	"gleaner/shared/lambdahttp"
)

func main() { cloud.Main(run, os.Getenv) }

func run(ctx context.Context, getenv func(string) string) error {
	handler, err := dashboard.Handler(dashboard.Options{Connect: cloud.List(getenv("GLEANER_CONNECT_ORIGINS"))})
	if err != nil {
		return err
	}
	lambda.StartWithOptions(lambdahttp.Whole(handler), lambda.WithContext(ctx))
	return nil
}
