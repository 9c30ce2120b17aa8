package submit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gleaner/shared/job"
	"gleaner/shared/queue"
)

// ErrNotOpen is returned for a chunk of a job that takes none (any more).
var ErrNotOpen = fmt.Errorf("%w: the job is not open for chunks", job.ErrState)

// MissingError names chunks that start was told of but that were never appended.
type MissingError struct {
	Numbers []int // the first hundred
	Count   int
}

// Error implements error.
func (e *MissingError) Error() string {
	names := make([]string, 0, 20)
	for _, n := range e.Numbers[:min(len(e.Numbers), 20)] {
		names = append(names, strconv.Itoa(n))
	}
	more := ""
	if e.Count > len(names) {
		more = fmt.Sprintf(" and %d more", e.Count-len(names))
	}
	return fmt.Sprintf("missing chunks: %s%s", strings.Join(names, ", "), more)
}

// Append stores chunk number (from 0) of an open job's list, replacing an earlier
// one with that number. A chunk without any usable address is stored too: its
// lines count as rejected. Errors: job.ErrNotFound, ErrNotOpen, *job.FieldError.
func (s *Service) Append(ctx context.Context, owner string, id job.ID, number int, l List) (Answer, error) {
	if number < 0 || number >= MaxChunks {
		return Answer{}, &job.FieldError{Field: "n", Reason: fmt.Sprintf("%d is not between 0 and %d", number, MaxChunks-1)}
	}
	if err := l.check(); err != nil && !errors.As(err, new(*EmptyError)) {
		return Answer{}, err
	}
	j, err := s.own(ctx, owner, id)
	if err != nil {
		return Answer{}, err
	}
	if j.Status != job.Creating || !j.Open {
		return Answer{}, ErrNotOpen
	}
	c := job.Chunk{Number: number, Targets: l.Targets, Lines: l.Lines, Rejected: l.RejectedCount, Duplicates: l.Duplicates}
	if err := s.store.PutChunk(ctx, id, c); err != nil {
		return Answer{}, fmt.Errorf("job %s chunk %d: %w", id, number, err)
	}
	return Answer{
		Job: j, Accepted: len(l.Targets), Duplicates: l.Duplicates,
		RejectedCount: l.RejectedCount, Rejected: l.Rejected,
	}, nil
}

// Start closes an open job with its chunks 0 to chunks-1 and starts it. Small
// jobs are planned at once; the plan of one with more than 100,000 URLs is left
// to a worker (Plan), and the job returned is still CREATING. Repeating it is
// harmless. Errors: job.ErrNotFound, job.ErrState, *MissingError, *EmptyError,
// *job.FieldError, *BusyError.
func (s *Service) Start(ctx context.Context, owner string, id job.ID, chunks int) (job.Job, error) {
	if chunks < 1 || chunks > MaxChunks {
		return job.Job{}, &job.FieldError{Field: "chunks", Reason: fmt.Sprintf("%d is not between 1 and %d", chunks, MaxChunks)}
	}
	j, err := s.own(ctx, owner, id)
	switch {
	case err != nil:
		return job.Job{}, err
	case !j.Open && j.Chunks != chunks:
		return job.Job{}, &job.StateError{ID: id, Status: j.Status, Wanted: job.Running}
	case j.Status == job.Cancelled || j.Status == job.Failed:
		return job.Job{}, &job.StateError{ID: id, Status: j.Status, Wanted: job.Running}
	case j.Status != job.Creating:
		return j, nil
	}
	all, err := s.gatherChunks(ctx, id, chunks, inlineURLs)
	if err != nil {
		return job.Job{}, err
	}
	j, err = job.Mutate(ctx, s.store, id, func(j *job.Job) error {
		if !j.Open {
			return job.ErrUnchanged
		}
		j.Open, j.Chunks = false, chunks
		return nil
	})
	if err != nil {
		return job.Job{}, fmt.Errorf("close job %s: %w", id, err)
	}
	if all.lists == nil {
		bell := job.Bell{Ref: job.Ref{Job: id}, Kind: job.BellPlan}
		if err := s.bells.Send(ctx, []queue.Outgoing{{Body: bell.Encode(), Group: bell.Group()}}); err != nil {
			return job.Job{}, fmt.Errorf("ring the planner of job %s: %w", id, err)
		}
		return j, nil
	}
	return s.planChunks(ctx, id, all)
}

