package recordtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gleaner/shared/record"
)

func testPutGet(t *testing.T, f *fixture) {
	r := f.record("a", "one")
	f.put(t, r)
	f.is(t, r)
	r.Value, r.Expires = []byte("two"), f.now.Add(time.Hour)
	f.put(t, r)
	f.is(t, r)
	r.Expires = time.Time{} // replaced as a whole
	f.put(t, r)
	f.is(t, r)
}

func testMissing(t *testing.T, f *fixture) {
	f.isGone(t, "a")
	f.put(t, f.record("a", "one"))
	f.isGone(t, "b")
	_, err := f.Get(t.Context(), f.pk+"x", "a")
	wantError(t, "get from another partition", err, record.ErrNotFound)
}

func testValues(t *testing.T, f *fixture) {
	for i, value := range [][]byte{
		nil, {}, {0}, []byte("\x00\xff\xfe not text"), []byte("größe 日本"), bytes.Repeat([]byte{7, 0, 200}, record.MaxValue/3),
	} {
		r := record.Record{Partition: f.pk, Sort: fmt.Sprint("v", i), Value: value}
		f.put(t, r)
		f.is(t, r)
	}
	largest := record.Record{Partition: f.pk, Sort: "largest", Value: bytes.Repeat([]byte{1}, record.MaxValue)}
	f.put(t, largest)
	f.is(t, largest)
}

func testTooLarge(t *testing.T, f *fixture) {
	r := record.Record{Partition: f.pk, Sort: "a", Value: make([]byte, record.MaxValue+1)}
	wantError(t, "put", f.Put(t.Context(), r), record.ErrTooLarge)
	wantError(t, "put all", f.PutAll(t.Context(), []record.Record{r}), record.ErrTooLarge)
	wantError(t, "create", f.Create(t.Context(), r), record.ErrTooLarge)
	f.isGone(t, "a")
}

// Keys are kept byte by byte.
func testKeys(t *testing.T, f *fixture) {
	keys := []string{"D#bäckerei.de", "D#bäckerei.de ", "d#BÄCKEREI.de", "%", "_", "'", `"\`, "日本", "a#b#c", strings.Repeat("k", 900)}
	for _, key := range keys {
		f.put(t, f.record(key, "value of "+key))
	}
	for _, key := range keys {
		f.is(t, f.record(key, "value of "+key))
	}
	slices.Sort(keys)
	equal(t, keys, f.list(t, "", 3))
}

func testGetAll(t *testing.T, f *fixture) {
	var keys []string
	want := map[string]record.Record{}
	for i := range 250 {
		r := f.record(fmt.Sprintf("D#%03d.de", i), fmt.Sprint(i))
		if i%3 == 0 {
			r.Expires = f.now.Add(time.Hour)
		}
		if i%2 == 0 {
			f.put(t, r)
			want[r.Sort] = r
		}
		keys = append(keys, r.Sort)
	}
	all, err := f.GetAll(t.Context(), f.pk, keys)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]record.Record{}
	for _, r := range all {
		got[r.Sort] = r
	}
	if len(all) != len(got) {
		t.Errorf("%d records of %d keys", len(all), len(got))
	}
	equal(t, want, got)
	if all, err = f.GetAll(t.Context(), f.pk, nil); err != nil || len(all) > 0 {
		t.Errorf("get all of none: %v, %v", all, err)
	}
}

func testPutAll(t *testing.T, f *fixture) {
	f.put(t, f.record("007", "old"), f.record("other", "stays"))
	var rs []record.Record
	var keys []string
	for i := range 120 {
		rs = append(rs, f.record(fmt.Sprintf("%03d", i), fmt.Sprint("value ", i)))
		keys = append(keys, rs[i].Sort)
	}
	for range 2 {
		if err := f.PutAll(t.Context(), rs); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range rs {
		f.is(t, r)
	}
	equal(t, append(keys, "other"), f.list(t, "", 50))
	if err := f.PutAll(t.Context(), nil); err != nil {
		t.Errorf("put all of none: %v", err)
	}
}

func testCreate(t *testing.T, f *fixture) {
	r := f.record("a", "first")
	if err := f.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantError(t, "second create", f.Create(t.Context(), f.record("a", "second")), record.ErrExists)
	f.is(t, r)
	if err := f.Delete(t.Context(), f.pk, "a"); err != nil {
		t.Fatal(err)
	}
	r = f.record("a", "third")
	if err := f.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	f.is(t, r)
}

// race runs try sixteen times at once and fails unless exactly one call returns
// no error and all others want.
func race(t *testing.T, want error, try func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	var won atomic.Int32
	for i := range 16 {
		wg.Go(func() {
			switch err := try(i); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, want):
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 16 won", won.Load())
	}
}

func testCreateRace(t *testing.T, f *fixture) {
	race(t, record.ErrExists, func(i int) error { return f.Create(t.Context(), f.record("a", fmt.Sprint(i))) })
}

func testTake(t *testing.T, f *fixture) {
	r := f.record("ticket", "whose")
	r.Expires = f.now.Add(time.Minute)
	f.put(t, r, f.record("ticket2", "stays"))
	got, err := f.Take(t.Context(), f.pk, "ticket")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, r, got)
	_, err = f.Take(t.Context(), f.pk, "ticket")
	wantError(t, "second take", err, record.ErrNotFound)
	f.isGone(t, "ticket")
	f.is(t, f.record("ticket2", "stays"))
}

func testTakeRace(t *testing.T, f *fixture) {
	f.put(t, f.record("ticket", "whose"))
	race(t, record.ErrNotFound, func(int) error {
		r, err := f.Take(t.Context(), f.pk, "ticket")
		if err == nil && string(r.Value) != "whose" {
			t.Errorf("took %q", r.Value)
		}
		return err
	})
	f.isGone(t, "ticket")
}

func testDelete(t *testing.T, f *fixture) {
	f.put(t, f.record("a", "one"), f.record("ab", "two"))
	for range 2 {
		if err := f.Delete(t.Context(), f.pk, "a"); err != nil {
			t.Fatal(err)
		}
		f.isGone(t, "a")
	}
	f.is(t, f.record("ab", "two"))
}

func testExpired(t *testing.T, f *fixture) {
	r := f.record("a", "old")
	r.Expires = f.now.Add(-2 * time.Second)
	f.put(t, r)
	f.isGone(t, "a")
	_, err := f.Take(t.Context(), f.pk, "a")
	wantError(t, "take", err, record.ErrNotFound)
	f.put(t, r)
	fresh := f.record("a", "new")
	fresh.Expires = f.now.Add(time.Hour)
	if err := f.Create(t.Context(), fresh); err != nil {
		t.Fatalf("create in the place of an expired record: %v", err)
	}
	f.is(t, fresh)
}

func testExpiryComes(t *testing.T, f *fixture) {
	r := f.record("a", "soon over")
	r.Expires = f.now.Add(3 * time.Second)
	f.put(t, r)
	if _, err := f.Get(t.Context(), f.pk, "a"); err != nil && time.Now().Before(r.Expires) {
		t.Errorf("%v before it expires", err)
	}
	// Whole seconds are the finest that some databases keep.
	time.Sleep(time.Until(r.Expires.Add(time.Second)))
	f.isGone(t, "a")
}
