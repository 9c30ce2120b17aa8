package bench_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gleaner/infra/bench"
	"gleaner/shared/job"
)

// TestMain lets this very binary be the processes that benchmarks start.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if run := bench.Commands[os.Args[1]]; run != nil {
			if err := run(context.Background(), os.Stdin, os.Stdout); err != nil {
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

func quick(t *testing.T) *bench.Env {
	t.Helper()
	e := &bench.Env{
		Quick: true, URLs: 2_000, Dir: t.TempDir(), Getenv: os.Getenv, Notes: io.Discard,
		Process: func(ctx context.Context, command string) *exec.Cmd {
			return exec.CommandContext(ctx, os.Args[0], command)
		},
	}
	t.Cleanup(e.Close)
	return e
}

// A benchmark is asked for by its name, where the commands are found first.
func TestNamesAreFree(t *testing.T) {
	for _, b := range bench.All {
		if bench.Commands[b.Name] != nil {
			t.Errorf("%s is a benchmark and a command", b.Name)
		}
	}
}

// TestCounts runs the benchmarks whose checks are counts: those hold on every
// machine, however busy it is. (The ratios are what `gleaner bench --check` is for.)
func TestCounts(t *testing.T) {
	for _, b := range bench.All {
		if b.Name != "million" && b.Name != "aws" {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			r, err := b.Run(t.Context(), quick(t))
			if err != nil {
				t.Fatal(err)
			}
			if r.Skipped != "" {
				if os.Getenv("CI") == "true" {
					t.Fatalf("in CI nothing is left out: %s", r.Skipped)
				}
				t.Skip(r.Skipped)
			}
			if len(r.Figures) == 0 || len(r.Checks) == 0 {
				t.Errorf("%+v", r)
			}
			for _, c := range r.Failed() {
				if c.Name != "poll to a request that asks for nothing, p50" {
					t.Errorf("%s: %g, limit %g", c.Name, c.Value, c.Limit)
				}
			}
		})
	}
}

// TestNoCloud wants the bill to be an error, and nothing worse, where no DynamoDB
// answers.
func TestNoCloud(t *testing.T) {
	e := quick(t)
	e.Getenv = func(string) string { return "http://127.0.0.1:1" }
	for _, b := range bench.All {
		if b.Name != "aws" {
			continue
		}
		if r, err := b.Run(t.Context(), e); err == nil {
			t.Errorf("%+v", r)
		}
	}
}

// TestPlannersRule holds the planner to what the simulation shows: a job of a
// million URLs, and one of 100,000, take hardly longer than with the best size.
func TestPlannersRule(t *testing.T) {
	for urls, sizes := range map[int][]int{100_000: {100, 400, 1000, 2000}, 1_000_000: {400, 1000, 2000}} {
		m := bench.DefaultModel
		m.URLs, m.Hosts = urls, urls/5
		rule := m.SimulateRule()
		if rule.Batch != job.BatchSize(urls) || rule.Makespan <= 0 || rule.Busy < rule.Makespan {
			t.Errorf("%d URLs: %+v", urls, rule)
		}
		for _, size := range sizes {
			if run := m.Simulate(size); rule.Makespan > run.Makespan*12/10 {
				t.Errorf("%d URLs take %s with the planner's rule, %s in batches of %d", urls, rule.Makespan, run.Makespan, size)
			}
		}
	}
}

func TestSimulationIsRepeatable(t *testing.T) {
	m := bench.DefaultModel
	m.URLs, m.Hosts, m.Zipf = 5_000, 900, 1.1
	first := m.Simulate(100)
	if again := m.Simulate(100); first != again {
		t.Errorf("%+v and %+v", first, again)
	}
	m.Seed++
	if other := m.Simulate(100); first == other {
		t.Error("another seed, the same job")
	}
	m.Seed--
	m.Workers = 3
	if few := m.Simulate(100); few.Makespan <= first.Makespan || few.Batches < 5_000/100 {
		t.Errorf("three workers: %+v, three hundred: %+v", few, first)
	}
}

func TestChart(t *testing.T) {
	e := quick(t)
	e.Chart = filepath.Join(e.Dir, "chart.svg")
	for _, b := range bench.All {
		if b.Name == "simulate" {
			if _, err := b.Run(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
	text, err := os.ReadFile(e.Chart)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 4 { // two sizes, two kinds of hosts
		t.Errorf("%d lines", lines)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		check bench.Check
		ok    bool
	}{
		{bench.Check{Value: 4, Limit: 4}, true},
		{bench.Check{Value: 4.1, Limit: 4}, false},
		{bench.Check{Value: 10, Limit: 10, AtLeast: true}, true},
		{bench.Check{Value: 9, Limit: 10, AtLeast: true}, false},
	} {
		if c.check.OK() != c.ok {
			t.Errorf("%+v", c.check)
		}
	}
}
