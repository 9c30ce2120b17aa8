package bench

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gleaner/shared/job"
)

// Model is what a simulated job runs on: the real planner, workers that keep the
// real rules (connections, connections per host, time limit and continuations,
// lanes), and service times drawn at random.
type Model struct {
	URLs    int
	Hosts   int
	Zipf    float64       // exponent of Zipf's law for the sizes of hosts; 0: lognormal sizes
	Workers int           // at once
	Mean    time.Duration // of one page's fetch
	Sigma   float64       // of the lognormal distribution of fetches: its tail
	Slow    float64       // share of pages that run into a timeout
	Timeout time.Duration
	// PerBatch is what a batch costs beside its fetches: being invoked, claiming,
	// storing, settling.
	PerBatch time.Duration
	// Limit is a worker's time; what is left of a batch then goes on in another.
	Limit time.Duration
	// Ramp is how many workers a second the event source adds, after the first five.
	Ramp float64
	Seed uint64
}

// DefaultModel is a job of a million URLs on AWS.
var DefaultModel = Model{
	URLs: 1_000_000, Hosts: 200_000, Workers: job.MaxWorkers,
	Mean: time.Second, Sigma: 1.2, Slow: 0.01, Timeout: 20 * time.Second,
	PerBatch: 150 * time.Millisecond, Limit: 285 * time.Second, Ramp: 5, Seed: 1,
}

// Simulated is how a simulated job went.
type Simulated struct {
	Batch    int           // the planner's batch size
	Batches  int           // run, continuations included
	Makespan time.Duration // until the last batch ended
	Busy     time.Duration // of all workers together: what is paid for
	P99      time.Duration // of a batch
}

// Simulate runs a job with batches of the given size.
func (m Model) Simulate(size int) Simulated {
	return m.run(m.plan(func(int) int { return size }, min(size, job.MaxLane)), size)
}

// SimulateRule runs a job as the planner divides it.
func (m Model) SimulateRule() Simulated {
	return m.run(m.plan(job.BatchSize, job.MaxLane), job.BatchSize(m.URLs))
}

func (m Model) plan(rule func(int) int, lane int) job.Plan {
	rng := rand.New(rand.NewPCG(m.Seed, 1))
	targets := make([]job.Target, 0, m.URLs)
	add := func(host uint64) {
		targets = append(targets, job.Target{URL: fmt.Sprintf("https://h%d.example/%d", host, len(targets))})
	}
	if m.Zipf > 0 {
		zipf := rand.NewZipf(rng, m.Zipf, 20, uint64(max(m.Hosts-1, 1)))
		for len(targets) < m.URLs {
			add(zipf.Uint64())
		}
	}
	mean := float64(m.URLs) / float64(m.Hosts)
	for host := uint64(0); len(targets) < m.URLs; host++ {
		for range 1 + int(math.Exp(math.Log(mean)-0.5+rng.NormFloat64())) {
			if len(targets) < m.URLs {
				add(host)
			}
		}
	}
	return job.PlanBySize(job.NewID(time.Unix(0, 0), job.MaxShards), targets, time.Unix(0, 0), rule, lane)
}

// simBatch is a batch that waits for a worker.
type simBatch struct {
	hosts [][]time.Duration // service times of each host's pages
	next  int               // index of the next batch of its lane, or -1
}

func (m Model) run(p job.Plan, size int) Simulated {
	rng := rand.New(rand.NewPCG(m.Seed, 2))
	index := make(map[job.Key]int, len(p.Batches))
	for i := range p.Batches {
		index[p.Batches[i].Ref.Key] = i
	}
	batches := make([]simBatch, len(p.Batches))
	var ready []int
	for i := range p.Batches {
		b := &p.Batches[i]
		batches[i] = simBatch{hosts: m.draw(rng, b.Targets), next: -1}
		if b.Next != "" {
			batches[i].next = index[b.Next]
		}
		if !b.Held {
			ready = append(ready, i)
		}
	}
	// Messages of a queue come in no order.
	rng.Shuffle(len(ready), func(i, j int) { ready[i], ready[j] = ready[j], ready[i] })

	s := Simulated{Batch: size}
	free := make(moments, m.Workers)
	for i := range free {
		if i >= 5 {
			free[i] = time.Duration(float64(i-5) / m.Ramp * float64(time.Second))
		}
	}
	heap.Init(&free)
	later := laneHeap{}
	var lengths []time.Duration
	for len(ready) > 0 || later.Len() > 0 {
		at := heap.Pop(&free).(time.Duration)
		for later.Len() > 0 && (later[0].at <= at || len(ready) == 0) {
			l := heap.Pop(&later).(laneReady)
			at = max(at, l.at)
			ready = append([]int{l.batch}, ready...)
		}
		b := ready[0]
		ready = ready[1:]
		took, rest := m.crawl(batches[b].hosts)
		took += m.PerBatch
		s.Batches++
		s.Busy += took
		lengths = append(lengths, took)
		end := at + took
		s.Makespan = max(s.Makespan, end)
		heap.Push(&free, end)
		switch {
		case rest != nil:
			batches = append(batches, simBatch{hosts: rest, next: batches[b].next})
			heap.Push(&later, laneReady{end, len(batches) - 1})
		case batches[b].next >= 0:
			heap.Push(&later, laneReady{end, batches[b].next})
		}
	}
	slices.Sort(lengths)
	s.P99 = lengths[len(lengths)*99/100]
	return s
}

