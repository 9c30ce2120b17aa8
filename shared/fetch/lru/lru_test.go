package lru_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/shared/fetch/lru"
)

func TestTheOldestEntryGoesFirst(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	c := lru.New[string, int](2)
	c.Put("a", 1, time.Time{})
	c.Put("b", 2, now.Add(time.Minute))
	if v, ok := c.Get("a", now); !ok || v != 1 {
		t.Error("a is gone")
	}
	c.Put("c", 3, time.Time{})
	if _, ok := c.Get("b", now); ok {
		t.Error("b is there although it was used longest ago")
	}
	c.Put("d", 4, now.Add(time.Minute))
	if _, ok := c.Get("d", now.Add(time.Minute)); ok {
		t.Error("d is there although it has expired")
	}
	c.Delete("c")
	if c.Len() != 0 {
		t.Errorf("%d entries are left", c.Len())
	}
	c.Put("e", 5, time.Time{})
	c.Clear()
	if _, ok := c.Get("e", now); ok || c.Len() != 0 {
		t.Error("cleared and not empty")
	}
}

func TestNeverMoreThanTheLimitAndAlwaysTheLatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		c := lru.New[int, int](limit)
		latest := map[int]int{}
		for i, key := range rapid.SliceOf(rapid.IntRange(0, 9)).Draw(t, "keys") {
			c.Put(key, i, time.Time{})
			latest[key] = i
			if c.Len() > limit {
				t.Fatalf("%d entries, %d allowed", c.Len(), limit)
			}
			if v, ok := c.Get(key, time.Time{}); !ok || v != latest[key] {
				t.Fatalf("%d: %d, %v", key, v, ok)
			}
		}
	})
}
