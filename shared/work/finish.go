package work

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/seen"
)

// finish takes a FETCHED batch to its end: its addresses, its figures, the next
// of its lane, and the job if this was its last batch.
func (w *Worker) finish(ctx context.Context, j job.Job, b *job.Batch) error {
	tally := job.TallyOf(b.Result)
	mine, err := w.storeAddresses(ctx, j, b)
	if err != nil {
		return fmt.Errorf("work: storing the addresses of %s: %w", b.Ref, err)
	}
	tally.Emails = len(mine)
	if tally.Domains, err = w.storeDomains(ctx, j, b, mine); err != nil {
		return fmt.Errorf("work: storing the domains of %s: %w", b.Ref, err)
	}
	tally.Recent = mine[max(0, len(mine)-job.MaxRecent):]
	slices.Reverse(tally.Recent)

	now := w.Now()
	next, err := w.Store.Settle(ctx, b.Ref, tally, now, unsure(now))
	if err != nil && !errors.Is(err, job.ErrDone) {
		return fmt.Errorf("work: settling %s: %w", b.Ref, err)
	}
	if next != "" {
		w.ring(ctx, j, job.Ref{Job: j.ID, Key: next})
		return nil
	}
	return CompleteIfDone(ctx, w.Store, w.Bells, j.ID, now)
}

// storeAddresses stores the batch's addresses and returns those it owns. It
// gives the same answer however often it is repeated.
func (w *Worker) storeAddresses(ctx context.Context, j job.Job, b *job.Batch) ([]job.Address, error) {
	all := b.Result.Addresses
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Email
	}
	own, err := claimNames(ctx, w.seen.Job(j.ID, j.URLs), b.Ref, names, nameStore{
		owners: func(ctx context.Context, names []string) (map[string]job.Key, error) {
			return w.Store.AddressOwners(ctx, j.ID, names)
		},
		put: func(ctx context.Context, which []int) ([]bool, error) {
			some := make([]job.Address, len(which))
			for i, n := range which {
				some[i] = all[n]
			}
			return w.Store.PutAddresses(ctx, b.Ref, some, j.ExpiresAt)
		},
	})
	if err != nil {
		return nil, err
	}
	var mine []job.Address
	for i := range all {
		if own[i] {
			mine = append(mine, all[i])
		}
	}
	return mine, nil
}

// storeDomains counts the domains of the batch's own addresses that no other
// batch brought.
func (w *Worker) storeDomains(ctx context.Context, j job.Job, b *job.Batch, mine []job.Address) (int, error) {
	names := make([]string, 0, len(mine))
	for i := range mine {
		names = append(names, mine[i].Domain())
	}
	slices.Sort(names)
	names = slices.Compact(names)
	own, err := claimNames(ctx, w.seen.Job(j.ID, j.URLs), b.Ref, names, nameStore{
		owners: func(ctx context.Context, names []string) (map[string]job.Key, error) {
			return w.Store.DomainOwners(ctx, j.ID, names)
		},
		put: func(ctx context.Context, which []int) ([]bool, error) {
			some := make([]string, len(which))
			for i, n := range which {
				some[i] = names[n]
			}
			return w.Store.PutDomains(ctx, b.Ref, some, j.ExpiresAt)
		},
	})
	count := 0
	for _, is := range own {
		if is {
			count++
		}
	}
	return count, err
}

// nameStore is one kind of name in the store.
type nameStore struct {
	owners func(ctx context.Context, names []string) (map[string]job.Key, error)
	put    func(ctx context.Context, which []int) ([]bool, error)
}

// claimNames makes the batch the owner of every name that has none, and says of
// which names it is the owner. Names that the filter has surely not seen are
// written straight away; for the others a batched read decides, so that a name
// known already costs no write.
func claimNames(ctx context.Context, f *seen.Filter, r job.Ref, names []string, s nameStore) ([]bool, error) {
	own := make([]bool, len(names))
	if len(names) == 0 {
		return own, nil
	}
	write, maybe := f.Split(names)
	if len(maybe) > 0 {
		ask := make([]string, len(maybe))
		for i, n := range maybe {
			ask[i] = names[n]
		}
		owners, err := s.owners(ctx, ask)
		if err != nil {
			return nil, err
		}
		for _, n := range maybe {
			switch owner, known := owners[names[n]]; {
			case !known:
				write = append(write, n)
			case owner == r.Key:
				own[n] = true
			}
		}
	}
	if len(write) > 0 {
		mine, err := s.put(ctx, write)
		if err != nil {
			return nil, err
		}
		for i, n := range write {
			own[n] = mine[i]
		}
	}
	f.Add(names)
	return own, nil
}

// announceAfter is how long the bell of a job's webhook is held back, so that
// the job is usually completed when it rings.
const announceAfter = time.Second

// CompleteIfDone completes a running job all of whose batches are settled, and
// has its webhook called, if it has one. It may be called by anybody at any time.
func CompleteIfDone(ctx context.Context, store job.JobStore, bells queue.Sender, id job.ID, now time.Time) error {
	p, err := store.Progress(ctx, id)
	if err != nil || !p.AllSettled() {
		return err
	}
	if p.Job.Options.Webhook != "" {
		// The bell comes first: whoever hears it completes the job if this breaks
		// off, and one for a job that moved on does nothing.
		bell := job.Bell{Ref: job.Ref{Job: id}, Kind: job.BellWebhook}
		message := queue.Outgoing{Body: bell.Encode(), Group: bell.Group(), Delay: announceAfter}
		if err := bells.Send(ctx, []queue.Outgoing{message}); err != nil {
			return fmt.Errorf("work: completing %s: %w", id, err)
		}
	}
	_, err = job.Mutate(ctx, store, id, func(j *job.Job) error {
		if j.Status != job.Running || !j.Adding.IsZero() || j.Version != p.Job.Version {
			return job.ErrUnchanged // it moved on since its figures were read
		}
		return j.Become(job.Completed, now, "")
	})
	return err
}
