package webhook

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gleaner/shared/record"
)

// SecretPrefix begins every secret, so that people and secret scanners know one.
const SecretPrefix = "whsec_"

// RotationTime is how long calls are also signed with the secret that was replaced.
const RotationTime = 24 * time.Hour

// Secret is what an owner's calls are signed with. Unlike an API key it is stored
// as it is, for signing needs it.
type Secret struct {
	Secret    string    `json:"secret"`
	CreatedAt time.Time `json:"created_at"`
	// Previous signs too until PreviousUntil.
	Previous      string    `json:"previous,omitempty"`
	PreviousUntil time.Time `json:"previous_until,omitzero"`
}

// valid lists the secrets to sign with.
func (s Secret) valid(now time.Time) []string {
	if s.Previous != "" && now.Before(s.PreviousUntil) {
		return []string{s.Secret, s.Previous}
	}
	return []string{s.Secret}
}

// Secrets keeps one secret for each owner. It is safe for concurrent use.
type Secrets struct {
	records record.Store
	now     func() time.Time
}

// NewSecrets keeps secrets in records. now may be nil.
func NewSecrets(records record.Store, now func() time.Time) *Secrets {
	if now == nil {
		now = time.Now
	}
	return &Secrets{records: records, now: now}
}

const metaSort = "META"

func secretPartition(owner string) string { return "WH#" + owner }

// Of returns an owner's secret, which is made the first time it is asked for.
func (s *Secrets) Of(ctx context.Context, owner string) (Secret, error) {
	secret, err := s.read(ctx, owner)
	if !errors.Is(err, record.ErrNotFound) {
		return secret, err
	}
	secret = Secret{Secret: newSecret(), CreatedAt: s.now().UTC()}
	value, err := json.Marshal(secret) //nolint:gosec // stored in the table, never logged
	if err != nil {
		return Secret{}, fmt.Errorf("webhook secret: %w", err)
	}
	err = s.records.Create(ctx, record.Record{Partition: secretPartition(owner), Sort: metaSort, Value: value})
	switch {
	case errors.Is(err, record.ErrExists): // somebody else was faster
		return s.read(ctx, owner)
	case err != nil:
		return Secret{}, fmt.Errorf("store webhook secret: %w", err)
	}
	return secret, nil
}

// Rotate gives an owner a new secret. The one before it signs for RotationTime
// too, so that receivers can be changed without missing a call.
func (s *Secrets) Rotate(ctx context.Context, owner string) (Secret, error) {
	old, err := s.Of(ctx, owner)
	if err != nil {
		return Secret{}, err
	}
	now := s.now().UTC()
	fresh := Secret{Secret: newSecret(), CreatedAt: now, Previous: old.Secret, PreviousUntil: now.Add(RotationTime)}
	value, err := json.Marshal(fresh) //nolint:gosec // as above
	if err != nil {
		return Secret{}, fmt.Errorf("webhook secret: %w", err)
	}
	if err := s.records.Put(ctx, record.Record{Partition: secretPartition(owner), Sort: metaSort, Value: value}); err != nil {
		return Secret{}, fmt.Errorf("store webhook secret: %w", err)
	}
	return fresh, nil
}

func (s *Secrets) read(ctx context.Context, owner string) (Secret, error) {
	r, err := s.records.Get(ctx, secretPartition(owner), metaSort)
	if err != nil {
		return Secret{}, fmt.Errorf("webhook secret: %w", err)
	}
	var secret Secret
	if err := json.Unmarshal(r.Value, &secret); err != nil {
		return Secret{}, fmt.Errorf("webhook secret: %w", err)
	}
	return secret, nil
}

func newSecret() string { return SecretPrefix + rand.Text() + rand.Text() }
