package lambdahttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdaurl"
)

// streamShare is the share of an invocation's time after which a request's
// context ends, so that a client which watches for long is no function that timed
// out: that would count as an error, and cut off what is being said.
const streamShare = 0.75

// ErrAborted says that a handler gave up on an answer that it had begun. Whoever
// reads the stream is told, so that a file cut short does not look whole.
var ErrAborted = errors.New("lambdahttp: the answer was given up")

// Stream answers requests of a Function URL whose invoke mode is RESPONSE_STREAM.
// A handler that panics ends its stream with an error that is ErrAborted.
func Stream(h http.Handler) func(context.Context, *events.LambdaFunctionURLRequest) (*events.LambdaFunctionURLStreamingResponse, error) {
	return func(ctx context.Context, r *events.LambdaFunctionURLRequest) (*events.LambdaFunctionURLStreamingResponse, error) {
		cancel := context.CancelFunc(func() {})
		if deadline, ok := ctx.Deadline(); ok {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(streamShare*float64(time.Until(deadline))))
		}
		body := &streamBody{end: cancel}
		answer, err := lambdaurl.Wrap(contained(compressed(h), &body.aborted))(ctx, r)
		if err != nil {
			cancel()
			return nil, fmt.Errorf("lambdahttp: Function URL event: %w", err)
		}
		body.Reader, answer.Body = answer.Body, body
		return answer, nil
	}
}

// contained notes a handler's panic. lambdaurl calls handlers in a goroutine of
// their own, where a panic would take the process with it.
func contained(h http.Handler, aborted *atomic.Pointer[error]) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if cause := recover(); cause != nil {
				err := fmt.Errorf("%w: %v", ErrAborted, cause)
				aborted.Store(&err)
			}
		}()
		h.ServeHTTP(w, r)
	})
}

// streamBody is an answer being written while it is read.
type streamBody struct {
	io.Reader
	end     context.CancelFunc // lets go of the handler
	aborted atomic.Pointer[error]
}

// Read implements io.Reader.
func (b *streamBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		if aborted := b.aborted.Load(); aborted != nil {
			return n, *aborted
		}
	}
	return n, err
}

// Close implements io.Closer: the handler's context ends, and what it still
// writes goes nowhere.
func (b *streamBody) Close() error {
	b.end()
	if c, ok := b.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
