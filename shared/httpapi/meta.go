package httpapi

import (
	"fmt"
	"net/http"
	"net/url"

	"gleaner/shared/apikey"
	"gleaner/shared/job"
	"gleaner/shared/submit"
)

// addressKinds and foundBy are the words of job.Address.Kind and FoundBy; a test
// compares them with those of the extraction.
var (
	addressKinds = []string{"personal", "role", "free", "disposable"}
	foundBy      = []string{
		"mailto", "text", "entity", "split", "spaced", "at_dot", "cloudflare", "escape", "jsonld", "json", "microdata",
		"hcard", "attribute", "data_attribute", "base64", "charcode", "script", "rot13", "reversed", "joomla", "typo3",
		"enkoder", "css", "decoy", "vcard", "feed", "pdf", "comment",
	}
)

// outcomeFacts is what /meta says about an outcome.
type outcomeFacts struct {
	Class     job.Class `json:"class"`
	Text      string    `json:"text"`
	Retryable bool      `json:"retryable"`
}

func (a *api) meta(w http.ResponseWriter, _ *http.Request, _ *call) error {
	outcomes := map[job.Outcome]outcomeFacts{}
	for _, o := range job.Outcomes() {
		outcomes[o] = outcomeFacts{o.Class(), o.Text(), o.Retryable()}
	}
	var defaults job.Options
	if err := defaults.Normalise(); err != nil {
		return fmt.Errorf("default options: %w", err)
	}
	return answer(w, http.StatusOK, map[string]any{
		"version":  a.Version,
		"outcomes": outcomes,
		"statuses": job.Statuses(),
		"kinds":    addressKinds,
		"found_by": foundBy,
		"defaults": settingsOf(defaults),
		"limits": map[string]any{
			"urls_per_request": submit.MaxListURLs, "urls_per_job": submit.MaxJobURLs, "chunks": submit.MaxChunks,
			"url_bytes": job.MaxURL, "body_bytes": a.Limits.Body, "decoded_bytes": a.Limits.Decoded,
			"name_characters": submit.MaxName, "idempotency_key_bytes": submit.MaxKey, "keys": apikey.MaxKeys,
			"jobs_page": maxJobs, "items_page": maxItems, "workers": min(a.Workers, job.MaxWorkers), "connections": job.MaxConnections,
			"per_host": job.MaxPerHost, "gap_ms": job.MaxGap.Milliseconds(), "page_budget": job.MaxPageBudget,
			"max_depth": job.MaxMaxDepth, "retention_days": job.MaxRetentionDays, "answer_bytes": a.MaxResponse,
		},
		"push": map[string]bool{"websocket": a.Tickets != nil, "events": a.MaxResponse == 0},
	})
}

func (a *api) ticket(w http.ResponseWriter, r *http.Request, c *call) error {
	if a.Tickets == nil {
		return kindNotFound.problem("This endpoint has no WebSocket.")
	}
	t, err := a.Tickets.Issue(r.Context(), c.owner)
	if err != nil {
		return err
	}
	if t.URL == "" {
		scheme := "ws"
		if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
			scheme = "wss"
		}
		t.URL = scheme + "://" + r.Host + "/ws?ticket=" + url.QueryEscape(t.Ticket)
	}
	return answer(w, http.StatusCreated, t)
}
