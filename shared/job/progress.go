package job

import (
	"maps"
	"slices"
	"time"
)

// MaxRecent bounds the newest addresses kept with each shard's counters.
const MaxRecent = 5

// Counters is one shard of a job's figures. Every settle adds to exactly one
// shard, in the transaction that marks its batch DONE.
type Counters struct {
	Processed    int64             // outcomes counted, those of retried URLs included
	BatchesDone  int64             // batches settled or split
	ExtraURLs    int64             // URLs added after the start (retries)
	ExtraBatches int64             // batches added after the start (continuations, halves, retries)
	Active       int64             // batches claimed and not yet settled
	Emails       int64             // addresses owned by settled batches
	Domains      int64             // distinct domains of those addresses
	Pages        int64             // pages fetched
	Bytes        int64             // bytes read
	Outcomes     map[Outcome]int64 // one per URL: a retried URL's old outcome is taken off
	Recent       []Address         // newest addresses first
	UpdatedAt    time.Time
	Version      int64 // grows by one with every change of the item
}

// Progress is a job with the sum of its counters: everything a poll needs, read
// in one request.
type Progress struct {
	Job      Job
	Counters Counters
}

// Sum adds up shards.
func Sum(shards []Counters) Counters {
	total := Counters{Outcomes: map[Outcome]int64{}}
	for i := range shards {
		s := &shards[i]
		total.Processed += s.Processed
		total.BatchesDone += s.BatchesDone
		total.ExtraURLs += s.ExtraURLs
		total.ExtraBatches += s.ExtraBatches
		total.Active += s.Active
		total.Emails += s.Emails
		total.Domains += s.Domains
		total.Pages += s.Pages
		total.Bytes += s.Bytes
		total.Version += s.Version
		for o, n := range s.Outcomes {
			total.Outcomes[o] += n
		}
		if s.UpdatedAt.After(total.UpdatedAt) {
			total.UpdatedAt = s.UpdatedAt
		}
		total.Recent = append(total.Recent, s.Recent...)
	}
	maps.DeleteFunc(total.Outcomes, func(_ Outcome, n int64) bool { return n == 0 })
	total.Recent = newest(total.Recent)
	return total
}

// Total is the number of outcomes there will be: the job's URLs and the retried ones.
func (p Progress) Total() int64 { return int64(p.Job.URLs) + p.Counters.ExtraURLs }

// OpenBatches is the number of batches that are not settled.
func (p Progress) OpenBatches() int64 {
	return int64(p.Job.Batches) + p.Counters.ExtraBatches - p.Counters.BatchesDone
}

// AllSettled reports whether the job can be completed.
func (p Progress) AllSettled() bool {
	return p.Job.Status == Running && p.Job.Adding.IsZero() && p.OpenBatches() == 0
}

// Version orders snapshots of one job: a later one never has a smaller version.
func (p Progress) Version() int64 { return p.Job.Version + p.Counters.Version }

func newest(all []Address) []Address {
	slices.SortStableFunc(all, func(a, b Address) int { return b.FirstSeen.Compare(a.FirstSeen) })
	return all[:min(len(all), MaxRecent)]
}
