package sqlitequeue

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/queue"
)

// elsewhere is how often a receiver that waits looks for messages that another
// process sent; one of this process wakes it.
const elsewhere = 250 * time.Millisecond

// Receive implements queue.Receiver.
func (q *Queue) Receive(ctx context.Context, limit int, visibility, wait time.Duration) ([]queue.Message, error) {
	limit = max(1, min(limit, queue.MaxBatch))
	deadline := time.Now().Add(min(wait, queue.MaxWait))
	for {
		bell := q.Rang() // before looking: what comes in between rings it
		messages, err := q.receive(ctx, nil, limit, visibility)
		if err != nil {
			return nil, fmt.Errorf("queue %s: receive: %w", q.name, err)
		}
		left := time.Until(deadline)
		if len(messages) > 0 || left <= 0 {
			return messages, nil
		}
		next, err := q.untilNext(ctx)
		if err != nil {
			return nil, fmt.Errorf("queue %s: receive: %w", q.name, err)
		}
		timer := time.NewTimer(min(left, next, q.look))
		select {
		case <-bell:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		timer.Stop()
	}
}

// ReceiveExcept is Receive without waiting, but passes over the groups named,
// which keep their turns.
func (q *Queue) ReceiveExcept(ctx context.Context, groups []string, limit int, visibility time.Duration) ([]queue.Message, error) {
	except, err := json.Marshal(append([]string{}, groups...))
	if err != nil {
		return nil, fmt.Errorf("queue %s: receive: %w", q.name, err)
	}
	messages, err := q.receive(ctx, string(except), max(1, min(limit, queue.MaxBatch)), visibility)
	if err != nil {
		return nil, fmt.Errorf("queue %s: receive: %w", q.name, err)
	}
	return messages, nil
}

// untilNext is the time until the first message that waits becomes ready, no
// less than a millisecond, and long if there is none.
func (q *Queue) untilNext(ctx context.Context) (time.Duration, error) {
	var wait int64
	found, err := q.db.Get(ctx, "SELECT wait FROM message WHERE queue = ? AND wait > 0 ORDER BY wait LIMIT 1", []any{q.name}, &wait)
	if err != nil || !found {
		return queue.MaxWait, err
	}
	return max(time.Millisecond, time.Duration(wait-q.now())), nil
}

// Whether there may be something to receive, of any group or but for some.
const (
	anything = `SELECT EXISTS (SELECT 1 FROM turn WHERE queue = ?1)
		OR EXISTS (SELECT 1 FROM message WHERE queue = ?1 AND wait > 0 AND wait <= ?2)`
	anythingElse = `SELECT EXISTS (` + frontExcept + `)
		OR EXISTS (SELECT 1 FROM message WHERE queue = ?1 AND wait > 0 AND wait <= ?2 AND grp NOT IN (SELECT value FROM json_each(?3)))`
)

// The group in front, and the one in front of those that are not in a list and
// have something ready.
const (
	front       = "SELECT grp FROM turn WHERE queue = ?1 ORDER BY turn LIMIT 1"
	frontExcept = `SELECT grp FROM turn t WHERE queue = ?1 AND grp NOT IN (SELECT value FROM json_each(?3))
		AND EXISTS (SELECT 1 FROM message WHERE queue = ?1 AND grp = t.grp AND wait = 0) ORDER BY turn LIMIT 1`
)

// receive takes what is ready now, or became so, but of groups in the JSON list
// except, if there is one.
func (q *Queue) receive(ctx context.Context, except any, limit int, visibility time.Duration) (messages []queue.Message, err error) {
	look, next := anything, front
	if except != nil {
		look, next = anythingElse, frontExcept
	}
	// Receivers of an empty queue must not stand in each other's and the
	// senders' way: the look for something to do takes no lock.
	var something bool
	if _, err := q.db.Get(ctx, look, []any{q.name, q.now(), except}, &something); err != nil || !something {
		return nil, err
	}
	buried := false
	err = q.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		messages, buried = nil, false
		now := q.now()
		if err := q.awake(tx, now); err != nil {
			return err
		}
		for len(messages) < limit {
			m, n, err := q.first(tx, next, q.name, now, except)
			if err != nil || n == 0 {
				return err
			}
			if q.max > 0 && m.Receives >= q.max {
				buried = true
				if err := q.bury(tx, n); err != nil {
					return err
				}
				continue
			}
			m.Receives++
			m.Receipt = receipt(n, m.Receives)
			if _, err := tx.Exec("UPDATE message SET wait = ?, receives = ? WHERE n = ?", now+int64(max(0, visibility)), m.Receives, n); err != nil {
				return err
			}
			if _, err := tx.Exec("UPDATE turn SET turn = 1 + (SELECT max(turn) FROM turn WHERE queue = ?1) WHERE queue = ?1 AND grp = ?2",
				q.name, m.Group); err != nil {
				return err
			}
			messages = append(messages, m)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if buried {
		q.dead.Ring()
	}
	return messages, nil
}

// awake makes ready what has waited long enough, the longest waiting first; so
// many at once that it keeps up, and no more.
func (q *Queue) awake(tx *sqlitedb.Tx, now int64) error {
	type waiter struct {
		n     int64
		group string
	}
	var waiters []waiter
	if err := tx.Query("SELECT n, grp FROM message WHERE queue = ? AND wait > 0 AND wait <= ? ORDER BY wait LIMIT 100", []any{q.name, now},
		func(rows *sql.Rows) error {
			var w waiter
			err := rows.Scan(&w.n, &w.group)
			waiters = append(waiters, w)
			return err
		}); err != nil {
		return err
	}
	for _, w := range waiters {
		if _, err := tx.Exec("UPDATE message SET wait = 0 WHERE n = ?", w.n); err != nil {
			return err
		}
		if err := q.queueUp(tx, w.group); err != nil {
			return err
		}
	}
	return nil
}

// first is the oldest ready message of the group that a query finds in front,
// its number 0 if there is none. Groups that have nothing ready leave the row.
func (q *Queue) first(tx *sqlitedb.Tx, front string, args ...any) (m queue.Message, n int64, err error) {
	for {
		found, err := tx.Get(front, args, &m.Group)
		if err != nil || !found {
			return queue.Message{}, 0, err
		}
		var sent int64
		found, err = tx.Get("SELECT n, body, sent_at, receives FROM message WHERE queue = ? AND grp = ? AND wait = 0 ORDER BY n LIMIT 1",
			[]any{q.name, m.Group}, &n, &m.Body, &sent, &m.Receives)
		if err != nil {
			return queue.Message{}, 0, err
		}
		if found {
			m.ID, m.SentAt = q.name+"-"+strconv.FormatInt(n, 10), time.Unix(0, sent).UTC()
			return m, n, nil
		}
		if _, err := tx.Exec("DELETE FROM turn WHERE queue = ? AND grp = ?", q.name, m.Group); err != nil {
			return queue.Message{}, 0, err
		}
	}
}

// bury moves a message to the dead-letter queue, under a number of its own, so
// that receipts of its former life are worth nothing there.
func (q *Queue) bury(tx *sqlitedb.Tx, n int64) error {
	if _, err := tx.Exec("INSERT INTO message (queue, grp, body, sent_at, wait) SELECT ?, grp, body, sent_at, 0 FROM message WHERE n = ?",
		q.dead.name, n); err != nil {
		return err
	}
	var group string
	if _, err := tx.Get("DELETE FROM message WHERE n = ? RETURNING grp", []any{n}, &group); err != nil {
		return err
	}
	return q.dead.queueUp(tx, group)
}

// A receipt is the number of the message and which receive of it this was.
func receipt(n int64, receives int) string {
	return strconv.FormatInt(n, 10) + "." + strconv.Itoa(receives)
}

func parseReceipt(s string) (n int64, receives int, ok bool) {
	number, count, found := strings.Cut(s, ".")
	n, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return 0, 0, false
	}
	receives, err = strconv.Atoi(count)
	return n, receives, err == nil
}
