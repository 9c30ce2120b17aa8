package aws

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/doctor"
)

// TestAWSHealth examines an installation in which nothing is wrong, then one whose
// stream nobody reads and in whose dead-letter queue something lies.
func TestAWSHealth(t *testing.T) {
	s := newStack(t, time.Minute)
	text := "a bell that nobody could answer"
	letters := emulators.SQS(s.queues)
	if _, err := letters.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &s.letters, MessageBody: &text}); err != nil {
		t.Fatal(err)
	}
	var r doctor.Report
	s.Do(http.MethodGet, "/health?deep=1", "", http.StatusOK, &r)
	if c := check(t, r, "live updates"); c.Status != doctor.Degraded || !strings.Contains(c.Detail, "does not answer") || c.Advice == "" {
		t.Errorf("nobody reads the stream: %+v", c)
	}
	if c := check(t, r, "dead letters"); c.Status != doctor.Degraded || !strings.HasPrefix(c.Detail, "1 messages") {
		t.Errorf("a dead letter: %+v", c)
	}
	if _, err := letters.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &s.letters}); err != nil {
		t.Fatal(err)
	}

	s.start()
	time.Sleep(time.Second) // the stream is read from now on
	r = doctor.Report{}
	s.Do(http.MethodGet, "/health?deep=1", "", http.StatusOK, &r)
	for _, name := range []string{"version", "store", "queue", "dead letters", "workers", "limits", "live updates", "clock", "file descriptors", "configuration"} {
		if c := check(t, r, name); c.Status != doctor.OK {
			t.Errorf("%+v", c)
		}
	}
	t.Logf("live updates: %s", check(t, r, "live updates").Detail)
}

func check(t *testing.T, r doctor.Report, name string) doctor.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %q in %+v", name, r)
	return doctor.Check{}
}
