package pushtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/job"
	"gleaner/shared/notify"
	"gleaner/shared/push"
	"gleaner/shared/websocket"
)

// world is a front with the real handlers behind it, over stores in memory.
type world struct {
	Front
	records  *Records
	jobs     *Jobs
	tickets  *push.Tickets
	notifier *notify.Handler
	sequence int
}

func newWorld(t *testing.T, setup Setup) *world {
	w := &world{records: &Records{}, jobs: &Jobs{}}
	var h *websocket.Handler
	w.Front = setup(t, func(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
		return h.Handle(ctx, e)
	})
	h = websocket.New(websocket.Config{Jobs: w.jobs, Records: w.records, Publisher: w.Publisher})
	w.notifier = notify.New(notify.Config{Jobs: w.jobs, Records: w.records, Publisher: w.Publisher})
	w.tickets = push.NewTickets(w.records)
	return w
}

func (w *world) ticket(t *testing.T, owner string) string {
	t.Helper()
	ticket, err := w.tickets.Issue(t.Context(), owner)
	if err != nil {
		t.Fatalf("issue: %v", err)
	}
	return ticket.Token
}

func (w *world) connect(t *testing.T, owner string) Client {
	t.Helper()
	return dial(t, w.Front, url.Values{"ticket": {w.ticket(t, owner)}})
}

func (w *world) newJob(owner string) job.ID {
	id := job.NewID(time.Now(), 4)
	w.jobs.Put(job.Progress{Job: job.Job{ID: id, Owner: owner, Status: job.Running, Version: 1, URLs: 10}})
	return id
}

// change settles a URL of a job and tells the notifier, by several records as a
// busy second makes them.
func (w *world) change(t *testing.T, id job.ID) (version int64) {
	t.Helper()
	p, err := w.jobs.Progress(t.Context(), id)
	if err != nil {
		t.Fatalf("progress: %v", err)
	}
	p.Counters.Processed++
	p.Counters.Version++
	w.jobs.Put(p)
	w.notify(t, id)
	return p.Version()
}

func (w *world) notify(t *testing.T, id job.ID) {
	t.Helper()
	var e events.DynamoDBEvent
	for _, key := range [][2]string{{"J#" + string(id), "META"}, {"J#" + string(id) + "#0", "STAT"}, {"J#" + string(id) + "#3", "STAT"}} {
		w.sequence++
		e.Records = append(e.Records, Record(key[0], key[1], fmt.Sprint(w.sequence)))
	}
	r, err := w.notifier.Handle(t.Context(), e)
	if err != nil || len(r.BatchItemFailures) > 0 {
		t.Fatalf("notify: %v, %v", r, err)
	}
}

// Record is a stream record of a table with a stream of keys only.
func Record(pk, sk, sequence string) events.DynamoDBEventRecord {
	return events.DynamoDBEventRecord{
		EventName: "MODIFY",
		Change: events.DynamoDBStreamRecord{
			SequenceNumber: sequence,
			StreamViewType: string(events.DynamoDBStreamViewTypeKeysOnly),
			Keys: map[string]events.DynamoDBAttributeValue{
				"pk": events.NewStringAttribute(pk), "sk": events.NewStringAttribute(sk),
			},
		},
	}
}

func send(t *testing.T, c Client, r push.Request) {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	sendText(t, c, string(data))
}

func sendText(t *testing.T, c Client, text string) {
	t.Helper()
	if err := c.Send(within(t), []byte(text)); err != nil {
		t.Fatalf("send: %v", err)
	}
}

func wantType(t *testing.T, c Client, kind string) push.Message {
	t.Helper()
	m := receiveMessage(t, c)
	if m.Type != kind {
		t.Fatalf("got %+v, want type %s", m, kind)
	}
	return m
}

func wantError(t *testing.T, c Client, status int) push.Message {
	t.Helper()
	m := wantType(t, c, push.TypeError)
	if m.Status != status || m.Detail == "" {
		t.Fatalf("got %+v, want status %d with a detail", m, status)
	}
	return m
}

// subscribe watches a job and returns the version of the snapshot it starts with.
func subscribe(t *testing.T, c Client, id job.ID) int64 {
	t.Helper()
	send(t, c, push.Request{Action: push.ActionSubscribe, Job: string(id)})
	if m := wantType(t, c, push.TypeSubscribed); m.Job != id {
		t.Fatalf("subscribed to %s", m.Job)
	}
	return wantProgress(t, c, id)
}

