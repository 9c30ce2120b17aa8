package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/record"
)

// The partitions of records by which an Echo and the notifier speak.
const (
	pingPartition = "PING"
	pongPartition = "PONG"

	// PingKey is the partition key that a ping's change carries in the stream.
	PingKey = "R#" + pingPartition
)

const (
	echoKept  = time.Hour // after which what an Echo could not remove expires
	echoPause = 100 * time.Millisecond
	echoClean = 2 * time.Second
)

// ErrSilent says that the notifier did not answer in time.
var ErrSilent = errors.New("notify: the notifier does not answer")

// Echo finds out how far the notifier is behind: it writes a record that the
// stream brings to the notifier, which answers with another.
type Echo struct {
	Records record.Store
}

// Lag is how long the notifier takes just now to learn of a change, its window
// included. If ctx ends before it does, the error is ErrSilent.
func (e *Echo) Lag(ctx context.Context) (time.Duration, error) {
	name := rand.Text()
	began := time.Now()
	err := e.Records.Put(ctx, record.Record{Partition: pingPartition, Sort: name, Expires: began.Add(echoKept)})
	if err != nil {
		return 0, fmt.Errorf("notify: ping: %w", err)
	}
	defer e.clean(ctx, name)
	tick := time.NewTicker(echoPause)
	defer tick.Stop()
	for {
		_, err := e.Records.Get(ctx, pongPartition, name)
		if err == nil {
			return time.Since(began), nil
		}
		if ctx.Err() == nil && !errors.Is(err, record.ErrNotFound) {
			return 0, fmt.Errorf("notify: pong: %w", err)
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%w within %v", ErrSilent, time.Since(began).Round(echoPause))
		case <-tick.C:
		}
	}
}

// clean removes both records. What it leaves behind expires.
func (e *Echo) clean(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), echoClean)
	defer cancel()
	_ = e.Records.Delete(ctx, pingPartition, name)
	_ = e.Records.Delete(ctx, pongPartition, name)
}

// ping says whether a stream record is a ping that was just written, and which.
func ping(r *events.DynamoDBEventRecord) (name string, ok bool) {
	if key(r, "pk") != PingKey || r.EventName != string(events.DynamoDBOperationTypeInsert) {
		return "", false
	}
	return strings.CutPrefix(key(r, "sk"), "#")
}

// Wanted reports whether Handle does anything with a stream record: the event
// source's filter.
func Wanted(r *events.DynamoDBEventRecord) bool {
	_, about := Concerns(r)
	_, pinged := ping(r)
	return about || pinged
}

// pong answers pings. An Echo that is not answered asks again some time: nothing
// is delivered again for its sake.
func (h *Handler) pong(ctx context.Context, records []events.DynamoDBEventRecord) {
	for i := range records {
		name, ok := ping(&records[i])
		if !ok {
			continue
		}
		err := h.records.Put(ctx, record.Record{Partition: pongPartition, Sort: name, Expires: h.now().Add(echoKept)})
		if err != nil {
			h.log.WarnContext(ctx, "ping not answered", "error", err)
		}
	}
}
