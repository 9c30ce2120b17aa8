// Package audit recounts a job from its items and compares the result with its
// counters. The counters are kept by transactions and so cannot drift; this is
// how anybody can see that they have not.
package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"gleaner/shared/export"
	"gleaner/shared/job"
)

// Store is what is read of a store.
type Store interface {
	job.BatchStore
	job.AddressStore
	Progress(ctx context.Context, id job.ID) (job.Progress, error)
}

// Drift is one figure that differs.
type Drift struct {
	Figure  string `json:"figure"`
	Counted int64  `json:"counted"` // what the counters say
	Stored  int64  `json:"stored"`  // what the items say
}

// Report is what a recount found.
type Report struct {
	Job     job.ID     `json:"job"`
	Status  job.Status `json:"status"`
	Batches int64      `json:"batches"`
	URLs    int64      `json:"urls"`
	Emails  int64      `json:"emails"`
	Drifts  []Drift    `json:"drifts"`
	// Repeated are URLs with more than one outcome, at most maxRepeated of them.
	Repeated []string `json:"repeated,omitempty"`
	// InFlight is the number of batches at work while the recount ran. Their
	// addresses are stored before they are counted, so with any in flight the
	// figures of addresses are not compared.
	InFlight int64 `json:"in_flight"`
}

const (
	batchPage   = 50
	maxRepeated = 20
)

// Clean reports whether nothing was wrong.
func (r *Report) Clean() bool { return len(r.Drifts) == 0 && len(r.Repeated) == 0 }

// Recount reads every batch and address of a job; job.ErrNotFound. A job that
// moves on meanwhile is compared with the counters of before and after: a figure
// that lies between the two is no drift.
func Recount(ctx context.Context, store Store, id job.ID) (Report, error) {
	before, err := store.Progress(ctx, id)
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	r := Report{Job: id}
	stored, err := r.batches(ctx, store, id)
	if err != nil {
		return r, fmt.Errorf("audit: %w", err)
	}
	if err := r.addresses(ctx, store, id, &stored); err != nil {
		return r, fmt.Errorf("audit: %w", err)
	}
	after, err := store.Progress(ctx, id)
	if err != nil {
		return r, fmt.Errorf("audit: %w", err)
	}
	r.Status = after.Job.Status
	r.compare(&before, &after, &stored)
	return r, nil
}

// batches recounts what settled batches brought.
func (r *Report) batches(ctx context.Context, store job.BatchStore, id job.ID) (job.Counters, error) {
	stored := job.Counters{Outcomes: map[job.Outcome]int64{}}
	seen := map[string]struct{}{}
	for cursor := ""; ; {
		page, err := store.Batches(ctx, id, cursor, batchPage)
		if err != nil {
			return stored, err
		}
		for i := range page.Items {
			b := &page.Items[i]
			r.Batches++
			switch {
			case b.Status == job.Leased || b.Status == job.Fetched:
				r.InFlight++
				continue
			case b.Status != job.Done:
				continue
			}
			stored.BatchesDone++
			if b.Split || b.Result == nil {
				continue
			}
			stored.Processed += int64(len(b.Result.Visits))
			stored.Pages += int64(b.Result.Pages)
			stored.Bytes += b.Result.Bytes
			for _, v := range export.VisitsOf(b) {
				stored.Outcomes[v.Outcome]++
				if _, twice := seen[v.URL]; twice && len(r.Repeated) < maxRepeated {
					r.Repeated = append(r.Repeated, v.URL)
				}
				seen[v.URL] = struct{}{}
			}
		}
		if cursor = page.Next; cursor == "" {
			r.URLs = int64(len(seen))
			return stored, nil
		}
	}
}

func (r *Report) addresses(ctx context.Context, store job.AddressStore, id job.ID, stored *job.Counters) error {
	domains := map[string]struct{}{}
	for a, err := range export.Addresses(ctx, store, id, job.AddressFilter{}) {
		if err != nil {
			return err
		}
		stored.Emails++
		domains[a.Domain()] = struct{}{}
	}
	r.Emails, stored.Domains = stored.Emails, int64(len(domains))
	return nil
}

func (r *Report) compare(before, after *job.Progress, stored *job.Counters) {
	check := func(figure string, was, is, found int64) {
		if low, high := min(was, is), max(was, is); found < low || found > high {
			r.Drifts = append(r.Drifts, Drift{figure, is, found})
		}
	}
	b, a := &before.Counters, &after.Counters
	check("processed", b.Processed, a.Processed, stored.Processed)
	check("batches_done", b.BatchesDone, a.BatchesDone, stored.BatchesDone)
	check("batches", int64(before.Job.Batches)+b.ExtraBatches, int64(after.Job.Batches)+a.ExtraBatches, r.Batches)
	check("pages", b.Pages, a.Pages, stored.Pages)
	check("bytes", b.Bytes, a.Bytes, stored.Bytes)
	for _, o := range slices.Sorted(maps.Keys(union(b.Outcomes, a.Outcomes, stored.Outcomes))) {
		check("outcomes."+string(o), b.Outcomes[o], a.Outcomes[o], stored.Outcomes[o])
	}
	if r.InFlight == 0 {
		check("emails", b.Emails, a.Emails, stored.Emails)
		check("domains", b.Domains, a.Domains, stored.Domains)
		check("active_workers", b.Active, a.Active, 0)
	}
	if after.Job.Status == job.Completed {
		check("urls", int64(after.Job.URLs), int64(after.Job.URLs), r.URLs)
	}
}

func union(all ...map[job.Outcome]int64) map[job.Outcome]int64 {
	out := map[job.Outcome]int64{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}
