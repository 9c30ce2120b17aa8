package queuetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/shared/queue"
)

func testSendReceiveDelete(t *testing.T, f *fixture) {
	before := time.Now()
	f.send(t, queue.Outgoing{Body: `{"j":"1"}`, Group: "owner-1"})
	m := f.one(t, long)
	after := time.Now()
	if m.Body != `{"j":"1"}` || m.Receives != 1 || m.ID == "" || m.Receipt == "" || !f.noTurns && m.Group != "owner-1" {
		t.Errorf("received %+v", m)
	}
	// A second either way for clocks and for those that keep whole seconds.
	if m.SentAt.Before(before.Add(-time.Second)) || m.SentAt.After(after.Add(time.Second)) {
		t.Errorf("sent at %v, between %v and %v", m.SentAt, before, after)
	}
	f.none(t, f.tick) // invisible
	remove(t, f, m)
	f.none(t, f.tick) // gone
	if err := f.Send(t.Context(), nil); err != nil {
		t.Errorf("send of none: %v", err)
	}
}

func testEmpty(t *testing.T, f *fixture) {
	for _, wait := range []time.Duration{0, 2 * f.tick} {
		start := time.Now()
		messages, err := f.Receive(t.Context(), 10, long, wait)
		if err != nil || len(messages) > 0 {
			t.Errorf("received %v, %v", messages, err)
		}
		if took := time.Since(start); took < wait/2 {
			t.Errorf("waited %v of %v", took, wait)
		}
	}
}

func testMany(t *testing.T, f *fixture) {
	var all []string
	for _, group := range []string{"a", "b", ""} {
		messages, bodies := numbered(83, group)
		f.send(t, messages...)
		all = append(all, bodies...)
	}
	same(t, drain(t, f, len(all)), all)
	f.none(t, f.tick)
}

func testBodies(t *testing.T, f *fixture) {
	bodies := []string{
		"ein Ümlaut, ein 日本, ein 🐝", `"quoted" <tag> & 'single' \ back`, "line\nbreak\ttab", " ", strings.Repeat("x", queue.MaxBody),
	}
	for _, body := range bodies {
		f.send(t, queue.Outgoing{Body: body})
	}
	same(t, drain(t, f, len(bodies)), bodies)
}

func testRefused(t *testing.T, f *fixture) {
	messages := []queue.Outgoing{
		{Body: "good 0"},
		{Body: strings.Repeat("x", queue.MaxBody+1)},
		{Body: "good 2"},
		{Body: "late", Delay: queue.MaxDelay + time.Second},
		{Body: "early", Delay: -time.Second},
		{Body: "good 5"},
	}
	err := f.Send(t.Context(), messages)
	var refused *queue.SendError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a SendError", err)
	}
	if fmt.Sprint(refused.Failed) != "[1 3 4]" {
		t.Errorf("refused %v", refused.Failed)
	}
	same(t, drain(t, f, 3), []string{"good 0", "good 2", "good 5"})
	if err := f.Send(t.Context(), messages[1:2]); !errors.Is(err, queue.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	f.none(t, f.tick)
}

func testLimits(t *testing.T, f *fixture) {
	messages, bodies := numbered(35, "g")
	f.send(t, messages...)
	var got []string
	for _, limit := range []int{1, 3, queue.MaxBatch, 50} {
		received := some(t, f, limit, long)
		if len(received) > min(limit, queue.MaxBatch) {
			t.Errorf("%d messages, limit %d", len(received), limit)
		}
		for _, m := range received {
			got = append(got, m.Body)
			remove(t, f, m)
		}
	}
	same(t, append(got, drain(t, f, len(bodies)-len(got))...), bodies)
}

