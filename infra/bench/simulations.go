package bench

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"gleaner/shared/job"
)

// simulatedSizes are the batch sizes that the planner's rule is compared with.
var simulatedSizes = []int{25, 50, 100, 200, 400, 700, 1000, 2000}

// maxTimesBest is how much longer a job may take with the planner's rule than with
// the best of the sizes.
const maxTimesBest = 1.2

// spread is how a job's URLs lie on hosts.
type spread struct {
	name string
	zipf float64
}

var spreads = []spread{{"lognormal", 0}, {"Zipf", 1.1}}

// scenario is one job simulated with every size and with the rule.
type scenario struct {
	urls int
	spread
	runs []Simulated
	rule Simulated
}

func (s *scenario) best() Simulated {
	best := s.runs[0]
	for _, r := range s.runs[1:] {
		if r.Makespan < best.Makespan {
			best = r
		}
	}
	return best
}

func runScenario(urls int, sp spread) scenario {
	m := DefaultModel
	m.URLs, m.Hosts, m.Zipf = urls, max(1, urls/5), sp.zipf
	s := scenario{urls: urls, spread: sp, rule: m.SimulateRule()}
	for _, size := range simulatedSizes {
		if size <= urls {
			s.runs = append(s.runs, m.Simulate(size))
		}
	}
	return s
}

// simulate shows what the batch size does to a job's time and bill.
func simulate(_ context.Context, e *Env, r *Report) error {
	sizes := []int{1_000, 10_000, 100_000, 1_000_000}
	if e.Quick {
		sizes = []int{1_000, 100_000}
	}
	var all []scenario
	var text strings.Builder
	fmt.Fprintf(&text, "%d workers at most, %d connections each, pages of %s on average with a lognormal tail (sigma %.1f), %.0f %% time out after %s.\n",
		DefaultModel.Workers, job.MaxConnections, DefaultModel.Mean, DefaultModel.Sigma, DefaultModel.Slow*100, DefaultModel.Timeout)
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "URLs\thosts\tbatch size\tbatches\tmakespan\tworker hours\tlongest of 100 batches\t")
	line := func(s *scenario, name string, run Simulated) {
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%.2f\t%s\t\n", s.urls, s.name, name, run.Batches,
			run.Makespan.Round(time.Second), run.Busy.Hours(), run.P99.Round(time.Second))
	}
	for _, urls := range sizes {
		for _, sp := range spreads {
			e.note("simulate: %d URLs, %s", urls, sp.name)
			s := runScenario(urls, sp)
			for _, run := range s.runs {
				line(&s, fmt.Sprint(run.Batch), run)
			}
			line(&s, fmt.Sprintf("rule: %d", s.rule.Batch), s.rule)
			all = append(all, s)
			ratio := s.rule.Makespan.Seconds() / s.best().Makespan.Seconds()
			r.add(fmt.Sprintf("%d URLs, %s hosts: with the rule", urls, sp.name), s.rule.Makespan.Seconds(), "s", "")
			r.add(fmt.Sprintf("%d URLs, %s hosts: with the best size, %d", urls, sp.name, s.best().Batch), s.best().Makespan.Seconds(), "s", "")
			if urls >= 100_000 {
				r.most(fmt.Sprintf("%d URLs, %s hosts: makespan to the best", urls, sp.name), ratio, maxTimesBest)
			}
		}
	}
	_ = w.Flush() // to memory
	r.Text = text.String()
	if e.Chart == "" {
		return nil
	}
	return os.WriteFile(e.Chart, []byte(drawChart(all)), 0o644) //nolint:gosec // a chart is no secret
}
