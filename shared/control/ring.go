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

// RingPending rings every batch of a job that waits for a worker.
func (s *Service) RingPending(ctx context.Context, j job.Job) error {
	// No bell puts a batch off for longer than BellGrace, so all that wait are due
	// within the horizon; those rung here are put off beyond it.
	horizon := s.now().Add(work.BellGrace)
	after := horizon.Add(work.BellGrace)
	rung := map[job.Key]bool{}
	for {
		refs, err := s.store.Due(ctx, j.ID, horizon, ringPage)
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

// Ring rings batches of a job and notes that they are due again at due if they
// stay silent.
func Ring(ctx context.Context, store job.BatchStore, bells queue.Sender, j job.Job, refs []job.Ref, due time.Time) error {
	out := make([]queue.Outgoing, len(refs))
	for i, r := range refs {
		out[i] = queue.Outgoing{Body: job.Bell{Ref: r}.Encode(), Group: j.Owner}
	}
	if err := bells.Send(ctx, out); err != nil {
		return fmt.Errorf("control: ringing %d batches of %s: %w", len(refs), j.ID, err)
	}
	if err := store.Rang(ctx, refs, due); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	return nil
}
