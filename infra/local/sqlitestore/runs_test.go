package sqlitestore_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/infra/local/sqlitedb"
	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
)

// startedJob is a running job with a batch for each of keys.
func startedJob(t *testing.T, s *sqlitestore.Store, batches int) []job.Ref {
	t.Helper()
	j := job.Job{
		ID: job.NewID(time.Now(), 1), Owner: "o", Status: job.Creating, CreatedAt: benchNow,
		ExpiresAt: benchNow.AddDate(0, 1, 0), History: []job.Change{{Status: job.Creating, At: benchNow}},
	}
	if _, _, err := s.CreateJob(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	refs := make([]job.Ref, batches)
	for i := range refs {
		refs[i] = job.Ref{Job: j.ID, Key: job.PlannedKey(i)}
	}
	return refs
}

func put(t testing.TB, s *sqlitestore.Store, r job.Ref, addresses []job.Address) {
	t.Helper()
	if _, err := s.PutAddresses(t.Context(), r, addresses, time.Time{}); err != nil {
		t.Fatal(err)
	}
}

// list follows the cursors of a list; it returns the addresses in their order.
func list(t testing.TB, s *sqlitestore.Store, id job.ID, f job.AddressFilter, limit int) (all []job.Address, pages int) {
	t.Helper()
	for cursor := ""; ; {
		page, err := s.Addresses(t.Context(), id, f, cursor, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) > limit {
			t.Fatalf("%d addresses on a page of %d", len(page.Items), limit)
		}
		pages++
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all, pages
		}
	}
}

// Whatever was stored, in whatever portions and how often, a list has what the
// filter matches, once, in the order of the whole list.
func TestFiltersFindWhatMatches(t *testing.T) {
	t.Parallel()
	s := open(t)
	text := rapid.SampledFrom([]string{"a", "b", "K", "\u212a", "ſ", "S", "Σ", "ς", "İ", "\n", "\t", "%", "_", ".", "ü", "Ü", "ab", "\xff"})
	word := rapid.Custom(func(rt *rapid.T) string {
		w := ""
		for _, part := range rapid.SliceOfN(text, 0, 4).Draw(rt, "parts") {
			w += part
		}
		return w
	})
	domain := rapid.SampledFrom([]string{"tannhof.de", "TannHof.de", "hof.de", "müllerei.de", "ksk.de"})
	kind := rapid.SampledFrom([]string{"role", "personal", "free\tmail", "Role"})
	confidence := rapid.SampledFrom([]float64{0, 0.1, 0.25, 0.3, 0.95, 1})
	address := rapid.Custom(func(rt *rapid.T) job.Address {
		return job.Address{
			Email: word.Draw(rt, "local") + "@" + domain.Draw(rt, "domain"), SourceURL: word.Draw(rt, "source"), Kind: kind.Draw(rt, "kind"),
			FoundBy: kind.Draw(rt, "found by"), Confidence: confidence.Draw(rt, "confidence"), OwnDomain: rapid.Bool().Draw(rt, "own"), FirstSeen: benchNow,
		}
	})
	filter := rapid.Custom(func(rt *rapid.T) job.AddressFilter {
		f := job.AddressFilter{MinConfidence: confidence.Draw(rt, "confidence")}
		if rapid.Bool().Draw(rt, "by text") {
			f.Search = word.Draw(rt, "search")
		}
		if rapid.Bool().Draw(rt, "by domain") {
			f.Domain = domain.Draw(rt, "domain")
		}
		if rapid.Bool().Draw(rt, "by kind") {
			f.Kind = kind.Draw(rt, "kind")
		}
		if rapid.Bool().Draw(rt, "by way") {
			f.FoundBy = kind.Draw(rt, "found by")
		}
		if rapid.Bool().Draw(rt, "by own") {
			own := rapid.Bool().Draw(rt, "own")
			f.OwnDomain = &own
		}
		return f
	})
	rapid.Check(t, func(rt *rapid.T) {
		refs := startedJob(t, s, 3)
		other := startedJob(t, s, 1)[0]
		for range rapid.IntRange(1, 4).Draw(rt, "puts") {
			put(t, s, refs[rapid.IntRange(0, 2).Draw(rt, "batch")], rapid.SliceOfN(address, 0, 12).Draw(rt, "addresses"))
			put(t, s, other, rapid.SliceOfN(address, 0, 2).Draw(rt, "of another job"))
		}
		all, _ := list(t, s, refs[0].Job, job.AddressFilter{}, 1000)
		for range 4 {
			f := filter.Draw(rt, "filter")
			var want []string
			for i := range all {
				if f.Match(&all[i]) {
					want = append(want, all[i].Email)
				}
			}
			got, _ := list(t, s, refs[0].Job, f, rapid.IntRange(1, 5).Draw(rt, "limit"))
			var emails []string
			for i := range got {
				emails = append(emails, got[i].Email)
			}
			if !slices.Equal(emails, want) {
				rt.Fatalf("%+v: got %q, want %q", f, emails, want)
			}
		}
	})
}

