package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gleaner/shared/audit"
	"gleaner/shared/export"
	"gleaner/shared/job"
	"gleaner/shared/queue"
)

// maxSteps bounds a run; a minute each when idle.
const maxSteps = 5000

// Run steps until the job is in a final status and no bell is left, and checks at
// each step what must always hold.
func (w *World) Run(ctx context.Context, id job.ID) error {
	for range maxSteps {
		w.Step(ctx)
		done, err := w.Check(ctx, id)
		if err != nil {
			return err
		}
		if done && w.Bells.empty() {
			return nil
		}
	}
	p, err := w.Plain.Progress(ctx, id)
	return fmt.Errorf("chaos: job is still %s after %d steps: %+v %w", p.Job.Status, maxSteps, p.Counters, err)
}

// RunUntilGone steps until nothing of the job is left in the store and no bell in
// the queue.
func (w *World) RunUntilGone(ctx context.Context, id job.ID) error {
	for range maxSteps {
		w.Step(ctx)
		if _, err := w.Plain.Job(ctx, id); errors.Is(err, job.ErrNotFound) && w.Bells.empty() {
			return nil
		}
	}
	return fmt.Errorf("chaos: job %s is still there after %d steps", id, maxSteps)
}

// Check checks the invariants of every moment and reports whether the job is in
// a final status.
func (w *World) Check(ctx context.Context, id job.ID) (final bool, err error) {
	p, err := w.Plain.Progress(ctx, id)
	if err != nil {
		return false, err
	}
	last := w.last
	was, is := last.Counters, p.Counters
	w.last = p
	switch {
	case is.Processed < was.Processed, is.Emails < was.Emails, is.Domains < was.Domains, is.Pages < was.Pages,
		is.BatchesDone < was.BatchesDone, p.Total() < last.Total(), p.Version() < last.Version():
		return false, fmt.Errorf("chaos: progress went back: %+v after %+v", is, was)
	case is.Processed > p.Total():
		return false, fmt.Errorf("chaos: %d processed of %d", is.Processed, p.Total())
	case is.Active < 0 || p.OpenBatches() < 0:
		return false, fmt.Errorf("chaos: %d active, %d open", is.Active, p.OpenBatches())
	case last.Job.Status != "" && last.Job.Status != p.Job.Status && !reachable(last.Job.Status, p.Job.Status):
		return false, fmt.Errorf("chaos: the job became %s after %s", p.Job.Status, last.Job.Status)
	}
	return p.Job.Status.Final(), nil
}

// reachable reports whether some allowed steps lead from a to b.
func reachable(a, b job.Status) bool {
	seen := map[job.Status]bool{}
	var walk func(job.Status) bool
	walk = func(s job.Status) bool {
		if s == b {
			return true
		}
		seen[s] = true
		return slices.ContainsFunc(job.Statuses(), func(next job.Status) bool {
			return s.CanBecome(next) && !seen[next] && walk(next)
		})
	}
	return walk(a)
}