// Plan plans and starts a job that Start has left to a worker. It may be called
// any number of times, also after a crash: the same chunks give the same plan.
// A job that is not there or not waiting for a plan is no error. *BusyError
// means that somebody else is at it: look again later.
func (s *Service) Plan(ctx context.Context, id job.ID) error {
	j, err := s.store.Job(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if j.Status != job.Creating || j.Open || j.Chunks == 0 || !j.DeletedAt.IsZero() {
		return nil
	}
	all, err := s.gatherChunks(ctx, id, j.Chunks, MaxJobURLs)
	if errors.As(err, new(*MissingError)) || errors.As(err, new(*EmptyError)) {
		return s.fail(ctx, id, err.Error())
	}
	if err != nil {
		return err
	}
	_, err = s.planChunks(ctx, id, all)
	return err
}

func (s *Service) planChunks(ctx context.Context, id job.ID, all gathered) (job.Job, error) {
	j, mine, err := s.takeOver(ctx, id, 0)
	if err != nil || !mine {
		return j, err
	}
	targets, duplicates := job.Distinct(all.lists...)
	p := job.PlanDistinct(id, targets, s.now().UTC().Add(RingGrace))
	return s.finish(context.WithoutCancel(ctx), j, p, func(j *job.Job) {
		s.planned(j, p, all.duplicates+duplicates)
		j.Rejected = all.rejected
	})
}

func (s *Service) fail(ctx context.Context, id job.ID, reason string) error {
	_, err := job.Mutate(ctx, s.store, id, func(j *job.Job) error {
		if j.Status != job.Creating {
			return job.ErrUnchanged
		}
		return j.Become(job.Failed, s.now().UTC(), reason)
	})
	return err
}

// gathered is what the chunks of a job amount to.
type gathered struct {
	lists      [][]job.Target // of each chunk; nil if there are more than the caller wants in memory
	duplicates int            // within chunks
	rejected   int
}

// gatherChunks reads chunks 0 to n-1 and checks that they are all there. It
// keeps at most limit targets.
func (s *Service) gatherChunks(ctx context.Context, id job.ID, n, limit int) (gathered, error) {
	all := gathered{lists: make([][]job.Target, 0, n)}
	missing := &MissingError{}
	miss := func(from, to int) {
		missing.Count += to - from
		for i := from; i < to && len(missing.Numbers) < MaxRejected; i++ {
			missing.Numbers = append(missing.Numbers, i)
		}
	}
	next, urls, lines := 0, 0, 0
	err := s.store.Chunks(ctx, id, func(c job.Chunk) error {
		if c.Number >= n {
			return &job.FieldError{Field: "chunks", Reason: fmt.Sprintf("is %d, but there is a chunk number %d", n, c.Number)}
		}
		miss(next, c.Number)
		next = c.Number + 1
		urls += len(c.Targets)
		lines += c.Lines
		all.duplicates += c.Duplicates
		all.rejected += c.Rejected
		if urls > MaxJobURLs {
			return &job.FieldError{Field: "chunks", Reason: fmt.Sprintf("hold more than %d addresses", MaxJobURLs)}
		}
		if urls > limit {
			all.lists = nil
		} else {
			all.lists = append(all.lists, c.Targets)
		}
		return nil
	})
	if err != nil {
		return gathered{}, fmt.Errorf("chunks of job %s: %w", id, err)
	}
	miss(next, n)
	switch {
	case missing.Count > 0:
		return gathered{}, missing
	case urls == 0:
		return gathered{}, &EmptyError{List: List{Lines: lines, RejectedCount: all.rejected}}
	}
	return all, nil
}
