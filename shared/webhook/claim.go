package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/record"
)

// claimSort is the sort key of the claim in a job's partition.
const claimSort = "CLAIM"

const (
	// claimTime is how long the calls about a job stay claimed by a worker that
	// dies; more than one call and its note take.
	claimTime = time.Minute
	// busyGap is how long a bell is held back that found the job claimed.
	busyGap = 5 * time.Second
)

// claim makes the caller the only one who calls about a job, until release; ok is
// false while somebody else is.
func (s *Service) claim(ctx context.Context, j *job.Job) (release func(), ok bool, err error) {
	err = s.Records.Create(ctx, record.Record{Partition: deliveryPartition(j.ID), Sort: claimSort, Expires: s.Now().Add(claimTime)})
	switch {
	case errors.Is(err, record.ErrExists):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("webhook: claiming %s: %w", j.ID, err)
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
		defer cancel()
		if err := s.Records.Delete(ctx, deliveryPartition(j.ID), claimSort); err != nil {
			s.Log.WarnContext(ctx, "a webhook's claim stays until it runs out", "job", j.ID, "error", err)
		}
	}, true, nil
}
