package httpapi

import (
	"net/http"

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
	all, err := webhook.Deliveries(r.Context(), a.Records, j.ID)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]any{"deliveries": all})
}
