package job

import (
	"testing"

	"pgregory.net/rapid"
)

// TestURLSet holds the set against a map, also where all hashes collide.
func TestURLSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		urls := rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r"})).Draw(t, "urls")
		mask := rapid.SampledFrom([]uint64{0, 1, 1 << 32, ^uint64(0)}).Draw(t, "mask")
		var targets []Target
		for _, u := range urls {
			targets = append(targets, Target{URL: u})
		}
		hashes := hashURLs(targets)
		set, want := newURLSet(len(urls)), map[string]bool{}
		for i := range targets {
			if added := set.add(targets[i], hashes[i]&mask); added == want[urls[i]] {
				t.Fatalf("target %d of %v: added %v", i, urls, added)
			}
			want[urls[i]] = true
		}
		if len(set.targets) != len(want) {
			t.Fatalf("%d targets of %v", len(set.targets), urls)
		}
	})
}
