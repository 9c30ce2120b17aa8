package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/work"
)

// Retry tries again what failed for a reason that may have passed, as new
// batches of the same job; a cancelled job also gets back the batches that never
// ran. The batches are added in the background. job.ErrNothing when no outcome of
// the job is worth it; *job.StateError while the job runs. A retry that is under
// way already is left to go on.
func (s *Service) Retry(ctx context.Context, owner string, id job.ID) (job.Job, error) {
	p, err := s.store.Progress(ctx, id)
	if err != nil {
		return job.Job{}, fmt.Errorf("control: retry: %w", err)
	}
	j, err := s.mutate(ctx, owner, id, func(j *job.Job) error {
		switch {
		case j.Status == job.Running && !j.Adding.IsZero():
			return job.ErrUnchanged
		case j.Status != job.Completed && j.Status != job.Cancelled:
			return &job.StateError{ID: j.ID, Status: j.Status, Wanted: job.Running}
		case !worthRetrying(p):
			return fmt.Errorf("job %s: %w", id, job.ErrNothing)
		}
		j.Adding = s.now()
		j.Retries++
		return j.Become(job.Running, s.now(), "retry")
	})
	if err != nil {
		return j, err
	}
	if err := s.ring(ctx, id, job.BellRetry, 0); err != nil {
		s.log.WarnContext(ctx, "retry begun, but its bell was not rung; the sweeper will", "job", id, "error", err)
	}
	return j, nil
}

func worthRetrying(p job.Progress) bool {
	for o, n := range p.Counters.Outcomes {
		if n > 0 && o.Retryable() {
			return true
		}
	}
	return p.OpenBatches() > 0
}