// draw gives each page of a batch a service time, grouped by host.
func (m Model) draw(rng *rand.Rand, targets []job.Target) [][]time.Duration {
	mu := math.Log(m.Mean.Seconds()) - m.Sigma*m.Sigma/2
	byHost := map[string]int{}
	var hosts [][]time.Duration
	for _, t := range targets {
		took := time.Duration(math.Exp(mu+m.Sigma*rng.NormFloat64()) * float64(time.Second))
		if rng.Float64() < m.Slow || took > m.Timeout {
			took = m.Timeout
		}
		h := t.Host()
		i, ok := byHost[h]
		if !ok {
			i = len(hosts)
			byHost[h] = i
			hosts = append(hosts, nil)
		}
		hosts[i] = append(hosts[i], took)
	}
	return hosts
}

// crawl is one worker's time for a batch: MaxConnections at once, DefaultPerHost
// of them to one host, nothing begun after the limit. rest is what was not begun.
func (m Model) crawl(hosts [][]time.Duration) (took time.Duration, rest [][]time.Duration) {
	waiting := make([]int, len(hosts)) // hosts with a free connection, longest waiting first
	next := make([]int, len(hosts))
	open := make([]int, len(hosts))
	for i := range hosts {
		waiting[i] = i
	}
	under := fetches{}
	now, last := time.Duration(0), time.Duration(0)
	for {
		for len(waiting) > 0 && under.Len() < job.MaxConnections && now < m.Limit {
			h := waiting[0]
			waiting = waiting[1:]
			heap.Push(&under, underWay{now + hosts[h][next[h]], h})
			next[h]++
			if open[h]++; open[h] < job.DefaultPerHost && next[h] < len(hosts[h]) {
				waiting = append(waiting, h)
			}
		}
		if under.Len() == 0 {
			break
		}
		f := heap.Pop(&under).(underWay)
		now, last = f.end, f.end
		full := open[f.host] == job.DefaultPerHost
		if open[f.host]--; full && next[f.host] < len(hosts[f.host]) {
			waiting = append(waiting, f.host)
		}
	}
	for h := range hosts {
		if next[h] < len(hosts[h]) {
			rest = append(rest, hosts[h][next[h]:])
		}
	}
	return last, rest
}

type underWay struct {
	end  time.Duration
	host int
}

type fetches []underWay

func (f fetches) Len() int           { return len(f) }
func (f fetches) Less(i, j int) bool { return f[i].end < f[j].end }
func (f fetches) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *fetches) Push(x any)        { *f = append(*f, x.(underWay)) }
func (f *fetches) Pop() any          { o := *f; x := o[len(o)-1]; *f = o[:len(o)-1]; return x }

type moments []time.Duration

func (m moments) Len() int           { return len(m) }
func (m moments) Less(i, j int) bool { return m[i] < m[j] }
func (m moments) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(x any)        { *m = append(*m, x.(time.Duration)) }
func (m *moments) Pop() any          { o := *m; x := o[len(o)-1]; *m = o[:len(o)-1]; return x }

type laneReady struct {
	at    time.Duration
	batch int
}

type laneHeap []laneReady

func (l laneHeap) Len() int           { return len(l) }
func (l laneHeap) Less(i, j int) bool { return l[i].at < l[j].at }
func (l laneHeap) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *laneHeap) Push(x any)        { *l = append(*l, x.(laneReady)) }
func (l *laneHeap) Pop() any          { o := *l; x := o[len(o)-1]; *l = o[:len(o)-1]; return x }
