package local

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/infra/local/eventsource/sqlitestream"
	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/doctor"
	"gleaner/shared/job"
)

// stream is the store's stream of changes, of which it is known how far behind
// its reader is.
type stream struct {
	*sqlitestream.Source
	store *sqlitestore.Store
	read  atomic.Int64 // the change up to which all were delivered
}

func newStream(store *sqlitestore.Store) *stream {
	return &stream{Source: sqlitestream.New(store), store: store}
}

// Read implements eventsource.StreamSource. Whoever asks for what follows a
// position has delivered what was before it.
func (s *stream) Read(ctx context.Context, after string, limit int) ([]events.DynamoDBEventRecord, string, error) {
	if n, err := strconv.ParseInt(after, 10, 64); err == nil {
		s.read.Store(n)
	}
	return s.Source.Read(ctx, after, limit)
}

// lag is the age of the oldest change that was not delivered.
func (s *stream) lag(ctx context.Context) (time.Duration, error) {
	read := s.read.Load()
	if read == 0 {
		return 0, nil // nobody has read yet: it begins with what comes
	}
	next, err := s.store.Feed(ctx, read, 1)
	if err != nil || len(next) == 0 {
		return 0, err
	}
	return max(0, time.Since(next[0].At)), nil
}

// doctor examines this node.
func (n *Node) doctor() *doctor.Doctor {
	c := doctor.Config{
		Jobs: n.Store, Records: n.Store, Queue: n.bells, DeadLetters: n.bells.DeadLetter(), PushLag: n.changes.lag,
		Dir: n.cfg.Dir, Sockets: (n.cfg.Workers + spare(n.cfg.Workers)) * job.MaxConnections,
		Version: n.cfg.Version, Contact: n.cfg.Fetch.ContactURL,
	}
	if n.process != nil {
		c.WorkerProcess = n.process.look
	}
	return doctor.New(c)
}
