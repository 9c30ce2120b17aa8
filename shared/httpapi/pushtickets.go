package httpapi

import (
	"context"
	"net/url"

	"gleaner/shared/push"
)

// PushTickets issues the tickets of package push.
type PushTickets struct {
	Tickets *push.Tickets
	// URL is where WebSockets connect; empty for /ws on the host of the request.
	URL string
}

// Issue implements Tickets.
func (p PushTickets) Issue(ctx context.Context, owner string) (Ticket, error) {
	t, err := p.Tickets.Issue(ctx, owner)
	if err != nil {
		return Ticket{}, err
	}
	ticket := Ticket{Ticket: t.Token, ExpiresAt: t.ExpiresAt}
	if p.URL != "" {
		ticket.URL = p.URL + "?ticket=" + url.QueryEscape(t.Token)
	}
	return ticket, nil
}