func testDelay(t *testing.T, f *fixture) {
	delay := max(3*f.tick, 3*time.Second) // until when the other must have been received
	before := time.Now()
	f.send(t, queue.Outgoing{Body: "late", Delay: delay}, queue.Outgoing{Body: "now"})
	if m := f.one(t, long); m.Body != "now" {
		t.Errorf("received %q first", m.Body)
	}
	if m := f.one(t, long); m.Body != "late" {
		t.Errorf("received %q second", m.Body)
	}
	if took := time.Since(before); took < delay-f.tick {
		t.Errorf("came after %v, delay %v", took, delay)
	}
}

func testDepth(t *testing.T, f *fixture) {
	want := func(d queue.Depth) {
		t.Helper()
		eventually(t, func(ctx context.Context) string {
			got, err := f.Depth(ctx)
			if err != nil {
				t.Fatalf("depth: %v", err)
			}
			if got != d {
				return fmt.Sprintf("depth %+v, want %+v", got, d)
			}
			return ""
		})
	}
	want(queue.Depth{})
	messages, _ := numbered(5, "g")
	f.send(t, messages...)
	f.send(t, queue.Outgoing{Body: "late", Delay: 10 * time.Minute})
	want(queue.Depth{Visible: 5, Delayed: 1})
	m := f.one(t, long)
	want(queue.Depth{Visible: 4, InFlight: 1, Delayed: 1})
	remove(t, f, m)
	want(queue.Depth{Visible: 4, Delayed: 1})
	m = f.one(t, long)
	if err := f.ChangeVisibility(t.Context(), m.Receipt, 0); err != nil {
		t.Fatal(err)
	}
	want(queue.Depth{Visible: 4, Delayed: 1})
}

func testWoken(t *testing.T, f *fixture) {
	got := make(chan []queue.Message, 1)
	waiting := make(chan struct{})
	const wait = queue.MaxWait
	start := time.Now()
	go func() {
		close(waiting)
		messages, err := f.Receive(t.Context(), 1, long, wait)
		if err != nil {
			t.Errorf("receive: %v", err)
		}
		got <- messages
	}()
	<-waiting
	time.Sleep(f.tick)
	f.send(t, queue.Outgoing{Body: "wake up"})
	messages := <-got
	if len(messages) != 1 || messages[0].Body != "wake up" {
		t.Fatalf("received %+v", messages)
	}
	if took := time.Since(start); took >= wait {
		t.Errorf("waited %v: the message did not wake it", took)
	}
}

func testCancel(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	start := time.Now()
	go func() {
		defer close(done)
		messages, err := f.Receive(ctx, 1, long, queue.MaxWait)
		if len(messages) > 0 || err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("received %v, %v", messages, err)
		}
	}()
	time.Sleep(f.tick / 2)
	cancel()
	<-done
	if took := time.Since(start); took >= queue.MaxWait {
		t.Errorf("ended after %v", took)
	}
	// Nothing was taken by a receiver that went away.
	f.send(t, queue.Outgoing{Body: "for the next"})
	if m := f.one(t, long); m.Receives != 1 {
		t.Errorf("received %+v", m)
	}
}

func testConcurrent(t *testing.T, f *fixture) {
	messages, bodies := numbered(120, "g")
	var mu sync.Mutex
	var got []string
	var receivers sync.WaitGroup
	all := make(chan struct{})
	for range 6 {
		receivers.Go(func() {
			for {
				received, err := f.Receive(t.Context(), 4, long, f.tick)
				if err != nil {
					t.Errorf("receive: %v", err)
					return
				}
				mu.Lock()
				for _, m := range received {
					got = append(got, m.Body)
				}
				if len(got) >= len(bodies) {
					select {
					case <-all:
					default:
						close(all)
					}
				}
				mu.Unlock()
				select {
				case <-all:
					return
				default:
				}
			}
		})
	}
	var senders sync.WaitGroup
	for i := range 4 {
		senders.Go(func() {
			if err := f.Send(t.Context(), messages[30*i:30*i+30]); err != nil {
				t.Errorf("send: %v", err)
			}
		})
	}
	senders.Wait()
	receivers.Wait()
	same(t, got, bodies)
}
