package job_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/shared/job"
)

func TestPlanKeepsEveryURLOnceAndHostsTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var targets []job.Target
		want := map[string]bool{}
		for h := range rapid.IntRange(1, 40).Draw(t, "hosts") {
			n := rapid.SampledFrom([]int{1, 2, 3, 9, 10, 11, 60, job.MaxLane, job.MaxLane + 1, 3*job.MaxLane + 7}).Draw(t, "urls")
			for u := range n {
				targets = append(targets, job.Target{URL: fmt.Sprintf("https://h%d.example/%d", h, u)})
				want[targets[len(targets)-1].URL] = true
			}
		}
		dups := rapid.IntRange(0, 5).Draw(t, "dups")
		for range dups {
			targets = append(targets, targets[rapid.IntRange(0, len(targets)-1).Draw(t, "dup")])
		}
		id := job.NewID(time.Now(), 4)
		due := time.Now()
		if dups == 0 {
			again := slices.Clone(targets)
			for range 2 {
				if got := job.PlanDistinct(id, again, due); !reflect.DeepEqual(got, job.NewPlan(id, targets, due)) {
					t.Fatalf("the plan of distinct targets is another: %+v", got)
				}
			}
		}
		p := job.NewPlan(id, targets, due)
		if p.URLs != len(want) || p.Duplicates != dups {
			t.Fatalf("urls %d duplicates %d, want %d and %d", p.URLs, p.Duplicates, len(want), dups)
		}
		if p.Workers < 1 || p.Workers > job.MaxWorkers {
			t.Fatalf("workers %d", p.Workers)
		}
		byKey := map[job.Key]job.Batch{}
		after := map[job.Key]bool{}
		for _, b := range p.Batches {
			byKey[b.Ref.Key] = b
			if b.Next != "" {
				after[b.Next] = true
			}
			if len(b.Targets) == 0 || len(b.Targets) > job.MaxBatch {
				t.Fatalf("batch of %d", len(b.Targets))
			}
			for _, tg := range b.Targets {
				if !want[tg.URL] {
					t.Fatalf("%s twice or unknown", tg.URL)
				}
				delete(want, tg.URL)
			}
		}
		if len(want) != 0 {
			t.Fatalf("%d URLs lost", len(want))
		}
		// Whoever can run at the same time shares no host: heads and what follows them.
		owner := map[string]job.Key{}
		heads := 0
		for _, b := range p.Batches {
			if b.Held != after[b.Ref.Key] || b.Held == !b.Due.IsZero() {
				t.Fatalf("batch %s held %v, in a chain %v, due %v", b.Ref.Key, b.Held, after[b.Ref.Key], b.Due)
			}
			if b.Held {
				continue
			}
			heads++
			for k := b.Ref.Key; k != ""; k = byKey[k].Next {
				for _, tg := range byKey[k].Targets {
					if o, ok := owner[tg.Host()]; ok && o != b.Ref.Key {
						t.Fatalf("%s is in two chains", tg.Host())
					}
					owner[tg.Host()] = b.Ref.Key
				}
			}
		}
		if heads != len(p.Ready()) || p.Workers != min(heads, job.MaxWorkers) {
			t.Fatalf("heads %d ready %d workers %d", heads, len(p.Ready()), p.Workers)
		}
	})
}

func TestBatchSize(t *testing.T) {
	for urls, want := range map[int]int{1: 10, 50: 10, 400: 10, 1000: 25, 10_000: 250, 40_000: 1000, 1_000_000: 1000} {
		if got := job.BatchSize(urls); got != want {
			t.Errorf("%d URLs: %d, want %d", urls, got, want)
		}
	}
}

func BenchmarkPlan100k(b *testing.B) {
	targets := make([]job.Target, 100_000)
	for i := range targets {
		targets[i].URL = fmt.Sprintf("https://host-%d.example/page/%d", i%20_000, i)
	}
	id := job.NewID(time.Now(), 16)
	b.Run("any", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			job.NewPlan(id, targets, time.Time{})
		}
	})
	b.Run("distinct", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() { // in the order that the first leaves
			job.PlanDistinct(id, targets, time.Time{})
		}
	})
}

// TestRepeatedURLsOfHostsOfAnySize: whether a host has few pages or many, each of
// its URLs is planned once, the first time it is named.
func TestRepeatedURLsOfHostsOfAnySize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var targets []job.Target
		for h, pages := range rapid.SliceOfN(rapid.SampledFrom([]int{1, 2, 11, 12, 13, 40, 1001, 1300}), 1, 4).Draw(t, "pages") {
			for i := range pages {
				// Guessed tells the first from its repetitions.
				targets = append(targets, job.Target{URL: fmt.Sprintf("https://h%d.de/%d", h, i), Guessed: true})
			}
		}
		distinct := len(targets)
		for range rapid.IntRange(0, 50).Draw(t, "repeated") {
			again := targets[rapid.IntRange(0, distinct-1).Draw(t, "which")]
			again.Guessed = false
			targets = append(targets, again)
		}
		p := job.NewPlan(job.NewID(time.Unix(0, 0), 1), targets, time.Unix(0, 0))
		seen := map[string]bool{}
		for i := range p.Batches {
			for _, target := range p.Batches[i].Targets {
				if seen[target.URL] || !target.Guessed {
					t.Fatalf("%+v is planned twice, or not as it was named first", target)
				}
				seen[target.URL] = true
			}
		}
		if p.URLs != distinct || len(seen) != distinct || p.Duplicates != len(targets)-distinct {
			t.Fatalf("%d URLs, %d planned, %d duplicates, want %d and %d", p.URLs, len(seen), p.Duplicates, distinct, len(targets)-distinct)
		}
	})
}
