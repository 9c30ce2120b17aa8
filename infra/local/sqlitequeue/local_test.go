package sqlitequeue_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local/sqlitequeue"
	"gleaner/shared/queue"
)

func send(t testing.TB, q queue.Sender, messages ...queue.Outgoing) {
	t.Helper()
	if err := q.Send(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
}

// receive takes up to ten messages and fails if it had to wait until it looked
// for itself.
func receive(t testing.TB, q queue.Receiver) []queue.Message {
	t.Helper()
	began := time.Now()
	messages, err := q.Receive(t.Context(), queue.MaxBatch, time.Minute, queue.MaxWait)
	if err != nil {
		t.Error(err)
	}
	if time.Since(began) >= queue.MaxWait {
		t.Error("was not woken")
	}
	return messages
}

// A receiver of the same process is woken by what makes a message ready: it does
// not find it by looking again and again.
func TestReceiverIsWoken(t *testing.T) {
	t.Parallel()
	q := open(t, filepath.Join(t.TempDir(), "queue.db"), sqlitequeue.Config{Name: "bells", MaxReceives: 2, DeadLetter: "dead"})
	sqlitequeue.LookEvery(q, time.Hour)
	sqlitequeue.LookEvery(q.DeadLetter(), time.Hour)
	got := make(chan []queue.Message)
	go func() { got <- receive(t, q) }()
	time.Sleep(20 * time.Millisecond)
	send(t, q, queue.Outgoing{Body: "first"})
	if m := <-got; len(m) != 1 {
		t.Fatal("not woken by a send")
	}
	// By a message given back.
	send(t, q, queue.Outgoing{Body: "second", Group: "g"})
	m := receive(t, q)[0]
	go func() { got <- receive(t, q) }()
	time.Sleep(20 * time.Millisecond)
	if err := q.ChangeVisibility(t.Context(), m.Receipt, 0); err != nil {
		t.Fatal(err)
	}
	again := <-got
	if len(again) != 1 {
		t.Fatal("not woken by a message given back")
	}
	// At the dead-letter queue, when a receive from the other finds one.
	if err := q.ChangeVisibility(t.Context(), again[0].Receipt, 0); err != nil {
		t.Fatal(err)
	}
	go func() { got <- receive(t, q.DeadLetter()) }()
	time.Sleep(20 * time.Millisecond)
	if m, err := q.Receive(t.Context(), 1, time.Minute, 0); err != nil || len(m) > 0 {
		t.Fatal(m, err)
	}
	if m := <-got; len(m) != 1 || m[0].Body != "second" || m[0].Group != "g" {
		t.Fatalf("dead letters %v", m)
	}
}

// Another process's messages are found without being woken.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "queue.db")
	here := open(t, path, sqlitequeue.Config{Name: "bells"})
	there := open(t, path, sqlitequeue.Config{Name: "bells"})
	got := make(chan []queue.Message)
	go func() { got <- receive(t, here) }()
	time.Sleep(20 * time.Millisecond)
	send(t, there, queue.Outgoing{Body: "from elsewhere"})
	if m := <-got; len(m) != 1 {
		t.Fatal("not found")
	}
	// Both take from one queue, and no message goes to both.
	const n = 200
	for i := range n {
		send(t, []*sqlitequeue.Queue{here, there}[i%2], queue.Outgoing{Body: fmt.Sprint(i)})
	}
	var mu sync.Mutex
	var all []string
	var wg sync.WaitGroup
	for _, q := range []*sqlitequeue.Queue{here, there} {
		wg.Go(func() {
			for {
				messages, err := q.Receive(t.Context(), 3, time.Minute, 0)
				if err != nil {
					t.Error(err)
				}
				if len(messages) == 0 {
					return
				}
				mu.Lock()
				for _, m := range messages {
					all = append(all, m.Body)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(all)
	if len(all) != n || len(slices.Compact(all)) != n {
		t.Errorf("%d received of %d", len(all), n)
	}
}

// Queues of one file do not see each other's messages and turns.
func TestQueuesOfOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "queue.db")
	a, b := open(t, path, sqlitequeue.Config{Name: "a"}), open(t, path, sqlitequeue.Config{Name: "b"})
	send(t, a, queue.Outgoing{Body: "for a", Group: "g"})
	send(t, b, queue.Outgoing{Body: "for b", Group: "g"})
	m := receive(t, a)
	if len(m) != 1 || m[0].Body != "for a" {
		t.Fatalf("a received %v", m)
	}
	if err := b.Delete(t.Context(), m[0].Receipt); err == nil {
		t.Error("b deleted a message of a")
	}
	if err := a.Delete(t.Context(), m[0].Receipt); err != nil {
		t.Error(err)
	}
	if m := receive(t, b); len(m) != 1 || m[0].Body != "for b" {
		t.Fatalf("b received %v", m)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []sqlitequeue.Config{{Name: "a", MaxReceives: 2}, {Name: "a", MaxReceives: 2, DeadLetter: "a"}} {
		if q, err := sqlitequeue.Open(t.Context(), filepath.Join(t.TempDir(), "q.db"), c); err == nil {
			_ = q.Close()
			t.Errorf("%+v was taken", c)
		}
	}
}

// Groups take turns strictly here, whatever their backlogs.
func TestTurnsAreStrict(t *testing.T) {
	t.Parallel()
	q := open(t, filepath.Join(t.TempDir(), "queue.db"), sqlitequeue.Config{Name: "bells"})
	for _, group := range []string{"a", "b", "c"} {
		for i := range 50 {
			send(t, q, queue.Outgoing{Body: fmt.Sprint(group, i), Group: group})
		}
	}
	var got []string
	for range 12 {
		m, err := q.Receive(t.Context(), 1, time.Minute, 0)
		if err != nil || len(m) != 1 {
			t.Fatal(m, err)
		}
		got = append(got, m[0].Body)
	}
	want := []string{"a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// A receive that passes over groups leaves them their messages and their turns.
func TestReceiveExcept(t *testing.T) {
	t.Parallel()
	q := open(t, filepath.Join(t.TempDir(), "queue.db"), sqlitequeue.Config{Name: "bells"})
	except := func(groups ...string) (bodies []string) {
		m, err := q.ReceiveExcept(t.Context(), groups, queue.MaxBatch, time.Minute)
		if err != nil {
			t.Error(err)
		}
		for _, m := range m {
			bodies = append(bodies, m.Body)
		}
		slices.Sort(bodies)
		return bodies
	}
	const odd = `"'],`
	send(t, q, queue.Outgoing{Body: "a1", Group: "a"}, queue.Outgoing{Body: "a2", Group: "a"}, queue.Outgoing{Body: "b1", Group: "b"},
		queue.Outgoing{Body: "b2", Group: "b"}, queue.Outgoing{Body: "none"}, queue.Outgoing{Body: "odd", Group: odd},
		queue.Outgoing{Body: "late", Group: "a", Delay: time.Millisecond}, queue.Outgoing{Body: "c1", Group: "c", Delay: time.Millisecond})
	time.Sleep(10 * time.Millisecond)
	if got := except("a", "b", "c", "", odd); got != nil {
		t.Errorf("all passed over: %q", got)
	}
	if got := except("a", "c", "", odd); !slices.Equal(got, []string{"b1", "b2"}) {
		t.Errorf("of b: %q", got)
	}
	if got := except("a", "b"); !slices.Equal(got, []string{"c1", "none", "odd"}) {
		t.Errorf("of the others: %q", got)
	}
	if got := except(); !slices.Equal(got, []string{"a1", "a2", "late"}) {
		t.Errorf("of all: %q", got)
	}
	rang := q.Rang()
	send(t, q, queue.Outgoing{Body: "a3", Group: "a"})
	select {
	case <-rang:
	default:
		t.Error("not rung by a message")
	}
}