func wantProgress(t *testing.T, c Client, id job.ID) int64 {
	t.Helper()
	m := wantType(t, c, push.TypeProgress)
	if m.Job != id || m.Progress == nil || m.Progress.ID != id || m.Progress.Version != m.Version {
		t.Fatalf("got %+v, want progress of %s", m, id)
	}
	return m.Version
}

// wantNothing passes if no message waits: the next one is the answer to a ping.
func wantNothing(t *testing.T, c Client) {
	t.Helper()
	send(t, c, push.Request{Action: push.ActionPing})
	wantType(t, c, push.TypePong)
}

// testProtocol checks what clients see of the front, the functions and the
// Publisher together.
func testProtocol(t *testing.T, setup Setup) {
	t.Run("TicketOpensOneConnection", func(t *testing.T) {
		w := newWorld(t, setup)
		ticket := w.ticket(t, "anna")
		dial(t, w.Front, url.Values{"ticket": {ticket}})
		for _, query := range []url.Values{{"ticket": {ticket}}, {"ticket": {"x"}}, {"ticket": {strings.Repeat("A", 43)}}, nil} {
			_, err := w.Dial(within(t), query)
			var refused *Refused
			if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
				t.Errorf("dial %v: %v, want 401", query, err)
			}
		}
	})

	t.Run("SubscriberIsSentEveryChange", func(t *testing.T) {
		w := newWorld(t, setup)
		watched, other := w.newJob("anna"), w.newJob("anna")
		a, b, idle := w.connect(t, "anna"), w.connect(t, "anna"), w.connect(t, "anna")
		version := subscribe(t, a, watched)
		if v := subscribe(t, b, watched); v != version || version == 0 {
			t.Errorf("first snapshots of versions %d and %d", version, v)
		}
		for range 3 {
			version = w.change(t, watched)
			for _, c := range []Client{a, b} {
				if v := wantProgress(t, c, watched); v != version {
					t.Errorf("snapshot of version %d, want %d", v, version)
				}
			}
		}
		w.change(t, other)
		w.notify(t, watched) // nothing new
		for _, c := range []Client{a, b, idle} {
			wantNothing(t, c)
		}
	})

	t.Run("LateSubscriberIsNotForgotten", func(t *testing.T) {
		w := newWorld(t, setup)
		id := w.newJob("anna")
		a, b := w.connect(t, "anna"), w.connect(t, "anna")
		subscribe(t, a, id)
		version := w.change(t, id)
		wantProgress(t, a, id)
		subscribe(t, b, id)
		w.notify(t, id) // b has not had this version from the notifier
		if v := wantProgress(t, b, id); v != version {
			t.Errorf("version %d, want %d", v, version)
		}
		wantNothing(t, a)
	})

	t.Run("Unsubscribe", func(t *testing.T) {
		w := newWorld(t, setup)
		one, two := w.newJob("anna"), w.newJob("anna")
		c := w.connect(t, "anna")
		subscribe(t, c, one)
		subscribe(t, c, two)
		for range 2 {
			send(t, c, push.Request{Action: push.ActionUnsubscribe, Job: string(one)})
			if m := wantType(t, c, push.TypeUnsubscribed); m.Job != one {
				t.Errorf("unsubscribed from %s", m.Job)
			}
		}
		w.change(t, one)
		w.change(t, two)
		wantProgress(t, c, two)
		wantNothing(t, c)
	})

	t.Run("OthersJobsAreNotThere", func(t *testing.T) {
		w := newWorld(t, setup)
		foreign, deleted := w.newJob("bernd"), w.newJob("anna")
		w.delete(t, deleted)
		c := w.connect(t, "anna")
		for _, id := range []string{string(foreign), string(deleted), string(job.NewID(time.Now(), 1)), "nonsense", ""} {
			send(t, c, push.Request{Action: push.ActionSubscribe, Job: id})
			wantError(t, c, http.StatusNotFound)
		}
		w.change(t, foreign)
		wantNothing(t, c)
	})

	t.Run("MistakesAreAnswered", func(t *testing.T) {
		w := newWorld(t, setup)
		id := w.newJob("anna")
		c := w.connect(t, "anna")
		for text, status := range map[string]int{
			"hello":                   http.StatusBadRequest,
			"":                        http.StatusBadRequest,
			"[]":                      http.StatusBadRequest,
			`{"action":"dance"}`:      http.StatusBadRequest,
			`{"action":{"a":1}}`:      http.StatusBadRequest,
			`{"job":"` + string(id):   http.StatusBadRequest,
			strings.Repeat(" ", 5000): http.StatusRequestEntityTooLarge,
		} {
			sendText(t, c, text)
			wantError(t, c, status)
		}
		subscribe(t, c, id) // it is still open
	})
}
