package sqlitequeue

import (
	"context"
	"fmt"
	"time"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/queue"
)

const sendAtOnce = 1000 // messages of one transaction, so that receivers are not kept waiting

// Send implements queue.Sender.
func (q *Queue) Send(ctx context.Context, messages []queue.Outgoing) error {
	refused := &queue.SendError{}
	good := make([]int, 0, len(messages))
	for i := range messages {
		if err := check(&messages[i]); err != nil {
			refused.Failed, refused.Err = append(refused.Failed, i), err
			continue
		}
		good = append(good, i)
	}
	for len(good) > 0 {
		part := good[:min(sendAtOnce, len(good))]
		good = good[len(part):]
		if err := q.db.Write(ctx, func(tx *sqlitedb.Tx) error { return q.add(tx, messages, part) }); err != nil {
			refused.Failed, refused.Err = append(refused.Failed, part...), err
			continue
		}
		q.Ring()
	}
	if refused.Err != nil {
		return refused
	}
	return nil
}

func check(m *queue.Outgoing) error {
	if len(m.Body) > queue.MaxBody {
		return queue.ErrTooLarge
	}
	if m.Delay < 0 || m.Delay > queue.MaxDelay {
		return fmt.Errorf("delay %v is not between 0 and %v", m.Delay, queue.MaxDelay)
	}
	return nil
}

func (q *Queue) add(tx *sqlitedb.Tx, messages []queue.Outgoing, which []int) error {
	now := q.now()
	groups := map[string]bool{}
	for _, i := range which {
		m := &messages[i]
		wait := int64(0)
		if m.Delay > 0 {
			wait = now + int64(m.Delay)
		} else {
			groups[m.Group] = true
		}
		if _, err := tx.Exec("INSERT INTO message (queue, grp, body, sent_at, wait) VALUES (?, ?, ?, ?, ?)",
			q.name, m.Group, m.Body, now, wait); err != nil {
			return err
		}
	}
	for group := range groups {
		if err := q.queueUp(tx, group); err != nil {
			return err
		}
	}
	return nil
}

// queueUp puts a group with ready messages at the back of the row, if it is not
// in it.
func (q *Queue) queueUp(tx *sqlitedb.Tx, group string) error {
	_, err := tx.Exec(`INSERT INTO turn (queue, grp, turn)
		VALUES (?1, ?2, 1 + coalesce((SELECT max(turn) FROM turn WHERE queue = ?1), 0)) ON CONFLICT DO NOTHING`, q.name, group)
	return err
}

// Delete implements queue.Receiver; ErrReceipt if the message is gone or was
// received again since.
func (q *Queue) Delete(ctx context.Context, receipt string) error {
	return q.change(ctx, "delete", receipt, func(tx *sqlitedb.Tx, n int64, receives int) (int64, error) {
		return tx.Exec("DELETE FROM message WHERE n = ? AND queue = ? AND receives = ?", n, q.name, receives)
	})
}

// ChangeVisibility implements queue.Receiver; ErrReceipt as for Delete.
func (q *Queue) ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error {
	err := q.change(ctx, "change visibility", receipt, func(tx *sqlitedb.Tx, n int64, receives int) (int64, error) {
		return tx.Exec("UPDATE message SET wait = ? WHERE n = ? AND queue = ? AND receives = ?",
			q.now()+int64(max(0, d)), n, q.name, receives)
	})
	if err == nil {
		q.Ring() // who waits for a message looks again at how long
	}
	return err
}

// change changes the one message a receipt stands for.
func (q *Queue) change(ctx context.Context, what, receipt string, fn func(tx *sqlitedb.Tx, n int64, receives int) (int64, error)) error {
	err := q.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		n, receives, ok := parseReceipt(receipt)
		if !ok {
			return queue.ErrReceipt
		}
		changed, err := fn(tx, n, receives)
		if err == nil && changed == 0 {
			err = queue.ErrReceipt
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("queue %s: %s: %w", q.name, what, err)
	}
	return nil
}
