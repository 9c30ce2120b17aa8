package dynamostore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/dynamostore"
	"gleaner/shared/job"
)

// meter adds up what a store's requests consume, by the step under way.
type meter struct {
	mu    sync.Mutex
	step  string
	order []string
	sums  map[string]*usage
}

type usage struct {
	requests      int
	reads, writes float64
}

func (m *meter) begin(step string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.step = step
	if m.sums == nil {
		m.sums = map[string]*usage{}
	}
	if m.sums[step] == nil {
		m.order = append(m.order, step)
		m.sums[step] = &usage{}
	}
}

func (m *meter) observe(_ string, reads, writes float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.sums[m.step]
	u.requests++
	u.reads += reads
	u.writes += writes
}

// table formats what was measured, per batch and per 1,000 URLs.
func (m *meter) table(batches, urls int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(step string, u usage) {
		k := float64(urls) / 1000
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t\n", step, u.requests,
			u.writes/float64(batches), u.reads/float64(batches), u.writes/k, u.reads/k)
	}
	fmt.Fprintln(w, "step\trequests\tWRU/batch\tRRU/batch\tWRU/1,000 URLs\tRRU/1,000 URLs\t")
	for _, step := range m.order {
		line(step, *m.sums[step])
	}
	line("all", m.all())
	_ = w.Flush()
	return b.String()
}

func (m *meter) all() usage {
	var all usage
	for _, u := range m.sums {
		all = usage{all.requests + u.requests, all.reads + u.reads, all.writes + u.writes}
	}
	return all
}

// The figures of a job whose life is measured: full batches, and on every third
// URL an address, most of them alone on their domain, as with lists of companies.
const (
	lifeBatch = 100
	lifeFound = 3 // one in
)

func lifeBatches(id job.ID, n int, now time.Time) []job.Batch {
	random := rand.New(rand.NewPCG(1, 2))
	trades := []string{"baeckerei", "tischlerei", "steuerberatung", "zahnarztpraxis", "fahrschule", "gartenbau"}
	batches := make([]job.Batch, n)
	for i := range batches {
		b := job.Batch{Ref: job.Ref{Job: id, Key: job.PlannedKey(i)}, Due: now.Add(time.Minute)}
		for range lifeBatch {
			trade := trades[random.IntN(len(trades))]
			b.Targets = append(b.Targets, job.Target{URL: fmt.Sprintf("https://www.%s-%x.de/%s/kontakt-%d.html",
				trade, random.Uint32(), []string{"de", "ueber-uns", "impressum"}[random.IntN(3)], random.IntN(1000))})
		}
		batches[i] = b
	}
	return batches
}

func lifeResult(b *job.Batch, now time.Time) job.Result {
	res := job.Result{Pages: 2 * len(b.Targets), Bytes: int64(90_000 * len(b.Targets))}
	for i, target := range b.Targets {
		v := job.Visit{URL: target.URL, Outcome: job.OutcomeNone, Status: 200, Pages: 2, Millis: 300 + 7*i}
		if i%lifeFound == 0 {
			v.Outcome, v.Addresses = job.OutcomeFound, 1
			host := strings.TrimPrefix(strings.Split(target.URL, "/")[2], "www.")
			if i%(4*lifeFound) == 0 {
				host = "ferienregion-oehlert.de"
			}
			res.Addresses = append(res.Addresses, job.Address{
				Email: fmt.Sprintf("info.%d.%s@%s", i, b.Ref.Key, host), SourceURL: target.URL, Sources: []string{target.URL + "?seite=2"},
				FoundBy: "mailto", Kind: "role", Confidence: 0.9, Reasons: []string{"mailto link", "own domain"}, OwnDomain: true, FirstSeen: now,
			})
		} else if i%10 == 1 {
			v.Outcome, v.Detail, v.Status = job.OutcomeTimeout, "no byte for 20 s", 0
		}
		res.Visits = append(res.Visits, v)
	}
	return res
}

// TestAWSCapacityOfAJob holds the design to its price: at most one write unit per
// URL, all in, and one request for a poll.
func TestAWSCapacityOfAJob(t *testing.T) {
	t.Parallel()
	m := measureLife(t, 2_500)
	if n := m.sums["one poll"].requests; n != 1 {
		t.Errorf("a poll took %d requests", n)
	}
	if perURL := m.all().writes / 2_500; perURL > 1 {
		t.Errorf("%.2f write units per URL, want at most 1", perURL)
	}
}

