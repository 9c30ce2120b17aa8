package jobtest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"gleaner/shared/job"
)

var addressTests = []test{
	{"FirstBatchOwns", testOwners},
	{"RepeatGivesTheSameAnswers", testPutAgain},
	{"RepeatReplaces", testPutOther},
	{"Many", testManyAddresses},
	{"OneOwnerEach", testOwnersRace},
	{"Domains", testDomains},
	{"JobsAreApart", testAddressesApart},
	{"Unicode", testUnicodeAddresses},
	{"EveryFieldIsKept", testAddressFields},
}

func (f *fixture) put(t tb, r job.Ref, addresses []job.Address) []bool {
	t.Helper()
	mine, err := f.PutAddresses(t.Context(), r, addresses, f.now.Add(24*time.Hour))
	if err != nil {
		t.Fatalf("put addresses: %v", err)
	}
	if len(mine) != len(addresses) {
		t.Fatalf("%d answers for %d addresses", len(mine), len(addresses))
	}
	return mine
}

func (f *fixture) found(from, to int) []job.Address {
	var all []job.Address
	for i := from; i < to; i++ {
		all = append(all, f.address(i, fmt.Sprintf("https://a.de/%d", i)))
	}
	return all
}

// pair is a job of four shards with two batches.
func (f *fixture) pair(t tb) (a, b job.Ref) {
	t.Helper()
	_, batches := f.running(t, 4, func(id job.ID) []job.Batch { return f.batches(id, 2, 2) })
	return batches[0].Ref, batches[1].Ref
}

