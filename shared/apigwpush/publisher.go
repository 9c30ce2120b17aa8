// Package apigwpush publishes through the @connections endpoint of an API Gateway
// WebSocket API.
package apigwpush

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"

	"gleaner/shared/push"
)

// A message is soon outdated by the next one, so little time is spent on repeats.
const (
	attempts   = 3
	maxBackoff = 500 * time.Millisecond
)

// connections kept open: as many as messages are posted at once.
const connections = 64

// Publisher implements push.Publisher. Throttled requests and faults of the
// gateway are repeated a few times.
type Publisher struct {
	client *apigatewaymanagementapi.Client
}

var _ push.Publisher = (*Publisher)(nil)

// New returns a Publisher for the API at endpoint, which is its HTTPS address
// with the stage and without /@connections: https://<api>.execute-api.<region>.amazonaws.com/<stage>.
func New(cfg aws.Config, endpoint string) *Publisher {
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = awshttp.NewBuildableClient()
	}
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok { // the SDK's own, which keeps ten
		cfg.HTTPClient = client.WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns, t.MaxIdleConnsPerHost = max(t.MaxIdleConns, connections), max(t.MaxIdleConnsPerHost, connections)
		})
	}
	return &Publisher{client: apigatewaymanagementapi.NewFromConfig(cfg, func(o *apigatewaymanagementapi.Options) {
		o.BaseEndpoint = aws.String(endpoint)
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = attempts, maxBackoff
		})
	})}
}

// Post implements push.Publisher.
func (p *Publisher) Post(ctx context.Context, connection string, data []byte) error {
	if len(data) > push.MaxMessage {
		return fmt.Errorf("post to %s: %w", connection, push.ErrTooLarge)
	}
	_, err := p.client.PostToConnection(ctx, &apigatewaymanagementapi.PostToConnectionInput{
		ConnectionId: aws.String(connection), Data: data,
	})
	if gone(err) {
		err = push.ErrGone
	}
	if err != nil {
		return fmt.Errorf("post to %s: %w", connection, err)
	}
	return nil
}

// Close implements push.Publisher.
func (p *Publisher) Close(ctx context.Context, connection string) error {
	_, err := p.client.DeleteConnection(ctx, &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: aws.String(connection)})
	if err != nil && !gone(err) {
		return fmt.Errorf("close %s: %w", connection, err)
	}
	return nil
}

// gone goes by the status as well: not every answer of 410 names its exception.
func gone(err error) bool {
	var exception *types.GoneException
	var answer *awshttp.ResponseError
	return errors.As(err, &exception) || errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusGone
}
