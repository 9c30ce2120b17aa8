package bootstrap

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/job"
	"gleaner/shared/push"
)

// run starts a function and invokes it with an event.
func run(t *testing.T, c *cloud, function, name string) answer {
	t.Helper()
	p := start(t, function, c.settings)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, err := p.invoke(ctx, event(t, name))
	if err != nil {
		t.Fatalf("%v\n%s", err, p.log)
	}
	return a
}

func decode(t *testing.T, a answer, out any) {
	t.Helper()
	if err := json.Unmarshal(a.body, out); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

func (c *cloud) batch(t *testing.T, n int) job.Batch {
	t.Helper()
	b, err := c.store.Batch(t.Context(), job.Ref{Job: id, Key: job.PlannedKey(n)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (c *cloud) rung(t *testing.T) (bells []job.Bell) {
	t.Helper()
	for {
		messages, err := c.queue.Receive(t.Context(), 10, time.Minute, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(messages) == 0 {
			return bells
		}
		for _, m := range messages {
			b, err := job.ParseBell(m.Body)
			if err != nil {
				t.Fatal(err)
			}
			bells = append(bells, b)
		}
	}
}

func TestAWSApi(t *testing.T) {
	c := newCloud(t)
	var r events.APIGatewayV2HTTPResponse
	decode(t, run(t, c, "ApiFunction", "api"), &r)
	if r.StatusCode != http.StatusAccepted || !strings.HasPrefix(r.Headers["Location"], "/jobs/") {
		t.Fatalf("%d %v %s", r.StatusCode, r.Headers, r.Body)
	}
	var created struct {
		Job                  struct{ ID job.ID }
		Accepted, Duplicates int
	}
	if err := json.Unmarshal([]byte(r.Body), &created); err != nil || created.Accepted != 2 || created.Duplicates != 1 {
		t.Errorf("%s", r.Body)
	}
	if id := r.Headers["X-Request-Id"]; !strings.HasPrefix(id, "8476a536-") {
		t.Errorf("the request's id is %q, not that of the invocation", id)
	}
	bells := c.rung(t)
	if len(bells) == 0 || slices.ContainsFunc(bells, func(b job.Bell) bool { return b.Job != created.Job.ID }) {
		t.Errorf("rung %v", bells)
	}
}

func TestAWSProgress(t *testing.T) {
	var r events.APIGatewayV2HTTPResponse
	decode(t, run(t, newCloud(t), "ProgressFunction", "progress"), &r)
	var s job.Snapshot
	if err := json.Unmarshal([]byte(r.Body), &s); err != nil || r.StatusCode != http.StatusOK || s.ID != id || s.Total != 3 || s.Status != job.Running {
		t.Errorf("%d %s", r.StatusCode, r.Body)
	}
}

// Behind its Function URL the same function streams.
func TestAWSProgressStreams(t *testing.T) {
	a := run(t, newCloud(t), "ProgressFunction", "progress-stream")
	head, body, ok := bytes.Cut(a.body, make([]byte, 8))
	if !ok || a.contentType != "application/vnd.awslambda.http-integration-response" {
		t.Fatalf("%s %q", a.contentType, a.body)
	}
	var prelude struct {
		StatusCode int
		Headers    map[string]string
	}
	if err := json.Unmarshal(head, &prelude); err != nil || prelude.StatusCode != http.StatusOK ||
		!strings.HasPrefix(prelude.Headers["Content-Type"], "text/csv") || prelude.Headers["Content-Encoding"] != "gzip" {
		t.Errorf("%s", head)
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if file, err := io.ReadAll(z); err != nil || !bytes.HasPrefix(file, []byte("url,outcome,")) {
		t.Errorf("%q, %v", file, err)
	}
}

func TestAWSWorker(t *testing.T) {
	c := newCloud(t)
	var r events.SQSEventResponse
	decode(t, run(t, c, "WorkerFunction", "worker"), &r)
	b := c.batch(t, 0)
	if len(r.BatchItemFailures) != 0 || b.Status != job.Done {
		t.Fatalf("failures %v, batch %s", r.BatchItemFailures, b.Status)
	}
	p, err := c.store.Progress(t.Context(), id)
	if err != nil || p.Counters.Processed != 1 || p.Counters.Outcomes[job.OutcomeFound] != 1 || p.Counters.Emails != 1 {
		t.Errorf("counted %+v, %v", p.Counters, err)
	}
}

func TestAWSDeadletter(t *testing.T) {
	c := newCloud(t)
	var r events.SQSEventResponse
	decode(t, run(t, c, "DeadletterFunction", "deadletter"), &r)
	b := c.batch(t, 1)
	if len(r.BatchItemFailures) != 0 || b.Status != job.Done || b.Result == nil || b.Result.Visits[0].Outcome != job.OutcomeDead {
		t.Errorf("failures %v, batch %+v", r.BatchItemFailures, b)
	}
}

func TestAWSSweeper(t *testing.T) {
	c := newCloud(t)
	var r struct{ Rung int }
	decode(t, run(t, c, "SweeperFunction", "sweeper"), &r)
	if bells := c.rung(t); r.Rung != 3 || len(bells) != 3 {
		t.Errorf("%d rung, %d in the queue", r.Rung, len(bells))
	}
}

func TestAWSNotifier(t *testing.T) {
	c := newCloud(t)
	var r events.DynamoDBEventResponse
	decode(t, run(t, c, "NotifierFunction", "notifier"), &r)
	posted := c.posted()
	if len(r.BatchItemFailures) != 0 || len(posted) != 1 {
		t.Fatalf("failures %v, posted %q", r.BatchItemFailures, posted)
	}
	c.wantMessage(t, posted[0], push.TypeProgress)
}

func TestAWSWebsocket(t *testing.T) {
	c := newCloud(t)
	var r events.APIGatewayProxyResponse
	decode(t, run(t, c, "WebsocketFunction", "websocket"), &r)
	posted := c.posted()
	if r.StatusCode != http.StatusOK || len(posted) != 2 {
		t.Fatalf("%d, posted %q", r.StatusCode, posted)
	}
	c.wantMessage(t, posted[0], push.TypeSubscribed)
	c.wantMessage(t, posted[1], push.TypeProgress)
}

// wantMessage looks at what was posted to the connection.
func (c *cloud) wantMessage(t *testing.T, posted, kind string) {
	t.Helper()
	text, ok := strings.CutPrefix(posted, "POST /live/@connections/"+connection+" ")
	var m push.Message
	if err := json.Unmarshal([]byte(text), &m); !ok || err != nil || m.Type != kind || m.Job != id {
		t.Errorf("posted %s, want %s", posted, kind)
	}
}

func TestWeb(t *testing.T) {
	var r events.APIGatewayV2HTTPResponse
	decode(t, run(t, &cloud{}, "WebFunction", "web"), &r)
	if r.StatusCode != http.StatusOK || !r.IsBase64Encoded || r.Headers["Content-Encoding"] != "br" ||
		!strings.Contains(r.Headers["Content-Security-Policy"], "ws://127.0.0.1:8080") {
		t.Errorf("%d %v", r.StatusCode, r.Headers)
	}
}

// maxBinary is what a cold start may have to load.
const maxBinary = 15_000_000

func TestBinariesAreSmall(t *testing.T) {
	for _, folder := range functions {
		info, err := os.Stat(binary(t, folder))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > maxBinary {
			t.Errorf("%s has %d bytes, more than %d", folder, info.Size(), maxBinary)
		}
	}
}

// TestMissingVariable: a function that lacks a setting says which, at once.
func TestMissingVariable(t *testing.T) {
	p := start(t, "WorkerFunction", map[string]string{"GLEANER_TABLE": "", "GLEANER_QUEUE_URL": ""})
	select {
	case err := <-p.ended:
		p.ended <- err
		if err == nil || !strings.Contains(p.log.String(), "GLEANER_TABLE, GLEANER_QUEUE_URL") {
			t.Errorf("%v: %s", err, p.log)
		}
	case <-time.After(20 * time.Second):
		t.Error("it runs")
	}
}
