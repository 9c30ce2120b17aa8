package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/submit"
)

// tries bounds how often a client repeats a request that was not answered.
const tries = 50

// insist repeats a request until it is answered, as a client does that knows it
// to be harmless.
func (w *World) insist(request func() error) error {
	var last error
	for range tries {
		if w.Alive(func() { last = request() }) && last == nil {
			return nil
		}
		w.Advance(30 * time.Second)
	}
	return fmt.Errorf("chaos: never answered: %w", last)
}

// Create hands in a list until it is answered, as a client with an idempotency
// key does.
func (w *World) Create(ctx context.Context, urls []string) (id job.ID, err error) {
	list := submit.FromStrings(urls)
	err = w.insist(func() error {
		a, err := w.Submit.Create(ctx, submit.Request{
			Owner: w.Owner, List: list, Options: options,
			Idempotency: &job.Idempotency{Key: "one", Fingerprint: "one"},
		})
		id = a.Job.ID
		return err
	})
	return id, err
}

// options are those of the world's jobs.
var options = job.Options{Follow: job.FollowNone}

// Append opens a job and hands in its list in chunks of size, each until it is
// answered. It returns the number of chunks to start the job with.
func (w *World) Append(ctx context.Context, urls []string, size int) (id job.ID, chunks int, err error) {
	err = w.insist(func() error {
		a, err := w.Submit.Create(ctx, submit.Request{
			Owner: w.Owner, Options: options, Open: true, Expect: len(urls),
			Idempotency: &job.Idempotency{Key: "one", Fingerprint: "one"},
		})
		id = a.Job.ID
		return err
	})
	for ; err == nil && len(urls) > 0; chunks++ {
		part := submit.FromStrings(urls[:min(size, len(urls))])
		urls = urls[min(size, len(urls)):]
		err = w.insist(func() error {
			_, err := w.Submit.Append(ctx, w.Owner, id, chunks, part)
			return err
		})
	}
	return id, chunks, err
}

// Start starts an open job, again and again until it is answered.
func (w *World) Start(ctx context.Context, id job.ID, chunks int) error {
	return w.insist(func() error {
		_, err := w.Submit.Start(ctx, w.Owner, id, chunks)
		return err
	})
}

// Do repeats an action of the owner until it is answered. That it is not allowed
// (any more) is an answer too.
func (w *World) Do(action func() (job.Job, error)) error {
	var err error
	for range tries {
		if w.Alive(func() { _, err = action() }) && (err == nil || errors.Is(err, job.ErrState) ||
			errors.Is(err, job.ErrNothing) || errors.Is(err, job.ErrNotFound)) {
			return err
		}
	}
	return fmt.Errorf("chaos: never answered: %w", err)
}

// Pause pauses a job.
func (w *World) Pause(ctx context.Context, id job.ID) error {
	return w.Do(func() (job.Job, error) { return w.Control.Pause(ctx, w.Owner, id) })
}

// Resume resumes a job.
func (w *World) Resume(ctx context.Context, id job.ID) error {
	return w.Do(func() (job.Job, error) { return w.Control.Resume(ctx, w.Owner, id) })
}

// Cancel cancels a job.
func (w *World) Cancel(ctx context.Context, id job.ID) error {
	return w.Do(func() (job.Job, error) { return w.Control.Cancel(ctx, w.Owner, id) })
}

// Retry retries what failed in a job.
func (w *World) Retry(ctx context.Context, id job.ID) error {
	return w.Do(func() (job.Job, error) { return w.Control.Retry(ctx, w.Owner, id) })
}

// Delete deletes a job.
func (w *World) Delete(ctx context.Context, id job.ID) error {
	return w.Do(func() (job.Job, error) { return w.Control.Delete(ctx, w.Owner, id) })
}

// Restore brings a deleted job back.
func (w *World) Restore(ctx context.Context, id job.ID) error {
	return w.Do(func() (job.Job, error) { return w.Control.Restore(ctx, w.Owner, id) })
}
