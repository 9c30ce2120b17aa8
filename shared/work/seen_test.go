package work

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/shared/job"
	"gleaner/shared/seen"
)

// names is a store of names in memory that counts what is asked of it.
type names struct {
	owners      map[string]job.Key
	reads, puts int
}

func (n *names) as(r job.Ref, all []string) nameStore {
	return nameStore{
		owners: func(_ context.Context, ask []string) (map[string]job.Key, error) {
			n.reads++
			known := map[string]job.Key{}
			for _, name := range ask {
				if owner, ok := n.owners[name]; ok {
					known[name] = owner
				}
			}
			return known, nil
		},
		put: func(_ context.Context, which []int) ([]bool, error) {
			mine := make([]bool, len(which))
			for i, w := range which {
				n.puts++
				owner, taken := n.owners[all[w]]
				if mine[i] = !taken || owner == r.Key; mine[i] {
					n.owners[all[w]] = r.Key
				}
			}
			return mine, nil
		},
	}
}

// TestFilterNeverDropsAnAddress gives workers filters in any state, down to one
// that takes every name for seen, and wants each name to end up with exactly one
// owner, whatever the filters said.
func TestFilterNeverDropsAnAddress(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := job.NewID(time.Now(), 1)
		store := &names{owners: map[string]job.Key{}}
		wanted := map[string]bool{}
		owned := map[string]int{}
		for b := range rapid.IntRange(1, 6).Draw(t, "batches") {
			var warm seen.Cache
			filter := warm.Job(id, 1)
			var all []string
			for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, 30), 0, 20, rapid.ID).Draw(t, "names") {
				all = append(all, fmt.Sprintf("n%d@site.example", n))
				wanted[all[len(all)-1]] = true
			}
			var believed []string // names it believes to have seen
			for _, n := range all {
				if rapid.Bool().Draw(t, "false positive") {
					believed = append(believed, n)
				}
			}
			filter.Add(believed)
			ref := job.Ref{Job: id, Key: job.PlannedKey(b)}
			for range rapid.IntRange(1, 3).Draw(t, "repeats") { // as after a crash
				own, err := claimNames(context.Background(), filter, ref, all, store.as(ref, all))
				if err != nil {
					t.Fatal(err)
				}
				for i, n := range all {
					if own[i] != (store.owners[n] == ref.Key) {
						t.Fatalf("%s: told %v, owner is %s", n, own[i], store.owners[n])
					}
				}
			}
		}
		for n := range store.owners {
			owned[n]++
		}
		for n := range wanted {
			if owned[n] != 1 {
				t.Fatalf("%s has %d owners", n, owned[n])
			}
		}
	})
}

// TestFilterSavesWrites wants names that are known to cost one read together and
// no write.
func TestFilterSavesWrites(t *testing.T) {
	var warm seen.Cache
	id := job.NewID(time.Now(), 1)
	filter := warm.Job(id, 1)
	store := &names{owners: map[string]job.Key{}}
	all := []string{"a@site.example", "b@site.example", "c@site.example"}
	for b := range 3 {
		ref := job.Ref{Job: id, Key: job.PlannedKey(b)}
		own, err := claimNames(t.Context(), filter, ref, all, store.as(ref, all))
		if err != nil || slices.Contains(own, b > 0) {
			t.Fatalf("batch %d: %v %v", b, own, err)
		}
	}
	if store.puts != len(all) || store.reads != 2 {
		t.Fatalf("%d writes and %d reads", store.puts, store.reads)
	}
}
