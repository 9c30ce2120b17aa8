package aws

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"gleaner/infra/e2e/emulators"
	"gleaner/infra/local/eventsource"
	"gleaner/shared/bells"
	"gleaner/shared/dynamostore"
	"gleaner/shared/queue"
	"gleaner/shared/sqsqueue"
)

// disorderly hands out every message twice, in random order.
type disorderly struct {
	queue.Receiver

	mu   sync.Mutex
	pool []queue.Message
}

// Receive implements queue.Receiver.
func (d *disorderly) Receive(ctx context.Context, limit int, visibility, _ time.Duration) ([]queue.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	if len(d.pool) < 2*queue.MaxBatch { // what waits here longer than its visibility would come a third time
		var got []queue.Message
		got, err = d.Receiver.Receive(ctx, queue.MaxBatch, visibility, time.Second)
		d.pool = append(append(d.pool, got...), got...)
	}
	rand.Shuffle(len(d.pool), func(i, j int) { d.pool[i], d.pool[j] = d.pool[j], d.pool[i] })
	n := min(limit, len(d.pool))
	out := append([]queue.Message(nil), d.pool[:n]...)
	d.pool = d.pool[n:]
	return out, err
}

// killer lets one in so many messages be handled by a worker that is killed.
type killer struct {
	stack          *stack
	inner          eventsource.SQSHandler
	oneIn          int
	handled, kills atomic.Int64
}

// Handle is an eventsource.SQSHandler.
func (k *killer) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	if k.handled.Add(1)%int64(k.oneIn) != 1 {
		return k.inner(ctx, e)
	}
	k.kills.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Of a batch's requests the first ten or so claim it, read robots.txt and store
	// the outcomes; then come the addresses.
	left := rand.IntN(12)
	if k.kills.Load()%3 == 0 {
		left = rand.IntN(300)
	}
	fuse := &fuse{left: left, blow: cancel}
	client := &http.Client{Transport: fuse, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	store := dynamostore.New(k.stack.dynamoClient(client), k.stack.table)
	ring := sqsqueue.New(sqs.New(emulators.SQS(k.stack.queues).Options(), func(o *sqs.Options) { o.HTTPClient = client }), k.stack.bells)
	worker, err := k.stack.Worker(store, ring)
	if err != nil {
		return events.SQSEventResponse{}, err
	}
	handler := &bells.Handler{Worker: worker, Log: discard}
	_, _ = handler.Handle(ctx, e) // what a dead worker answers, nobody hears
	return events.SQSEventResponse{}, errKilled
}

// fuse is a worker's connection to the world: after so many requests it is
// killed, and none goes through any more.
type fuse struct {
	inner http.Transport
	blow  context.CancelFunc

	mu   sync.Mutex
	left int
}

// RoundTrip implements http.RoundTripper.
func (f *fuse) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.left--
	left := f.left
	f.mu.Unlock()
	if left >= 0 {
		return f.inner.RoundTrip(r)
	}
	f.blow()
	if left == -1 && rand.IntN(2) == 0 { // the request arrives, its answer does not
		if res, err := f.inner.RoundTrip(r.WithContext(context.WithoutCancel(r.Context()))); err == nil {
			_ = res.Body.Close()
		}
	}
	return nil, errKilled
}

// CloseIdleConnections lets http.Client close the connections.
func (f *fuse) CloseIdleConnections() { f.inner.CloseIdleConnections() }

// killed is an error that the SDK takes for a cancelled request, and so does not
// repeat.
type killed struct{}

var errKilled error = killed{}

// Error implements error.
func (killed) Error() string { return "the worker was killed" }

// CanceledError tells the SDK.
func (killed) CanceledError() bool { return true }
