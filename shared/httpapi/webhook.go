package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"gleaner/shared/webhook"
)

// webhookSecret shows what the caller's webhook calls are signed with.
func (a *api) webhookSecret(w http.ResponseWriter, r *http.Request, c *call) error {
	s, err := webhook.NewSecrets(a.Records, a.Now).Of(r.Context(), c.owner)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, s)
}

func (a *api) rotateWebhookSecret(w http.ResponseWriter, r *http.Request, c *call) error {
	s, err := webhook.NewSecrets(a.Records, a.Now).Rotate(r.Context(), c.owner)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, s)
}

// deliveries says what became of the calls about a job.
func (a *api) deliveries(w http.ResponseWriter, r *http.Request, c *call) error {
	j, err := a.own(r.Context(), r, c)
	if err != nil {
		return err
	}
	all, err := webhook.Deliveries(r.Context(), a.Records, &j)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]any{"deliveries": all})
}

// sendAgain has the call about a job made once more.
func (a *api) sendAgain(w http.ResponseWriter, r *http.Request, c *call) error {
	j, err := a.own(r.Context(), r, c)
	if err != nil {
		return err
	}
	d, err := webhook.SendAgain(r.Context(), a.Records, a.Bells, &j, a.Now())
	switch {
	case errors.Is(err, webhook.ErrNoWebhook):
		return kindState.problem("This job has no webhook, so there is no call to send.")
	case errors.Is(err, webhook.ErrNotCompleted):
		return kindState.problem("Only a completed job is announced, and this one is " + strings.ToLower(string(j.Status)) + ".")
	case err != nil:
		return err
	}
	return answer(w, http.StatusAccepted, d)
}
