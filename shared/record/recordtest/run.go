// Package recordtest is the suite that every adapter of record.Store passes.
package recordtest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/oklog/ulid/v2"

	"gleaner/shared/record"
)

// Run runs the suite. open is called once for each test; the stores of two tests
// may be the same table, and closing them is open's business (t.Cleanup).
func Run(t *testing.T, open func(t *testing.T) record.Store) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, f *fixture)
	}{
		{"PutGet", testPutGet},
		{"Missing", testMissing},
		{"Values", testValues},
		{"TooLarge", testTooLarge},
		{"Keys", testKeys},
		{"GetAll", testGetAll},
		{"PutAll", testPutAll},
		{"Create", testCreate},
		{"CreateOneWinner", testCreateRace},
		{"Take", testTake},
		{"TakeOneWinner", testTakeRace},
		{"Delete", testDelete},
		{"Expired", testExpired},
		{"ExpiryComes", testExpiryComes},
		{"List", testList},
		{"ListOrder", testListOrder},
		{"ListLarge", testListLarge},
		{"ListLeavesExpiredOut", testListExpired},
		{"ListCursorIsStable", testListStable},
		{"ListForeignCursors", testListCursors},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, &fixture{Store: open(t), pk: "T#" + ulid.Make().String(), now: time.Now().UTC().Truncate(time.Second)})
		})
	}
}

// fixture is a store and a partition that no other test uses.
type fixture struct {
	record.Store
	pk  string
	now time.Time
}

func (f *fixture) record(sort, value string) record.Record {
	return record.Record{Partition: f.pk, Sort: sort, Value: []byte(value)}
}

func (f *fixture) put(t *testing.T, rs ...record.Record) {
	t.Helper()
	for _, r := range rs {
		if err := f.Put(t.Context(), r); err != nil {
			t.Fatalf("put %s: %v", r.Sort, err)
		}
	}
}

// is fails unless the record under r's key is r.
func (f *fixture) is(t *testing.T, r record.Record) {
	t.Helper()
	got, err := f.Get(t.Context(), r.Partition, r.Sort)
	if err != nil {
		t.Fatalf("get %s: %v", r.Sort, err)
	}
	if !bytes.Equal(r.Value, got.Value) { // a difference could fill screens
		t.Fatalf("value of %s: %d bytes %.100q, want %d bytes %.100q", r.Sort, len(got.Value), got.Value, len(r.Value), r.Value)
	}
	r.Value, got.Value = nil, nil
	equal(t, r, got)
}

// isGone fails unless nothing shows a record of that key.
func (f *fixture) isGone(t *testing.T, sort string) {
	t.Helper()
	_, err := f.Get(t.Context(), f.pk, sort)
	wantError(t, "get", err, record.ErrNotFound)
	all, err := f.GetAll(t.Context(), f.pk, []string{sort})
	if err != nil || len(all) > 0 {
		t.Errorf("get all: %v, %v", all, err)
	}
	if keys := f.list(t, "", 100); slices.Contains(keys, sort) {
		t.Errorf("%q is listed", sort)
	}
}

// list follows a list to its end and returns the sort keys.
func (f *fixture) list(t *testing.T, prefix string, limit int) []string {
	t.Helper()
	var keys []string
	for cursor := ""; ; {
		page, next, err := f.List(t.Context(), f.pk, prefix, cursor, limit)
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		if len(page) > limit {
			t.Fatalf("page of %d, limit %d", len(page), limit)
		}
		for i := range page {
			if page[i].Partition != f.pk || !strings.HasPrefix(page[i].Sort, prefix) {
				t.Errorf("%s %s in the list of %s %s", page[i].Partition, page[i].Sort, f.pk, prefix)
			}
			keys = append(keys, page[i].Sort)
		}
		if next == "" {
			return keys
		}
		cursor = next
	}
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: got %v, want %v", what, err, want)
	}
}
