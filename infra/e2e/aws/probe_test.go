package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// promptly is how soon after a settlement its job's viewers are shown it.
	promptly = 2 * time.Second
	// inSequence is how many requests to the table wait for each other on the way
	// of a change to its viewers: the stream, then watchers and figures at once.
	inSequence = 2
	probePause = 20 * time.Millisecond
)

// probe asks the table for one small item over and over and notes how long each
// turn took beyond its pause: how late timers fire and requests are answered on
// this machine, whatever is measured beside it.
type probe struct {
	mu   sync.Mutex
	late []lateness
}

type lateness struct {
	from, to time.Time
	by       time.Duration
}

// startProbe probes until the test ends.
func startProbe(t testing.TB, ask func(context.Context) error) *probe {
	p := &probe{}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var asking sync.WaitGroup
	asking.Go(func() {
		for ctx.Err() == nil {
			from := time.Now()
			time.Sleep(probePause)
			if err := ask(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("probe: %v", err)
				return
			}
			to := time.Now()
			p.mu.Lock()
			p.late = append(p.late, lateness{from, to, to.Sub(from) - probePause})
			p.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		cancel()
		asking.Wait()
	})
	return p
}

// slowest is the latest that a turn came between two moments.
func (p *probe) slowest(from, to time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	worst := time.Duration(0)
	for _, l := range p.late {
		if l.to.After(from) && l.from.Before(to) {
			worst = max(worst, l.by)
		}
	}
	return worst
}

// all is how late turns came, in order.
func (p *probe) all() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []time.Duration
	for _, l := range p.late {
		all = append(all, l.by)
	}
	slices.Sort(all)
	return all
}

// distribution says in one line how times are spread that are in order.
func distribution(all []time.Duration) string {
	if len(all) == 0 {
		return "none"
	}
	var words []string
	for _, q := range []int{10, 50, 90, 99, 100} {
		at := all[(len(all)-1)*q/100]
		words = append(words, fmt.Sprintf("%d %% %v", q, at.Round(time.Millisecond)))
	}
	return strings.Join(words, ", ")
}
