package wshub

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coder/websocket"
)

// What the events of this front say of the API they come from.
const (
	apiID = "local"
	stage = "local"
)

// clfTime is the form of requestContext.requestTime.
const clfTime = "02/Jan/2006:15:04:05 -0700"

func (c *connection) event(kind, route string) events.APIGatewayWebsocketProxyRequest {
	now := time.Now().UTC()
	request := newID()
	return events.APIGatewayWebsocketProxyRequest{
		RequestContext: events.APIGatewayWebsocketProxyRequestContext{
			RouteKey:          route,
			EventType:         kind,
			ConnectionID:      c.id,
			ConnectedAt:       c.connectedAt.UnixMilli(),
			RequestID:         request,
			ExtendedRequestID: request,
			RequestTime:       now.Format(clfTime),
			RequestTimeEpoch:  now.UnixMilli(),
			MessageDirection:  "IN",
			DomainName:        c.domain,
			APIID:             apiID,
			Stage:             stage,
			Identity:          events.APIGatewayRequestIdentity{SourceIP: c.sourceIP, UserAgent: c.userAgent},
		},
	}
}

// connect asks the function whether the connection may be made.
func (c *connection) connect(ctx context.Context, r *http.Request) (events.APIGatewayProxyResponse, error) {
	e := c.event("CONNECT", "$connect")
	e.Headers, e.MultiValueHeaders = flatten(r.Header), r.Header
	e.Headers["Host"], e.MultiValueHeaders = r.Host, with(r.Header, "Host", r.Host)
	if query := r.URL.Query(); len(query) > 0 {
		e.QueryStringParameters, e.MultiValueQueryStringParameters = flatten(query), query
	}
	return c.hub.call(ctx, e)
}

func (c *connection) messageEvent(kind websocket.MessageType, data []byte) events.APIGatewayWebsocketProxyRequest {
	e := c.event("MESSAGE", c.hub.route(data))
	e.RequestContext.MessageID = newID()
	e.Body = string(data)
	if kind == websocket.MessageBinary {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(data), true
	}
	return e
}

// disconnect tells the function that the connection has ended.
func (c *connection) disconnect(ctx context.Context, code websocket.StatusCode, reason string) {
	e := c.event("DISCONNECT", "$disconnect")
	e.RequestContext.DisconnectStatusCode = int64(code)
	e.RequestContext.DisconnectReason = &reason
	if _, err := c.hub.call(ctx, e); err != nil {
		c.hub.cfg.Log.ErrorContext(ctx, "disconnecting failed", "connection", c.id, "error", err)
	}
}

// route is the route key of a message: $request.body.action where there is a
// route for it.
func (h *Hub) route(data []byte) string {
	var body struct {
		Action string `json:"action"`
	}
	if err := json.Unmarshal(data, &body); err == nil && h.routes[body.Action] {
		return body.Action
	}
	return "$default"
}

// flatten keeps the last value of each name, as API Gateway does.
func flatten[M http.Header | url.Values](all M) map[string]string {
	out := make(map[string]string, len(all))
	for name, values := range all {
		if len(values) > 0 {
			out[name] = values[len(values)-1]
		}
	}
	return out
}

func with(header http.Header, name, value string) http.Header {
	out := header.Clone()
	out.Set(name, value)
	return out
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
