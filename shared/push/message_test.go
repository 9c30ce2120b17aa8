package push_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/shared/job"
	"gleaner/shared/push"
)

// largest is a snapshot with as much in every field as a job can hold.
func largest() job.Snapshot {
	now := time.Date(2026, 11, 9, 12, 0, 0, 123456789, time.UTC)
	long := "https://www.baeckerei-lindhorst.de/?" + strings.Repeat("&", job.MaxURL-36)
	p := job.Progress{Job: job.Job{
		ID: job.NewID(now, job.MaxShards), Name: strings.Repeat("漢", 200), Status: job.Running,
		Reason: strings.Repeat("\x01", 4000), URLs: 1e9, Version: 1 << 60, StartedAt: now, CreatedAt: now, FinishedAt: now,
	}}
	for range 100 {
		p.Job.History = append(p.Job.History, job.Change{Status: job.Cancelled, At: now, Reason: strings.Repeat("\xff", 4000)})
	}
	p.Counters.Outcomes = map[job.Outcome]int64{}
	for _, o := range job.Outcomes() {
		p.Counters.Outcomes[o] = 1 << 60
	}
	for range job.MaxRecent {
		p.Counters.Recent = append(p.Counters.Recent, job.Address{
			Email: strings.Repeat("ü", 32) + "@" + strings.Repeat("a", 180) + ".de", SourceURL: long, Kind: "personal", Confidence: 1.0 / 3, FirstSeen: now,
		})
	}
	return p.Snapshot(now.Add(time.Second))
}

func checkProgress(t interface {
	Fatalf(format string, args ...any)
}, s job.Snapshot,
) push.Message {
	data, err := push.Progress(s)
	if err != nil {
		t.Fatalf("progress: %v", err)
	}
	if len(data) >= push.MaxMessage {
		t.Fatalf("%d bytes", len(data))
	}
	var m push.Message
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	if m.Type != push.TypeProgress || m.Version != s.Version || m.Progress.Processed != s.Processed || len(m.Progress.Outcomes) != len(s.Outcomes) {
		t.Fatalf("figures are missing: %+v", m)
	}
	return m
}

func TestLargestSnapshotFits(t *testing.T) {
	s := largest()
	before, _ := json.Marshal(s)
	m := checkProgress(t, s)
	if len(m.Progress.History) == 0 || len(m.Progress.Name) == 0 {
		t.Errorf("more was left out than need be: %+v", m.Progress)
	}
	if after, _ := json.Marshal(s); string(after) != string(before) {
		t.Error("the caller's snapshot was changed")
	}
}

// A job with five addresses from pages with the longest URLs is sent whole.
func TestLongURLsAreKept(t *testing.T) {
	s := largest()
	s.Reason, s.History = "", nil
	if m := checkProgress(t, s); len(m.Progress.Recent) != job.MaxRecent || m.Progress.Recent[0].SourceURL != s.Recent[0].SourceURL {
		t.Errorf("%d addresses are left", len(m.Progress.Recent))
	}
}

func TestProgressIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(rapid.SampledFrom([]string{"a", "&", "\x00", "\xff", "漢", "\u2028", `"`, "\\"}).Draw(t, "unit"), rapid.IntRange(0, 12_000).Draw(t, "n"))
		})
		s := job.Snapshot{
			ID: job.NewID(time.Now(), 1), Name: text.Draw(t, "name"), Reason: text.Draw(t, "reason"),
			Version: rapid.Int64Min(1).Draw(t, "version"), Processed: rapid.Int64().Draw(t, "processed"),
			Outcomes: map[job.Outcome]int64{job.OutcomeFound: 1},
		}
		for range rapid.IntRange(0, 5).Draw(t, "recent") {
			s.Recent = append(s.Recent, job.RecentAddress{Email: "anna@baeckerei-lindhorst.de", SourceURL: text.Draw(t, "url")})
		}
		for range rapid.IntRange(0, 20).Draw(t, "changes") {
			s.History = append(s.History, job.Change{Status: job.Paused, Reason: text.Draw(t, "why")})
		}
		checkProgress(t, s)
	})
}

func BenchmarkProgress(b *testing.B) {
	s := largest()
	s.Reason, s.History = "", s.History[:2]
	for i := range s.History {
		s.History[i].Reason = "by its owner"
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := push.Progress(s); err != nil {
			b.Fatal(err)
		}
	}
}