// A page looks at so many addresses and no more; the text of many costs little.
func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	s := open(t)
	r := startedJob(t, s, 1)[0]
	const n = 10_000
	all := make([]job.Address, n)
	for i := range all {
		all[i] = benchAddress(i)
		if i%2 == 0 {
			all[i].Kind = "personal"
		}
	}
	all[n-1].SourceURL = "https://www.die-letzte.de/"
	put(t, s, r, all)
	for _, c := range []struct {
		f           job.AddressFilter
		found       int
		least, most int // pages
	}{
		{job.AddressFilter{Search: "die-letzte"}, 1, 1, 1},
		{job.AddressFilter{Search: "nowhere to be found"}, 0, 1, 1},
		{job.AddressFilter{Kind: "disposable"}, 0, 1, 1},
		{job.AddressFilter{MinConfidence: 0.96}, 0, 2, 3}, // there are some of 0.9 and more: all are looked at
		{job.AddressFilter{Kind: "role", Search: "die-letzte"}, 1, 1, 1},
		{job.AddressFilter{Kind: "personal", Search: "die-letzte"}, 0, 1, 1},
	} {
		got, pages := list(t, s, r.Job, c.f, 100)
		if len(got) != c.found || pages < c.least || pages > c.most {
			t.Errorf("%+v: %d addresses on %d pages", c.f, len(got), pages)
		}
	}
}

// migrated is a store opened on a file of an older schema that fill wrote.
func migrated(t *testing.T, schema int, fill func(tx *sqlitedb.Tx) error) *sqlitestore.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gleaner.db")
	old, err := sqlitedb.Open(t.Context(), path, sqlitedb.Options{Migrations: sqlitestore.Migrations(schema)})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(old.Write(t.Context(), fill), old.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// A file of the first schema is read as before, and written on.
func TestFilesOfTheFirstSchema(t *testing.T) {
	t.Parallel()
	id := job.NewID(time.Now(), 1)
	s := migrated(t, 1, func(tx *sqlitedb.Tx) error {
		if _, err := tx.Exec("INSERT INTO job VALUES (7, ?, 'o', 'RUNNING', '', 0, 0, 1, '{}')", string(id)); err != nil {
			return err
		}
		for i := range 2500 {
			if _, err := tx.Exec("INSERT INTO address VALUES (?, ?, 'p00000', ?, 'mailto', 'role', 0.5, 1, 0, '')",
				7+i%2, fmt.Sprintf("info@firma-%04d.de", i), fmt.Sprintf("https://www.firma-%04d.de/Größe", i)); err != nil {
				return err
			}
		}
		return nil
	})
	put(t, s, job.Ref{Job: id, Key: job.PlannedKey(1)}, []job.Address{{Email: "new@firma-0000.de", SourceURL: "https://new.de/GRÖSSE", FirstSeen: benchNow}})
	for _, c := range []struct {
		f    job.AddressFilter
		want int
	}{
		{job.AddressFilter{}, 1251},
		{job.AddressFilter{Search: "GRÖ"}, 1251},
		{job.AddressFilter{Search: "firma-0010"}, 1},
		{job.AddressFilter{Domain: "firma-0000.de"}, 2},
		{job.AddressFilter{Kind: "role"}, 1250},
		{job.AddressFilter{MinConfidence: 0.6}, 0},
	} {
		if got, _ := list(t, s, id, c.f, 100); len(got) != c.want {
			t.Errorf("%+v: %d addresses, want %d", c.f, len(got), c.want)
		}
	}
	var err error
	for done := false; !done; {
		if done, err = s.PurgeJob(t.Context(), id, 100); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := sqlitestore.Runs(t.Context(), s); err != nil || n != 2 { // of the other job
		t.Errorf("%d runs left, %v", n, err)
	}
}
