// Function websocket handles the WebSocket API: connect, disconnect, subscribe,
// unsubscribe.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"gleaner/shared/cloud"
	"gleaner/shared/websocket"
)

func main() { cloud.Main(run, os.Getenv) }

func run(ctx context.Context, getenv func(string) string) error {
	if err := cloud.Require(getenv, "GLEANER_TABLE", "GLEANER_CONNECTIONS_URL"); err != nil {
		return err
	}
	log := cloud.Logger(getenv("GLEANER_LOG_LEVEL"))
	aws, err := cloud.ConnectFunction()
	if err != nil {
		return err
	}
	store := aws.Table(getenv("GLEANER_TABLE"))
	handler := websocket.New(websocket.Config{
		Jobs: store, Records: store, Publisher: aws.Sockets(getenv("GLEANER_CONNECTIONS_URL")), Log: log,
	})
	lambda.StartWithOptions(handler.Handle, lambda.WithContext(ctx))
	return nil
}