// BenchmarkAWSCapacityOfAJob gives the figures of ARCHITECTURE.md.
func BenchmarkAWSCapacityOfAJob(b *testing.B) {
	const urls = 10_000
	for b.Loop() {
		all := measureLife(b, urls).all()
		b.ReportMetric(all.writes/urls, "WRU/URL")
		b.ReportMetric(all.reads/urls, "RRU/URL")
	}
}

// measureLife takes a job through its whole life and prints what each step took.
func measureLife(t testing.TB, urls int) *meter {
	t.Helper()
	ctx := t.Context()
	m := &meter{}
	_, client, table := openTable(t)
	s := dynamostore.New(emulators.Billed(client), table, dynamostore.WithCapacityObserver(m.observe))
	now := time.Now().UTC()
	id := job.NewID(now, job.ShardsFor(urls))
	batches := lifeBatches(id, urls/lifeBatch, now)
	perBatch := func(step string, fn func(b *job.Batch, res *job.Result) error) {
		t.Helper()
		m.begin(step)
		for i := range batches { // one by one: see billed
			res := lifeResult(&batches[i], now)
			if err := fn(&batches[i], &res); err != nil {
				t.Fatalf("%s: %v", step, err)
			}
		}
	}

	m.begin("create job")
	expires := now.Add(30 * 24 * time.Hour)
	j, _, err := s.CreateJob(ctx, job.Job{
		ID: id, Owner: "anna", Name: "Betriebe im Wendland", CreatedAt: now, ExpiresAt: expires, URLs: urls, Batches: len(batches),
		Idempotency: &job.Idempotency{Key: "k", Fingerprint: strings.Repeat("f", 64)},
		History:     []job.Change{{Status: job.Creating, At: now}},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.begin("store batches")
	if err := s.PutBatches(ctx, batches); err != nil {
		t.Fatal(err)
	}
	m.begin("start")
	if _, err := job.Mutate(ctx, s, id, func(j *job.Job) error { return j.Become(job.Running, now, "") }); err != nil {
		t.Fatal(err)
	}
	perBatch("claim", func(b *job.Batch, _ *job.Result) error {
		_, err := s.Claim(ctx, b.Ref, job.Claim{Token: "claim-01J8ZQ4K7M9X2T5V8B1N3C6D7F", Now: now, Lease: 5 * time.Minute})
		return err
	})
	perBatch("store result", func(b *job.Batch, res *job.Result) error {
		return s.SaveResult(ctx, b.Ref, "claim-01J8ZQ4K7M9X2T5V8B1N3C6D7F", *res, nil)
	})
	refused := 0
	count := func(mine []bool) (own int) {
		for _, is := range mine {
			if is {
				own++
			} else {
				refused++
			}
		}
		return own
	}
	perBatch("addresses", func(b *job.Batch, res *job.Result) error {
		mine, err := s.PutAddresses(ctx, b.Ref, res.Addresses, expires)
		count(mine)
		return err
	})
	domains := map[job.Key]int{}
	perBatch("domains", func(b *job.Batch, res *job.Result) error {
		var names []string
		for i := range res.Addresses {
			names = append(names, res.Addresses[i].Domain())
		}
		slices.Sort(names)
		mine, err := s.PutDomains(ctx, b.Ref, slices.Compact(names), expires)
		domains[b.Ref.Key] = count(mine)
		return err
	})
	perBatch("settle", func(b *job.Batch, res *job.Result) error {
		tally := job.TallyOf(res)
		tally.Emails, tally.Recent = len(res.Addresses), res.Addresses[:job.MaxRecent]
		tally.Domains = domains[b.Ref.Key]
		_, err := s.Settle(ctx, b.Ref, tally, now, now)
		return err
	})
	m.begin("complete")
	if _, err := job.Mutate(ctx, s, id, func(j *job.Job) error { return j.Become(job.Completed, now, "") }); err != nil {
		t.Fatal(err)
	}
	m.begin("one poll")
	p, err := s.Progress(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if p.Counters.Processed != int64(urls) || p.OpenBatches() != 0 || p.Counters.Active != 0 {
		t.Errorf("%s: %+v", j.ID, p.Counters)
	}

	// A refused write is billed one unit that DynamoDB does not tell.
	m.sums["domains"].writes += float64(refused)
	t.Logf("%d URLs in %d batches, %d addresses of %d domains, %d writes refused\n%s",
		urls, len(batches), p.Counters.Emails, p.Counters.Domains, refused, m.table(len(batches), urls))
	return m
}
