package sqlitestore_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
)

var benchNow = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// benchJob stores a job in status CREATING.
func benchJob(b *testing.B, s *sqlitestore.Store, urls int) job.ID {
	b.Helper()
	j := job.Job{
		ID: job.NewID(time.Now(), job.ShardsFor(urls)), Owner: "bench", Status: job.Creating, URLs: urls, CreatedAt: benchNow,
		ExpiresAt: benchNow.AddDate(0, 1, 0), History: []job.Change{{Status: job.Creating, At: benchNow}},
	}
	if _, _, err := s.CreateJob(b.Context(), j); err != nil {
		b.Fatal(err)
	}
	return j.ID
}

func start(b *testing.B, s *sqlitestore.Store, id job.ID) {
	b.Helper()
	if _, err := job.Mutate(b.Context(), s, id, func(j *job.Job) error { return j.Become(job.Running, benchNow, "") }); err != nil {
		b.Fatal(err)
	}
}

// benchBatches are urls URLs of ten pages a host in batches of per.
func benchBatches(id job.ID, urls, per int) []job.Batch {
	var batches []job.Batch
	for first := 0; first < urls; first += per {
		batch := job.Batch{Ref: job.Ref{Job: id, Key: job.PlannedKey(len(batches))}, Status: job.Pending, Due: benchNow.Add(time.Minute)}
		for i := first; i < min(first+per, urls); i++ {
			batch.Targets = append(batch.Targets, job.Target{URL: fmt.Sprintf("https://www.firma-%06d.de/ueber-uns/seite-%d.html", i/10, i*7919)})
		}
		batches = append(batches, batch)
	}
	return batches
}

func benchAddress(i int) job.Address {
	return job.Address{
		Email: fmt.Sprintf("kontakt.%07d@firma-%06d.de", i*7919%10_000_019, i/3), SourceURL: fmt.Sprintf("https://www.firma-%06d.de/impressum", i/3),
		FoundBy: "mailto", Kind: "role", Confidence: 0.95, Reasons: []string{"mailto link", "own domain"}, OwnDomain: true, FirstSeen: benchNow,
	}
}

// percentiles reports the median and the 99th percentile of what an operation
// took.
func percentiles(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

func BenchmarkPutBatches(b *testing.B) {
	for _, urls := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("urls=%d", urls), func(b *testing.B) {
			s := open(b)
			var took []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				batches := benchBatches(benchJob(b, s, urls), urls, 334)
				b.StartTimer()
				began := time.Now()
				if err := s.PutBatches(b.Context(), batches); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			percentiles(b, took)
		})
	}
}

// BenchmarkBatchLife is claim, result, addresses and settle of a batch of 100
// URLs with 40 addresses, by one worker and by sixteen.
func BenchmarkBatchLife(b *testing.B) {
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			s := open(b)
			id := benchJob(b, s, 1_000_000)
			batches := benchBatches(id, 100*b.N, 100)
			if err := s.PutBatches(b.Context(), batches); err != nil {
				b.Fatal(err)
			}
			var next atomic.Int64
			took := make([]time.Duration, b.N)
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
						began := time.Now()
						if err := benchLife(b.Context(), s, batches[i].Ref); err != nil {
							b.Error(err)
							return
						}
						took[i] = time.Since(began)
					}
				})
			}
			wg.Wait()
			percentiles(b, took)
		})
	}
}

func benchLife(ctx context.Context, s *sqlitestore.Store, r job.Ref) error {
	token := string(r.Key)
	got, err := s.Claim(ctx, r, job.Claim{Token: token, Now: benchNow, Lease: time.Minute})
	if err != nil {
		return err
	}
	res := job.Result{Pages: len(got.Targets)}
	for i := range got.Targets {
		res.Visits = append(res.Visits, job.Visit{URL: got.Targets[i].URL, Outcome: job.OutcomeFound, Status: 200, Pages: 1, Millis: 130})
	}
	for i := range 40 {
		res.Addresses = append(res.Addresses, benchAddress(r.Key.Seq()*40+i))
	}
	if err := s.SaveResult(ctx, r, token, res, nil); err != nil {
		return err
	}
	if _, err := s.PutAddresses(ctx, r, res.Addresses, benchNow); err != nil {
		return err
	}
	_, err = s.Settle(ctx, r, job.TallyOf(&res), benchNow, benchNow)
	return err
}

