package sqlitestream_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/infra/local/eventsource"
	"gleaner/infra/local/eventsource/sqlitestream"
	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
	"gleaner/shared/notify"
)

var _ eventsource.StreamSource = (*sqlitestream.Source)(nil)

func create(t *testing.T, store *sqlitestore.Store) job.ID {
	t.Helper()
	now := time.Now().UTC()
	j := job.Job{ID: job.NewID(now, 1), Owner: "anna", Status: job.Creating, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if _, _, err := store.CreateJob(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	return j.ID
}

func TestSource(t *testing.T) {
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	create(t, store) // before it begins

	source := sqlitestream.New(store)
	position := ""
	read := func(limit int) []events.DynamoDBEventRecord {
		t.Helper()
		records, next, err := source.Read(t.Context(), position, limit)
		if err != nil || len(records) > limit {
			t.Fatalf("%d records of %d, %v", len(records), limit, err)
		}
		position = next
		return records
	}
	if got := read(10); len(got) != 0 {
		t.Fatalf("what changed before is delivered: %v", got)
	}
	want := map[job.ID]int{}
	for range 3 {
		want[create(t, store)] = 0
	}
	last := ""
	for got := read(2); len(got) > 0; got = read(2) {
		for i := range got {
			id, ok := notify.Concerns(&got[i])
			if !ok {
				t.Errorf("a record that concerns no job: %+v", got[i])
			}
			want[id]++
			if got[i].Change.SequenceNumber == last || got[i].Change.ApproximateCreationDateTime.IsZero() {
				t.Errorf("record %+v after %s", got[i].Change, last)
			}
			last = got[i].Change.SequenceNumber
		}
	}
	for id, n := range want {
		if n == 0 {
			t.Errorf("job %s was not announced", id)
		}
	}
	if len(want) != 3 {
		t.Errorf("jobs announced: %v", want)
	}

	before := position // the same again for one that begins there
	id := create(t, store)
	records, _, err := sqlitestream.New(store).Read(t.Context(), before, 100)
	if err != nil || len(records) == 0 {
		t.Fatalf("%v, %v", records, err)
	}
	if got, _ := notify.Concerns(&records[0]); got != id {
		t.Errorf("resumed with %s, want %s", got, id)
	}
	if _, _, err := source.Read(t.Context(), "yesterday", 1); err == nil {
		t.Error("a position of nothing was accepted")
	}
}
