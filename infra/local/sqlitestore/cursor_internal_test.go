package sqlitestore

import (
	"encoding/base64"
	"errors"
	"testing"

	"gleaner/shared/job"
)

// Cursors come back from clients, who may send anything.
func FuzzReadCursor(f *testing.F) {
	hash := listHash("addresses", "id", job.AddressFilter{})
	f.Add(newCursor(hash, "anna@tannhof.de"))
	f.Add("")
	f.Add("AAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		last, err := readCursor(cursor, hash, job.ErrCursor)
		if err != nil {
			if !errors.Is(err, job.ErrCursor) || last != "" {
				t.Errorf("%q, %v", last, err)
			}
			return
		}
		if cursor != "" && newCursor(hash, last) != cursor {
			t.Errorf("%q and %q are one cursor", cursor, newCursor(hash, last))
		}
		if _, err := readCursor(cursor, hash+1, job.ErrCursor); cursor != "" && err == nil {
			t.Errorf("%q is of two lists", cursor)
		}
	})
}

func TestCursorIsOpaqueToItsListOnly(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	lists := []uint64{
		listHash("addresses", "a", job.AddressFilter{}), listHash("addresses", "b", job.AddressFilter{}),
		listHash("addresses", "a", job.AddressFilter{OwnDomain: &yes}), listHash("addresses", "a", job.AddressFilter{OwnDomain: &no}),
		listHash("batches", "a"), listHash("jobs", "a", job.JobFilter{}), listHash("jobs", "a", job.JobFilter{Search: "x"}),
	}
	for i, made := range lists {
		cursor := newCursor(made, "käthe@tannhof.de")
		if _, err := base64.RawURLEncoding.DecodeString(cursor); err != nil {
			t.Error(err)
		}
		for n, read := range lists {
			last, err := readCursor(cursor, read, job.ErrCursor)
			if (i == n) != (err == nil) || err == nil && last != "käthe@tannhof.de" {
				t.Errorf("cursor of list %d in list %d: %q, %v", i, n, last, err)
			}
		}
	}
}
