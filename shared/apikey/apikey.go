// Package apikey keeps the bearer keys (RFC 6750) of owners. A key is shown once,
// when it is made; only its SHA-256 is stored. Keys have 256 bits and more of
// entropy, so that a fast hash without salt is enough.
package apikey

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"gleaner/shared/job"
	"gleaner/shared/record"
)

// Limits of keys.
const (
	MaxName = 100 // characters of a key's name
	MaxKeys = 100 // keys of one owner
)

// Errors that callers decide on.
var (
	// ErrInvalid: the key is unknown, revoked or no key at all.
	ErrInvalid = errors.New("API key is not valid")
	// ErrNotFound: the owner has no key with that ID.
	ErrNotFound = errors.New("no such API key")
	// ErrTooMany: the owner has MaxKeys keys already.
	ErrTooMany = fmt.Errorf("there are %d keys already: revoke one first", MaxKeys)
)

const (
	// Prefix begins every key, so that people and secret scanners know one.
	Prefix = "glk_"

	shownRandom = 6 // characters after Prefix that stay visible
	noteEvery   = time.Minute

	meta = "META" // the key itself, in its hash's partition
	used = "USED" // when it was last used, beside it: a late note never brings a revoked key back

	usedFor = 400 * 24 * time.Hour
)

// Key is what may be known about a key.
type Key struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Prefix     string    `json:"prefix"` // its first characters, to tell keys apart
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"` // to within a minute
	Owner      string    `json:"-"`
}

// stored is a key as it is kept, the same under its hash and under its owner.
type stored struct {
	Key
	Owner string `json:"owner"`
	Hash  string `json:"hash"`
}

// Service makes, lists, revokes and checks keys. It is safe for concurrent use.
type Service struct {
	records record.Store
	now     func() time.Time
	log     *slog.Logger
}

// New returns a service that keeps its keys in records. now and log may be nil.
func New(records record.Store, now func() time.Time, log *slog.Logger) *Service {
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{records: records, now: now, log: log}
}

func hashPartition(hash string) string   { return "K#" + hash }
func ownerPartition(owner string) string { return "KO#" + owner }

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Create makes a key for owner and returns it with its secret, which cannot be
// had again. Errors: *job.FieldError for the name, ErrTooMany.
func (s *Service) Create(ctx context.Context, owner, name string) (Key, string, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > MaxName || !utf8.ValidString(name) {
		return Key{}, "", &job.FieldError{Field: "name", Reason: fmt.Sprintf("is not 1 to %d characters long", MaxName)}
	}
	existing, _, err := s.records.List(ctx, ownerPartition(owner), "", "", MaxKeys)
	if err != nil {
		return Key{}, "", fmt.Errorf("api keys of %s: %w", owner, err)
	}
	if len(existing) >= MaxKeys {
		return Key{}, "", ErrTooMany
	}
	now := s.now().UTC()
	secret := Prefix + rand.Text() + rand.Text()
	k := stored{
		Key: Key{
			ID: ulid.MustNewDefault(now).String(), Name: name,
			Prefix: secret[:len(Prefix)+shownRandom], CreatedAt: now, Owner: owner,
		},
		Owner: owner, Hash: hashOf(secret),
	}
	value, err := json.Marshal(k)
	if err != nil {
		return Key{}, "", fmt.Errorf("api key: %w", err)
	}
	// The owner's entry comes first: a key that works can always be seen and revoked.
	for _, r := range []record.Record{
		{Partition: ownerPartition(owner), Sort: k.ID, Value: value},
		{Partition: hashPartition(k.Hash), Sort: meta, Value: value},
	} {
		if err := s.records.Create(ctx, r); err != nil {
			return Key{}, "", fmt.Errorf("store api key: %w", err)
		}
	}
	return k.Key, secret, nil
}

// List returns an owner's keys, newest first.
func (s *Service) List(ctx context.Context, owner string) ([]Key, error) {
	keys := []Key{}
	for cursor := ""; ; {
		rs, next, err := s.records.List(ctx, ownerPartition(owner), "", cursor, MaxKeys)
		if err != nil {
			return nil, fmt.Errorf("api keys of %s: %w", owner, err)
		}
		for _, r := range rs {
			k, err := decode(r)
			if err != nil {
				return nil, err
			}
			last, err := s.records.Get(ctx, hashPartition(k.Hash), used)
			if err != nil && !errors.Is(err, record.ErrNotFound) {
				return nil, fmt.Errorf("last use of api key %s: %w", k.ID, err)
			}
			k.LastUsedAt = parseTime(last.Value)
			keys = append(keys, k.Key)
		}
		if cursor = next; cursor == "" {
			slices.Reverse(keys)
			return keys, nil
		}
	}
}

// Revoke ends a key at once; ErrNotFound if the owner has none with that ID.
func (s *Service) Revoke(ctx context.Context, owner, id string) error {
	r, err := s.records.Get(ctx, ownerPartition(owner), id)
	if errors.Is(err, record.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("api key %s: %w", id, err)
	}
	k, err := decode(r)
	if err != nil {
		return err
	}
	// The key stops working first; its entry goes last, so that a revocation
	// that broke off can be repeated.
	for _, at := range [][2]string{{hashPartition(k.Hash), meta}, {hashPartition(k.Hash), used}, {ownerPartition(owner), id}} {
		if err := s.records.Delete(ctx, at[0], at[1]); err != nil {
			return fmt.Errorf("revoke api key %s: %w", id, err)
		}
	}
	return nil
}

// Authenticate says whose key a secret is; ErrInvalid if it is nobody's. It is
// one read, and at most once a minute a note of the use.
func (s *Service) Authenticate(ctx context.Context, secret string) (Key, error) {
	if !wellFormed(secret) {
		return Key{}, ErrInvalid
	}
	partition := hashPartition(hashOf(secret))
	rs, err := s.records.GetAll(ctx, partition, []string{meta, used})
	if err != nil {
		return Key{}, fmt.Errorf("authenticate: %w", err)
	}
	var k *stored
	var last time.Time
	for _, r := range rs {
		switch r.Sort {
		case meta:
			if k, err = decode(r); err != nil {
				return Key{}, err
			}
		case used:
			last = parseTime(r.Value)
		}
	}
	if k == nil {
		return Key{}, ErrInvalid
	}
	now := s.now().UTC()
	k.LastUsedAt = last
	if now.Sub(last) >= noteEvery {
		note := record.Record{Partition: partition, Sort: used, Value: []byte(now.Format(time.RFC3339)), Expires: now.Add(usedFor)}
		if err := s.records.Put(ctx, note); err != nil {
			s.log.WarnContext(ctx, "use of an api key not noted", "key", k.ID, "error", err)
		}
		k.LastUsedAt = now
	}
	return k.Key, nil
}

// wellFormed spares the store what cannot be a key.
func wellFormed(secret string) bool {
	rest, ok := strings.CutPrefix(secret, Prefix)
	if !ok || len(rest) < 40 || len(rest) > 100 {
		return false
	}
	return strings.IndexFunc(rest, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') }) < 0
}

func decode(r record.Record) (*stored, error) {
	k := new(stored)
	if err := json.Unmarshal(r.Value, k); err != nil {
		return nil, fmt.Errorf("api key record %s: %w", r.Sort, err)
	}
	k.Key.Owner = k.Owner
	return k, nil
}

func parseTime(b []byte) time.Time {
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil {
		return time.Time{} // never used, or not known
	}
	return t
}
