package bootstrap

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// answer is what a function said of an invocation.
type answer struct {
	contentType string
	body        []byte
	fault       string // the error it reported, at its start or of the invocation
	at          time.Time
}

// runtimeAPI is the server that Lambda runs beside each function (AWS Lambda
// Developer Guide, "Runtime API"): the function asks for the next invocation and
// posts its answer.
type runtimeAPI struct {
	server  *httptest.Server
	events  chan []byte
	answers chan answer
	timeout time.Duration
	stop    chan struct{}

	mu    sync.Mutex
	n     int
	ready time.Time // when the first event was asked for
}

func newRuntimeAPI(t testing.TB, timeout time.Duration) *runtimeAPI {
	t.Helper()
	r := &runtimeAPI{events: make(chan []byte, 1), answers: make(chan answer, 1), timeout: timeout, stop: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", r.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", r.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", r.fault)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", r.fault)
	r.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		close(r.stop)
		r.server.CloseClientConnections()
		r.server.Close()
	})
	return r
}

func (r *runtimeAPI) address() string { return strings.TrimPrefix(r.server.URL, "http://") }

func (r *runtimeAPI) next(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	if r.ready.IsZero() {
		r.ready = time.Now()
	}
	r.mu.Unlock()
	select {
	case event := <-r.events:
		r.mu.Lock()
		r.n++
		id := fmt.Sprintf("8476a536-e9f4-11e8-9739-%012d", r.n)
		r.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(r.timeout).UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:gleaner")
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-6921a5c2-4f0c7d5e2b8a91634c0d7e1f;Parent=8f507aa91b8ee2d9;Sampled=0")
		_, _ = w.Write(event)
	case <-req.Context().Done():
	case <-r.stop:
	}
}

func (r *runtimeAPI) response(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	a := answer{
		contentType: req.Header.Get("Content-Type"), body: body, at: time.Now(),
		fault: req.Trailer.Get("Lambda-Runtime-Function-Error-Type"),
	}
	if err != nil {
		a.fault = err.Error()
	}
	w.WriteHeader(http.StatusAccepted)
	r.answers <- a
}

func (r *runtimeAPI) fault(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	w.WriteHeader(http.StatusAccepted)
	r.answers <- answer{fault: string(body), at: time.Now()}
}

// invoke hands the event to the function and waits for its answer.
func (r *runtimeAPI) invoke(ctx context.Context, event []byte) (answer, error) {
	select {
	case r.events <- event:
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	select {
	case a := <-r.answers:
		if a.fault != "" {
			return a, fmt.Errorf("the function reports %s", a.fault)
		}
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}
