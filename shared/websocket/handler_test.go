package websocket_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/job"
	"gleaner/shared/push"
	"gleaner/shared/push/pushtest"
	"gleaner/shared/websocket"
)

// outbox is a Publisher that keeps what is posted, or fails.
type outbox struct {
	posted []string
	err    error
}

func (o *outbox) Post(_ context.Context, _ string, data []byte) error {
	if o.err == nil {
		o.posted = append(o.posted, string(data))
	}
	return o.err
}

func (o *outbox) Close(context.Context, string) error { return o.err }

type fixture struct {
	*websocket.Handler
	outbox  *outbox
	records *pushtest.Records
	jobs    *pushtest.Jobs
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{outbox: &outbox{}, records: &pushtest.Records{}, jobs: &pushtest.Jobs{}}
	f.Handler = websocket.New(websocket.Config{Jobs: f.jobs, Records: f.records, Publisher: f.outbox})
	if err := push.NewSubscriptions(f.records).Connect(t.Context(), "one", "anna"); err != nil {
		t.Fatal(err)
	}
	return f
}

func message(body string) events.APIGatewayWebsocketProxyRequest {
	return events.APIGatewayWebsocketProxyRequest{
		Body:           body,
		RequestContext: events.APIGatewayWebsocketProxyRequestContext{ConnectionID: "one", EventType: websocket.EventMessage},
	}
}

// Frames of bytes arrive in base64.
func TestBinaryMessage(t *testing.T) {
	f := newFixture(t)
	e := message(base64.StdEncoding.EncodeToString([]byte(`{"action":"ping"}`)))
	e.IsBase64Encoded = true
	if r, err := f.Handle(t.Context(), e); err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%+v, %v", r, err)
	}
	e.Body = "%"
	if _, err := f.Handle(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if len(f.outbox.posted) != 2 || f.outbox.posted[0] != `{"type":"pong"}` || !strings.Contains(f.outbox.posted[1], `"status":400`) {
		t.Errorf("posted %q", f.outbox.posted)
	}
}

// A client that left while its message was handled is forgotten at once.
func TestGoneMeanwhile(t *testing.T) {
	f := newFixture(t)
	id := job.NewID(time.Now(), 1)
	f.jobs.Put(job.Progress{Job: job.Job{ID: id, Owner: "anna"}})
	f.outbox.err = push.ErrGone
	r, err := f.Handle(t.Context(), message(`{"action":"subscribe","job":"`+string(id)+`"}`))
	if err != nil || r.StatusCode != http.StatusGone {
		t.Errorf("%+v, %v", r, err)
	}
	if n := f.records.Len(""); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

func TestConnectionThatIsNotKnown(t *testing.T) {
	f := newFixture(t)
	e := message(`{"action":"subscribe","job":"` + string(job.NewID(time.Now(), 1)) + `"}`)
	e.RequestContext.ConnectionID = "two"
	if r, err := f.Handle(t.Context(), e); err != nil || r.StatusCode != http.StatusGone {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestFaultsAreReturned(t *testing.T) {
	f := newFixture(t)
	fault := errors.New("the gateway burns")
	f.outbox.err = fault
	if _, err := f.Handle(t.Context(), message(`{"action":"ping"}`)); !errors.Is(err, fault) {
		t.Errorf("error %v", err)
	}
	e := message("")
	e.RequestContext.EventType = "SNEEZE"
	if _, err := f.Handle(t.Context(), e); err == nil {
		t.Error("an unknown event was accepted")
	}
}

// FuzzMessage: whatever a client sends, it is answered, and never with a fault.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{`{"action":"ping"}`, `{"action":"subscribe","job":"x"}`, `null`, "\xff", `{"action":"unsubscribe","job":"01J0000000000000000000000000A"}`} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, body string, encoded bool) {
		x := newFixture(t)
		e := message(body)
		e.IsBase64Encoded = encoded
		r, err := x.Handle(t.Context(), e)
		if err != nil || r.StatusCode != http.StatusOK || len(x.outbox.posted) == 0 {
			t.Fatalf("%q: %+v, %v, posted %q", body, r, err, x.outbox.posted)
		}
	})
}
