package client

import (
	"context"
	"net/http"

	"gleaner/shared/job"
	"gleaner/shared/webhook"
)

// WebhookSecret returns the secret that the caller's webhook calls are signed
// with; rotate has a new one made first.
func (c *Client) WebhookSecret(ctx context.Context, rotate bool) (webhook.Secret, error) {
	r := request{method: http.MethodGet, path: "/webhook"}
	if rotate {
		r = request{method: http.MethodPost, path: "/webhook/rotate", once: true}
	}
	var s webhook.Secret
	err := c.call(ctx, r, &s)
	return s, err
}

// Deliveries says what became of the webhook calls about a job, the latest
// completion first.
func (c *Client) Deliveries(ctx context.Context, id job.ID) ([]webhook.Delivery, error) {
	var out struct {
		Deliveries []webhook.Delivery `json:"deliveries"`
	}
	err := c.call(ctx, request{method: http.MethodGet, path: jobPath(id) + "/webhook"}, &out)
	return out.Deliveries, err
}

// SendAgain has the webhook call about a job's latest completion sent again and
// returns it as it is then, begun anew.
func (c *Client) SendAgain(ctx context.Context, id job.ID) (webhook.Delivery, error) {
	var d webhook.Delivery
	err := c.call(ctx, request{method: http.MethodPost, path: jobPath(id) + "/webhook"}, &d)
	return d, err
}
