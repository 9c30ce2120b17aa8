package export

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"gleaner/shared/job"
)

// VisitFilter narrows a list of visits; zero fields match all.
type VisitFilter struct {
	Outcomes []job.Outcome
	Classes  []job.Class
	Search   string // part of the URL, of where it led or of the detail, case-insensitive
}

// Match reports whether v passes the filter.
func (f *VisitFilter) Match(v *job.Visit) bool {
	if len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, v.Outcome) ||
		len(f.Classes) > 0 && !slices.Contains(f.Classes, v.Outcome.Class()) {
		return false
	}
	if f.Search == "" {
		return true
	}
	q := strings.ToLower(f.Search)
	return strings.Contains(strings.ToLower(v.URL), q) ||
		strings.Contains(strings.ToLower(v.FinalURL), q) ||
		strings.Contains(strings.ToLower(v.Detail), q)
}

const (
	firstPage = 2 // batches read first: in most lists they fill a page
	batchPage = 8 // batches read at a time at most
	// scanLimit and scanVisits are how many batches, and visits in them, one
	// VisitPage looks at: a rare match must not take for ever, and a million of
	// visits that do not match not longer than a page of others.
	scanLimit  = 64
	scanVisits = 12_000
)

// visitCursor is a place in a job's visits: in the page of batches that From
// begins, behind visit Index-1 of batch Key.
type visitCursor struct {
	From  string  `json:"f,omitempty"`
	Key   job.Key `json:"k,omitempty"`
	Index int     `json:"i,omitempty"`
}

func (c visitCursor) encode() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // two strings and a number always marshal
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func parseVisitCursor(s string) (visitCursor, error) {
	var c visitCursor
	if s == "" {
		return c, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil || c.Index < 0 || c.Key != "" && !c.Key.Valid() {
		return c, fmt.Errorf("visits: %w", job.ErrCursor)
	}
	return c, nil
}

// VisitPage lists visits of a job that match f, in a fixed order, at most limit;
// a page may be shorter, even empty, although more follow (Next is then set).
// The outcome of a URL that is being retried is left out until it has its new
// one. job.ErrCursor for a cursor that is not of this list.
func VisitPage(ctx context.Context, s job.BatchStore, id job.ID, f VisitFilter, cursor string, limit int) (job.Page[job.Visit], error) {
	at, err := parseVisitCursor(cursor)
	if err != nil {
		return job.Page[job.Visit]{}, err
	}
	page := job.Page[job.Visit]{Items: []job.Visit{}}
	scanned, visits := 0, 0
	for read := firstPage; ; read = min(2*read, batchPage) {
		batches, err := s.Batches(ctx, id, at.From, read)
		if err != nil {
			return job.Page[job.Visit]{}, fmt.Errorf("visits: %w", err)
		}
		for i := range batches.Items {
			b := &batches.Items[i]
			start := 0
			if at.Key != "" {
				if b.Ref.Key != at.Key {
					continue // seen by an earlier page
				}
				start, at.Key = at.Index, ""
			}
			if full, ok := take(&page, b, &f, start, limit); ok {
				full.From = at.From
				page.Next = full.encode()
				return page, nil
			}
			scanned++
			if b.Result != nil {
				visits += len(b.Result.Visits)
			}
		}
		if batches.Next == "" {
			return page, nil
		}
		at = visitCursor{From: batches.Next, Key: at.Key, Index: at.Index}
		if scanned >= scanLimit || visits >= scanVisits {
			page.Next = at.encode()
			return page, nil
		}
	}
}

// take adds the matching visits of a batch from index start on. If there is one
// more than the page has room for, it says where that one is.
func take(page *job.Page[job.Visit], b *job.Batch, f *VisitFilter, start, limit int) (visitCursor, bool) {
	for i, v := range VisitsOf(b) {
		if i < start || !f.Match(v) {
			continue
		}
		if len(page.Items) == limit {
			return visitCursor{Key: b.Ref.Key, Index: i}, true
		}
		page.Items = append(page.Items, *v)
	}
	return visitCursor{}, false
}

// VisitsOf yields a batch's outcomes, without those that a retry supersedes.
func VisitsOf(b *job.Batch) iter.Seq2[int, *job.Visit] {
	return func(yield func(int, *job.Visit) bool) {
		if b.Result == nil || b.Split {
			return
		}
		for i := range b.Result.Visits {
			v := &b.Result.Visits[i]
			if b.Retried != "" && v.Outcome.Retryable() {
				continue
			}
			if !yield(i, v) {
				return
			}
		}
	}
}

// Visits yields all visits of a job that match f. An error ends it.
func Visits(ctx context.Context, s job.BatchStore, id job.ID, f VisitFilter) iter.Seq2[*job.Visit, error] {
	return func(yield func(*job.Visit, error) bool) {
		for cursor := ""; ; {
			page, err := s.Batches(ctx, id, cursor, batchPage)
			if err != nil {
				yield(nil, fmt.Errorf("visits: %w", err))
				return
			}
			for i := range page.Items {
				for _, v := range VisitsOf(&page.Items[i]) {
					if f.Match(v) && !yield(v, nil) {
						return
					}
				}
			}
			if cursor = page.Next; cursor == "" {
				return
			}
		}
	}
}

// Addresses yields all addresses of a job that match f. An error ends it.
func Addresses(ctx context.Context, s job.AddressStore, id job.ID, f job.AddressFilter) iter.Seq2[*job.Address, error] {
	return func(yield func(*job.Address, error) bool) {
		for cursor := ""; ; {
			page, err := s.Addresses(ctx, id, f, cursor, job.MaxPage)
			if err != nil {
				yield(nil, fmt.Errorf("addresses: %w", err))
				return
			}
			for i := range page.Items {
				if !yield(&page.Items[i], nil) {
					return
				}
			}
			if cursor = page.Next; cursor == "" {
				return
			}
		}
	}
}
