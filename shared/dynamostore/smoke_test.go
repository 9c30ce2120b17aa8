package dynamostore_test

import (
	"testing"
	"time"

	"gleaner/shared/job"
)

func TestAWSSmoke(t *testing.T) {
	ctx := t.Context()
	s := open(t)
	now := time.Now().UTC()
	j := job.Job{ID: job.NewID(now, 2), Owner: "anna", CreatedAt: now, ExpiresAt: now.Add(time.Hour), Batches: 1, URLs: 1}
	if _, created, err := s.CreateJob(ctx, j); err != nil || !created {
		t.Fatal(created, err)
	}
	r := job.Ref{Job: j.ID, Key: job.PlannedKey(1)}
	b := job.Batch{Ref: r, Targets: []job.Target{{URL: "https://x.de/"}}, Due: now}
	if err := s.PutBatches(ctx, []job.Batch{b}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Claim(ctx, r, job.Claim{Token: "t", Now: now, Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	res := job.Result{Visits: []job.Visit{{URL: got.Targets[0].URL, Outcome: job.OutcomeFound}}, Addresses: []job.Address{{Email: "a@b.de", FirstSeen: now}}}
	if err := s.SaveResult(ctx, r, "t", res, nil); err != nil {
		t.Fatal(err)
	}
	if mine, err := s.PutAddresses(ctx, r, res.Addresses, now.Add(time.Hour)); err != nil || !mine[0] {
		t.Fatal(mine, err)
	}
	tally := job.TallyOf(&res)
	tally.Emails, tally.Recent = 1, res.Addresses
	if _, err := s.Settle(ctx, r, tally, now, now); err != nil {
		t.Fatal(err)
	}
	p, err := s.Progress(ctx, j.ID)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", p)
}
