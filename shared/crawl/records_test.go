package crawl_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"gleaner/shared/record"
)

// records is a record.Store with what the crawler uses.
type records struct {
	record.Store
	mu     sync.Mutex
	items  map[string]record.Record
	broken bool
}

var errBroken = errors.New("the table is on fire")

func newRecords() *records { return &records{items: map[string]record.Record{}} }

func (m *records) Get(_ context.Context, partition, sort string) (record.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return record.Record{}, errBroken
	}
	r, ok := m.items[partition+"\x00"+sort]
	if !ok {
		return r, record.ErrNotFound
	}
	return r, nil
}

func (m *records) GetAll(ctx context.Context, partition string, sorts []string) ([]record.Record, error) {
	var out []record.Record
	for _, s := range sorts {
		r, err := m.Get(ctx, partition, s)
		switch {
		case err == nil:
			out = append(out, r)
		case !errors.Is(err, record.ErrNotFound):
			return nil, err
		}
	}
	return out, nil
}

func (m *records) PutAll(_ context.Context, rs []record.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return errBroken
	}
	for _, r := range rs {
		m.items[r.Partition+"\x00"+r.Sort] = r
	}
	return nil
}

func (m *records) List(_ context.Context, partition, prefix, _ string, _ int) ([]record.Record, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return nil, "", errBroken
	}
	var out []record.Record
	for _, r := range m.items {
		if r.Partition == partition && strings.HasPrefix(r.Sort, prefix) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b record.Record) int { return strings.Compare(a.Sort, b.Sort) })
	return out, "", nil
}
