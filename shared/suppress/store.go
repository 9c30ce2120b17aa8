package suppress

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"gleaner/shared/fetch/lru"
	"gleaner/shared/record"
)

// Global is the owner of the list that holds for everybody's jobs.
const Global = "*"

// The keys of an entry: partition S#<owner>, sort key D#<domain>, A#<address>
// or P#<pattern>.
var prefixes = map[Kind]string{Domain: "D#", Address: "A#", Pattern: "P#"}

func partition(owner string) string { return "S#" + owner }

func (e Entry) sort() string { return prefixes[e.Kind] + e.Value }

func entryOf(sort string) (Entry, bool) {
	for kind, prefix := range prefixes {
		if value, ok := strings.CutPrefix(sort, prefix); ok {
			return Entry{Kind: kind, Value: value}, true
		}
	}
	return Entry{}, false
}

// chunk is how many entries are written or read in one call.
const chunk = 500

// Add stores entries in an owner's list; those already there stay. Repeat it
// whole if it fails.
func Add(ctx context.Context, records record.Store, owner string, entries ...Entry) error {
	for len(entries) > 0 {
		n := min(len(entries), chunk)
		batch := make([]record.Record, 0, n)
		for _, e := range entries[:n] {
			batch = append(batch, record.Record{Partition: partition(owner), Sort: e.sort(), Value: []byte("{}")})
		}
		if err := records.PutAll(ctx, batch); err != nil {
			return fmt.Errorf("suppress: add to the list of %s: %w", owner, err)
		}
		entries = entries[n:]
	}
	return nil
}

// Remove takes an entry off an owner's list; that it was not there is no error.
func Remove(ctx context.Context, records record.Store, owner string, e Entry) error {
	if err := records.Delete(ctx, partition(owner), e.sort()); err != nil {
		return fmt.Errorf("suppress: remove from the list of %s: %w", owner, err)
	}
	return nil
}

// Entries returns a page of an owner's list, at most limit (1 to 1000) entries
// from cursor on, and the cursor of the next page, empty at the end.
func Entries(ctx context.Context, records record.Store, owner, cursor string, limit int) ([]Entry, string, error) {
	found, next, err := records.List(ctx, partition(owner), "", cursor, limit)
	if err != nil {
		return nil, "", fmt.Errorf("suppress: list of %s: %w", owner, err)
	}
	entries := make([]Entry, 0, len(found))
	for _, rec := range found {
		if e, ok := entryOf(rec.Sort); ok {
			entries = append(entries, e)
		}
	}
	return entries, next, nil
}

// Load reads the list that holds for an owner's jobs: its own and the global one.
func Load(ctx context.Context, records record.Store, owner string) (*List, error) {
	list := NewList()
	owners := []string{Global}
	if owner != Global {
		owners = append(owners, owner)
	}
	for _, o := range owners {
		for cursor := ""; ; {
			entries, next, err := Entries(ctx, records, o, cursor, chunk)
			if err != nil {
				return nil, err
			}
			for _, e := range entries {
				list.add(e)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	return list, nil
}

// Cache keeps the lists of the owners a process works for, each for a minute:
// that is how long a new entry may take to be obeyed.
type Cache struct {
	records record.Store
	lists   *lru.Cache[string, *List]
	flights singleflight.Group
}

const (
	cacheTTL   = time.Minute
	cacheLists = 16 // a list may be large
)

// NewCache returns an empty cache over records.
func NewCache(records record.Store) *Cache {
	return &Cache{records: records, lists: lru.New[string, *List](cacheLists)}
}

// For returns the list that holds for an owner's jobs, at most a minute old.
func (c *Cache) For(ctx context.Context, owner string) (*List, error) {
	if l, ok := c.lists.Get(owner, time.Now()); ok {
		return l, nil
	}
	v, err, _ := c.flights.Do(owner, func() (any, error) {
		l, err := Load(ctx, c.records, owner)
		if err == nil {
			c.lists.Put(owner, l, time.Now().Add(cacheTTL))
		}
		return l, err
	})
	if err != nil {
		return nil, err
	}
	return v.(*List), nil
}

// Forget makes the next For of an owner read anew; of Global, that of everybody.
func (c *Cache) Forget(owner string) {
	if owner == Global {
		c.lists.Clear()
		return
	}
	c.lists.Delete(owner)
}
