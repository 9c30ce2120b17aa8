package sqlitestore_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"gleaner/infra/local/sqlitedb"
	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
)

// refused is a name at which a write breaks off, after it has stored others.
const refused = "refused.de"

// twoStores opens a file twice, as two processes do.
func twoStores(t *testing.T) (stores [2]*sqlitestore.Store) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gleaner.db")
	for i := range stores {
		s, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		stores[i] = s
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for table, column := range map[string]string{"address": "email", "domain": "name"} {
		if _, err := db.ExecContext(t.Context(), "CREATE TRIGGER refuse_"+table+" BEFORE INSERT ON "+table+
			" WHEN new."+column+" LIKE '%"+refused+"' BEGIN SELECT raise(ABORT, 'refused'); END"); err != nil {
			t.Fatal(err)
		}
	}
	return stores
}

func putEmails(ctx context.Context, s *sqlitestore.Store, r job.Ref, emails []string) ([]bool, error) {
	addresses := make([]job.Address, len(emails))
	for i := range emails {
		addresses[i] = job.Address{Email: emails[i], Kind: "role", FirstSeen: benchNow}
	}
	return s.PutAddresses(ctx, r, addresses, benchNow)
}

func putDomains(ctx context.Context, s *sqlitestore.Store, r job.Ref, domains []string) ([]bool, error) {
	return s.PutDomains(ctx, r, domains, benchNow)
}

// owned is what a job has of one kind of name, by its owner.
type owned map[string]job.Key

// put is what the contract says of PutAddresses and PutDomains.
func (o owned) put(batch job.Key, names []string) (mine []bool) {
	for _, name := range names {
		if _, ok := o[name]; !ok {
			o[name] = batch
		}
		mine = append(mine, o[name] == batch)
	}
	return mine
}

// A name has one owner, whichever process stores it, however often, whatever broke
// off and was purged in between, and whatever the processes have in memory.
func TestNamesHaveOneOwner(t *testing.T) {
	t.Parallel()
	stores := twoStores(t)
	name := rapid.Map(rapid.IntRange(0, 40), func(n int) string {
		switch n {
		case 0:
			return refused
		case 1:
			return "Hof-7.de"
		}
		return "hof-" + strconv.Itoa(n) + ".de"
	})
	rapid.Check(t, func(rt *rapid.T) {
		type kept struct {
			refs               []job.Ref
			addresses, domains owned
		}
		begin := func() *kept { return &kept{startedJob(t, stores[0], 3), owned{}, owned{}} }
		jobs := []*kept{begin(), begin()}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			s := stores[rapid.IntRange(0, 1).Draw(rt, "process")]
			at := rapid.IntRange(0, len(jobs)-1).Draw(rt, "job")
			j, names := jobs[at], rapid.SliceOfN(name, 0, 12).Draw(rt, "names")
			r := j.refs[rapid.IntRange(0, 2).Draw(rt, "batch")]
			domains := rapid.Bool().Draw(rt, "domains")
			model, put, owners := j.addresses, putEmails, s.AddressOwners
			if domains {
				model, put, owners = j.domains, putDomains, s.DomainOwners
			}
			switch rapid.SampledFrom([]string{"put", "put", "put", "owners", "forget", "purge"}).Draw(rt, "step") {
			case "put":
				got, err := put(t.Context(), s, r, names)
				if slices.Contains(names, refused) {
					if err == nil {
						rt.Fatal("it was not refused")
					}
					continue
				}
				if want := model.put(r.Key, names); err != nil || !slices.Equal(got, want) {
					rt.Fatalf("%v, %v, want %v", got, err, want)
				}
			case "owners":
				want := map[string]job.Key{}
				for _, n := range names {
					if key, ok := model[n]; ok {
						want[n] = key
					}
				}
				if got, err := owners(t.Context(), r.Job, names); err != nil || !maps.Equal(got, want) {
					rt.Fatalf("%v, %v, want %v", got, err, want)
				}
			case "forget":
				sqlitestore.Forget(s)
			case "purge":
				// In steps, between which others store: their numbers may be those
				// of names that are gone.
				other, late := jobs[1-at], 0
				for done := false; !done; {
					var err error
					if done, err = s.PurgeJob(t.Context(), r.Job, rapid.IntRange(1, 20).Draw(rt, "limit")); err != nil {
						rt.Fatal(err)
					}
					extra := []string{"extra-" + strconv.Itoa(len(other.addresses)) + ".de"}
					want := other.addresses.put(other.refs[0].Key, extra)
					if got, err := putEmails(t.Context(), s, other.refs[0], extra); err != nil || !slices.Equal(got, want) {
						rt.Fatalf("%v, %v, want %v", got, err, want)
					}
					// Workers may be late.
					if late++; done || late > 3 || len(names) == 0 || names[0] == refused {
						continue
					}
					mine, err := put(t.Context(), s, j.refs[0], names[:1])
					if err != nil {
						rt.Fatal(err)
					}
					too, err := put(t.Context(), stores[rapid.IntRange(0, 1).Draw(rt, "other process")], j.refs[1], names[:1])
					if err != nil || mine[0] && too[0] {
						rt.Fatalf("two owners, %v", err)
					}
				}
				jobs[at] = begin()
			}
		}
		for _, j := range jobs {
			all, _ := list(t, stores[0], j.refs[0].Job, job.AddressFilter{}, 7)
			var emails []string
			for i := range all {
				emails = append(emails, all[i].Email)
			}
			slices.Sort(emails)
			if want := slices.Sorted(maps.Keys(j.addresses)); !slices.Equal(emails, want) {
				rt.Fatalf("listed %q, want %q", emails, want)
			}
		}
	})
}

