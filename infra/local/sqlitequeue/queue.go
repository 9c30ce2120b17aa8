// Package sqlitequeue keeps the doorbell of the one-machine installation in an
// SQLite file. It passes the suite in queuetest.
//
// The queue has a file of its own. Nothing is ever written to queue and store in
// one transaction (the table is the truth, the queue a doorbell), and two files
// are two write locks: a receive never waits for a large job being stored, and
// planning never waits for receives. Messages survive kill -9 (see sqlitedb).
//
// A message is ready, or it waits (delayed or in flight) until a moment. Groups
// with ready messages stand in a row, and each receive serves the one in front,
// which then goes to the back: every step is a look-up in an index, however many
// messages there are.
package sqlitequeue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/queue"
)

// Config says what queue of a file is meant and how it behaves.
type Config struct {
	Name string // within the file; several queues may share one
	// MaxReceives is how often a message is received at most before it goes to
	// the dead-letter queue; 0 for no limit.
	MaxReceives int
	// DeadLetter is the name of the queue in the same file that takes such
	// messages; required when MaxReceives is set.
	DeadLetter string

	Clock func() time.Time // time.Now if nil
}

// Queue implements queue.Queue. It is safe for concurrent use; other processes
// may use the same file.
type Queue struct {
	db    *sqlitedb.DB
	name  string
	max   int
	dead  *Queue
	clock func() time.Time

	look time.Duration // how often a receiver that waits looks for messages of other processes

	mu   sync.Mutex
	rang chan struct{} // closed and replaced when messages may have become ready
}

var _ queue.Queue = (*Queue)(nil)

var migrations = []string{`
CREATE TABLE message (
	n        INTEGER PRIMARY KEY AUTOINCREMENT,
	queue    TEXT    NOT NULL,
	grp      TEXT    NOT NULL,
	body     TEXT    NOT NULL,
	sent_at  INTEGER NOT NULL,
	wait     INTEGER NOT NULL, -- until when it is delayed or in flight; 0 when it is ready
	receives INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX message_ready ON message(queue, grp, n) WHERE wait = 0;
CREATE INDEX message_waits ON message(queue, wait)   WHERE wait > 0;

-- The row of groups: each with ready messages is in it. One that has none any
-- more leaves when its turn comes.
CREATE TABLE turn (
	queue TEXT    NOT NULL,
	grp   TEXT    NOT NULL,
	turn  INTEGER NOT NULL,
	PRIMARY KEY (queue, grp)
) WITHOUT ROWID;
CREATE INDEX turn_order ON turn(queue, turn);
`}

// Open opens or creates a queue in the file at path. Its dead-letter queue, if
// any, shares the file and is closed with it.
func Open(ctx context.Context, path string, c Config) (*Queue, error) {
	if c.MaxReceives > 0 && (c.DeadLetter == "" || c.DeadLetter == c.Name) {
		return nil, errors.New("open queue: MaxReceives needs a dead-letter queue of another name")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{Migrations: migrations})
	if err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	q := newQueue(db, c.Name, c.Clock)
	if c.MaxReceives > 0 {
		q.max, q.dead = c.MaxReceives, newQueue(db, c.DeadLetter, c.Clock)
	}
	return q, nil
}

func newQueue(db *sqlitedb.DB, name string, clock func() time.Time) *Queue {
	return &Queue{db: db, name: name, clock: clock, look: elsewhere, rang: make(chan struct{})}
}

// DeadLetter is the queue that takes messages received too often; nil if there
// is none.
func (q *Queue) DeadLetter() *Queue { return q.dead }

// Close closes the file, of a queue and its dead-letter queue alike.
func (q *Queue) Close() error { return q.db.Close() }

// Rang is closed when messages may have become ready by what this process did.
func (q *Queue) Rang() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.rang
}

// Ring wakes who waits for messages of this process: another one sent some.
func (q *Queue) Ring() {
	q.mu.Lock()
	defer q.mu.Unlock()
	close(q.rang)
	q.rang = make(chan struct{})
}

// now is the queue's clock in the unit of the table: nanoseconds since 1970.
func (q *Queue) now() int64 { return q.clock().UnixNano() }

// Depth implements queue.Queue. The figures are exact.
func (q *Queue) Depth(ctx context.Context) (d queue.Depth, err error) {
	_, err = q.db.Get(ctx, `SELECT
		(SELECT count(*) FROM message WHERE queue = ?1 AND wait = 0) + (SELECT count(*) FROM message WHERE queue = ?1 AND wait > 0 AND wait <= ?2),
		(SELECT count(*) FROM message WHERE queue = ?1 AND wait > ?2 AND receives > 0),
		(SELECT count(*) FROM message WHERE queue = ?1 AND wait > ?2 AND receives = 0)`,
		[]any{q.name, q.now()}, &d.Visible, &d.InFlight, &d.Delayed)
	if err != nil {
		return queue.Depth{}, fmt.Errorf("depth of queue %s: %w", q.name, err)
	}
	return d, nil
}
