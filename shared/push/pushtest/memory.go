package pushtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"gleaner/shared/job"
	"gleaner/shared/record"
)

// Records is a record.Store in memory.
type Records struct {
	Now func() time.Time // time.Now if nil

	mu    sync.Mutex
	items map[[2]string]record.Record
}

var _ record.Store = (*Records)(nil)

func (m *Records) alive(r *record.Record) bool {
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	return r.Expires.IsZero() || r.Expires.After(now())
}

// Len is the number of records whose partition begins with prefix.
func (m *Records) Len(prefix string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for k, r := range m.items {
		if strings.HasPrefix(k[0], prefix) && m.alive(&r) {
			n++
		}
	}
	return n
}

// Contains reports whether text stands anywhere in a key or a value.
func (m *Records) Contains(text string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, r := range m.items {
		if strings.Contains(k[0], text) || strings.Contains(k[1], text) || strings.Contains(string(r.Value), text) {
			return true
		}
	}
	return false
}

// Get implements record.Store.
func (m *Records) Get(_ context.Context, partition, sort string) (record.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.items[[2]string{partition, sort}]
	if !ok || !m.alive(&r) {
		return record.Record{}, fmt.Errorf("%s %s: %w", partition, sort, record.ErrNotFound)
	}
	return r, nil
}

// GetAll implements record.Store.
func (m *Records) GetAll(ctx context.Context, partition string, sorts []string) ([]record.Record, error) {
	var found []record.Record
	for _, sort := range sorts {
		if r, err := m.Get(ctx, partition, sort); err == nil {
			found = append(found, r)
		}
	}
	return found, nil
}

// Put implements record.Store.
func (m *Records) Put(ctx context.Context, r record.Record) error {
	return m.PutAll(ctx, []record.Record{r})
}

// PutAll implements record.Store.
func (m *Records) PutAll(_ context.Context, rs []record.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.items == nil {
		m.items = map[[2]string]record.Record{}
	}
	for _, r := range rs {
		m.items[[2]string{r.Partition, r.Sort}] = r
	}
	return nil
}

// Create implements record.Store.
func (m *Records) Create(ctx context.Context, r record.Record) error {
	if _, err := m.Get(ctx, r.Partition, r.Sort); err == nil {
		return record.ErrExists
	}
	return m.Put(ctx, r)
}

// Take implements record.Store.
func (m *Records) Take(_ context.Context, partition, sort string) (record.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := [2]string{partition, sort}
	r, ok := m.items[k]
	delete(m.items, k)
	if !ok || !m.alive(&r) {
		return record.Record{}, record.ErrNotFound
	}
	return r, nil
}

// Delete implements record.Store.
func (m *Records) Delete(_ context.Context, partition, sort string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.items, [2]string{partition, sort})
	return nil
}

// List implements record.Store.
func (m *Records) List(_ context.Context, partition, prefix, cursor string, limit int) ([]record.Record, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []record.Record
	for k, r := range m.items {
		if k[0] == partition && strings.HasPrefix(k[1], prefix) && k[1] > cursor && m.alive(&r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b record.Record) int { return strings.Compare(a.Sort, b.Sort) })
	if len(found) <= limit {
		return found, "", nil
	}
	return found[:limit], found[limit-1].Sort, nil
}

// Jobs holds jobs in memory, as far as pushing reads them.
type Jobs struct {
	mu   sync.Mutex
	jobs map[job.ID]job.Progress
	err  error
}

// Put stores a job with its counters.
func (m *Jobs) Put(p job.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.jobs == nil {
		m.jobs = map[job.ID]job.Progress{}
	}
	m.jobs[p.Job.ID] = p
}

// Delete purges a job.
func (m *Jobs) Delete(id job.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.jobs, id)
}

// Fail makes every read fail with err from now on; nil mends it.
func (m *Jobs) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Job returns a job; job.ErrNotFound.
func (m *Jobs) Job(ctx context.Context, id job.ID) (job.Job, error) {
	p, err := m.Progress(ctx, id)
	return p.Job, err
}

// Progress returns a job with its counters; job.ErrNotFound.
func (m *Jobs) Progress(_ context.Context, id job.ID) (job.Progress, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return job.Progress{}, m.err
	}
	p, ok := m.jobs[id]
	if !ok {
		return job.Progress{}, fmt.Errorf("job %s: %w", id, job.ErrNotFound)
	}
	return p, nil
}
