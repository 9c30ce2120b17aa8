package push_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/push"
	"gleaner/shared/push/pushtest"
	"gleaner/shared/record"
)

// clock is set by hand.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2026, 11, 9, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.nanos.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

func TestTicket(t *testing.T) {
	ctx := t.Context()
	c := newClock()
	records := &pushtest.Records{Now: c.now}
	tickets := push.NewTickets(records, push.WithClock(c.now))

	ticket, err := tickets.Issue(ctx, "anna")
	if err != nil {
		t.Fatal(err)
	}
	if d := ticket.ExpiresAt.Sub(c.now()); d <= 0 || d > time.Minute {
		t.Errorf("good for %v", d)
	}
	if records.Contains(ticket.Token) {
		t.Error("the ticket itself is stored")
	}
	if owner, err := tickets.Redeem(ctx, ticket.Token); owner != "anna" || err != nil {
		t.Errorf("redeem: %q, %v", owner, err)
	}
	other, err := tickets.Issue(ctx, "bernd")
	if err != nil {
		t.Fatal(err)
	}
	if other.Token == ticket.Token {
		t.Error("the same ticket twice")
	}
	for _, token := range []string{ticket.Token, "", "x", other.Token + "A", other.Token[1:]} {
		if owner, err := tickets.Redeem(ctx, token); !errors.Is(err, push.ErrTicket) || owner != "" {
			t.Errorf("redeem %q: %q, %v", token, owner, err)
		}
	}
	c.advance(push.TicketTTL - time.Millisecond)
	if _, err := tickets.Redeem(ctx, other.Token); err != nil {
		t.Errorf("just before its end: %v", err)
	}
}

// A ticket ends on time also where the database drops its record late.
func TestTicketRunsOut(t *testing.T) {
	ctx := t.Context()
	c := newClock()
	tickets := push.NewTickets(&pushtest.Records{Now: func() time.Time { return time.Time{} }}, push.WithClock(c.now))
	ticket, err := tickets.Issue(ctx, "anna")
	if err != nil {
		t.Fatal(err)
	}
	c.advance(push.TicketTTL)
	if _, err := tickets.Redeem(ctx, ticket.Token); !errors.Is(err, push.ErrTicket) {
		t.Errorf("error %v, want ErrTicket", err)
	}
}

func TestTicketIsRedeemedOnce(t *testing.T) {
	tickets := push.NewTickets(&pushtest.Records{})
	ticket, err := tickets.Issue(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	var good atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := tickets.Redeem(t.Context(), ticket.Token); err == nil {
				good.Add(1)
			}
		})
	}
	wg.Wait()
	if good.Load() != 1 {
		t.Errorf("redeemed %d times", good.Load())
	}
}

func TestSubscriptions(t *testing.T) {
	ctx := t.Context()
	c := newClock()
	records := &pushtest.Records{Now: c.now}
	s := push.NewSubscriptions(records, push.WithClock(c.now))
	if _, err := s.Connection(ctx, "one"); !errors.Is(err, push.ErrGone) {
		t.Errorf("unknown connection: %v", err)
	}
	a, b := job.NewID(c.now(), 1), job.NewID(c.now(), 32)
	for _, name := range []string{"one", "two"} {
		if err := s.Connect(ctx, name, "anna"); err != nil {
			t.Fatal(err)
		}
		for _, id := range []job.ID{a, b, a} {
			conn, err := s.Connection(ctx, name)
			if err != nil || conn.Owner != "anna" {
				t.Fatalf("connection %+v, %v", conn, err)
			}
			if err := s.Subscribe(ctx, conn, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(id job.ID, names ...string) {
		t.Helper()
		got, err := s.Subscribers(ctx, id)
		if err != nil || !slices.Equal(got, names) {
			t.Errorf("subscribers %v, %v; want %v", got, err, names)
		}
	}
	want(a, "one", "two")
	if err := s.Unsubscribe(ctx, "two", a); err != nil {
		t.Fatal(err)
	}
	want(a, "one")
	want(b, "one", "two")
	for range 2 {
		if err := s.Disconnect(ctx, "one"); err != nil {
			t.Fatal(err)
		}
	}
	want(a)
	want(b, "two")

	c.advance(push.ConnectionTTL)
	want(b)
	if _, err := s.Connection(ctx, "two"); !errors.Is(err, push.ErrGone) {
		t.Errorf("connection after its time: %v", err)
	}
	if n := records.Len(""); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

func TestManySubscribers(t *testing.T) {
	ctx := t.Context()
	s := push.NewSubscriptions(&pushtest.Records{})
	id := job.NewID(time.Now(), 1)
	const n = 2100 // more than two pages
	for i := range n {
		c := push.Connection{ID: fmt.Sprint(i), Owner: "anna", ExpiresAt: time.Now().Add(time.Hour)}
		if err := s.Subscribe(ctx, c, id); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Subscribers(ctx, id); err != nil || len(got) != n {
		t.Errorf("%d subscribers, %v", len(got), err)
	}
}

// broken is a store that fails.
type broken struct{ record.Store }

var errBroken = errors.New("the disk is full")

func (broken) List(context.Context, string, string, string, int) ([]record.Record, string, error) {
	return nil, "", errBroken
}
func (broken) Create(context.Context, record.Record) error   { return errBroken }
func (broken) PutAll(context.Context, []record.Record) error { return errBroken }
func (broken) Put(context.Context, record.Record) error      { return errBroken }
func (broken) Delete(context.Context, string, string) error  { return errBroken }
func (broken) Take(context.Context, string, string) (record.Record, error) {
	return record.Record{}, errBroken
}

func TestFaultsAreNoAnswers(t *testing.T) {
	ctx := t.Context()
	s, tickets := push.NewSubscriptions(broken{}), push.NewTickets(broken{})
	id := job.NewID(time.Now(), 1)
	_, issue := tickets.Issue(ctx, "anna")
	_, redeem := tickets.Redeem(ctx, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	_, connection := s.Connection(ctx, "one")
	_, subscribers := s.Subscribers(ctx, id)
	for what, err := range map[string]error{
		"issue": issue, "redeem": redeem, "connection": connection, "subscribers": subscribers,
		"connect": s.Connect(ctx, "one", "anna"), "subscribe": s.Subscribe(ctx, push.Connection{ID: "one"}, id),
		"unsubscribe": s.Unsubscribe(ctx, "one", id), "disconnect": s.Disconnect(ctx, "one"), "drop": s.Drop(ctx, "one", id),
	} {
		if !errors.Is(err, errBroken) || errors.Is(err, push.ErrTicket) || errors.Is(err, push.ErrGone) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
