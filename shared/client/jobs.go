package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gleaner/shared/job"
)

// Job is a job as the API shows it.
type Job struct {
	job.Job
	Options Options `json:"options"`
}

// Options are a job's settings as the API shows them: the gap in milliseconds.
type Options struct {
	job.Options
	Gap float64 `json:"gap_ms"`
}

// OptionsOf is the form in which options travel.
func OptionsOf(o job.Options) Options {
	return Options{Options: o, Gap: float64(o.Gap) / float64(time.Millisecond)}
}

// JobItem is a job in a list.
type JobItem struct {
	Job
	Progress job.Snapshot `json:"progress"`
}

// JobFilter narrows a list of jobs; zero fields match all.
type JobFilter struct {
	Status string // one of job.Statuses, in any case
	Search string
}

func (f JobFilter) query(cursor string, limit int) url.Values {
	return values("status", f.Status, "q", f.Search, "cursor", cursor, "limit", number(limit))
}

func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// jobsPage is the largest page of jobs the API gives.
const jobsPage = 100

// Jobs returns the newest jobs, at most limit.
func (c *Client) Jobs(ctx context.Context, f JobFilter, limit int) ([]JobItem, error) {
	all := []JobItem{}
	for cursor := ""; ; {
		var page struct {
			Jobs []JobItem `json:"jobs"`
			Next string    `json:"next"`
		}
		err := c.call(ctx, request{method: http.MethodGet, path: "/jobs", query: f.query(cursor, min(jobsPage, limit-len(all)))}, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Jobs...)
		if cursor = page.Next; cursor == "" || len(all) >= limit {
			return all, nil
		}
	}
}

// Job returns a job and its figures.
func (c *Client) Job(ctx context.Context, id job.ID) (Job, job.Snapshot, error) {
	var out struct {
		Job      Job          `json:"job"`
		Progress job.Snapshot `json:"progress"`
	}
	err := c.call(ctx, request{method: http.MethodGet, path: jobPath(id)}, &out)
	return out.Job, out.Progress, err
}

// Progress returns a job's figures; changed is false, and the figures are empty,
// if they are still those of version have.
func (c *Client) Progress(ctx context.Context, id job.ID, have int64) (s job.Snapshot, changed bool, err error) {
	r := request{method: http.MethodGet, path: jobPath(id) + "/progress"}
	if have > 0 {
		r.header = map[string]string{"If-None-Match": `W/"` + strconv.FormatInt(have, 10) + `"`}
	}
	res, err := c.do(ctx, r)
	if err != nil {
		return s, false, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusNotModified {
		return s, false, nil
	}
	err = json.NewDecoder(res.Body).Decode(&s)
	return s, err == nil, err
}

func jobPath(id job.ID) string { return "/jobs/" + url.PathEscape(string(id)) }

// Act does what the API calls by a verb to a job: cancel, pause, resume, retry
// or restore.
func (c *Client) Act(ctx context.Context, id job.ID, verb string) (Job, error) {
	var out struct {
		Job Job `json:"job"`
	}
	err := c.call(ctx, request{method: http.MethodPost, path: jobPath(id) + "/" + verb}, &out)
	return out.Job, err
}

// Delete deletes a job and says until when it can be restored.
func (c *Client) Delete(ctx context.Context, id job.ID) (Job, time.Time, error) {
	var out struct {
		Job       Job       `json:"job"`
		UndoUntil time.Time `json:"undo_until"`
	}
	err := c.call(ctx, request{method: http.MethodDelete, path: jobPath(id)}, &out)
	return out.Job, out.UndoUntil, err
}
