package eventsource_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/infra/local/eventsource"
	"gleaner/shared/queue"
)

// memory is a queue that notes what is done to its messages.
type memory struct {
	mu      sync.Mutex
	waiting []queue.Message
	deleted []string
	delayed map[string]time.Duration
	fail    error
}

func (m *memory) send(n int) { m.sendTo("", n) }

func (m *memory) sendTo(group string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range n {
		id := fmt.Sprintf("%sm%03d", group, i)
		m.waiting = append(m.waiting, queue.Message{ID: id, Receipt: "r-" + id, Body: id, Group: group, Receives: 1, SentAt: time.Now()})
	}
}

func (m *memory) ReceiveExcept(_ context.Context, groups []string, limit int, _ time.Duration) (out []queue.Message, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rest []queue.Message
	for _, one := range m.waiting {
		if len(out) < limit && !slices.Contains(groups, one.Group) {
			out = append(out, one)
		} else {
			rest = append(rest, one)
		}
	}
	m.waiting = rest
	return out, m.fail
}

func (m *memory) Rang() <-chan struct{} { return nil }

func (m *memory) Receive(ctx context.Context, limit int, visibility, wait time.Duration) ([]queue.Message, error) {
	for end := time.Now().Add(wait); ; {
		out, err := m.ReceiveExcept(ctx, nil, limit, visibility)
		if len(out) > 0 || err != nil || time.Now().After(end) {
			return out, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (m *memory) Delete(_ context.Context, receipt string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deleted = append(m.deleted, receipt)
	return nil
}

func (m *memory) ChangeVisibility(_ context.Context, receipt string, d time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.delayed == nil {
		m.delayed = map[string]time.Duration{}
	}
	m.delayed[receipt] = d
	return nil
}

// poll runs an event source over m for as long as drive takes, and then until it has ended.
func poll(t *testing.T, m *memory, retryAfter time.Duration, h eventsource.SQSHandler, drive func()) {
	t.Helper()
	q := &eventsource.Queue{
		Queue: m, Handler: h, MaximumConcurrency: 3, Timeout: time.Minute, Visibility: 6 * time.Minute,
		RetryAfter: retryAfter, Log: slog.New(slog.DiscardHandler),
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx) }()
	drive()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestQueueConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.send(20)
		var mu sync.Mutex
		running, most := 0, 0
		poll(t, m, 0, func(_ context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			if len(e.Records) != 1 {
				t.Errorf("%d messages in one event", len(e.Records))
			}
			return events.SQSEventResponse{}, nil
		}, func() { time.Sleep(8 * time.Second) })
		if most != 3 {
			t.Errorf("%d invocations at once, want 3", most)
		}
		if len(m.deleted) != 20 {
			t.Errorf("%d messages deleted after 8 s, want all 20: seven rounds of three", len(m.deleted))
		}
	})
}

// A group that has nothing under way begins at once beside one whose long
// invocations have every place; a group that is alone has all places and no more.
func TestQueueSpare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.sendTo("large", 20)
		var mu sync.Mutex
		running, most, all := map[string]int{}, map[string]int{}, 0
		begun := map[string][]time.Duration{}
		start := time.Now()
		q := &eventsource.Queue{
			Queue: m, MaximumConcurrency: 3, Spare: 1, Timeout: time.Minute, Visibility: 6 * time.Minute, Log: slog.New(slog.DiscardHandler),
			Handler: func(_ context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
				group, takes := e.Records[0].Attributes["MessageGroupId"], 10*time.Second
				if group == "small" {
					takes = 100 * time.Millisecond
				}
				mu.Lock()
				running[group]++
				most[group] = max(most[group], running[group])
				all = max(all, running["large"]+running["small"])
				begun[group] = append(begun[group], time.Since(start))
				mu.Unlock()
				time.Sleep(takes)
				mu.Lock()
				running[group]--
				mu.Unlock()
				return events.SQSEventResponse{}, nil
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- q.Run(ctx) }()
		time.Sleep(5 * time.Second)
		m.sendTo("small", 4)
		time.Sleep(2 * time.Second)
		mu.Lock()
		if len(begun["small"]) != 4 {
			t.Errorf("small messages began after %v; want four before any large one ends", begun["small"])
		}
		if most["large"] != 3 || len(begun["large"]) != 3 || all != 4 {
			t.Errorf("%d large ones at once, %d of all: want 3 and 4", most["large"], all)
		}
		mu.Unlock()
		time.Sleep(70 * time.Second)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if len(m.deleted) != 24 || most["large"] != 3 {
			t.Errorf("%d messages deleted, want 24; %d large ones at once, want 3", len(m.deleted), most["large"])
		}
	})
}