// Of two names with the same hash each is known by itself.
func TestNamesWithTheSameHash(t *testing.T) {
	t.Parallel()
	s := open(t)
	seen := map[uint32]string{}
	var one, other string
	for n := 0; other == ""; n++ {
		name := fmt.Sprintf("hof-%d.de", n)
		if one = seen[sqlitestore.HashOf(name)]; one != "" {
			other = name
		}
		seen[sqlitestore.HashOf(name)] = name
	}
	for what, put := range map[string]func(context.Context, *sqlitestore.Store, job.Ref, []string) ([]bool, error){
		"addresses": putEmails, "domains": putDomains,
	} {
		refs := startedJob(t, s, 2)
		owners := s.AddressOwners
		if what == "domains" {
			owners = s.DomainOwners
		}
		if mine, err := put(t.Context(), s, refs[0], []string{one}); err != nil || !mine[0] {
			t.Fatal(what, mine, err)
		}
		if got, err := owners(t.Context(), refs[0].Job, []string{other}); err != nil || len(got) > 0 {
			t.Errorf("%s: %v, %v", what, got, err)
		}
		if mine, err := put(t.Context(), s, refs[1], []string{one, other, other}); err != nil || !slices.Equal(mine, []bool{false, true, true}) {
			t.Errorf("%s: %v, %v", what, mine, err)
		}
		got, err := owners(t.Context(), refs[0].Job, []string{one, other})
		if err != nil || len(got) != 2 || got[one] != refs[0].Key || got[other] != refs[1].Key {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
}

// A file of the second schema keeps what it has, but for what a purge that broke
// off had left without a run.
func TestFilesOfTheSecondSchema(t *testing.T) {
	t.Parallel()
	ids := []job.ID{job.NewID(benchNow, 1), job.NewID(benchNow, 1)}
	email := func(i int) string { return fmt.Sprintf("Info-ſ%d@hof-%d.de", i, i) }
	const count = 2500
	s := migrated(t, 2, func(tx *sqlitedb.Tx) error {
		var err error
		exec := func(query string, args ...any) {
			if err == nil {
				_, err = tx.Exec(query, args...)
			}
		}
		for i, id := range ids {
			exec("INSERT INTO job VALUES (?, ?, 'o', 'RUNNING', '', 0, 0, 1, '{}')", 7+i, string(id))
		}
		for i := range count {
			exec("INSERT INTO address VALUES (?, ?, ?, ?, 'https://hof.de/', 'mailto', 'role', 0.5, 1, 0, '')", i+1, 7+i/1000%2, email(i), string(job.PlannedKey(i%2)))
			exec("INSERT INTO domain VALUES (?, ?, ?)", 7+i%2, fmt.Sprintf("hof-%d.de", i), string(job.PlannedKey(0)))
		}
		exec("INSERT INTO run VALUES (1, 1000, 7, NULL, NULL)")
		exec("INSERT INTO run VALUES (1001, 2000, 8, '', ?)", sqlitestore.TextOf(1000, func(i int) string { return email(1000 + i) }))
		return err // those from 2001 on are in no run
	})
	var all []string
	for i := range count {
		all = append(all, email(i))
	}
	for i, id := range ids {
		if got, _ := list(t, s, id, job.AddressFilter{}, 1000); len(got) != 1000 {
			t.Errorf("%d addresses listed", len(got))
		}
		owners, err := s.AddressOwners(t.Context(), id, all)
		if err != nil || len(owners) != 1000 || owners[email(i*1000+5)] != job.PlannedKey(1) {
			t.Errorf("%d addresses have owners, %v", len(owners), err)
		}
		r := job.Ref{Job: id, Key: job.PlannedKey(1)}
		mine, err := putEmails(t.Context(), s, r, []string{email(i * 1000), email(i*1000 + 1), email(2200)})
		if err != nil || !slices.Equal(mine, []bool{false, true, true}) {
			t.Errorf("addresses: %v, %v", mine, err)
		}
		mine, err = s.PutDomains(t.Context(), r, []string{fmt.Sprintf("hof-%d.de", i), fmt.Sprintf("hof-%d.de", i+1), fmt.Sprintf("hof-%d.de", i+2)}, benchNow)
		if err != nil || !slices.Equal(mine, []bool{false, true, false}) {
			t.Errorf("domains: %v, %v", mine, err)
		}
		if domains, err := s.DomainOwners(t.Context(), id, []string{"hof-0.de", "hof-1.de", "hof-2.de", "hof-2498.de", "hof-2499.de"}); err != nil || len(domains) != 4-i {
			t.Errorf("domains: %v, %v", domains, err)
		}
	}
}
