package bells_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/bells"
	"gleaner/shared/job"
)

// answers says how each batch's bell is answered.
type answers map[job.Key]func() error

func (a answers) Ring(_ context.Context, b job.Bell) error { return a[b.Key]() }

// Those that fail or panic come again, all others go: also what is no bell.
func TestHandle(t *testing.T) {
	id := job.NewID(time.Now(), 1)
	var log bytes.Buffer
	h := &bells.Handler{Log: slog.New(slog.NewJSONHandler(&log, nil)), Worker: answers{
		"000000": func() error { return nil },
		"000001": func() error { return errors.New("the table is throttled") },
		"000002": func() error { panic("a bug") },
		"000003": func() error { return nil },
	}}
	var e events.SQSEvent
	for i := range 4 {
		b := job.Bell{Ref: job.Ref{Job: id, Key: job.PlannedKey(i)}}
		e.Records = append(e.Records, events.SQSMessage{MessageId: string(rune('a' + i)), Body: b.Encode()})
	}
	e.Records = append(e.Records, events.SQSMessage{MessageId: "z", Body: `{"j":"nobody"}`})
	res, err := h.Handle(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	var again []string
	for _, f := range res.BatchItemFailures {
		again = append(again, f.ItemIdentifier)
	}
	if !slices.Equal(again, []string{"b", "c"}) {
		t.Errorf("come again: %v", again)
	}
	for _, want := range []string{"the table is throttled", "a bug", "bells_test.go", "message dropped", string(id)} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}
