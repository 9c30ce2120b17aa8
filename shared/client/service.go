package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Key is what may be known about an API key.
type Key struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Prefix     string    `json:"prefix"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
}

// Keys returns the caller's keys, newest first.
func (c *Client) Keys(ctx context.Context) ([]Key, error) {
	var out struct {
		Keys []Key `json:"keys"`
	}
	err := c.call(ctx, request{method: http.MethodGet, path: "/keys"}, &out)
	return out.Keys, err
}

// CreateKey makes a key for the caller and returns it with its secret, which
// cannot be had again.
func (c *Client) CreateKey(ctx context.Context, name string) (Key, string, error) {
	var out struct {
		Key    Key    `json:"key"`
		Secret string `json:"secret"`
	}
	err := c.call(ctx, request{method: http.MethodPost, path: "/keys", body: map[string]string{"name": name}, once: true}, &out)
	return out.Key, out.Secret, err
}

// RevokeKey ends a key at once.
func (c *Client) RevokeKey(ctx context.Context, id string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: "/keys/" + url.PathEscape(id)}, nil)
}

// Report is what the server's health check found.
type Report struct {
	Status string  `json:"status"` // ok, degraded or failing
	Checks []Check `json:"checks"`
}

// Check is one thing that was looked at.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"`
	Advice string `json:"advice,omitempty"`
	Millis int64  `json:"ms"`
}

// Doctor has the server examine itself. A report of a failing server is no error.
func (c *Client) Doctor(ctx context.Context) (Report, error) {
	var report Report
	res, err := c.http.Do(c.healthRequest(ctx))
	if err != nil {
		return report, fmt.Errorf("no answer from %s: %w", c.base, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.Header.Get("Content-Type") == "application/problem+json" ||
		res.StatusCode != http.StatusOK && res.StatusCode != http.StatusServiceUnavailable {
		return report, errorOf(res)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(body, &report)
	}
	if err == nil && report.Status == "" {
		err = errors.New("there is no report in it")
	}
	if err != nil {
		return report, fmt.Errorf("the answer of %s cannot be read: %w", c.base, err)
	}
	return report, nil
}

func (c *Client) healthRequest(ctx context.Context) *http.Request {
	target := *c.base
	target.Path += "/health"
	target.RawQuery = "deep=1"
	h := http.Header{"User-Agent": {c.agent}}
	if c.key != "" {
		h.Set("Authorization", "Bearer "+c.key)
	}
	return (&http.Request{Method: http.MethodGet, URL: &target, Host: target.Host, Header: h}).WithContext(ctx)
}
