package job

import (
	"slices"
	"time"
)

// The planner's batch sizes, in URLs.
const (
	MinBatch = 10   // smaller ones cost more in claims than they gain in spread
	MaxBatch = 1000 // larger ones gain little and make one worker's loss a large one
	// MaxLane is the length of a lane's batches: what one host yields, over the
	// few connections it is given, within a worker's time.
	MaxLane = 250
	// minSteps is in how many steps at least a job's figures move, if it is large
	// enough for batches of MinBatch.
	minSteps = 40
)

// Plan is how a job's URLs are divided.
type Plan struct {
	Batches    []Batch
	URLs       int // distinct
	Hosts      int // distinct
	Duplicates int // targets dropped because their URL was there already
	Workers    int // workers that can be busy at once, at most MaxWorkers
}

// Ready lists the batches that may be rung at the start: those not held.
func (p Plan) Ready() []Ref {
	refs := make([]Ref, 0, len(p.Batches))
	for i := range p.Batches {
		if !p.Batches[i].Held {
			refs = append(refs, p.Batches[i].Ref)
		}
	}
	return refs
}

// BatchSize is the planner's rule for how many URLs go into a batch. Every batch
// ends with a wait for its slowest pages while most of a worker's connections
// idle, so large batches finish a job sooner and for less: the simulation of
// `gleaner bench simulate` shows by how much. Small jobs are divided all the
// same, so that their figures move while they run.
func BatchSize(urls int) int {
	return min(max(urls/minSteps, MinBatch), MaxBatch)
}

// NewPlan divides targets into batches of the job, all due at due. URLs that
// occur twice are kept once. A host's URLs stay in one batch; a host with more
// than MaxLane of them becomes a lane: a chain of batches of which only the
// first may be rung, so that one host is never crawled by two workers of one
// job. The same targets always give the same plan.
func NewPlan(id ID, targets []Target, due time.Time) Plan {
	return PlanBySize(id, targets, due, BatchSize, MaxLane)
}

// PlanDistinct is NewPlan for targets no two of which have the same URL, which it
// relies on. It puts them into another order, which gives the same plan again.
func PlanDistinct(id ID, targets []Target, due time.Time) Plan {
	return planDistinct(id, targets, due, BatchSize, MaxLane)
}

// PlanBySize is NewPlan with other rules for the size of batches: rule for those
// of many hosts, by the number of URLs, and lane for the length of a lane's. It is
// there to find out which rule is best.
func PlanBySize(id ID, targets []Target, due time.Time, rule func(urls int) int, lane int) Plan {
	distinct, duplicates := Distinct(targets)
	p := planDistinct(id, distinct, due, rule, lane)
	p.Duplicates = duplicates
	return p
}

func planDistinct(id ID, targets []Target, due time.Time, rule func(urls int) int, lane int) Plan {
	hosts := hostsOf(targets)
	order := hosts.bySize()
	hosts.group(targets, order) // so that every batch is a piece of it
	p := Plan{URLs: len(targets), Hosts: len(order)}
	size := rule(len(targets))
	open, end := 0, 0 // of the batch of many hosts that is being filled
	shut := func() {
		if end > open {
			p.add(id, targets[open:end:end], due)
		}
		open = end
	}
	for _, h := range order {
		count := hosts.list[h].count
		switch {
		case count > lane:
			p.addLane(id, targets[end:end+count], lane, due)
			open = end + count
		case count >= size:
			p.add(id, targets[end:end+count:end+count], due)
			open = end + count
		case end-open+count > size:
			shut()
		}
		end += count
	}
	shut()
	p.Workers = min(p.Workers, MaxWorkers)
	return p
}

func (p *Plan) add(id ID, targets []Target, due time.Time) {
	p.Batches = append(p.Batches, Batch{
		Ref:     Ref{Job: id, Key: PlannedKey(len(p.Batches))},
		Status:  Pending,
		Targets: targets,
		Due:     due,
	})
	p.Workers++
}

func (p *Plan) addLane(id ID, targets []Target, length int, due time.Time) {
	first := len(p.Batches)
	for part := range slices.Chunk(targets, length) {
		p.add(id, part, due)
	}
	lane := p.Batches[first:]
	for i := range lane {
		if i > 0 {
			lane[i].Held, lane[i].Due = true, time.Time{}
			p.Workers--
		}
		if i+1 < len(lane) {
			lane[i].Next = lane[i+1].Ref.Key
		}
	}
}
