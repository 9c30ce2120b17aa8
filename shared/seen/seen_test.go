package seen_test

import (
	"fmt"
	"testing"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/seen"
)

func TestNothingAddedIsEverFresh(t *testing.T) {
	var c seen.Cache
	f := c.Job(job.NewID(time.Now(), 1), 1)
	var added, others []string
	for i := range seen.MinNames {
		added = append(added, fmt.Sprintf("a%d@site.example", i))
		others = append(others, fmt.Sprintf("b%d@site.example", i))
	}
	f.Add(added)
	if fresh, _ := f.Split(added); len(fresh) != 0 {
		t.Fatalf("%d names that were added count as fresh", len(fresh))
	}
	_, maybe := f.Split(others)
	if rate := float64(len(maybe)) / float64(len(others)); rate > 2*seen.FalsePositive {
		t.Fatalf("false positives %.4f", rate)
	}
}

func TestCacheIsPerJobAndBounded(t *testing.T) {
	var c seen.Cache
	first := job.NewID(time.Now(), 1)
	c.Job(first, 1).Add([]string{"x"})
	if fresh, _ := c.Job(job.NewID(time.Now(), 1), 1).Split([]string{"x"}); len(fresh) != 1 {
		t.Fatal("one job's names leak into another's filter")
	}
	if fresh, _ := c.Job(first, 1).Split([]string{"x"}); len(fresh) != 0 {
		t.Fatal("the filter was not kept")
	}
	for range 100 {
		c.Job(job.NewID(time.Now(), 1), 1)
	}
	if fresh, _ := c.Job(first, 1).Split([]string{"x"}); len(fresh) != 1 {
		t.Fatal("the cache does not forget")
	}
}

func BenchmarkSplit(b *testing.B) {
	var c seen.Cache
	f := c.Job(job.NewID(time.Now(), 1), 1)
	names := make([]string, 100)
	for i := range names {
		names[i] = fmt.Sprintf("a%d@site.example", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		f.Split(names)
	}
}
