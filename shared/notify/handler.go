// Package notify handles the table's stream: when a job or its counters change,
// everybody who watches the job is sent one snapshot.
//
// A record says only that something changed; the figures are read afresh. So
// however many records of a job an event holds, and however often it is
// delivered, each watcher gets one message, and never the same version twice from
// the same warm process. How often that happens is the event source's business:
// its batching window of one second.
package notify

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/sync/errgroup"

	"gleaner/shared/job"
	"gleaner/shared/push"
	"gleaner/shared/record"
)

// Bounds of one invocation.
const (
	parallelJobs  = 16
	parallelPosts = 64
	// postTimeout is that of one message, its repeats included. Everybody else's
	// next snapshot waits for it, and outdates this one.
	postTimeout = 2 * time.Second
)

// Jobs is what the handler reads of jobs; see job.JobStore.
type Jobs interface {
	Progress(ctx context.Context, id job.ID) (job.Progress, error)
}

// Config is what a Handler works with.
type Config struct {
	Jobs      Jobs
	Records   record.Store
	Publisher push.Publisher
	Now       func() time.Time // time.Now if nil
	Log       *slog.Logger     // slog.Default if nil
}

// Handler handles events of the table's stream. It is safe for concurrent use.
type Handler struct {
	jobs          Jobs
	records       record.Store
	subscriptions *push.Subscriptions
	publisher     push.Publisher
	now           func() time.Time
	log           *slog.Logger
	posted        posted
}

// New returns a handler.
func New(c Config) *Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Handler{
		jobs:          c.Jobs,
		records:       c.Records,
		subscriptions: push.NewSubscriptions(c.Records, push.WithClock(c.Now)),
		publisher:     c.Publisher,
		now:           c.Now,
		log:           c.Log,
	}
}

// Handle sends a snapshot of each job that the event's records name to its
// subscribers. Connections that are gone are forgotten. If the figures or the
// subscribers of a job cannot be read, or none of all messages can be posted, the
// first record of each job concerned is reported as failed and the event source
// delivers from there again. The error is always nil.
//
// One connection that cannot be posted to while others can does not hold up
// everybody's stream: it is closed, and its client connects again and is sent the
// current state.
func (h *Handler) Handle(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	h.pong(ctx, e.Records)
	changed := changes(e.Records)
	results := make([]result, len(changed))
	var jobs errgroup.Group // for its limit; what went wrong is in results
	jobs.SetLimit(parallelJobs)
	posts := make(chan struct{}, parallelPosts)
	for i, c := range changed {
		jobs.Go(func() error {
			results[i] = h.notify(ctx, c.id, posts)
			return nil
		})
	}
	_ = jobs.Wait()

	alive := slices.ContainsFunc(results, func(r result) bool { return r.answered })
	var response events.DynamoDBEventResponse
	for i := range results {
		r, id := &results[i], changed[i].id
		if alive {
			h.dismiss(ctx, id, r.failed)
		} else {
			r.err = errors.Join(r.err, r.failed.join())
		}
		if r.err != nil {
			h.log.ErrorContext(ctx, "watchers not notified", "job", id, "error", r.err)
			response.BatchItemFailures = append(response.BatchItemFailures,
				events.DynamoDBBatchItemFailure{ItemIdentifier: changed[i].sequence})
		}
	}
	return response, nil
}

// change is a job that changed and the first record that says so.
type change struct {
	id       job.ID
	sequence string
}

// changes lists the jobs that records name, each once, in the order of their
// first records.
func changes(records []events.DynamoDBEventRecord) []change {
	var changed []change
	seen := map[job.ID]bool{}
	for i := range records {
		id, ok := Concerns(&records[i])
		if !ok || seen[id] {
			continue
		}
		seen[id] = true
		changed = append(changed, change{id, records[i].Change.SequenceNumber})
	}
	return changed
}

// Concerns says which job's figures a stream record is about: it is that of a
// job item (pk J#<id>, sk META) or of one shard of its counters (pk J#<id>#<s>,
// sk STAT).
func Concerns(r *events.DynamoDBEventRecord) (id job.ID, ok bool) {
	pk, sk := key(r, "pk"), key(r, "sk")
	rest, ok := strings.CutPrefix(pk, "J#")
	if !ok {
		return "", false
	}
	name, _, sharded := strings.Cut(rest, "#")
	if sk != "META" && sk != "STAT" || sharded != (sk == "STAT") {
		return "", false
	}
	id, err := job.ParseID(name)
	return id, err == nil
}

func key(r *events.DynamoDBEventRecord, name string) string {
	v, ok := r.Change.Keys[name]
	if !ok || v.DataType() != events.DataTypeString {
		return ""
	}
	return v.String()
}
