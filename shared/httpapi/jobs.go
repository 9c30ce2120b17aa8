package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gleaner/shared/job"
)

// Limits of lists.
const (
	defaultJobs  = 20
	maxJobs      = 100
	defaultItems = 100
	maxItems     = job.MaxPage
)

// jobItem is a job in a list.
type jobItem struct {
	*jobView
	Progress job.Snapshot `json:"progress"`
}

func (a *api) jobs(w http.ResponseWriter, r *http.Request, c *call) error {
	query := r.URL.Query()
	if err := known(query, "status", "q", "cursor", "limit"); err != nil {
		return err
	}
	limit, err := limitOf(query, defaultJobs, maxJobs)
	if err != nil {
		return err
	}
	f := job.JobFilter{Status: job.Status(strings.ToUpper(query.Get("status"))), Search: query.Get("q")}
	if f.Status != "" && !slices.Contains(job.Statuses(), f.Status) {
		return parameterError("status", "is none of CREATING, RUNNING, PAUSED, COMPLETED, CANCELLED, FAILED")
	}
	page, err := a.Store.Jobs(r.Context(), c.owner, f, query.Get("cursor"), limit)
	if err != nil {
		return err
	}
	items, err := a.withProgress(r.Context(), page.Items)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]any{"jobs": items, "next": page.Next})
}

// withProgress adds each job's figures, a few at a time.
func (a *api) withProgress(ctx context.Context, jobs []job.Job) ([]jobItem, error) {
	items := make([]jobItem, len(jobs))
	faults := make([]error, len(jobs))
	slots := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for i := range jobs {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			p, err := a.Store.Progress(ctx, jobs[i].ID)
			if err != nil {
				faults[i] = err
				return
			}
			s := a.snapshot(p)
			s.Recent, s.History = nil, nil
			items[i] = jobItem{viewOf(p.Job), s}
		})
	}
	wg.Wait()
	kept := items[:0]
	for i := range items {
		switch {
		case faults[i] == nil:
			kept = append(kept, items[i])
		case problemOf(faults[i]).Status != http.StatusNotFound: // purged meanwhile
			return nil, faults[i]
		}
	}
	return kept, nil
}

func (a *api) snapshot(p job.Progress) job.Snapshot {
	s := p.Snapshot(a.Now().UTC())
	if s.Outcomes == nil {
		s.Outcomes = map[job.Outcome]int64{}
	}
	return s
}

// ownProgress reads the progress of the path's job, in one request.
func (a *api) ownProgress(ctx context.Context, r *http.Request, c *call) (job.Progress, error) {
	id, err := jobID(r)
	if err != nil {
		return job.Progress{}, err
	}
	p, err := a.Store.Progress(ctx, id)
	if err != nil {
		return job.Progress{}, err
	}
	if p.Job.Owner != c.owner || !p.Job.DeletedAt.IsZero() {
		return job.Progress{}, job.ErrNotFound
	}
	return p, nil
}

func (a *api) job(w http.ResponseWriter, r *http.Request, c *call) error {
	p, err := a.ownProgress(r.Context(), r, c)
	if err != nil {
		return err
	}
	if unchanged(w, r, p.Version()) {
		return nil
	}
	return answer(w, http.StatusOK, map[string]any{"job": viewOf(p.Job), "progress": a.snapshot(p)})
}

func (a *api) progress(w http.ResponseWriter, r *http.Request, c *call) error {
	p, err := a.ownProgress(r.Context(), r, c)
	if err != nil {
		return err
	}
	if unchanged(w, r, p.Version()) {
		return nil
	}
	return answer(w, http.StatusOK, a.snapshot(p))
}

// unchanged sets the ETag and answers 304 (RFC 9110, 13.1.2) if the client has
// that version. The tag is weak: the clock in a snapshot goes on without one.
func unchanged(w http.ResponseWriter, r *http.Request, version int64) bool {
	tag := `"` + strconv.FormatInt(version, 10) + `"`
	h := w.Header()
	h.Set("ETag", "W/"+tag)
	h.Set("Cache-Control", "private, no-cache")
	for have := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if have = strings.TrimSpace(have); have == "*" || strings.TrimPrefix(have, "W/") == tag {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

type controlFunc func(ctx context.Context, owner string, id job.ID) (job.Job, error)

// verbs are what can be done to a job by POST /jobs/{id}/….
var verbs = []struct {
	name   string
	do     func(Controller) controlFunc
	starts func(*job.Job) bool // whether a job that did not run will; nil: never
}{
	{"cancel", func(c Controller) controlFunc { return c.Cancel }, nil},
	{"pause", func(c Controller) controlFunc { return c.Pause }, nil},
	{"resume", func(c Controller) controlFunc { return c.Resume }, func(j *job.Job) bool { return j.Status == job.Paused }},
	{"retry", func(c Controller) controlFunc { return c.Retry }, func(j *job.Job) bool { return j.Status.Final() }},
	{"restore", func(c Controller) controlFunc { return c.Restore }, nil},
}

func (a *api) control(do func(Controller) controlFunc, starts func(*job.Job) bool) handle {
	return func(w http.ResponseWriter, r *http.Request, c *call) error {
		id, err := jobID(r)
		if err != nil {
			return err
		}
		if starts != nil {
			if err := a.mayStart(r, c, starts); err != nil {
				return err
			}
		}
		j, err := do(a.Control)(r.Context(), c.owner, id)
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, map[string]any{"job": viewOf(j)})
	}
}

func (a *api) remove(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	j, err := a.Control.Delete(r.Context(), c.owner, id)
	if err != nil {
		return err
	}
	return answer(w, http.StatusAccepted, map[string]any{
		"job": viewOf(j), "undo_until": j.DeletedAt.Add(job.UndoTime).UTC().Truncate(time.Second),
	})
}

func limitOf(query url.Values, normal, most int) (int, error) {
	text := query.Get("limit")
	if text == "" {
		return normal, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, parameterError("limit", fmt.Sprintf("is not a number between 1 and %d", most))
	}
	return n, nil
}

// known refuses parameters that are none, such as a filter with a typing error,
// which would silently match everything.
func known(query url.Values, names ...string) error {
	for name := range query {
		if !slices.Contains(names, name) {
			return parameterError(clip(name), "is not known; known are "+strings.Join(names, ", "))
		}
	}
	return nil
}