func testOwners(t *testing.T, f *fixture) {
	a, b := f.pair(t)
	equal(t, []bool{true, true, true}, f.put(t, a, f.found(0, 3)))
	theirs := f.found(2, 5)
	theirs[0].SourceURL = "https://elsewhere.de/"
	equal(t, []bool{false, true, true}, f.put(t, b, theirs))

	owners, err := f.AddressOwners(t.Context(), a.Job, []string{
		f.address(0, "").Email, f.address(2, "").Email, f.address(4, "").Email, f.address(9, "").Email,
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, map[string]job.Key{f.address(0, "").Email: a.Key, f.address(2, "").Email: a.Key, f.address(4, "").Email: b.Key}, owners)
	for _, got := range f.addresses(t, a.Job, job.AddressFilter{}, 10) {
		if got.Email == theirs[0].Email && got.SourceURL != "https://a.de/2" {
			t.Errorf("the second batch changed the source to %s", got.SourceURL)
		}
	}
	if owners, err = f.AddressOwners(t.Context(), a.Job, nil); err != nil || len(owners) > 0 {
		t.Errorf("owners of none: %v, %v", owners, err)
	}
	if mine, err := f.PutAddresses(t.Context(), a, nil, f.now); err != nil || len(mine) > 0 {
		t.Errorf("none: %v, %v", mine, err)
	}
}

func testPutAgain(t *testing.T, f *fixture) {
	a, b := f.pair(t)
	f.put(t, b, f.found(4, 6))
	for range 3 {
		equal(t, []bool{true, true, false, false, true}, f.put(t, a, append(f.found(2, 6), f.found(9, 10)...)))
		equal(t, []bool{true, true, false}, f.put(t, b, append(f.found(4, 6), f.found(9, 10)...)))
	}
	if got := f.addresses(t, a.Job, job.AddressFilter{}, 3); len(got) != 5 {
		t.Errorf("%d addresses stored", len(got))
	}
}

// What a batch stores again takes the place of what it stored before, for filters
// too.
func testPutOther(t *testing.T, f *fixture) {
	a, b := f.pair(t)
	before := f.found(0, 3)
	f.put(t, a, before)
	after := f.found(0, 3)
	after[1].SourceURL, after[1].Kind, after[1].Confidence = "https://elsewhere.de/1", "another", 0.125
	f.put(t, a, after)
	theirs := f.found(1, 2)
	theirs[0].SourceURL = "https://nowhere.de/"
	f.put(t, b, theirs)
	for _, filter := range []job.AddressFilter{{Search: "elsewhere"}, {Kind: "another"}, {Search: after[1].Email, Kind: "another"}} {
		equal(t, after[1:2], f.addresses(t, a.Job, filter, 10))
	}
	for _, filter := range []job.AddressFilter{{Search: before[1].SourceURL}, {Search: "nowhere"}, {Kind: before[1].Kind, Search: after[1].Email}} {
		equal(t, []job.Address{}, f.addresses(t, a.Job, filter, 10))
	}
	if got := f.addresses(t, a.Job, job.AddressFilter{}, 2); len(got) != 3 {
		t.Errorf("%d addresses stored", len(got))
	}
}

func testManyAddresses(t *testing.T, f *fixture) {
	a, b := f.pair(t)
	all := f.found(0, 500)
	for i, mine := range f.put(t, a, all[:300]) {
		if !mine {
			t.Fatalf("address %d belongs to nobody else", i)
		}
	}
	emails := make([]string, len(all))
	for i, mine := range f.put(t, b, all) {
		if mine != (i >= 300) {
			t.Fatalf("address %d: %v", i, mine)
		}
		emails[i] = all[i].Email
	}
	owners, err := f.AddressOwners(t.Context(), a.Job, append(emails, "nobody@leer.de"))
	if err != nil || len(owners) != 500 {
		t.Fatalf("%d owners, %v", len(owners), err)
	}
	for i := range emails {
		if want := map[bool]job.Key{true: a.Key, false: b.Key}[i < 300]; owners[emails[i]] != want {
			t.Fatalf("address %d belongs to %q", i, owners[emails[i]])
		}
	}
}

func testOwnersRace(t *testing.T, f *fixture) {
	j, batches := f.running(t, 4, func(id job.ID) []job.Batch { return f.batches(id, 8, 1) })
	all := f.found(0, 40)
	mine := make([][]bool, len(batches))
	var wg sync.WaitGroup
	for i := range batches {
		wg.Go(func() {
			var err error
			if mine[i], err = f.PutAddresses(t.Context(), batches[i].Ref, all, f.now.Add(time.Hour)); err != nil {
				t.Errorf("put: %v", err)
			}
		})
	}
	wg.Wait()
	for n := range all {
		owners := 0
		for i := range mine {
			if len(mine[i]) == len(all) && mine[i][n] {
				owners++
			}
		}
		if owners != 1 {
			t.Errorf("address %d has %d owners", n, owners)
		}
	}
	if got := f.addresses(t, j.ID, job.AddressFilter{}, 100); len(got) != len(all) {
		t.Errorf("%d addresses stored", len(got))
	}
}

func testDomains(t *testing.T, f *fixture) {
	a, b := f.pair(t)
	ctx := t.Context()
	many := make([]string, 150)
	for i := range many {
		many[i] = fmt.Sprintf("schreinerei-%d.de", i)
	}
	expires := f.now.Add(time.Hour)
	for range 2 {
		for _, put := range []struct {
			r     job.Ref
			names []string
			first int // index of the first that is the batch's
		}{{a, many[:100], 0}, {b, many, 100}} {
			mine, err := f.PutDomains(ctx, put.r, put.names, expires)
			if err != nil || len(mine) != len(put.names) {
				t.Fatalf("%d answers, %v", len(mine), err)
			}
			for i := range mine {
				if mine[i] != (i >= put.first) {
					t.Fatalf("domain %d of %s: %v", i, put.r.Key, mine[i])
				}
			}
		}
	}
	owners, err := f.DomainOwners(ctx, a.Job, []string{many[0], many[99], many[100], "nobody.de"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, map[string]job.Key{many[0]: a.Key, many[99]: a.Key, many[100]: b.Key}, owners)
	// A domain and an address may have the same name.
	f.put(t, b, []job.Address{{Email: many[0], FirstSeen: f.now}})
	if owners, err = f.DomainOwners(ctx, a.Job, many[:1]); err != nil || owners[many[0]] != a.Key {
		t.Errorf("owners %v, %v", owners, err)
	}
	if got := f.addresses(t, a.Job, job.AddressFilter{}, 10); len(got) != 1 {
		t.Errorf("domains are listed as addresses: %v", got)
	}
}

func testAddressesApart(t *testing.T, f *fixture) {
	a, _ := f.pair(t)
	b, _ := f.pair(t)
	equal(t, []bool{true}, f.put(t, a, f.found(0, 1)))
	equal(t, []bool{true}, f.put(t, b, f.found(0, 1))) // another job finds it for itself
	owners, err := f.AddressOwners(t.Context(), f.job(4).ID, []string{f.address(0, "").Email})
	if err != nil || len(owners) > 0 {
		t.Errorf("owners in a missing job: %v, %v", owners, err)
	}
}

func testUnicodeAddresses(t *testing.T, f *fixture) {
	a, b := f.pair(t)
	var all []job.Address
	for _, email := range []string{
		"käthe@müllerei-ößling.de", "用户@例子.中国", "o'hara@tannhof.de", "a%b_c@tannhof.de", `"two words"@tannhof.de`, "𝒶@tannhof.de", "A@TANNHOF.DE", "a@tannhof.de",
	} {
		all = append(all, job.Address{Email: email, SourceURL: "https://müllerei.de/größe?a=„b“", FoundBy: "text", FirstSeen: f.now})
	}
	for i, mine := range f.put(t, a, all) {
		if !mine {
			t.Errorf("%s was taken for another", all[i].Email)
		}
	}
	got := map[string]job.Address{}
	for _, address := range f.addresses(t, a.Job, job.AddressFilter{}, 3) {
		got[address.Email] = address
	}
	for i := range all {
		equal(t, all[i], got[all[i].Email])
	}
	for i, mine := range f.put(t, b, all) {
		if mine {
			t.Errorf("%s has two owners", all[i].Email)
		}
	}
}

func testAddressFields(t *testing.T, f *fixture) {
	r := f.one(t, 1)
	full := job.Address{
		Email: "voll@tannhof.de", SourceURL: "https://tannhof.de/impressum", Sources: []string{"https://tannhof.de/", "https://tannhof.de/kontakt"},
		FoundBy: "cfemail", Kind: "personal", Confidence: 0.8125, Reasons: []string{"on the imprint", "own domain"},
		Raw: "voll [ät] tannhof.de", OwnDomain: true, FirstSeen: f.now,
	}
	bare := job.Address{Email: "bare@tannhof.de"}
	f.put(t, r, []job.Address{full, bare})
	got := f.addresses(t, r.Job, job.AddressFilter{}, 10)
	if len(got) != 2 {
		t.Fatalf("%d addresses", len(got))
	}
	if got[0].Email != bare.Email {
		got[0], got[1] = got[1], got[0]
	}
	equal(t, []job.Address{bare, full}, got)
}
