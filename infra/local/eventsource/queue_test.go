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

func (m *memory) send(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range n {
		id := fmt.Sprintf("m%03d", i)
		m.waiting = append(m.waiting, queue.Message{ID: id, Receipt: "r-" + id, Body: id, Receives: 1, SentAt: time.Now()})
	}
}

func (m *memory) Receive(ctx context.Context, limit int, _, wait time.Duration) ([]queue.Message, error) {
	for end := time.Now().Add(wait); ; {
		m.mu.Lock()
		n := min(limit, len(m.waiting))
		out := m.waiting[:n]
		m.waiting = m.waiting[n:]
		err := m.fail
		m.mu.Unlock()
		if n > 0 || err != nil || time.Now().After(end) {
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
