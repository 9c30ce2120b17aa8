package runner

import (
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Limits of an HTTP API.
const (
	maxRequest  = 10 << 20
	httpTimeout = 30 * time.Second
)

// HTTPFunction is a Lambda function behind an HTTP API, payload format 2.0.
type HTTPFunction func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// HTTPFront answers requests as an HTTP API of API Gateway does: it makes an event
// of each, calls the function and sends its answer.
type HTTPFront struct {
	Function HTTPFunction
	Log      *slog.Logger
}

// ServeHTTP implements http.Handler.
func (f *HTTPFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, `{"message":"Request Entity Too Large"}`, http.StatusRequestEntityTooLarge)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), httpTimeout)
	defer cancel()
	answer, err := f.Function(ctx, event(r, body))
	if err != nil {
		f.Log.ErrorContext(ctx, "function failed", "method", r.Method, "path", r.URL.Path, "error", err)
		http.Error(w, `{"message":"Internal Server Error"}`, http.StatusInternalServerError)
		return
	}
	out := []byte(answer.Body)
	if answer.IsBase64Encoded {
		if out, err = base64.StdEncoding.DecodeString(answer.Body); err != nil {
			f.Log.ErrorContext(ctx, "function's body is not Base64", "error", err)
			http.Error(w, `{"message":"Internal Server Error"}`, http.StatusInternalServerError)
			return
		}
	}
	for name, value := range answer.Headers {
		w.Header().Set(name, value)
	}
	for name, values := range answer.MultiValueHeaders {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(out) // the client may have gone
}

// headersAndSource is how AWS's fronts pass headers on, names in lower case and
// values of one name joined, and where a request comes from.
func headersAndSource(r *http.Request) (headers map[string]string, source string) {
	headers = map[string]string{"host": r.Host}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	return headers, source
}

// event is what API Gateway makes of a request; a body that is no text is Base64.
func event(r *http.Request, body []byte) events.APIGatewayV2HTTPRequest {
	headers, source := headersAndSource(r)
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default", RawPath: r.URL.EscapedPath(), RawQueryString: r.URL.RawQuery, Headers: headers,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "$default", Stage: "$default", DomainName: r.Host, TimeEpoch: time.Now().UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(),
			},
		},
		Body: string(body),
	}
	if len(body) > 0 && !isText(r.Header) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

// isText reports whether API Gateway hands a body on as it is.
func isText(h http.Header) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return strings.HasPrefix(kind, "text/") || kind == "application/json" || kind == "application/xml" || kind == "application/javascript"
}
