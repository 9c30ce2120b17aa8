// Package lambdahttp lets an http.Handler answer the two ways in which HTTP
// reaches a Lambda function: whole answers behind an HTTP API, and streams behind
// a Function URL.
package lambdahttp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
)

// MaxAnswer is the largest body, in bytes, that fits into the 6 MB of a whole
// answer once it is Base64.
const MaxAnswer = 4_400_000

// MaxRequest is the largest body, in bytes, that may reach a function behind an
// HTTP API: its event, of which it is a part, has at most 6 MB. Text loses a little
// of that to escapes, anything else a quarter to Base64; what is too large is
// answered by the gateway.
const MaxRequest = 6_000_000

// RequestID is the id that Lambda gives the invocation, empty outside of one.
func RequestID(ctx context.Context) string {
	if c, ok := lambdacontext.FromContext(ctx); ok {
		return c.AwsRequestID
	}
	return ""
}

// Whole answers requests of an HTTP API (payload format 2.0).
func Whole(h http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return httpadapter.NewV2(joined(h)).ProxyWithContext
}

// joined undoes what the adapter does to headers: it takes every comma for a
// boundary between two headers of one name, even in a date.
func joined(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			if len(values) > 1 && name != "Cookie" {
				r.Header[name] = []string{strings.Join(values, ",")}
			}
		}
		h.ServeHTTP(w, r)
	})
}

// Either answers both kinds of request in one function: those of its Function
// URL, whose invoke mode must be RESPONSE_STREAM, as streams by streaming, those
// of an HTTP API by whole.
func Either(whole, streaming http.Handler) func(context.Context, json.RawMessage) (any, error) {
	answer, stream := Whole(whole), Stream(streaming)
	return func(ctx context.Context, event json.RawMessage) (any, error) {
		var probe struct {
			RequestContext struct {
				DomainName string `json:"domainName"`
			} `json:"requestContext"`
		}
		if err := json.Unmarshal(event, &probe); err != nil {
			return nil, fmt.Errorf("lambdahttp: event: %w", err)
		}
		if strings.Contains(probe.RequestContext.DomainName, ".lambda-url.") {
			var request events.LambdaFunctionURLRequest
			if err := json.Unmarshal(event, &request); err != nil {
				return nil, fmt.Errorf("lambdahttp: Function URL event: %w", err)
			}
			return stream(ctx, &request)
		}
		var request events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(event, &request); err != nil {
			return nil, fmt.Errorf("lambdahttp: HTTP API event: %w", err)
		}
		return answer(ctx, request)
	}
}
