package runner

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// streamPath is where the Function URL of the progress function is.
const streamPath = "/stream"

// progressTimeout is that of template.yaml.
const progressTimeout = 5 * time.Minute

// URLFunction is a Lambda function behind a Function URL that streams.
type URLFunction func(context.Context, *events.LambdaFunctionURLRequest) (*events.LambdaFunctionURLStreamingResponse, error)

// URLFront answers requests as a Function URL of invoke mode RESPONSE_STREAM does:
// it makes an event of each and passes on what the function writes as it comes.
type URLFront struct {
	Function URLFunction
	Log      *slog.Logger
}

// ServeHTTP implements http.Handler. An answer that the function gives up on
// breaks off.
func (f *URLFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), progressTimeout)
	defer cancel()
	answer, err := f.Function(ctx, urlEvent(r))
	if err != nil {
		f.Log.ErrorContext(ctx, "function failed", "method", r.Method, "path", r.URL.Path, "error", err)
		http.Error(w, "Internal Server Error", http.StatusBadGateway)
		return
	}
	if c, ok := answer.Body.(io.Closer); ok {
		defer func() { _ = c.Close() }() // what is still being written goes nowhere
	}
	for name, value := range answer.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(flushing{w, http.NewResponseController(w)}, answer.Body); err != nil {
		f.Log.WarnContext(ctx, "answer broke off", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// flushing passes on at once what is written.
type flushing struct {
	w       io.Writer
	control *http.ResponseController
}

// Write implements io.Writer.
func (f flushing) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err == nil {
		err = f.control.Flush()
	}
	return n, err
}

// urlEvent is what Lambda makes of a request without a body.
func urlEvent(r *http.Request) *events.LambdaFunctionURLRequest {
	headers, source := headersAndSource(r)
	return &events.LambdaFunctionURLRequest{
		Version: "2.0", RawPath: r.URL.EscapedPath(), RawQueryString: r.URL.RawQuery, Headers: headers,
		RequestContext: events.LambdaFunctionURLRequestContext{
			DomainName: r.Host, TimeEpoch: time.Now().UnixMilli(),
			HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(),
			},
		},
	}
}
