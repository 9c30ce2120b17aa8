package queuetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gleaner/shared/queue"
)

func testComesAgain(t *testing.T, f *fixture) {
	f.send(t, queue.Outgoing{Body: "again", Group: "g"})
	visibility := 3 * f.tick
	var last queue.Message
	n := 0
	for round := 1; round <= 3; round++ {
		before := time.Now()
		m := f.one(t, visibility)
		n++
		if m.Body != "again" || m.Receives != n || n > 1 && (m.ID != last.ID || m.Receipt == last.Receipt || !m.SentAt.Equal(last.SentAt)) {
			t.Errorf("receive %d: %+v after %+v", n, m, last)
		}
		last = m
		if round == 3 {
			break
		}
		// It may not be there before its time. A look that a busy machine held up may
		// find it, and is one receive more.
		for time.Since(before) < visibility-f.tick {
			found, err := f.Receive(t.Context(), 1, f.tick, 0)
			if err != nil {
				t.Fatal(err)
			}
			took := time.Since(before)
			if len(found) > 0 && took < visibility-f.tick {
				t.Fatalf("came again after %v, visibility %v", took, visibility)
			}
			n += len(found)
			for _, m := range found {
				last = m
			}
			time.Sleep(f.tick / 4)
		}
	}
	remove(t, f, last)
	f.none(t, 2*f.tick)
}

func testReturned(t *testing.T, f *fixture) {
	f.send(t, queue.Outgoing{Body: "back"})
	m := f.one(t, long)
	f.none(t, f.tick)
	if err := f.ChangeVisibility(t.Context(), m.Receipt, 0); err != nil {
		t.Fatal(err)
	}
	if m = f.one(t, long); m.Receives != 2 {
		t.Errorf("receive %d", m.Receives)
	}
	remove(t, f, m)
	f.none(t, f.tick)
}

func testLonger(t *testing.T, f *fixture) {
	f.send(t, queue.Outgoing{Body: "slow work"})
	m := f.one(t, 2*f.tick)
	if err := f.ChangeVisibility(t.Context(), m.Receipt, long); err != nil {
		t.Fatal(err)
	}
	f.none(t, 4*f.tick) // well after the first timeout
	remove(t, f, m)     // the receipt is still good
	f.none(t, f.tick)
}

func testReceipts(t *testing.T, f *fixture) {
	ctx := t.Context()
	harmless := func(what string, err error) {
		t.Helper()
		if err != nil && !errors.Is(err, queue.ErrReceipt) {
			t.Errorf("%s: %v", what, err)
		}
	}
	f.send(t, queue.Outgoing{Body: "there to stay"})
	m := f.one(t, long)
	foreign, _ := strings.CutSuffix(m.Receipt, m.Receipt[len(m.Receipt)-1:])
	for _, receipt := range []string{"nonsense", "999999.1", foreign + "~"} {
		harmless("delete of "+receipt, f.Delete(ctx, receipt))
		harmless("visibility of "+receipt, f.ChangeVisibility(ctx, receipt, 0))
	}
	f.none(t, f.tick) // none of it made the message visible
	remove(t, f, m)
	harmless("second delete", f.Delete(ctx, m.Receipt))
	harmless("visibility of a deleted message", f.ChangeVisibility(ctx, m.Receipt, 0))
	f.none(t, f.tick)
}

func testDeadLetters(t *testing.T, f *fixture) {
	f.send(t, queue.Outgoing{Body: "poison", Group: "owner-1"})
	for n := 1; n <= 2; n++ {
		if m := f.one(t, f.tick); m.Receives != n || m.Body != "poison" {
			t.Errorf("receive %d: %+v", n, m)
		}
	}
	// A third receive would be one too many.
	f.none(t, 3*f.tick)
	m := some(t, f.dead, 1, long)[0]
	if m.Body != "poison" || !f.noTurns && m.Group != "owner-1" {
		t.Errorf("dead letter %+v", m)
	}
	remove(t, f.dead, m)
	if left, err := f.dead.Receive(t.Context(), 1, long, f.tick); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	eventuallyEmpty(t, f.Queue)
}

func testDeadLettersOnly(t *testing.T, f *fixture) {
	messages, bodies := numbered(20, "g")
	f.send(t, messages...)
	f.send(t, queue.Outgoing{Body: "poison", Group: "g"})
	var got []string
	deaths := 0
	for deadline := time.Now().Add(patience); len(got) < len(bodies) || deaths == 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d messages, %d dead letters", len(got), deaths)
		}
		received, err := f.Receive(t.Context(), 5, long, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range received {
			if m.Body != "poison" {
				got = append(got, m.Body)
				remove(t, f, m)
				continue
			}
			if m.Receives > 3 {
				t.Fatalf("receive %d of at most 3", m.Receives)
			}
			if err := f.ChangeVisibility(t.Context(), m.Receipt, 0); err != nil {
				t.Fatal(err)
			}
		}
		dead, err := f.dead.Receive(t.Context(), 5, long, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range dead {
			if m.Body != "poison" {
				t.Errorf("%q died", m.Body)
			}
			deaths++
		}
	}
	same(t, got, bodies)
	if deaths != 1 {
		t.Errorf("%d dead letters", deaths)
	}
}

func eventuallyEmpty(t *testing.T, q queue.Queue) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		d, err := q.Depth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d == (queue.Depth{}) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("depth %+v", d)
		}
	}
}