// Without a queue that can pass over groups there is nothing to spare.
func TestQueueSpareNeedsGroups(t *testing.T) {
	q := &eventsource.Queue{Queue: struct{ queue.Receiver }{&memory{}}, MaximumConcurrency: 1, Spare: 1}
	if err := q.Run(t.Context()); err == nil {
		t.Error("ran")
	}
}

func TestQueueAcknowledges(t *testing.T) {
	answers := map[string]func(e events.SQSEvent) (events.SQSEventResponse, error){
		"m000": func(events.SQSEvent) (events.SQSEventResponse, error) { return events.SQSEventResponse{}, nil },
		"m001": func(events.SQSEvent) (events.SQSEventResponse, error) {
			return events.SQSEventResponse{}, errors.New("failed")
		},
		"m002": func(events.SQSEvent) (events.SQSEventResponse, error) { panic("crashed") },
		"m003": func(e events.SQSEvent) (events.SQSEventResponse, error) {
			return events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{{ItemIdentifier: e.Records[0].MessageId}}}, nil
		},
		"m004": func(events.SQSEvent) (events.SQSEventResponse, error) {
			return events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{{}}}, nil
		},
	}
	for _, retryAfter := range []time.Duration{0, 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			m := &memory{}
			m.send(len(answers))
			poll(t, m, retryAfter, func(_ context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
				return answers[e.Records[0].MessageId](e)
			}, func() { time.Sleep(time.Second) })
			if !slices.Equal(m.deleted, []string{"r-m000"}) {
				t.Errorf("deleted %v", m.deleted)
			}
			want := 0
			if retryAfter > 0 {
				want = 4
			}
			if len(m.delayed) != want {
				t.Errorf("visibility changed of %v, want %d", m.delayed, want)
			}
			for receipt, d := range m.delayed {
				if d != retryAfter {
					t.Errorf("%s comes again after %v", receipt, d)
				}
			}
		})
	}
}

func TestQueueFinishesWhatItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.send(1)
		finished := false
		poll(t, m, 0, func(ctx context.Context, _ events.SQSEvent) (events.SQSEventResponse, error) {
			select {
			case <-ctx.Done():
			case <-time.After(30 * time.Second):
				finished = true
			}
			return events.SQSEventResponse{}, ctx.Err()
		}, func() { time.Sleep(time.Second) })
		if !finished || len(m.deleted) != 1 {
			t.Errorf("finished: %v, deleted %v", finished, m.deleted)
		}
	})
}

func TestQueueInvocationTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.send(1)
		begun := time.Now()
		poll(t, m, 0, func(ctx context.Context, _ events.SQSEvent) (events.SQSEventResponse, error) {
			<-ctx.Done()
			return events.SQSEventResponse{}, ctx.Err()
		}, func() { time.Sleep(time.Second) })
		if d := time.Since(begun); d != time.Minute {
			t.Errorf("ended after %v, want the timeout", d)
		}
		if len(m.deleted) != 0 {
			t.Error("the message was deleted")
		}
	})
}

func TestQueueSurvivesFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{fail: errors.New("database is locked")}
		poll(t, m, 0, func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
			return events.SQSEventResponse{}, nil
		}, func() {
			time.Sleep(10 * time.Second)
			m.mu.Lock()
			m.fail = nil
			m.mu.Unlock()
			m.send(10)
			time.Sleep(10 * time.Second)
		})
		if len(m.deleted) != 10 {
			t.Errorf("%d messages deleted, want 10: slots were lost", len(m.deleted))
		}
	})
}

func TestEvent(t *testing.T) {
	sent := time.UnixMilli(1_794_000_000_123)
	e := eventsource.Event(queue.Message{ID: "id", Receipt: "receipt", Body: "ding", Group: "anna", Receives: 3, SentAt: sent})
	r := e.Records[0]
	if r.MessageId != "id" || r.ReceiptHandle != "receipt" || r.Body != "ding" || r.EventSource != "aws:sqs" {
		t.Errorf("%+v", r)
	}
	for name, want := range map[string]string{"ApproximateReceiveCount": "3", "SentTimestamp": "1794000000123", "MessageGroupId": "anna"} {
		if got := r.Attributes[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		begun := time.Now()
		s := &eventsource.Schedule{
			Name: "sweeper", Interval: time.Minute, Timeout: 50 * time.Second, Log: slog.New(slog.DiscardHandler),
			Function: func(ctx context.Context) error {
				at = append(at, time.Since(begun))
				switch len(at) {
				case 1:
					return errors.New("failed")
				case 2:
					<-ctx.Done() // as long as it may
					return ctx.Err()
				case 3:
					panic("crashed")
				}
				return nil
			},
		}
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute+time.Second)
		defer cancel()
		if err := s.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
		if want := []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute, 4 * time.Minute}; !slices.Equal(at, want) {
			t.Errorf("invoked at %v, want %v", at, want)
		}
	})
}
