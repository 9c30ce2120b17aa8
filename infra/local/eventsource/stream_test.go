package eventsource_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/infra/local/eventsource"
)

// tape is a source that records can be added to. Their sequence numbers count
// from 1.
type tape struct {
	mu    sync.Mutex
	names []string
	fail  error
}

func (s *tape) add(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, names...)
}

func (s *tape) Read(_ context.Context, after string, limit int) ([]events.DynamoDBEventRecord, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, "", s.fail
	}
	at := 0
	if after != "" {
		at, _ = strconv.Atoi(after)
	}
	var records []events.DynamoDBEventRecord
	for ; at < len(s.names) && len(records) < limit; at++ {
		records = append(records, events.DynamoDBEventRecord{
			EventID: s.names[at],
			Change:  events.DynamoDBStreamRecord{SequenceNumber: strconv.Itoa(at + 1)},
		})
	}
	return records, strconv.Itoa(at), nil
}

// invocation is what a function was called with, and when.
type invocation struct {
	at    time.Duration
	names []string
}

// function notes its invocations and behaves as told.
type function struct {
	mu     sync.Mutex
	begun  time.Time
	calls  []invocation
	answer func(names []string, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error)
}

func (f *function) handle(_ context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	var names []string
	for _, r := range e.Records {
		names = append(names, r.EventID)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, invocation{time.Since(f.begun), names})
	if f.answer != nil {
		return f.answer(names, e)
	}
	return events.DynamoDBEventResponse{}, nil
}

func (f *function) names() (all [][]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		all = append(all, c.names)
	}
	return all
}