// CheckStored recounts what is stored between two steps, when no worker is in
// the middle of anything: the addresses that settled batches own are those
// counted, none is stored twice, and no URL has two outcomes.
func (w *World) CheckStored(ctx context.Context, id job.ID) error {
	p, err := w.Plain.Progress(ctx, id)
	if err != nil {
		return err
	}
	settled := map[job.Key]bool{}
	outcomes := map[string]bool{}
	for cursor := ""; ; {
		page, err := w.Plain.Batches(ctx, id, cursor, job.MaxPage)
		if err != nil {
			return err
		}
		for i := range page.Items {
			b := &page.Items[i]
			settled[b.Ref.Key] = b.Status == job.Done
			if b.Status != job.Done {
				continue
			}
			for _, v := range export.VisitsOf(b) {
				if outcomes[v.URL] {
					return fmt.Errorf("chaos: %s has two outcomes", v.URL)
				}
				outcomes[v.URL] = true
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	stored := map[string]bool{}
	for a, err := range export.Addresses(ctx, w.Plain, id, job.AddressFilter{}) {
		if err != nil {
			return err
		}
		if stored[a.Email] {
			return fmt.Errorf("chaos: %s is stored twice", a.Email)
		}
		stored[a.Email] = true
	}
	owners, err := w.Plain.AddressOwners(ctx, id, slices.Collect(maps.Keys(stored)))
	if err != nil {
		return err
	}
	var counted int64
	for _, owner := range owners {
		if settled[owner] {
			counted++
		}
	}
	if len(owners) != len(stored) || counted != p.Counters.Emails {
		return fmt.Errorf("chaos: %d addresses stored, %d of them with an owner, %d of settled batches; counted %d",
			len(stored), len(owners), counted, p.Counters.Emails)
	}
	return nil
}

// End is how a job ended, for comparison.
type End struct {
	Status    job.Status
	Counters  string
	Outcomes  map[string]job.Outcome // by URL
	Addresses []string
	Open      int // batches not settled
}

// End collects how the job ended and checks that it is consistent in itself.
func (w *World) End(ctx context.Context, id job.ID) (End, error) {
	p, err := w.Plain.Progress(ctx, id)
	if err != nil {
		return End{}, err
	}
	e := End{Status: p.Job.Status, Outcomes: map[string]job.Outcome{}, Open: int(p.OpenBatches())}
	count, err := audit.Recount(ctx, w.Plain, id)
	if err != nil {
		return e, err
	}
	if !count.Clean() || count.InFlight > 0 && e.Status.Final() {
		return e, fmt.Errorf("chaos: the recount differs: %+v", count)
	}
	for v, err := range export.Visits(ctx, w.Plain, id, export.VisitFilter{}) {
		if err != nil {
			return e, err
		}
		e.Outcomes[v.URL] = v.Outcome
	}
	for a, err := range export.Addresses(ctx, w.Plain, id, job.AddressFilter{}) {
		if err != nil {
			return e, err
		}
		e.Addresses = append(e.Addresses, a.Email)
	}
	slices.Sort(e.Addresses)
	c := p.Counters
	if e.Status.Final() && c.Active != 0 {
		return e, fmt.Errorf("chaos: %s with %d batches still at work", e.Status, c.Active)
	}
	if e.Status == job.Completed && (e.Open != 0 || c.Active != 0 || len(e.Outcomes) != p.Job.URLs || c.Processed != p.Total()) {
		return e, fmt.Errorf("chaos: completed with %d open, %d active, %d of %d URLs, %d of %d processed",
			e.Open, c.Active, len(e.Outcomes), p.Job.URLs, c.Processed, p.Total())
	}
	e.Counters = fmt.Sprintf("processed %d emails %d domains %d pages %d bytes %d outcomes %v",
		c.Processed, c.Emails, c.Domains, c.Pages, c.Bytes, c.Outcomes)
	return e, nil
}

// Differs says in some words how another end differs; nothing if it does not.
func (e *End) Differs(want End) string {
	var d []string
	if e.Status != want.Status || e.Counters != want.Counters || e.Open != want.Open {
		d = append(d, fmt.Sprintf("%s, %s, %d open; want %s, %s, %d open", e.Status, e.Counters, e.Open, want.Status, want.Counters, want.Open))
	}
	for u, o := range want.Outcomes {
		if e.Outcomes[u] != o {
			d = append(d, fmt.Sprintf("%s is %q, want %q", u, e.Outcomes[u], o))
		}
	}
	if len(e.Outcomes) != len(want.Outcomes) {
		d = append(d, fmt.Sprintf("%d outcomes, want %d", len(e.Outcomes), len(want.Outcomes)))
	}
	if !slices.Equal(e.Addresses, want.Addresses) {
		d = append(d, fmt.Sprintf("%d addresses, not the same as the %d wanted", len(e.Addresses), len(want.Addresses)))
	}
	if len(d) > 10 {
		d = append(d[:10], "…")
	}
	return strings.Join(d, "; ")
}

// Remains lists what can still be seen of a job by its ID, given names it once
// held: nothing, once it was purged.
func (w *World) Remains(ctx context.Context, id job.ID, emails []string) (left []string, err error) {
	note := func(what string, n int, err error) error {
		if n > 0 {
			left = append(left, fmt.Sprintf("%d %s", n, what))
		}
		return err
	}
	_, absent := w.Plain.Job(ctx, id)
	if !errors.Is(absent, job.ErrNotFound) {
		left = append(left, "the job")
	}
	chunks := 0
	err = w.Plain.Chunks(ctx, id, func(job.Chunk) error { chunks++; return nil })
	batches, err2 := w.Plain.Batches(ctx, id, "", job.MaxPage)
	addresses, err3 := w.Plain.Addresses(ctx, id, job.AddressFilter{}, "", job.MaxPage)
	owners, err4 := w.Plain.AddressOwners(ctx, id, emails)
	var names []string
	for _, e := range emails {
		names = append(names, job.Address{Email: e}.Domain())
	}
	slices.Sort(names)
	domains, err5 := w.Plain.DomainOwners(ctx, id, slices.Compact(names))
	return left, errors.Join(
		note("chunks", chunks, err), note("batches", len(batches.Items), err2),
		note("addresses", len(addresses.Items), err3), note("owned addresses", len(owners), err4),
		note("owned domains", len(domains), err5))
}

// Late remembers a job's batches and returns what rings every one of them, and
// all else there is to ring about the job, when nobody waits for it any more.
func (w *World) Late(ctx context.Context, id job.ID) (ring func()) {
	var bells []queue.Outgoing
	for _, kind := range []job.BellKind{job.BellPlan, job.BellRetry, job.BellWindUp} {
		bells = append(bells, queue.Outgoing{Body: job.Bell{Ref: job.Ref{Job: id}, Kind: kind}.Encode()})
	}
	page, err := w.Plain.Batches(ctx, id, "", job.MaxPage)
	if err != nil {
		panic(err)
	}
	for i := range page.Items {
		bells = append(bells, queue.Outgoing{Body: job.Bell{Ref: page.Items[i].Ref}.Encode()})
	}
	return func() { _ = w.Bells.Send(ctx, bells) }
}

// Jobs lists the world's jobs.
func (w *World) Jobs() []job.ID {
	page, err := w.Plain.Jobs(context.Background(), w.Owner, job.JobFilter{}, "", job.MaxPage)
	if err != nil {
		panic(err)
	}
	ids := make([]job.ID, len(page.Items))
	for i := range page.Items {
		ids[i] = page.Items[i].ID
	}
	return ids
}

// Status is where a job stands.
func (w *World) Status(ctx context.Context, id job.ID) job.Status {
	j, err := w.Plain.Job(ctx, id)
	if err != nil {
		panic(err)
	}
	return j.Status
}
