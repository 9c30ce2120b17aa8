package export_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"gleaner/shared/export"
	"gleaner/shared/job"
)

// batches is a store with a job's batches; its pages are as short as it likes.
type batches struct {
	job.Store
	all    []job.Batch
	short  func() int
	faulty bool
}

func (b *batches) Batches(_ context.Context, _ job.ID, cursor string, limit int) (job.Page[job.Batch], error) {
	if b.faulty {
		return job.Page[job.Batch]{}, errTorn
	}
	from := 0
	if cursor != "" {
		n, err := strconv.Atoi(cursor)
		if err != nil {
			return job.Page[job.Batch]{}, job.ErrCursor
		}
		from = n
	}
	to := min(from+min(limit, b.short()), len(b.all))
	p := job.Page[job.Batch]{Items: b.all[from:to]}
	if to < len(b.all) {
		p.Next = strconv.Itoa(to)
	}
	return p, nil
}

func (b *batches) Addresses(_ context.Context, _ job.ID, _ job.AddressFilter, cursor string, _ int) (job.Page[job.Address], error) {
	if cursor == "" {
		return job.Page[job.Address]{Items: []job.Address{{Email: "a@lindhorst.de"}}, Next: "2"}, nil
	}
	if b.faulty {
		return job.Page[job.Address]{}, errTorn
	}
	return job.Page[job.Address]{Items: []job.Address{{Email: "b@lindhorst.de"}}}, nil
}

// drawBatches makes batches in every state, and the visits that may be shown.
func drawBatches(t *rapid.T) (b *batches, visible []job.Visit) {
	outcomes := []job.Outcome{job.OutcomeFound, job.OutcomeNone, job.OutcomeTimeout, job.OutcomeRobots, job.OutcomeClient}
	b = &batches{short: func() int { return rapid.IntRange(1, 12).Draw(t, "page") }}
	for n := range rapid.IntRange(0, 150).Draw(t, "batches") {
		batch := job.Batch{Ref: job.Ref{Key: job.PlannedKey(n)}, Status: job.Done}
		switch rapid.IntRange(0, 5).Draw(t, "state") {
		case 0:
			batch.Status = job.Pending
		case 1:
			batch.Split = true
		case 2:
			batch.Retried = job.RetryKey(1, n)
			fallthrough
		default:
			batch.Result = &job.Result{}
			for i := range rapid.IntRange(0, 6).Draw(t, "visits") {
				v := job.Visit{URL: fmt.Sprintf("https://firma.de/%d/%d", n, i), Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome")}
				batch.Result.Visits = append(batch.Result.Visits, v)
				if batch.Retried == "" || !v.Outcome.Retryable() {
					visible = append(visible, v)
				}
			}
		}
		b.all = append(b.all, batch)
	}
	return b, visible
}

func TestPagesOfVisitsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, visible := drawBatches(t)
		filters := []export.VisitFilter{
			{},
			{Outcomes: []job.Outcome{job.OutcomeTimeout}},
			{Classes: []job.Class{job.ClassFailed, job.ClassRefused}},
			{Search: "DE/7"},
			{Search: "nirgends"},
		}
		f := rapid.SampledFrom(filters).Draw(t, "filter")
		want := slices.Clone(visible)
		want = slices.DeleteFunc(want, func(v job.Visit) bool { return !f.Match(&v) })
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		var got []job.Visit
		for cursor := ""; ; {
			p, err := export.VisitPage(t.Context(), b, "j", f, cursor, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Items) > limit {
				t.Fatalf("page of %d, limit %d", len(p.Items), limit)
			}
			got = append(got, p.Items...)
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("pages have %d visits, want %d", len(got), len(want))
		}
		got = nil
		for v, err := range export.Visits(t.Context(), b, "j", f) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, *v)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("iterator has %d visits, want %d", len(got), len(want))
		}
	})
}

// TestABatchAddedBetweenPages inserts a continuation, as a running job does.
func TestABatchAddedBetweenPages(t *testing.T) {
	visits := func(n int, names ...string) job.Batch {
		b := job.Batch{Ref: job.Ref{Key: job.PlannedKey(n)}, Result: &job.Result{}}
		for _, name := range names {
			b.Result.Visits = append(b.Result.Visits, job.Visit{URL: name, Outcome: job.OutcomeNone})
		}
		return b
	}
	b := &batches{short: func() int { return 8 }, all: []job.Batch{visits(0, "a", "b"), visits(1, "c", "d"), visits(2, "e")}}
	first, err := export.VisitPage(t.Context(), b, "j", export.VisitFilter{}, "", 3)
	if err != nil || len(first.Items) != 3 {
		t.Fatalf("%+v %v", first, err)
	}
	child := visits(0, "new")
	child.Ref.Key = child.Ref.Key.Child('c')
	b.all = slices.Insert(b.all, 1, child)
	second, err := export.VisitPage(t.Context(), b, "j", export.VisitFilter{}, first.Next, 3)
	if err != nil || len(second.Items) != 2 || second.Items[0].URL != "d" || second.Items[1].URL != "e" {
		t.Fatalf("%+v %v", second, err)
	}
}

func TestVisitCursorsAndFaults(t *testing.T) {
	b := &batches{short: func() int { return 8 }}
	for _, cursor := range []string{"!", "e30x", "eyJpIjotMX0", "eyJrIjoieCJ9"} {
		if _, err := export.VisitPage(t.Context(), b, "j", export.VisitFilter{}, cursor, 3); !errors.Is(err, job.ErrCursor) {
			t.Errorf("cursor %s: %v", cursor, err)
		}
	}
	b.faulty = true
	if _, err := export.VisitPage(t.Context(), b, "j", export.VisitFilter{}, "", 3); !errors.Is(err, errTorn) {
		t.Error(err)
	}
	var last error
	for _, err := range export.Visits(t.Context(), b, "j", export.VisitFilter{}) {
		last = err
	}
	if !errors.Is(last, errTorn) {
		t.Error(last)
	}
	var emails []string
	for a, err := range export.Addresses(t.Context(), b, "j", job.AddressFilter{}) {
		if last = err; err == nil {
			emails = append(emails, a.Email)
		}
	}
	if !errors.Is(last, errTorn) || len(emails) != 1 {
		t.Errorf("%v %v", emails, last)
	}
	b.faulty = false
	emails = nil
	for a := range export.Addresses(t.Context(), b, "j", job.AddressFilter{}) {
		emails = append(emails, a.Email)
	}
	if len(emails) != 2 {
		t.Errorf("%v", emails)
	}
}
