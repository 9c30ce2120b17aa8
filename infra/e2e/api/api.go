// Package api is how end-to-end tests speak to the HTTP API: plainly, without
// package client, and so that an answer other than the one expected ends the test.
package api

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"gleaner/shared/job"
)

// Caller makes requests of one owner.
type Caller struct {
	TB   testing.TB
	Base string // URL of the installation, without a slash at its end
	Key  string // the owner's API key; none where nobody is asked for one
}

// Do makes a request, with a body of plain text unless it is empty, wants a status,
// and decodes the answer into out, if given.
func (c *Caller) Do(method, path, body string, want int, out any) {
	c.TB.Helper()
	req, err := http.NewRequestWithContext(c.TB.Context(), method, c.Base+path, strings.NewReader(body))
	if err != nil {
		c.TB.Fatal(err)
	}
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "text/plain")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.TB.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		c.TB.Fatalf("%s %s: %s, %v\n%s", method, path, res.Status, err, text)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			c.TB.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
}

// Create hands in a list, of which every URL must be accepted, as a job that reads
// these pages and no others.
func (c *Caller) Create(urls []string) job.ID {
	c.TB.Helper()
	var created struct {
		Job      struct{ ID job.ID }
		Accepted int
		Started  int64 `json:"started_in_ms"`
	}
	c.Do(http.MethodPost, "/jobs?follow=none&per_host=8", strings.Join(urls, "\n"), http.StatusAccepted, &created)
	if created.Accepted != len(urls) {
		c.TB.Fatalf("%d of %d accepted", created.Accepted, len(urls))
	}
	c.TB.Logf("%d URLs accepted in %d ms", created.Accepted, created.Started)
	return created.Job.ID
}

// Progress is how far a job is.
func (c *Caller) Progress(id job.ID) (p job.Snapshot) {
	c.TB.Helper()
	c.Do(http.MethodGet, "/jobs/"+string(id)+"/progress", "", http.StatusOK, &p)
	return p
}

// Addresses reads all addresses of a job, page by page; none may be listed twice.
func (c *Caller) Addresses(id job.ID) map[string]bool {
	c.TB.Helper()
	found := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Emails []job.Address
			Next   string
		}
		c.Do(http.MethodGet, "/jobs/"+string(id)+"/emails?limit=1000&cursor="+cursor, "", http.StatusOK, &page)
		for _, a := range page.Emails {
			if found[a.Email] {
				c.TB.Fatalf("%s is listed twice", a.Email)
			}
			found[a.Email] = true
		}
		if cursor = page.Next; cursor == "" {
			return found
		}
	}
}
