package control

import (
	"context"
	"fmt"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/work"
)

// ringPage is how many batches are rung at a time.
const ringPage = 1000

// clockSlack is how far the clocks of two machines may differ.
const clockSlack = 5 * time.Second

// RingPending rings every batch of a job that waits for a worker.
func (s *Service) RingPending(ctx context.Context, j job.Job) error {
	// Whoever rang last, no pending batch was put off beyond after; and those rung
	// here are put off to it, behind all that are not.
	after := s.now().Add(work.BellGrace + clockSlack)
	rung := map[job.Key]bool{}
	for {
		refs, err := s.store.Due(ctx, j.ID, after, ringPage)
		if err != nil {
			return fmt.Errorf("control: pending batches of %s: %w", j.ID, err)
		}
		var fresh []job.Ref
		for _, r := range refs {
			if !rung[r.Key] { // a batch under lease stays due whatever is rung
				rung[r.Key] = true
				fresh = append(fresh, r)
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		if err := Ring(ctx, s.store, s.bells, j, fresh, after); err != nil {
			return err
		}
	}
}

// ring rings a bell that is for a whole job.
func (s *Service) ring(ctx context.Context, id job.ID, kind job.BellKind, delay time.Duration) error {
	bell := job.Bell{Ref: job.Ref{Job: id}, Kind: kind}
	return s.bells.Send(ctx, []queue.Outgoing{{Body: bell.Encode(), Group: bell.Group(), Delay: delay}})
}

// Ring rings batches of a job and notes that they are due again at due if they
// stay silent.
func Ring(ctx context.Context, store job.BatchStore, bells queue.Sender, j job.Job, refs []job.Ref, due time.Time) error {
	out := make([]queue.Outgoing, len(refs))
	for i, r := range refs {
		bell := job.Bell{Ref: r}
		out[i] = queue.Outgoing{Body: bell.Encode(), Group: bell.Group()}
	}
	if err := bells.Send(ctx, out); err != nil {
		return fmt.Errorf("control: ringing %d batches of %s: %w", len(refs), j.ID, err)
	}
	if err := store.Rang(ctx, refs, due); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	return nil
}
