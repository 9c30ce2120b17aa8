package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"

	"gleaner/shared/job"
)

// NewJob is a job to create.
type NewJob struct {
	Name    string
	Options job.Options
	Targets []job.Target // normalised, as submit.ParseText gives them
	// Sent is told how many of the targets the server has; may be nil.
	Sent func(done, all int)
}

// Created says what became of a list.
type Created struct {
	Job        Job `json:"job"`
	Accepted   int `json:"accepted"`
	Duplicates int `json:"duplicates"`
	Rejected   int `json:"rejected_count"`
}

// maxChunkBytes keeps a chunk, however long its URLs, far below what any front
// takes.
const maxChunkBytes = 8 << 20

// Create creates a job and starts it. A list that is too long for one request is
// handed in by chunks; a large job may still be CREATING when Create returns.
// Every step is repeated if it has to be, without creating anything twice.
func (c *Client) Create(ctx context.Context, n NewJob) (Created, error) {
	chunks := cut(n.Targets, c.chunk)
	key := rand.Text()
	head := map[string]any{"name": n.Name, "options": OptionsOf(n.Options)}
	if len(chunks) <= 1 {
		text := ""
		if len(chunks) == 1 {
			text = chunks[0].text
		}
		head["text"] = text
		return c.create(ctx, head, key)
	}
	head["open"], head["expect"] = true, len(n.Targets)
	all, err := c.create(ctx, head, key)
	if err != nil {
		return all, err
	}
	id := all.Job.ID
	sent := 0
	for i, chunk := range chunks {
		got, err := c.appendChunk(ctx, id, i, chunk.text)
		if err != nil {
			// What was begun is of no use to anybody.
			_, _ = c.Act(context.WithoutCancel(ctx), id, "cancel")
			return all, fmt.Errorf("chunk %d of %d: %w", i+1, len(chunks), err)
		}
		all.Accepted += got.Accepted
		all.Duplicates += got.Duplicates
		all.Rejected += got.Rejected
		if sent += chunk.urls; n.Sent != nil {
			n.Sent(sent, len(n.Targets))
		}
	}
	var started struct {
		Job Job `json:"job"`
	}
	err = c.call(ctx, request{
		method: http.MethodPost, path: jobPath(id) + "/start", body: map[string]int{"chunks": len(chunks)},
	}, &started)
	all.Job = started.Job
	return all, err
}

func (c *Client) create(ctx context.Context, head map[string]any, key string) (out Created, err error) {
	r := request{method: http.MethodPost, path: "/jobs", body: head, header: map[string]string{"Idempotency-Key": key}}
	return out, c.call(ctx, r, &out)
}

func (c *Client) appendChunk(ctx context.Context, id job.ID, n int, text string) (out Created, err error) {
	raw, err := packed(text)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, request{
		method: http.MethodPut, path: fmt.Sprintf("%s/chunks/%d", jobPath(id), n), raw: raw,
		header: map[string]string{"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"},
	}, &out)
	return out, err
}

func packed(text string) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

type chunk struct {
	text string
	urls int
}

// cut writes targets as lists of at most most URLs and maxChunkBytes each.
func cut(targets []job.Target, most int) []chunk {
	var all []chunk
	var b strings.Builder
	n := 0
	flush := func() {
		if n > 0 {
			all = append(all, chunk{b.String(), n})
			b.Reset()
			n = 0
		}
	}
	for _, t := range targets {
		if n == most || b.Len() > maxChunkBytes {
			flush()
		}
		b.WriteString(Line(t))
		b.WriteByte('\n')
		n++
	}
	flush()
	return all
}

// Line is the line of a list from which the target was read, or one that means
// the same: job.ParseTarget(Line(t)) is t.
func Line(t job.Target) string {
	if t.Guessed {
		return strings.TrimPrefix(t.URL, "https://")
	}
	return t.URL
}
