package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"gleaner/shared/job"
	"gleaner/shared/push"
)

// result is what became of one job's message.
type result struct {
	answered bool // the front took a message, or said that a connection is gone
	failed   failures
	err      error // the store's
}

// failures are the connections that could not be posted to, though not gone.
type failures map[string]error

// join makes one error of them that does not grow with their number.
func (f failures) join() error {
	if len(f) == 0 {
		return nil
	}
	first := slices.Min(slices.Collect(maps.Keys(f)))
	return fmt.Errorf("%d messages not posted, the first: %w", len(f), f[first])
}

// notify posts one job's state to all who watch it and have not seen it.
func (h *Handler) notify(ctx context.Context, id job.ID, slots chan struct{}) result {
	seen := h.posted.versions(id)
	watchers, s, err := h.look(ctx, id, len(seen) > 0)
	if err != nil {
		return result{err: err}
	}
	if len(watchers) == 0 || s.message == nil {
		h.posted.forget(id)
		return result{}
	}
	now := make(map[string]int64, len(watchers))
	r := result{failed: failures{}}
	var mu sync.Mutex // guards now and r
	var posts sync.WaitGroup
	for _, connection := range watchers {
		if v, ok := seen[connection]; ok && v >= s.version {
			mu.Lock()
			now[connection] = v
			mu.Unlock()
			continue
		}
		slots <- struct{}{}
		posts.Go(func() {
			defer func() { <-slots }()
			err := h.post(ctx, id, connection, s.message)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				now[connection] = s.version
				r.answered = true
			case errors.Is(err, push.ErrGone):
				r.answered = true
			default:
				r.failed[connection] = err
			}
		})
	}
	posts.Wait()
	h.posted.replace(id, now)
	return r
}

// state is a job's state as a message; without one if the job has been purged.
type state struct {
	message []byte
	version int64
}

// look reads who watches a job and, if anybody does, its state. Most jobs are
// watched by nobody, which one small request finds out. One that was watched the
// last time is asked for both at once: the watcher is waiting.
//
// Which of the two is read first makes no difference: both are read after the
// change that is announced, and who subscribes meanwhile reads for itself.
func (h *Handler) look(ctx context.Context, id job.ID, watched bool) (watchers []string, s state, err error) {
	if !watched {
		watchers, err = h.subscriptions.Subscribers(ctx, id)
		if err == nil && len(watchers) > 0 {
			s, err = h.compose(ctx, id)
		}
		return watchers, s, err
	}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		watchers, err = h.subscriptions.Subscribers(ctx, id)
		return err
	})
	both.Go(func() (err error) {
		s, err = h.compose(ctx, id)
		return err
	})
	err = both.Wait()
	return watchers, s, err
}

// compose makes the message about a job as it is now. One that is deleted, but
// not yet beyond restoring, is announced as gone.
func (h *Handler) compose(ctx context.Context, id job.ID) (s state, err error) {
	p, err := h.jobs.Progress(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return state{}, nil
	}
	if err != nil {
		return state{}, err
	}
	s.version = p.Version()
	if !p.Job.DeletedAt.IsZero() {
		s.message, err = push.Message{Type: push.TypeError, Job: id, Status: http.StatusNotFound, Detail: "the job was deleted"}.Encode()
	} else {
		s.message, err = push.Progress(p.Snapshot(h.now().UTC()))
	}
	return s, err
}

func (h *Handler) post(ctx context.Context, id job.ID, connection string, message []byte) error {
	call, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	err := h.publisher.Post(call, connection, message)
	if !errors.Is(err, push.ErrGone) {
		return err
	}
	if dropped := h.subscriptions.Drop(ctx, connection, id); dropped != nil {
		// It costs a useless post with the next change, and its records expire.
		h.log.WarnContext(ctx, "connection is gone but could not be forgotten", "job", id, "connection", connection, "error", dropped)
	}
	return err
}

// dismiss closes connections that could not be posted to.
func (h *Handler) dismiss(ctx context.Context, id job.ID, failed failures) {
	var closes errgroup.Group // for its limit
	closes.SetLimit(parallelPosts)
	for connection, err := range failed {
		closes.Go(func() error {
			call, cancel := context.WithTimeout(ctx, postTimeout)
			defer cancel()
			closed := h.publisher.Close(call, connection)
			h.log.WarnContext(ctx, "connection could not be posted to and was closed",
				"job", id, "connection", connection, "error", errors.Join(err, closed))
			return nil
		})
	}
	_ = closes.Wait()
}

// maxPosted bounds the jobs whose last versions a warm process remembers.
const maxPosted = 1024

// posted remembers what each connection was sent of each job, to save messages:
// forgetting costs no more than a repeat.
type posted struct {
	mu   sync.Mutex
	jobs map[job.ID]map[string]int64
}

// versions returns what the connections that watch a job were sent last; it is
// not to be written to.
func (p *posted) versions(id job.ID) map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.jobs[id]
}

func (p *posted) replace(id job.ID, versions map[string]int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.jobs == nil {
		p.jobs = map[job.ID]map[string]int64{}
	}
	delete(p.jobs, id)
	for old := range p.jobs {
		if len(p.jobs) < maxPosted {
			break
		}
		delete(p.jobs, old)
	}
	p.jobs[id] = versions
}

// forget drops what is known of a job that nobody watches any more.
func (p *posted) forget(id job.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.jobs, id)
}
