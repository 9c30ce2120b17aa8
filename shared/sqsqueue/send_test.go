package sqsqueue

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"gleaner/shared/queue"
)

// entry is a message of a SendMessageBatch request, as it goes over the wire.
type entry struct {
	ID    string `json:"Id"`
	Body  string `json:"MessageBody"`
	Group string `json:"MessageGroupId"`
	Delay int    `json:"DelaySeconds"`
}

// refusal is SQS's answer for an entry; the zero value takes it.
type refusal struct {
	code        string
	senderFault bool
}

// moody is an SQS that answers each entry of each request as refuse says. It
// keeps what it took.
type moody struct {
	refuse func(request int, e entry) refusal

	mu       sync.Mutex
	requests [][]entry
	taken    []entry
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Entries []entry }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = append(m.requests, in.Entries)
	out := struct{ Successful, Failed []map[string]any }{}
	for _, e := range in.Entries {
		if no := m.refuse(len(m.requests), e); no.code != "" {
			out.Failed = append(out.Failed, map[string]any{"Id": e.ID, "Code": no.code, "SenderFault": no.senderFault, "Message": "not now"})
			continue
		}
		sum := md5.Sum([]byte(e.Body))
		out.Successful = append(out.Successful, map[string]any{"Id": e.ID, "MessageId": "m" + e.ID, "MD5OfMessageBody": hex.EncodeToString(sum[:])})
		m.taken = append(m.taken, e)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(out)
}

func (m *moody) queue(t *testing.T, opts ...Option) *Queue {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	client := sqs.New(sqs.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	q := New(client, server.URL+"/000000000000/bells", opts...)
	q.pause = func(ctx context.Context, _ int) error { return ctx.Err() }
	return q
}

func bodies(n int) []queue.Outgoing {
	messages := make([]queue.Outgoing, n)
	for i := range messages {
		messages[i] = queue.Outgoing{Body: fmt.Sprint("ding ", i), Group: "anna", Delay: time.Duration(i%3) * time.Second}
	}
	return messages
}

func TestSendFillsRequests(t *testing.T) {
	m := &moody{refuse: func(int, entry) refusal { return refusal{} }}
	if err := m.queue(t).Send(t.Context(), bodies(34)); err != nil {
		t.Fatal(err)
	}
	if len(m.requests) != 4 || len(m.taken) != 34 {
		t.Fatalf("%d messages in %d requests", len(m.taken), len(m.requests))
	}
	for _, e := range m.taken {
		if want := bodies(34)[slices.IndexFunc(bodies(34), func(o queue.Outgoing) bool { return o.Body == e.Body })]; e.Group != "anna" || e.Delay != int(want.Delay.Seconds()) {
			t.Errorf("sent %+v, want %+v", e, want)
		}
	}
	if err := m.queue(t).Send(t.Context(), nil); err != nil || len(m.requests) != 4 {
		t.Errorf("nothing: %v in %d requests", err, len(m.requests)-4)
	}
}

func TestSendWithoutGroups(t *testing.T) {
	m := &moody{refuse: func(int, entry) refusal { return refusal{} }}
	if err := m.queue(t, WithGroups(false)).Send(t.Context(), bodies(1)); err != nil {
		t.Fatal(err)
	}
	if m.taken[0].Group != "" {
		t.Errorf("sent group %q", m.taken[0].Group)
	}
}

func TestSendRepeatsOnlyWhatWasRefused(t *testing.T) {
	m := &moody{refuse: func(request int, e entry) refusal {
		if request < 3 && e.ID >= "7" {
			return refusal{code: "ServiceUnavailable"}
		}
		return refusal{}
	}}
	if err := m.queue(t).Send(t.Context(), bodies(10)); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, r := range m.requests {
		sizes = append(sizes, len(r))
	}
	if !slices.Equal(sizes, []int{10, 3, 3}) || len(m.taken) != 10 {
		t.Errorf("requests of %v, %d messages taken", sizes, len(m.taken))
	}
}

func TestSendNamesWhatCouldNotBeSent(t *testing.T) {
	m := &moody{refuse: func(_ int, e entry) refusal {
		switch e.ID {
		case "2":
			return refusal{"InvalidMessageContents", true} // never repeated
		case "13":
			return refusal{"InternalError", false} // repeated in vain
		}
		return refusal{}
	}}
	messages := bodies(20)
	messages[5].Body = strings.Repeat("x", queue.MaxBody+1)
	messages[6].Delay = queue.MaxDelay + time.Second
	err := m.queue(t).Send(t.Context(), messages)
	var failed *queue.SendError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v", err)
	}
	if !slices.Equal(failed.Failed, []int{2, 5, 6, 13}) || len(m.taken) != 16 {
		t.Errorf("failed %v, %d taken", failed.Failed, len(m.taken))
	}
	var of13 int
	for _, r := range m.requests {
		if slices.ContainsFunc(r, func(e entry) bool { return e.ID == "13" }) {
			of13++
		}
	}
	if of13 != maxAttempts {
		t.Errorf("message 13 was sent %d times, want %d", of13, maxAttempts)
	}
}

func TestSendStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := &moody{refuse: func(int, entry) refusal { cancel(); return refusal{code: "InternalError"} }}
	err := m.queue(t).Send(ctx, bodies(3))
	var failed *queue.SendError
	if !errors.As(err, &failed) || !errors.Is(err, context.Canceled) || !slices.Equal(failed.Failed, []int{0, 1, 2}) {
		t.Errorf("got %v", err)
	}
}

func TestSendCutsBySize(t *testing.T) {
	m := &moody{refuse: func(int, entry) refusal { return refusal{} }}
	messages := bodies(5)
	for i := range messages {
		messages[i].Body = strings.Repeat("x", queue.MaxBody/2-i)
	}
	messages[4].Body = strings.Repeat("x", queue.MaxBody)
	if err := m.queue(t).Send(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	for _, r := range m.requests {
		size := 0
		for _, e := range r {
			size += len(e.Body)
		}
		if size > queue.MaxBody {
			t.Errorf("a request of %d bytes", size)
		}
	}
	if len(m.taken) != 5 || len(m.requests) != 3 {
		t.Errorf("%d messages in %d requests", len(m.taken), len(m.requests))
	}
}
