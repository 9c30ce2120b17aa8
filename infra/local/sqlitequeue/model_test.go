package sqlitequeue_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/infra/local/sqlitequeue"
	"gleaner/shared/queue"
)

// modelMessage is a message as the model knows it.
type modelMessage struct {
	group    string
	ready    time.Time // delayed or in flight until then
	receives int
	receipt  string // of the last receive
	dead     bool
	deleted  bool
}

// queueModel is a queue on a clock of its own and what should be in it.
type queueModel struct {
	q        *sqlitequeue.Queue
	now      time.Time
	messages map[string]*modelMessage // by body
	order    []string                 // bodies as they were sent
	outdated []string                 // receipts of receives that are not the last
}

const modelMax = 3 // receives of a message at most

// Random sends, receives, deletes and waits on a clock that is moved by hand:
// nothing comes early, too often or never.
func TestLikeTheModel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		m := &queueModel{now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), messages: map[string]*modelMessage{}}
		var err error
		m.q, err = sqlitequeue.Open(t.Context(), filepath.Join(dir, "queue.db"), sqlitequeue.Config{
			Name: fmt.Sprint("bells-", runs), MaxReceives: modelMax, DeadLetter: fmt.Sprint("dead-", runs), Clock: func() time.Time { return m.now },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := m.q.Close(); err != nil {
				t.Error(err)
			}
		}()
		t.Repeat(map[string]func(*rapid.T){
			"":           m.check,
			"send":       m.send,
			"receive":    m.receive,
			"delete":     m.remove,
			"visibility": m.visibility,
			"outdated":   m.useOutdated,
			"tick": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
			},
		})
		m.drain(t)
	})
}

// alive calls fn with every message that is in the queue, in the order sent.
func (m *queueModel) alive(fn func(body string, x *modelMessage)) {
	for _, body := range m.order {
		if x := m.messages[body]; !x.dead && !x.deleted {
			fn(body, x)
		}
	}
}

func (m *queueModel) check(t *rapid.T) {
	var want queue.Depth
	m.alive(func(_ string, x *modelMessage) {
		switch {
		case !x.ready.After(m.now):
			want.Visible++
		case x.receives > 0:
			want.InFlight++
		default:
			want.Delayed++
		}
	})
	if got, err := m.q.Depth(t.Context()); err != nil || got != want {
		t.Fatalf("depth %+v, the model has %+v, %v", got, want, err)
	}
}

func (m *queueModel) send(t *rapid.T) {
	var messages []queue.Outgoing
	for range rapid.IntRange(1, 4).Draw(t, "messages") {
		out := queue.Outgoing{
			Body: fmt.Sprint("message ", len(m.order)), Group: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "group"),
			Delay: time.Duration(rapid.SampledFrom([]int{0, 0, 0, 30, 60}).Draw(t, "delay")) * time.Second,
		}
		messages = append(messages, out)
		m.order = append(m.order, out.Body)
		m.messages[out.Body] = &modelMessage{group: out.Group, ready: m.now.Add(out.Delay)}
	}
	if err := m.q.Send(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
}

func (m *queueModel) receive(t *rapid.T) {
	limit := rapid.IntRange(1, 5).Draw(t, "limit")
	visibility := time.Duration(rapid.IntRange(0, 60).Draw(t, "visibility")) * time.Second
	ready, spent := 0, 0
	m.alive(func(_ string, x *modelMessage) {
		if x.ready.After(m.now) {
			return
		}
		if x.receives < modelMax {
			ready++
		} else {
			spent++
		}
	})
	got, err := m.q.Receive(t.Context(), limit, visibility, 0)
	if err != nil {
		t.Fatal(err)
	}
	// One without visibility may come twice in one receive.
	if visibility > 0 && len(got) != min(limit, ready) {
		t.Fatalf("received %d of %d, limit %d", len(got), ready, limit)
	}
	for _, r := range got {
		x := m.messages[r.Body]
		if x == nil || x.dead || x.deleted || x.ready.After(m.now) {
			t.Fatalf("received %+v, the model has %+v", r, x)
		}
		x.receives++
		if r.Receives != x.receives || r.Receives > modelMax || r.Group != x.group {
			t.Fatalf("received %+v, the model has %+v", r, x)
		}
		if x.receipt != "" {
			m.outdated = append(m.outdated, x.receipt)
		}
		x.ready, x.receipt = m.now.Add(visibility), r.Receipt
	}
	m.bury(t)
}

// bury takes what is in the dead-letter queue: it may only be what was received
// too often.
func (m *queueModel) bury(t *rapid.T) {
	for {
		dead, err := m.q.DeadLetter().Receive(t.Context(), 10, time.Hour, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(dead) == 0 {
			return
		}
		for _, d := range dead {
			x := m.messages[d.Body]
			if x == nil || x.dead || x.deleted || x.receives < modelMax || x.ready.After(m.now) || d.Group != x.group {
				t.Fatalf("dead letter %+v, the model has %+v", d, x)
			}
			x.dead = true
			m.outdated = append(m.outdated, x.receipt)
			if err := m.q.DeadLetter().Delete(t.Context(), d.Receipt); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// received picks a message that was received and not deleted.
func (m *queueModel) received(t *rapid.T) *modelMessage {
	var all []*modelMessage
	m.alive(func(_ string, x *modelMessage) {
		if x.receipt != "" {
			all = append(all, x)
		}
	})
	if len(all) == 0 {
		t.Skip("none was received")
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
}

func (m *queueModel) remove(t *rapid.T) {
	x := m.received(t)
	if err := m.q.Delete(t.Context(), x.receipt); err != nil {
		t.Fatal(err)
	}
	x.deleted = true
	m.outdated = append(m.outdated, x.receipt)
}

func (m *queueModel) visibility(t *rapid.T) {
	x := m.received(t)
	d := time.Duration(rapid.IntRange(0, 120).Draw(t, "seconds")) * time.Second
	if err := m.q.ChangeVisibility(t.Context(), x.receipt, d); err != nil {
		t.Fatal(err)
	}
	x.ready = m.now.Add(d)
}

func (m *queueModel) useOutdated(t *rapid.T) {
	if len(m.outdated) == 0 {
		t.Skip("none is outdated")
	}
	receipt := rapid.SampledFrom(m.outdated).Draw(t, "receipt")
	for _, err := range []error{m.q.Delete(t.Context(), receipt), m.q.ChangeVisibility(t.Context(), receipt, 0)} {
		if !errors.Is(err, queue.ErrReceipt) {
			t.Fatalf("outdated receipt %s: %v", receipt, err)
		}
	}
}

// drain lets time pass until every message was deleted or has died: none is
// stuck.
func (m *queueModel) drain(t *rapid.T) {
	for {
		m.now = m.now.Add(time.Hour)
		got, err := m.q.Receive(t.Context(), queue.MaxBatch, time.Minute, 0)
		if err != nil {
			t.Fatal(err)
		}
		m.bury(t)
		if len(got) == 0 {
			break
		}
		for _, r := range got {
			m.messages[r.Body].deleted = true
			if err := m.q.Delete(t.Context(), r.Receipt); err != nil {
				t.Fatal(err)
			}
		}
	}
	m.alive(func(body string, x *modelMessage) { t.Errorf("%s is stuck: %+v", body, x) })
}
