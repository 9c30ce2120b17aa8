package notify_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/notify"
	"gleaner/shared/push/pushtest"
	"gleaner/shared/record"
)

// streamed tells of each record put, as the table's stream does.
type streamed struct {
	record.Store
	out chan events.DynamoDBEventRecord
	n   int
}

func (s *streamed) Put(ctx context.Context, r record.Record) error {
	err := s.Store.Put(ctx, r)
	s.n++
	e := pushtest.Record("R#"+r.Partition, "#"+r.Sort, strconv.Itoa(s.n))
	e.EventName = "INSERT"
	s.out <- e
	return err
}

func TestEchoMeasuresTheWayThroughTheStream(t *testing.T) {
	records := &pushtest.Records{}
	table := &streamed{Store: records, out: make(chan events.DynamoDBEventRecord, 10)}
	h := notify.New(notify.Config{Jobs: &pushtest.Jobs{}, Records: records, Publisher: &outbox{}, Log: slog.New(slog.DiscardHandler)})
	const late = 300 * time.Millisecond
	go func() {
		e := <-table.out
		time.Sleep(late)
		if !notify.Wanted(&e) {
			t.Error("the filter lets no ping through")
		}
		_, _ = h.Handle(context.Background(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{e}})
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	lag, err := (&notify.Echo{Records: table}).Lag(ctx)
	if err != nil || lag < late {
		t.Errorf("%v, %v; want at least %v", lag, err, late)
	}
	if n := records.Len(""); n != 0 {
		t.Errorf("%d records are left behind", n)
	}
}

func TestEchoOfASilentNotifier(t *testing.T) {
	records := &pushtest.Records{}
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	if _, err := (&notify.Echo{Records: records}).Lag(ctx); !errors.Is(err, notify.ErrSilent) {
		t.Errorf("%v", err)
	}
	if n := records.Len(""); n != 0 {
		t.Errorf("%d records are left behind", n)
	}
}

// A ping is answered when it is written, not when it is removed, and never twice
// for the sake of its own answer.
func TestWhatIsNoPing(t *testing.T) {
	for _, c := range []struct {
		name, pk string
		want     bool
	}{{"INSERT", notify.PingKey, true}, {"REMOVE", notify.PingKey, false}, {"MODIFY", notify.PingKey, false}, {"INSERT", "R#PONG", false}} {
		r := pushtest.Record(c.pk, "#name", "1")
		r.EventName = c.name
		if got := notify.Wanted(&r); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
