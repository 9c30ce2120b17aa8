package job

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// ErrUnchanged is returned by a change function that found nothing to do.
var ErrUnchanged = errors.New("nothing to change")

// ErrCursor says that a cursor does not belong to the list it was used with.
var ErrCursor = errors.New("cursor is not of this list")

const maxMutations = 20

// Mutate reads a job, lets change work on it and writes it back, again from the
// start when somebody else was faster. An error from change ends it and is
// returned as it is; ErrUnchanged ends it without a write and without an error.
func Mutate(ctx context.Context, s JobStore, id ID, change func(*Job) error) (Job, error) {
	var last error
	for n := range maxMutations {
		j, err := s.Job(ctx, id)
		if err != nil {
			return Job{}, err
		}
		if err := change(&j); err != nil {
			if errors.Is(err, ErrUnchanged) {
				return j, nil
			}
			return j, err
		}
		j, last = s.UpdateJob(ctx, j)
		if !errors.Is(last, ErrConflict) {
			return j, last
		}
		select {
		case <-ctx.Done():
			return Job{}, ctx.Err()
		case <-time.After(rand.N(time.Duration(n+1) * 5 * time.Millisecond)):
		}
	}
	return Job{}, fmt.Errorf("job %s: gave up after %d attempts: %w", id, maxMutations, last)
}
