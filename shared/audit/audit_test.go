package audit_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/audit"
	"gleaner/shared/job"
)

// store makes a completed job of 3 batches with 4 URLs each, half of them with
// an address.
func store(t *testing.T) (*sqlitestore.Store, job.ID) {
	t.Helper()
	ctx := t.Context()
	s, err := sqlitestore.Open(ctx, filepath.Join(t.TempDir(), "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	now := time.Now()
	id := job.NewID(now, 2)
	j, _, err := s.CreateJob(ctx, job.Job{ID: id, Owner: "anna", Status: job.Creating, Batches: 3, URLs: 12, CreatedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		b := job.Batch{Ref: job.Ref{Job: id, Key: job.PlannedKey(n)}, Status: job.Pending}
		res := job.Result{Pages: 4, Bytes: 100}
		for i := range 4 {
			u := fmt.Sprintf("https://h%d.example.org/%d", n, i)
			b.Targets = append(b.Targets, job.Target{URL: u})
			v := job.Visit{URL: u, Outcome: job.OutcomeNone}
			if i%2 == 0 {
				v.Outcome = job.OutcomeFound
				res.Addresses = append(res.Addresses, job.Address{Email: fmt.Sprintf("a%d@h%d.example.org", i, n), SourceURL: u, FirstSeen: now})
			}
			res.Visits = append(res.Visits, v)
		}
		if err := s.PutBatches(ctx, []job.Batch{b}); err != nil {
			t.Fatal(err)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Claim(ctx, b.Ref, job.Claim{Token: "t", Now: now, Lease: time.Minute})
		must(err)
		must(s.SaveResult(ctx, b.Ref, "t", res, nil))
		_, err = s.PutAddresses(ctx, b.Ref, res.Addresses, j.ExpiresAt)
		must(err)
		_, err = s.PutDomains(ctx, b.Ref, []string{fmt.Sprintf("h%d.example.org", n)}, j.ExpiresAt)
		must(err)
		tally := job.TallyOf(&res)
		tally.Emails, tally.Domains = 2, 1
		_, err = s.Settle(ctx, b.Ref, tally, now, now)
		must(err)
	}
	for _, next := range []job.Status{job.Running, job.Completed} {
		if _, err := job.Mutate(ctx, s, id, func(j *job.Job) error { return j.Become(next, now, "") }); err != nil {
			t.Fatal(err)
		}
	}
	return s, id
}

func TestClean(t *testing.T) {
	s, id := store(t)
	r, err := audit.Recount(t.Context(), s, id)
	if err != nil || !r.Clean() || r.Batches != 3 || r.URLs != 12 || r.Emails != 6 || r.Status != job.Completed || r.InFlight != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := audit.Recount(t.Context(), s, job.NewID(time.Now(), 1)); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("a job that is not there: %v", err)
	}
}

// tampered is a store whose counters or items were changed.
type tampered struct {
	*sqlitestore.Store
	progress func(*job.Progress)
	batch    func(*job.Batch)
	address  func([]job.Address) []job.Address
}

func (s *tampered) Progress(ctx context.Context, id job.ID) (job.Progress, error) {
	p, err := s.Store.Progress(ctx, id)
	if s.progress != nil {
		s.progress(&p)
	}
	return p, err
}

func (s *tampered) Batches(ctx context.Context, id job.ID, cursor string, limit int) (job.Page[job.Batch], error) {
	page, err := s.Store.Batches(ctx, id, cursor, limit)
	for i := range page.Items {
		if s.batch != nil {
			s.batch(&page.Items[i])
		}
	}
	return page, err
}

func (s *tampered) Addresses(ctx context.Context, id job.ID, f job.AddressFilter, cursor string, limit int) (job.Page[job.Address], error) {
	page, err := s.Store.Addresses(ctx, id, f, cursor, limit)
	if s.address != nil {
		page.Items = s.address(page.Items)
	}
	return page, err
}

// Every kind of drift is named by its figure.
func TestDrift(t *testing.T) {
	s, id := store(t)
	for want, harm := range map[string]tampered{
		"processed":            {progress: func(p *job.Progress) { p.Counters.Processed++ }},
		"batches_done":         {progress: func(p *job.Progress) { p.Counters.BatchesDone-- }},
		"batches":              {progress: func(p *job.Progress) { p.Counters.ExtraBatches++ }},
		"pages":                {progress: func(p *job.Progress) { p.Counters.Pages-- }},
		"bytes":                {progress: func(p *job.Progress) { p.Counters.Bytes += 7 }},
		"outcomes.found":       {progress: func(p *job.Progress) { p.Counters.Outcomes[job.OutcomeFound]++ }},
		"outcomes.timeout":     {progress: func(p *job.Progress) { p.Counters.Outcomes[job.OutcomeTimeout] = 1 }},
		"emails":               {address: func(a []job.Address) []job.Address { return a[1:] }},
		"domains":              {progress: func(p *job.Progress) { p.Counters.Domains = 9 }},
		"active_workers":       {progress: func(p *job.Progress) { p.Counters.Active = 1 }},
		"urls":                 {progress: func(p *job.Progress) { p.Job.URLs = 13 }},
		"outcomes.http_4xx":    {batch: func(b *job.Batch) { b.Result.Visits[0].Outcome = job.OutcomeClient }},
		"repeated":             {batch: func(b *job.Batch) { b.Result.Visits[1].URL = b.Result.Visits[0].URL }},
		"nothing, while it is": {batch: func(*job.Batch) {}},
	} {
		harm.Store = s
		r, err := audit.Recount(t.Context(), &harm, id)
		if err != nil {
			t.Fatal(err)
		}
		named := len(r.Repeated) > 0 && want == "repeated"
		for _, d := range r.Drifts {
			named = named || d.Figure == want && d.Counted != d.Stored
		}
		if clean := want == "nothing, while it is"; r.Clean() != clean || !clean && !named {
			t.Errorf("%s: %+v %v", want, r.Drifts, r.Repeated)
		}
	}
}

// A job that moves on while it is recounted has drifted only if a figure lies
// outside what the counters were before and after.
func TestWhileItRuns(t *testing.T) {
	s, id := store(t)
	reads := 0
	moving := &tampered{Store: s, progress: func(p *job.Progress) {
		if reads++; reads == 1 {
			p.Counters.Processed, p.Counters.BatchesDone, p.Counters.Pages, p.Counters.Bytes = 4, 1, 4, 100
			p.Counters.Emails, p.Counters.Domains = 2, 1
			p.Counters.Outcomes = map[job.Outcome]int64{job.OutcomeFound: 2, job.OutcomeNone: 2}
		}
	}}
	r, err := audit.Recount(t.Context(), moving, id)
	if err != nil || !r.Clean() {
		t.Errorf("%+v, %v", r.Drifts, err)
	}
}
