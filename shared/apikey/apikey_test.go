package apikey_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/apikey"
	"gleaner/shared/job"
	"gleaner/shared/record"
)

func setup(t *testing.T) (*apikey.Service, record.Store, *time.Time) {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir()+"/keys.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	now := time.Now()
	return apikey.New(store, func() time.Time { return now }, nil), store, &now
}

func TestLifeOfAKey(t *testing.T) {
	s, _, now := setup(t)
	ctx := t.Context()
	k, secret, err := s.Create(ctx, "anna", "  laptop ")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(secret, "glk_") || len(secret) < 50 || k.Name != "laptop" || !strings.HasPrefix(secret, k.Prefix) || len(k.Prefix) > 12 {
		t.Fatalf("%+v", k)
	}
	got, err := s.Authenticate(ctx, secret)
	if err != nil || got.Owner != "anna" || got.ID != k.ID {
		t.Fatalf("%+v %v", got, err)
	}
	first := got.LastUsedAt
	*now = now.Add(30 * time.Second)
	if got, err = s.Authenticate(ctx, secret); err != nil || got.LastUsedAt.Sub(first).Abs() > time.Second {
		t.Errorf("noted twice within a minute: %v then %v, %v", first, got.LastUsedAt, err)
	}
	*now = now.Add(31 * time.Second)
	if got, err = s.Authenticate(ctx, secret); err != nil || got.LastUsedAt.Sub(first) < time.Minute {
		t.Errorf("not noted after a minute: %v then %v, %v", first, got.LastUsedAt, err)
	}
	*now = now.Add(time.Second)
	second, _, err := s.Create(ctx, "anna", "server")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.List(ctx, "anna")
	if err != nil || len(keys) != 2 || keys[0].ID != second.ID || keys[1].LastUsedAt.IsZero() || !keys[0].LastUsedAt.IsZero() {
		t.Fatalf("%+v %v", keys, err)
	}
	if keys, err := s.List(ctx, "boris"); err != nil || len(keys) != 0 {
		t.Errorf("another owner sees %v, %v", keys, err)
	}
	if err := s.Revoke(ctx, "boris", k.ID); !errors.Is(err, apikey.ErrNotFound) {
		t.Errorf("another owner revokes: %v", err)
	}
	if err := s.Revoke(ctx, "anna", k.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(ctx, secret); !errors.Is(err, apikey.ErrInvalid) {
		t.Errorf("a revoked key works: %v", err)
	}
	if err := s.Revoke(ctx, "anna", k.ID); !errors.Is(err, apikey.ErrNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
}

func TestTheSecretIsNotStored(t *testing.T) {
	s, store, _ := setup(t)
	k, secret, err := s.Create(t.Context(), "anna", "laptop")
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.Get(t.Context(), "KO#anna", k.ID)
	if err != nil {
		t.Fatal(err)
	}
	if random := secret[len(k.Prefix):]; strings.Contains(string(r.Value), random) {
		t.Errorf("the record holds the secret: %s", r.Value)
	}
}

func TestWhatIsNoKey(t *testing.T) {
	s, _, _ := setup(t)
	for _, secret := range []string{"", "glk_", "glk_kurz", "Bearer x", "glk_" + strings.Repeat("a", 52), "glk_" + strings.Repeat("A", 52), "xxx_" + strings.Repeat("A", 52)} {
		if _, err := s.Authenticate(t.Context(), secret); !errors.Is(err, apikey.ErrInvalid) {
			t.Errorf("%q: %v", secret, err)
		}
	}
	var field *job.FieldError
	for _, name := range []string{"", "  ", strings.Repeat("x", 101), "\xff"} {
		if _, _, err := s.Create(t.Context(), "anna", name); !errors.As(err, &field) || field.Field != "name" {
			t.Errorf("name %q: %v", name, err)
		}
	}
}

// TestRevokeWinsOverUse uses a key while it is revoked: whatever the order, it
// does not work afterwards.
func TestRevokeWinsOverUse(t *testing.T) {
	s, _, _ := setup(t)
	for range 20 {
		k, secret, err := s.Create(t.Context(), "anna", "laptop")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { _, _ = s.Authenticate(t.Context(), secret) })
		}
		if err := s.Revoke(t.Context(), "anna", k.ID); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if _, err := s.Authenticate(t.Context(), secret); !errors.Is(err, apikey.ErrInvalid) {
			t.Fatalf("works after its revocation: %v", err)
		}
	}
}
