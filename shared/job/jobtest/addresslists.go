package jobtest

import (
	"fmt"
	"testing"

	"gleaner/shared/job"
)

var addressListTests = []test{
	{"EachOnce", testAddressPages},
	{"Filters", testAddressFilter},
	{"FewMatches", testAddressFewMatches},
	{"CursorSurvivesNewAddresses", testAddressCursor},
	{"ForeignCursors", testAddressForeignCursor},
}

func (f *fixture) addresses(t tb, id job.ID, filter job.AddressFilter, limit int) []job.Address {
	t.Helper()
	return collect(t, limit, func(cursor string, limit int) (job.Page[job.Address], error) {
		return f.Addresses(t.Context(), id, filter, cursor, limit)
	})
}

func testAddressPages(t *testing.T, f *fixture) {
	a, _ := f.pair(t)
	equal(t, []job.Address{}, f.addresses(t, a.Job, job.AddressFilter{}, 10))
	all := f.found(0, 230)
	f.put(t, a, all)
	want := map[string]job.Address{}
	for i := range all {
		want[all[i].Email] = all[i]
	}
	var order []string
	for _, limit := range []int{7, 115, 230, job.MaxPage, 5 * job.MaxPage} {
		var emails []string
		for _, got := range f.addresses(t, a.Job, job.AddressFilter{}, limit) {
			equal(t, want[got.Email], got)
			emails = append(emails, got.Email)
		}
		if len(emails) != len(all) {
			t.Fatalf("limit %d: %d addresses", limit, len(emails))
		}
		if order != nil {
			equal(t, order, emails)
		}
		order = emails
	}
	other, _ := f.pair(t)
	equal(t, []job.Address{}, f.addresses(t, other.Job, job.AddressFilter{}, 10))
}

func testAddressFilter(t *testing.T, f *fixture) {
	a, _ := f.pair(t)
	var all []job.Address
	kinds := []string{"personal", "role", "freemail"}
	for i := range 60 {
		all = append(all, job.Address{
			Email: fmt.Sprintf("Ürsel.%d@hof-%d.de", i, i%5), SourceURL: fmt.Sprintf("https://Hof-%d.de/Über-uns/%d", i%5, i),
			FoundBy: []string{"mailto", "text"}[i%2], Kind: kinds[i%3], Confidence: float64(i%4) / 4, OwnDomain: i%6 == 0, FirstSeen: f.now,
		})
	}
	f.put(t, a, all)
	yes, no := true, false
	for _, filter := range []job.AddressFilter{
		{},
		{Search: "ÜRSEL.1"},
		{Search: "über-UNS/2"},
		{Search: "%"},
		{Search: "nirgends"},
		{Domain: "hof-3.de"},
		{Domain: "HOF-3.de"},
		{Domain: "hof"},
		{Kind: "role"},
		{FoundBy: "text"},
		{MinConfidence: 0.5},
		{OwnDomain: &yes},
		{OwnDomain: &no},
		{Search: "ürsel", Domain: "hof-0.de", Kind: "personal", FoundBy: "mailto", MinConfidence: 0.25, OwnDomain: &yes},
	} {
		want := map[string]bool{}
		for i := range all {
			if filter.Match(&all[i]) {
				want[all[i].Email] = true
			}
		}
		for _, limit := range []int{4, 100} {
			got := map[string]bool{}
			for _, address := range f.addresses(t, a.Job, filter, limit) {
				if got[address.Email] {
					t.Errorf("%+v: %s twice", filter, address.Email)
				}
				got[address.Email] = true
			}
			equal(t, want, got)
		}
	}
}

// A match among many others is found, on however late a page.
func testAddressFewMatches(t *testing.T, f *fixture) {
	a, _ := f.pair(t)
	all := f.found(0, 1200)
	all[777].Kind = "the one"
	f.put(t, a, all)
	got := f.addresses(t, a.Job, job.AddressFilter{Kind: "the one"}, 10)
	equal(t, all[777:778], got)
	page, err := f.Addresses(t.Context(), a.Job, job.AddressFilter{}, "", 5*job.MaxPage)
	if err != nil || len(page.Items) > job.MaxPage || page.Next == "" {
		t.Errorf("page of %d, next %q, %v", len(page.Items), page.Next, err)
	}
}

func testAddressCursor(t *testing.T, f *fixture) {
	a, b := f.pair(t)
	f.put(t, a, f.found(0, 100))
	seen := map[string]int{}
	for cursor, n := "", 0; ; n++ {
		page, err := f.Addresses(t.Context(), a.Job, job.AddressFilter{}, cursor, 9)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Items {
			seen[page.Items[i].Email]++
		}
		if cursor = page.Next; cursor == "" {
			break
		}
		if n < 10 {
			f.put(t, b, f.found(1000+10*n, 1010+10*n))
		}
	}
	for _, address := range f.found(0, 100) {
		if seen[address.Email] == 0 {
			t.Errorf("%s was not listed", address.Email)
		}
	}
	for email, n := range seen {
		if n > 1 {
			t.Errorf("%s was listed %d times", email, n)
		}
	}
}

func testAddressForeignCursor(t *testing.T, f *fixture) {
	a, _ := f.pair(t)
	b, _ := f.pair(t)
	f.put(t, a, f.found(0, 20))
	f.put(t, b, f.found(0, 20))
	page, err := f.Addresses(t.Context(), a.Job, job.AddressFilter{}, "", 5)
	if err != nil || page.Next == "" {
		t.Fatalf("next %q, %v", page.Next, err)
	}
	_, err = f.Addresses(t.Context(), b.Job, job.AddressFilter{}, page.Next, 5)
	wantError(t, "cursor of another job", err, job.ErrCursor)
	batches, err := f.Batches(t.Context(), a.Job, "", 1)
	if err != nil || batches.Next == "" {
		t.Fatalf("next %q, %v", batches.Next, err)
	}
	_, err = f.Addresses(t.Context(), a.Job, job.AddressFilter{}, batches.Next, 5)
	wantError(t, "cursor of the batches", err, job.ErrCursor)
	for _, cursor := range []string{"x", "%", "e30", "AAAAAAAAAAAA", page.Next[1:], "käse"} {
		_, err := f.Addresses(t.Context(), a.Job, job.AddressFilter{}, cursor, 5)
		wantError(t, fmt.Sprintf("cursor %q", cursor), err, job.ErrCursor)
	}
}
