package recordtest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"gleaner/shared/record"
)

func testList(t *testing.T, f *fixture) {
	equal(t, []string{}, f.list(t, "", 10))
	var addresses, domains []string
	for i := range 30 {
		addresses = append(addresses, fmt.Sprintf("A#anna%02d@tannhof.de", i))
		domains = append(domains, fmt.Sprintf("D#tannhof-%02d.de", i))
		f.put(t, f.record(domains[i], "d"), f.record(addresses[i], "a"))
	}
	for _, limit := range []int{1, 7, 30, 1000} {
		equal(t, slices.Concat(addresses, domains), f.list(t, "", limit))
		equal(t, addresses, f.list(t, "A#", limit))
		equal(t, domains, f.list(t, "D#", limit))
		equal(t, addresses[20:], f.list(t, "A#anna2", limit))
		equal(t, addresses[3:4], f.list(t, addresses[3], limit))
		equal(t, []string{}, f.list(t, "B#", limit))
	}
	page, _, err := f.List(t.Context(), f.pk, "A#", "", 1)
	if err != nil || len(page) != 1 {
		t.Fatalf("%d records, %v", len(page), err)
	}
	equal(t, f.record(addresses[0], "a"), page[0])
	if page, next, err := f.List(t.Context(), f.pk+"x", "", "", 10); err != nil || len(page) > 0 || next != "" {
		t.Errorf("another partition: %v, %q, %v", page, next, err)
	}
}

// The order is that of bytes, whatever the language thinks of it.
func testListOrder(t *testing.T, f *fixture) {
	keys := []string{"Z", "a", "aa", "a#", "ä", "z", "\x7f", "é", "日本", "😀", "\uffff", "a\u0301"}
	for _, key := range keys {
		f.put(t, f.record(key, ""))
	}
	slices.Sort(keys)
	equal(t, keys, f.list(t, "", 4))
	equal(t, []string{"a", "a#", "aa", "a\u0301"}, f.list(t, "a", 2))
	equal(t, []string{"\uffff"}, f.list(t, "\uffff", 2))
}

// Values of megabytes together come whole, in pages of whatever length.
func testListLarge(t *testing.T, f *fixture) {
	var want []string
	for i := range 12 {
		r := record.Record{Partition: f.pk, Sort: fmt.Sprintf("%02d", i), Value: bytes.Repeat([]byte{byte(i)}, 300*1024)}
		f.put(t, r)
		want = append(want, r.Sort)
	}
	equal(t, want, f.list(t, "", 1000))
	all, err := f.GetAll(t.Context(), f.pk, want)
	if err != nil || len(all) != len(want) {
		t.Errorf("%d of %d records, %v", len(all), len(want), err)
	}
}

func testListExpired(t *testing.T, f *fixture) {
	var want []string
	for i := range 60 {
		r := f.record(fmt.Sprintf("%02d", i), "")
		switch {
		case i%10 != 0:
			r.Expires = f.now.Add(-time.Minute)
		case i%20 == 0:
			r.Expires = f.now.Add(time.Hour)
		}
		if i%10 == 0 {
			want = append(want, r.Sort)
		}
		f.put(t, r)
	}
	for _, limit := range []int{1, 4, 100} {
		equal(t, want, f.list(t, "", limit))
	}
}

func testListStable(t *testing.T, f *fixture) {
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("%02d", i))
		f.put(t, f.record(want[i], ""))
	}
	seen := map[string]int{}
	for cursor, n := "", 0; ; n++ {
		page, next, err := f.List(t.Context(), f.pk, "", cursor, 3)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page {
			seen[page[i].Sort]++
		}
		if next == "" {
			break
		}
		cursor = next
		// Records come up before and behind the cursor, and the one it stands
		// on goes.
		f.put(t, f.record(fmt.Sprintf("00-%d", n), ""), f.record(fmt.Sprintf("2%d", n), ""))
		if err := f.Delete(t.Context(), f.pk, page[len(page)-1].Sort); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range want {
		if seen[key] != 1 {
			t.Errorf("%s listed %d times", key, seen[key])
		}
	}
	for key, n := range seen {
		if n > 1 {
			t.Errorf("%s listed %d times", key, n)
		}
	}
}

func testListCursors(t *testing.T, f *fixture) {
	for i := range 5 {
		f.put(t, f.record(fmt.Sprint("A#", i), ""), f.record(fmt.Sprint("B#", i), ""))
		if err := f.Put(t.Context(), record.Record{Partition: f.pk + "x", Sort: fmt.Sprint("A#", i)}); err != nil {
			t.Fatal(err)
		}
	}
	_, next, err := f.List(t.Context(), f.pk, "A#", "", 2)
	if err != nil || next == "" {
		t.Fatalf("next %q, %v", next, err)
	}
	_, _, err = f.List(t.Context(), f.pk+"x", "A#", next, 2)
	wantError(t, "cursor of another partition", err, record.ErrCursor)
	_, _, err = f.List(t.Context(), f.pk, "B#", next, 2)
	wantError(t, "cursor of another prefix", err, record.ErrCursor)
	for _, cursor := range []string{"x", "%", "e30", "AAAAAAAAAAAAAAAA", next[1:]} {
		_, _, err = f.List(t.Context(), f.pk, "A#", cursor, 2)
		wantError(t, "cursor "+cursor, err, record.ErrCursor)
	}
}
