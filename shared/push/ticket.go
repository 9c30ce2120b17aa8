package push

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gleaner/shared/record"
)

// TicketTTL is how long a ticket opens a connection.
const TicketTTL = 60 * time.Second

const ticketBytes = 32

// Ticket lets its bearer open one connection. Browsers cannot send an
// Authorization header with a WebSocket handshake, and an API key in a URL would
// end up in logs; a ticket there has been used by then.
type Ticket struct {
	Token     string
	ExpiresAt time.Time
}

// Tickets issues and redeems tickets. Only their hashes are stored.
type Tickets struct {
	records record.Store
	now     func() time.Time
}

// Option changes a default of NewTickets and NewSubscriptions.
type Option func(*options)

type options struct{ now func() time.Time }

// WithClock sets the clock; the default is time.Now.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

func apply(opts []Option) options {
	o := options{now: time.Now}
	for _, set := range opts {
		set(&o)
	}
	return o
}

// NewTickets returns Tickets kept in records.
func NewTickets(records record.Store, opts ...Option) *Tickets {
	return &Tickets{records: records, now: apply(opts).now}
}

type storedTicket struct {
	Owner     string    `json:"o"`
	ExpiresAt time.Time `json:"e"`
}

// Issue makes a ticket for an owner, good for TicketTTL.
func (t *Tickets) Issue(ctx context.Context, owner string) (Ticket, error) {
	random := make([]byte, ticketBytes)
	_, _ = rand.Read(random) // never fails
	ticket := Ticket{
		Token:     base64.RawURLEncoding.EncodeToString(random),
		ExpiresAt: t.now().UTC().Add(TicketTTL).Truncate(time.Millisecond),
	}
	value, err := json.Marshal(storedTicket{Owner: owner, ExpiresAt: ticket.ExpiresAt})
	if err != nil {
		return Ticket{}, fmt.Errorf("issue ticket: %w", err)
	}
	r := record.Record{Partition: ticketPartition(ticket.Token), Sort: metaSort, Value: value, Expires: ticket.ExpiresAt}
	if err := t.records.Create(ctx, r); err != nil {
		return Ticket{}, fmt.Errorf("issue ticket: %w", err)
	}
	return ticket, nil
}

// Redeem uses a ticket up and says whose it is. Of several that redeem the same
// ticket one succeeds; ErrTicket for the others, and for one that is unknown or
// ran out.
func (t *Tickets) Redeem(ctx context.Context, token string) (owner string, err error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(ticketBytes) {
		return "", ErrTicket
	}
	r, err := t.records.Take(ctx, ticketPartition(token), metaSort)
	if errors.Is(err, record.ErrNotFound) {
		return "", ErrTicket
	}
	if err != nil {
		return "", fmt.Errorf("redeem ticket: %w", err)
	}
	var stored storedTicket
	if err := json.Unmarshal(r.Value, &stored); err != nil {
		return "", fmt.Errorf("redeem ticket: %w", err)
	}
	if !t.now().Before(stored.ExpiresAt) {
		return "", ErrTicket
	}
	return stored.Owner, nil
}

// ticketPartition holds the SHA-256 of a token: it has 256 random bits, so that
// there is nothing to gain from a slower hash.
func ticketPartition(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "T#" + base64.RawURLEncoding.EncodeToString(sum[:])
}
