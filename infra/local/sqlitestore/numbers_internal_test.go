package sqlitestore

import (
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestNumbersFindWhatWasAdded(t *testing.T) {
	t.Parallel()
	// Few hashes, so that many names have the same, of all parts of their range.
	hashes := rapid.Custom(func(rt *rapid.T) hash {
		part := func(name string, bits int) hash {
			return hash(rapid.SampledFrom([]int{0, 1, 2, 1<<bits - 2, 1<<bits - 1}).Draw(rt, name))
		}
		return part("table", tableBits)<<(tagBits+restBits) | part("tag", tagBits)<<restBits | part("rest", restBits)
	})
	rapid.Check(t, func(rt *rapid.T) {
		var x numbers
		want := map[hash][]int64{}
		n := rapid.Int64Range(1, 1<<40).Draw(rt, "first")
		for range rapid.IntRange(1, 400).Draw(rt, "names") {
			h := hashes.Draw(rt, "hash")
			x.add(h, n)
			want[h] = append(want[h], n)
			n += rapid.SampledFrom([]int64{1, 1, 1, 7, maxOffset / 3, maxOffset, -5}).Draw(rt, "step")
		}
		// Names with the tags 0 and 1 are told apart by no more than the file.
		like := func(h hash) hash {
			if h>>restBits&(1<<tagBits-1) == 0 {
				h |= 1 << restBits
			}
			return h
		}
		for h := range want {
			var all []int64
			for other, ns := range want {
				if like(other) == like(h) {
					all = append(all, ns...)
				}
			}
			got := x.find(nil, h)
			for _, n := range want[h] {
				if !slices.Contains(got, n) {
					rt.Fatalf("%x: %v, want %v", h, got, want[h])
				}
			}
			for _, n := range got {
				if !slices.Contains(all, n) {
					rt.Fatalf("%x: %v, among %v", h, got, all)
				}
			}
		}
	})
}

// What numbers are for: a million names in little memory, few of which are taken
// for others.
func TestNumbersOfMany(t *testing.T) {
	t.Parallel()
	var x numbers
	const count = 100_000
	for n := range int64(count) {
		x.add(hashOf(strconv.FormatInt(n, 10)), n)
	}
	slots, wrong := 0, 0
	for i := range x.tables {
		slots += len(x.tables[i].tags)
	}
	if slots*3 > count*5 {
		t.Errorf("%d slots for %d names", slots, count)
	}
	var found []int64
	for n := range int64(count) {
		if found = x.find(found[:0], hashOf(strconv.FormatInt(n, 10))); !slices.Contains(found, n) {
			t.Fatalf("%d is not found", n)
		}
		if len(x.find(found[:0], hashOf(strconv.FormatInt(n+count, 10)))) > 0 {
			wrong++
		}
	}
	if wrong > count/100 {
		t.Errorf("%d of %d names taken for others", wrong, count)
	}
}

func TestIndexesAreBounded(t *testing.T) {
	t.Parallel()
	var i indexes
	large := i.get(1, false)
	large.size.Store(maxIndexed - 3*indexWeight)
	for job := range int64(10) {
		i.get(100+job, true)
		i.get(1, false) // in use: it stays
	}
	if i.get(1, false) != large {
		t.Error("an index in use was forgotten")
	}
	if n := len(i.of); n > 5 {
		t.Errorf("%d indexes kept", n)
	}
	i.forget(1)
	if i.get(1, false) == large {
		t.Error("it was not forgotten")
	}
	for job := range int64(1_000) {
		i.get(job, true)
	}
	if n := len(i.of); n > maxIndexed/indexWeight+1 {
		t.Errorf("%d empty indexes kept", n)
	}
}
