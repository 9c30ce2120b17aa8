// Package queuetest is the suite that every adapter of queue.Queue passes.
//
// It assumes what SQS standard queues promise and no more: no order, receives
// that bring fewer messages than asked for or none although there are some, and
// figures that lag. What is timed is only that nothing comes too early; how soon
// it comes is given a minute.
package queuetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"gleaner/shared/queue"
)

// Harness is what the suite needs to know of an adapter.
type Harness struct {
	// New opens an empty queue. A message received more than maxReceives times
	// goes to dead; with maxReceives 0 there is no limit and dead may be nil.
	// Closing them is New's business (t.Cleanup).
	New func(t *testing.T, maxReceives int) (q, dead queue.Queue)
	// Tick is the finest step of its timeouts: a second for SQS. The suite takes
	// some thirty of them.
	Tick time.Duration
	// NoTurns says that it is a stand-in that knows no groups, so that the test of
	// their turns is left out.
	NoTurns bool
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, test := range []struct {
		name        string
		maxReceives int
		run         func(t *testing.T, f *fixture)
	}{
		{"SendReceiveDelete", 0, testSendReceiveDelete},
		{"Empty", 0, testEmpty},
		{"Many", 0, testMany},
		{"Bodies", 0, testBodies},
		{"Refused", 0, testRefused},
		{"Limits", 0, testLimits},
		{"Delay", 0, testDelay},
		{"Depth", 0, testDepth},
		{"WokenBySend", 0, testWoken},
		{"ReceiveEndsWithContext", 0, testCancel},
		{"EachToOneReceiver", 0, testConcurrent},
		{"ComesAgain", 0, testComesAgain},
		{"ReturnedAtOnce", 0, testReturned},
		{"LongerVisibility", 0, testLonger},
		{"Receipts", 0, testReceipts},
		{"DeadLetters", 2, testDeadLetters},
		{"DeadLettersOnlyTheirs", 3, testDeadLettersOnly},
		{"GroupsTakeTurns", 0, testTurns},
		{"LateGroupIsServed", 0, testLateGroup},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			q, dead := h.New(t, test.maxReceives)
			test.run(t, &fixture{Queue: q, dead: dead, tick: h.Tick, noTurns: h.NoTurns})
		})
	}
}

type fixture struct {
	queue.Queue
	dead    queue.Queue
	tick    time.Duration
	noTurns bool
}

const (
	patience = time.Minute // for what must come
	long     = 2 * time.Minute
)

func (f *fixture) send(t *testing.T, messages ...queue.Outgoing) {
	t.Helper()
	if err := f.Send(t.Context(), messages); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// some receives until there is at least one message.
func some(t *testing.T, q queue.Queue, limit int, visibility time.Duration) []queue.Message {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		messages, err := q.Receive(t.Context(), limit, visibility, time.Second)
		if err != nil {
			t.Fatalf("receive: %v", err)
		}
		if len(messages) > 0 {
			return messages
		}
	}
	t.Fatalf("no message for %v", patience)
	return nil
}

// one receives one message.
func (f *fixture) one(t *testing.T, visibility time.Duration) queue.Message {
	t.Helper()
	messages := some(t, f, 1, visibility)
	if len(messages) != 1 {
		t.Fatalf("%d messages, limit 1", len(messages))
	}
	return messages[0]
}

// none fails if a message comes within d.
func (f *fixture) none(t *testing.T, d time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(d); ; time.Sleep(d / 4) {
		messages, err := f.Receive(t.Context(), 10, long, 0)
		if err != nil {
			t.Fatalf("receive: %v", err)
		}
		if len(messages) > 0 {
			t.Fatalf("received %+v", messages)
		}
		if time.Now().After(deadline) {
			return
		}
	}
}

func remove(t *testing.T, q queue.Queue, m queue.Message) {
	t.Helper()
	if err := q.Delete(t.Context(), m.Receipt); err != nil {
		t.Fatalf("delete: %v", err)
	}
}

// drain receives and deletes n messages and returns their bodies, sorted.
func drain(t *testing.T, q queue.Queue, n int) []string {
	t.Helper()
	var bodies []string
	for len(bodies) < n {
		for _, m := range some(t, q, queue.MaxBatch, long) {
			bodies = append(bodies, m.Body)
			remove(t, q, m)
		}
	}
	slices.Sort(bodies)
	return bodies
}

func numbered(n int, group string) (messages []queue.Outgoing, bodies []string) {
	for i := range n {
		body := fmt.Sprintf("%s message %04d", group, i)
		messages = append(messages, queue.Outgoing{Body: body, Group: group})
		bodies = append(bodies, body)
	}
	return messages, bodies
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	got, want = slices.Clone(got), slices.Clone(want)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %d messages, want %d; %.300q, want %.300q", len(got), len(want), got, want)
	}
}

// eventually polls figures that lag until check returns "".
func eventually(t *testing.T, check func(context.Context) string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		fault := check(t.Context())
		if fault == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("for %v: %s", patience, fault)
		}
	}
}