// run runs a stream over a tape in a bubble of fake time, for as long as drive takes.
func run(t *testing.T, change func(*eventsource.Stream), answer func([]string, events.DynamoDBEvent) (events.DynamoDBEventResponse, error), drive func(*tape, *function)) *function {
	t.Helper()
	f := &function{answer: answer}
	synctest.Test(t, func(t *testing.T) {
		f.begun = time.Now()
		source := &tape{}
		s := &eventsource.Stream{
			Source: source, Handler: f.handle, BatchSize: 100, Window: time.Second, Retries: 2, Timeout: time.Minute,
			Log: slog.New(slog.DiscardHandler),
		}
		if change != nil {
			change(s)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		drive(source, f)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return f
}

func equal(t *testing.T, got, want [][]string) {
	t.Helper()
	if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("invocations %v, want %v", got, want)
	}
}

func TestStreamCoalesces(t *testing.T) {
	f := run(t, nil, nil, func(s *tape, _ *function) {
		time.Sleep(10 * time.Second)
		s.add("a")
		time.Sleep(300 * time.Millisecond)
		for _, name := range []string{"b", "c", "d"} {
			s.add(name)
			time.Sleep(200 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
	})
	equal(t, f.names(), [][]string{{"a"}, {"b", "c", "d"}})
	if at := f.calls[0].at - 10*time.Second; at > eventsource.DefaultPoll {
		t.Errorf("the first change of a quiet stream waited %v", at)
	}
	if gap := f.calls[1].at - f.calls[0].at; gap != time.Second {
		t.Errorf("the next batch came after %v", gap)
	}
}

// Under steady changes there is one invocation a window, and no change waits
// longer than the window and a poll.
func TestStreamUnderSteadyChanges(t *testing.T) {
	const n = 1000
	added := map[string]time.Duration{}
	f := run(t, nil, nil, func(s *tape, f *function) {
		for i := range n {
			time.Sleep(17 * time.Millisecond)
			name := fmt.Sprint(i)
			added[name] = time.Since(f.begun)
			s.add(name)
		}
		time.Sleep(2 * time.Second)
	})
	if got, most := len(f.calls), n*17/1000+2; got > most {
		t.Errorf("%d invocations, want at most %d", got, most)
	}
	delivered := 0
	for _, c := range f.calls {
		for _, name := range c.names {
			delivered++
			if wait := c.at - added[name]; wait > time.Second+eventsource.DefaultPoll {
				t.Errorf("%s waited %v", name, wait)
			}
		}
	}
	if delivered != n {
		t.Errorf("%d of %d records delivered", delivered, n)
	}
}

func TestStreamFullBatchDoesNotWait(t *testing.T) {
	f := run(t, func(s *eventsource.Stream) { s.BatchSize = 2 }, nil, func(s *tape, _ *function) {
		s.add("a", "b", "c", "d", "e")
		time.Sleep(50 * time.Millisecond)
		time.Sleep(2 * time.Second)
	})
	equal(t, f.names(), [][]string{{"a", "b"}, {"c", "d"}, {"e"}})
	if f.calls[1].at > eventsource.DefaultPoll || f.calls[2].at-f.calls[1].at != time.Second {
		t.Errorf("invoked at %v, %v, %v", f.calls[0].at, f.calls[1].at, f.calls[2].at)
	}
}

func TestStreamFilter(t *testing.T) {
	f := run(t, func(s *eventsource.Stream) {
		s.Filter = func(r *events.DynamoDBEventRecord) bool { return r.EventID != "noise" }
	}, nil, func(s *tape, _ *function) {
		s.add("noise", "noise")
		time.Sleep(500 * time.Millisecond)
		s.add("a", "noise", "b")
		time.Sleep(2 * time.Second)
	})
	equal(t, f.names(), [][]string{{"a", "b"}})
	if at := f.calls[0].at; at > 500*time.Millisecond+eventsource.DefaultPoll {
		t.Errorf("invoked at %v: what is filtered out has begun a window", at)
	}
}

// One bad record costs its own retries and takes nothing else with it.
func TestStreamBisects(t *testing.T) {
	var good []string
	bad := 0
	f := run(t, nil, func(names []string, _ events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		if slices.Contains(names, "bad") {
			if len(names) == 1 {
				bad++
				panic("as a function that crashes")
			}
			return events.DynamoDBEventResponse{}, errors.New("failed")
		}
		good = append(good, names...)
		return events.DynamoDBEventResponse{}, nil
	}, func(s *tape, _ *function) {
		s.add("a", "b", "c", "bad", "d", "e", "f", "g")
		time.Sleep(time.Minute)
		s.add("h")
		time.Sleep(time.Minute)
	})
	if want := []string{"a", "b", "c", "d", "e", "f", "g", "h"}; !slices.Equal(good, want) {
		t.Errorf("delivered %v, want %v", good, want)
	}
	if bad != 3 {
		t.Errorf("the bad record alone was tried %d times, want once and two retries", bad)
	}
	if n := len(f.calls); n > 15 {
		t.Errorf("%d invocations", n)
	}
}

// From the first record that a function reports everything is delivered again,
// what came before is not.
func TestStreamPartialFailure(t *testing.T) {
	failures := 2
	f := run(t, nil, func(names []string, e events.DynamoDBEvent) (r events.DynamoDBEventResponse, _ error) {
		for i := range e.Records {
			if n := e.Records[i].EventID; (n == "c" || n == "d") && failures > 0 {
				r.BatchItemFailures = append(r.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: e.Records[i].Change.SequenceNumber})
			}
		}
		slices.Reverse(r.BatchItemFailures) // the lowest counts, not the first
		if len(r.BatchItemFailures) > 0 {
			failures--
		}
		return r, nil
	}, func(s *tape, _ *function) {
		s.add("a", "b", "c", "d", "e")
		time.Sleep(time.Minute)
	})
	equal(t, f.names(), [][]string{{"a", "b", "c", "d", "e"}, {"c"}, {"c"}, {"d", "e"}})
}

func TestStreamUnknownIdentifierFailsTheBatch(t *testing.T) {
	first := true
	f := run(t, nil, func([]string, events.DynamoDBEvent) (r events.DynamoDBEventResponse, _ error) {
		if first {
			r.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: ""}}
		}
		first = false
		return r, nil
	}, func(s *tape, _ *function) {
		s.add("a", "b")
		time.Sleep(time.Minute)
	})
	equal(t, f.names(), [][]string{{"a", "b"}, {"a"}, {"b"}})
}

func TestStreamSurvivesUnreadableSource(t *testing.T) {
	f := run(t, nil, nil, func(s *tape, _ *function) {
		s.mu.Lock()
		s.fail = errors.New("database is locked")
		s.mu.Unlock()
		time.Sleep(5 * time.Second)
		s.mu.Lock()
		s.fail = nil
		s.mu.Unlock()
		s.add("a")
		time.Sleep(2 * time.Second)
	})
	equal(t, f.names(), [][]string{{"a"}})
}

// Run ends soon even while a record is being retried, and an invocation under way is not cut off.
func TestStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &tape{}
		source.add("a")
		var ended time.Time
		begun := time.Now()
		s := &eventsource.Stream{
			Source: source, BatchSize: 10, Window: time.Second, Retries: 1000, Timeout: 3 * time.Second,
			Log: slog.New(slog.DiscardHandler),
			Handler: func(ctx context.Context, _ events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
				<-ctx.Done()
				ended = time.Now()
				return events.DynamoDBEventResponse{}, ctx.Err()
			},
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
		if d := ended.Sub(begun); d != 3*time.Second {
			t.Errorf("the invocation ended after %v, want its timeout", d)
		}
		if d := time.Since(begun); d != 3*time.Second {
			t.Errorf("run ended after %v", d)
		}
	})
}