// BenchmarkProgress polls a large running job while workers settle.
func BenchmarkProgress(b *testing.B) {
	s := open(b)
	id := benchJob(b, s, 1_000_000)
	batches := benchBatches(id, 40_000, 10)
	if err := s.PutBatches(b.Context(), batches); err != nil {
		b.Fatal(err)
	}
	start(b, s, id)
	ctx, cancel := context.WithCancel(b.Context())
	worker := make(chan struct{})
	go func() {
		defer close(worker)
		for i := 0; ctx.Err() == nil && i < len(batches); i++ {
			r := batches[i].Ref
			res := job.Result{Visits: make([]job.Visit, 10)}
			for v := range res.Visits {
				res.Visits[v].Outcome = job.Outcomes()[(i+v)%20]
			}
			_, _ = s.Claim(ctx, r, job.Claim{Token: "t", Now: benchNow, Lease: time.Minute})
			_ = s.SaveResult(ctx, r, "t", res, nil)
			_, _ = s.Settle(ctx, r, job.TallyOf(&res), benchNow, benchNow)
		}
	}()
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		if _, err := s.Progress(b.Context(), id); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	cancel()
	<-worker
	percentiles(b, took)
}

// BenchmarkPutAddresses stores a batch's addresses, a hundred at a time, into a
// job that has many already.
func BenchmarkPutAddresses(b *testing.B) {
	s := open(b)
	id := benchJob(b, s, 1_000_000)
	r := job.Ref{Job: id, Key: job.PlannedKey(0)}
	addresses := make([]job.Address, 100)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		for i := range addresses {
			addresses[i] = benchAddress(100*n + i)
		}
		if _, err := s.PutAddresses(b.Context(), r, addresses, benchNow); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "addresses/s")
}

// million is a store of a job with a million addresses and a million URLs in
// four hundred batches.
func million(b *testing.B) (*sqlitestore.Store, job.ID) {
	b.Helper()
	if testing.Short() {
		b.Skip("stores a million addresses")
	}
	s := open(b)
	id := benchJob(b, s, 1_000_000)
	if err := s.PutBatches(b.Context(), benchBatches(id, 1_000_000, 100)); err != nil {
		b.Fatal(err)
	}
	start(b, s, id)
	addresses := make([]job.Address, 5_000)
	for first := 0; first < 1_000_000; first += len(addresses) {
		for i := range addresses {
			addresses[i] = benchAddress(first + i)
		}
		if _, err := s.PutAddresses(b.Context(), job.Ref{Job: id, Key: job.PlannedKey(first / 5_000)}, addresses, benchNow); err != nil {
			b.Fatal(err)
		}
	}
	return s, id
}

func BenchmarkMillion(b *testing.B) {
	s, id := million(b)
	timed := func(name string, op func(n int) error) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				began := time.Now()
				if err := op(n); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			percentiles(b, took)
		})
	}
	ctx := b.Context()
	timed("AddressesFirstPage", func(int) error {
		_, err := s.Addresses(ctx, id, job.AddressFilter{}, "", 100)
		return err
	})
	timed("AddressesFirstThousand", func(int) error {
		_, err := s.Addresses(ctx, id, job.AddressFilter{}, "", 1000)
		return err
	})
	timed("AddressesSearchPage", func(int) error {
		_, err := s.Addresses(ctx, id, job.AddressFilter{Search: "nirgends"}, "", 100)
		return err
	})
	timed("AddressOwners", func(n int) error {
		emails := make([]string, 100)
		for i := range emails {
			emails[i] = benchAddress((n*100 + i) * 31 % 2_000_000).Email
		}
		_, err := s.AddressOwners(ctx, id, emails)
		return err
	})
	timed("AddressOwnersAfterARestart", func(int) error {
		sqlitestore.Forget(s)
		_, err := s.AddressOwners(ctx, id, []string{benchAddress(1).Email})
		return err
	})
	timed("Progress", func(int) error {
		_, err := s.Progress(ctx, id)
		return err
	})
	timed("Due", func(int) error {
		_, err := s.Due(ctx, id, benchNow.Add(time.Hour), 100)
		return err
	})
	batches := 0
	timed("ClaimSaveSettle", func(int) error {
		r := job.Ref{Job: id, Key: job.PlannedKey(batches % 10_000)}
		batches++
		got, err := s.Claim(ctx, r, job.Claim{Token: "t", Now: benchNow, Lease: time.Minute})
		if err != nil {
			return err
		}
		res := job.Result{Visits: make([]job.Visit, len(got.Targets))}
		for i := range res.Visits {
			res.Visits[i] = job.Visit{URL: got.Targets[i].URL, Outcome: job.OutcomeNone, Status: 200}
		}
		if err := s.SaveResult(ctx, r, "t", res, nil); err != nil {
			return err
		}
		_, err = s.Settle(ctx, r, job.TallyOf(&res), benchNow, benchNow)
		return err
	})
	b.Run("AddressesAll", func(b *testing.B) {
		b.ReportAllocs()
		rows := 0
		for b.Loop() {
			for cursor := ""; ; {
				page, err := s.Addresses(ctx, id, job.AddressFilter{}, cursor, 1000)
				if err != nil {
					b.Fatal(err)
				}
				rows += len(page.Items)
				if cursor = page.Next; cursor == "" {
					break
				}
			}
		}
		b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	})
}