// AddRetries adds the batches of the retry that the job is in, rings them and
// all others that wait, and ends the adding. It can be repeated at any point.
func (s *Service) AddRetries(ctx context.Context, id job.ID) error {
	j, err := s.store.Job(ctx, id)
	switch {
	case errors.Is(err, job.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("control: adding retries: %w", err)
	case j.Adding.IsZero():
		return nil
	}
	chains, err := s.retryChains(ctx, j)
	if err != nil {
		return err
	}
	for _, chain := range chains {
		// The last comes first, so that no batch can run whose next is not stored.
		for _, r := range slices.Backward(chain) {
			err := s.addRetry(ctx, j, r)
			if err != nil && !errors.Is(err, job.ErrConflict) { // ErrConflict: added by an earlier try
				return fmt.Errorf("control: adding retries to %s: %w", id, err)
			}
		}
	}
	j, err = job.Mutate(ctx, s.store, id, func(j *job.Job) error {
		if j.Adding.IsZero() {
			return job.ErrUnchanged
		}
		j.Adding = time.Time{}
		return nil
	})
	if err != nil {
		return fmt.Errorf("control: ending the adding to %s: %w", id, err)
	}
	if j.Status != job.Running {
		return nil
	}
	if err := s.RingPending(ctx, j); err != nil {
		return err
	}
	return work.CompleteIfDone(ctx, s.store, s.bells, id, s.now())
}

// retryBatch is a batch to be, made of what failed in its origins.
type retryBatch struct {
	key, next job.Key
	held      bool
	origins   []origin
}

// origin is a settled batch with URLs to retry.
type origin struct {
	key    job.Key
	marked job.Key // the batch that retries it already
}

// retryChains finds the batches with something to retry and groups them: what
// may hold pages of one host (a batch and its descendants, a lane) comes into
// one chain, whose batches run one after the other. Calling it again while the
// same retry is half added gives the same chains.
func (s *Service) retryChains(ctx context.Context, j job.Job) ([][]retryBatch, error) {
	lanes := newLanes()
	var origins []origin
	for cursor := ""; ; {
		page, err := s.store.Batches(ctx, j.ID, cursor, ringPage)
		if err != nil {
			return nil, fmt.Errorf("control: batches of %s: %w", j.ID, err)
		}
		for i := range page.Items {
			b := &page.Items[i]
			if b.Next != "" {
				lanes.join(b.Ref.Key.Seq(), b.Next.Seq())
			}
			// What settled after the retry began is left to the next one, so that a
			// repeat of this one sees the same.
			if len(retryable(b)) > 0 && !b.Finished.After(j.Adding) &&
				(b.Retried == "" || ofRound(b.Retried, j.Retries)) {
				origins = append(origins, origin{b.Ref.Key, b.Retried})
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	slices.SortFunc(origins, func(a, b origin) int { return cmp.Compare(a.key, b.key) })
	byLane := map[int][]origin{}
	var order []int
	for _, o := range origins {
		root := lanes.root(o.key.Seq())
		if byLane[root] == nil {
			order = append(order, root)
		}
		byLane[root] = append(byLane[root], o)
	}
	chains := make([][]retryBatch, 0, len(order))
	for _, root := range order {
		chains = append(chains, chainOf(j, byLane[root]))
	}
	return chains, nil
}

// chainOf makes one batch of each family of origins in a lane and chains them.
func chainOf(j job.Job, origins []origin) []retryBatch {
	var chain []retryBatch
	for _, o := range origins {
		last := len(chain) - 1
		family := last >= 0 && chain[last].key.Seq() == o.key.Seq()
		if last < 0 || !family || len(chain[last].origins) == job.MaxRetryOrigins {
			key := job.RetryKey(j.Retries, o.key.Seq())
			if family {
				key = chain[last].key.Child('c')
			}
			chain = append(chain, retryBatch{key: key, held: last >= 0})
			if last++; last > 0 {
				chain[last-1].next = key
			}
		}
		chain[last].origins = append(chain[last].origins, o)
	}
	return chain
}

// addRetry stores one retry batch and takes its URLs' old outcomes off.
func (s *Service) addRetry(ctx context.Context, j job.Job, r retryBatch) error {
	b := job.Batch{
		Ref:    job.Ref{Job: j.ID, Key: r.key},
		Status: job.Pending,
		Next:   r.next,
		Held:   r.held,
	}
	if !r.held {
		b.Due = s.now().Add(work.BellGrace)
	}
	superseded := map[job.Outcome]int{}
	var keys []job.Key
	for _, o := range r.origins {
		if o.marked != "" {
			return job.ErrConflict
		}
		old, err := s.store.Batch(ctx, job.Ref{Job: j.ID, Key: o.key})
		if err != nil {
			return err
		}
		guessed := map[string]bool{}
		for _, t := range old.Targets {
			guessed[t.URL] = t.Guessed
		}
		for _, v := range retryable(&old) {
			b.Targets = append(b.Targets, job.Target{URL: v.URL, Guessed: guessed[v.URL]})
			superseded[v.Outcome]++
		}
		keys = append(keys, o.key)
	}
	return s.store.AddRetry(ctx, b, keys, superseded)
}

// retryable are the visits of a settled batch that are worth another try.
func retryable(b *job.Batch) []job.Visit {
	if b.Status != job.Done || b.Split || b.Result == nil {
		return nil
	}
	var again []job.Visit
	for _, v := range b.Result.Visits {
		if v.Outcome.Retryable() {
			again = append(again, v)
		}
	}
	return again
}

// ofRound reports whether key is a batch of the given round of retries.
func ofRound(key job.Key, round int) bool {
	want := job.RetryKey(round, key.Seq())
	return len(key) >= len(want) && key[:len(want)] == want &&
		(len(key) == len(want) || key[len(want)] > '9')
}

// lanes finds which families of batches are linked by a lane (union-find).
type lanes map[int]int

func newLanes() lanes { return lanes{} }

func (l lanes) root(n int) int {
	for {
		up, ok := l[n]
		if !ok || up == n {
			return n
		}
		if upper, ok := l[up]; ok {
			l[n] = upper
		}
		n = up
	}
}

func (l lanes) join(a, b int) {
	ra, rb := l.root(a), l.root(b)
	if ra != rb {
		l[max(ra, rb)] = min(ra, rb)
	}
}
