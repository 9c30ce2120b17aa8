package jobtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"gleaner/shared/job"
)

var modelTests = []test{{"LikeTheModel", testModel}}

// modelTime bounds the property test on slow databases: once it is over, the
// remaining runs are left out.
const modelTime = 4 * time.Second

// testModel does random things to a job and compares every answer, and at the
// end everything stored, with a model of a few lines.
func testModel(t *testing.T, f *fixture) {
	deadline := time.Now().Add(modelTime)
	rapid.Check(t, func(t *rapid.T) {
		if time.Now().After(deadline) {
			return
		}
		m := newModel(t, f)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			m.step(t)
			f.counted(t, m.job, m.counters)
		}
		m.compare(t)
	})
}

type model struct {
	f        *fixture
	job      job.ID
	batches  map[job.Key]*modelBatch
	counters job.Counters
	owners   map[string]job.Key
	tokens   int
	rounds   int
}

type modelBatch struct {
	job.Batch
	anyNext  bool   // the contract leaves open what Next is
	formerly string // token of the holder before
}

func newModel(t *rapid.T, f *fixture) *model {
	m := &model{f: f, batches: map[job.Key]*modelBatch{}, owners: map[string]job.Key{}}
	m.counters.Outcomes = map[job.Outcome]int64{}
	shards := rapid.SampledFrom([]int{1, 4}).Draw(t, "shards")
	_, batches := f.running(t, shards, func(id job.ID) []job.Batch {
		m.job = id
		batches := f.batches(id, rapid.IntRange(1, 5).Draw(t, "batches"), rapid.IntRange(1, 6).Draw(t, "targets"))
		inLane := rapid.IntRange(0, len(batches)).Draw(t, "lane")
		lane(batches[:inLane])
		return batches
	})
	for i := range batches {
		m.batches[batches[i].Ref.Key] = &modelBatch{Batch: batches[i]}
	}
	return m
}

// pick is any batch, or a missing one.
func (m *model) pick(t *rapid.T) (job.Ref, *modelBatch) {
	keys := slices.Sorted(maps.Keys(m.batches))
	key := rapid.SampledFrom(keys).Draw(t, "batch")
	return job.Ref{Job: m.job, Key: key}, m.batches[key]
}

// token is that of the holder, of the one before it, or of a stranger.
func (m *model) token(t *rapid.T, b *modelBatch) string {
	switch rapid.SampledFrom([]string{"holder", "holder", "holder", "former", "stranger"}).Draw(t, "token") {
	case "former":
		if b.formerly != "" {
			return b.formerly
		}
	case "holder":
		if b.holder() != "" {
			return b.holder()
		}
	}
	return "stranger"
}

// holder is the token of who holds the batch, if anybody does.
func (b *modelBatch) holder() string {
	if b.Status == job.Leased || b.Status == job.Fetched {
		return b.LeaseToken
	}
	return ""
}

func (m *model) step(t *rapid.T) {
	steps := map[string]func(*rapid.T){
		"tick": func(t *rapid.T) {
			m.f.tick(time.Duration(rapid.IntRange(1, int(2*lease/time.Second)).Draw(t, "seconds")) * time.Second)
		},
		"claim": m.claim, "claim ": m.claim, "claim again": m.claimAgain, "release": m.release,
		"save": m.save, "save ": m.save, "settle": m.settle, "settle ": m.settle, "split": m.split,
		"retry": m.retry, "rang": m.rang, "addresses": m.addresses,
	}
	steps[rapid.SampledFrom(slices.Sorted(maps.Keys(steps))).Draw(t, "step")](t)
}

// as fails unless err is want, nil included.
func as(t tb, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Fatalf("%s: got %v, the model says %v", what, err, want)
	}
}

func (m *model) claim(t *rapid.T) {
	r, b := m.pick(t)
	m.tokens++
	token, now := fmt.Sprint("token-", m.tokens), m.f.now
	got, err := m.f.Claim(t.Context(), r, job.Claim{Token: token, Now: now, Lease: lease})
	switch {
	case b.Status == job.Done:
		as(t, "claim", err, job.ErrDone)
		return
	case b.Held:
		as(t, "claim", err, job.ErrHeld)
		return
	case b.Status != job.Pending && now.Before(b.LeaseUntil):
		as(t, "claim", err, job.ErrLeased)
		return
	}
	as(t, "claim", err, nil)
	if b.Status == job.Pending {
		b.Status = job.Leased
		m.counters.Active++
	}
	b.Attempt++
	b.formerly, b.LeaseToken = b.LeaseToken, token
	b.LeaseUntil = now.Add(lease)
	b.Due = b.LeaseUntil
	m.same(t, b, got)
}

func (m *model) claimAgain(t *rapid.T) {
	r, b := m.pick(t)
	if b.holder() == "" || !m.f.now.Before(b.LeaseUntil) {
		return
	}
	got, err := m.f.Claim(t.Context(), r, job.Claim{Token: b.LeaseToken, Now: m.f.now, Lease: lease})
	as(t, "claim again", err, nil)
	if !got.LeaseUntil.Equal(b.LeaseUntil) { // it may be prolonged
		b.LeaseUntil = m.f.now.Add(lease)
		b.Due = b.LeaseUntil
	}
	m.same(t, b, got)
}

func (m *model) release(t *rapid.T) {
	r, b := m.pick(t)
	token, due := m.token(t, b), m.f.now.Add(3*time.Minute)
	err := m.f.Release(t.Context(), r, token, due)
	if b.Status != job.Leased || b.LeaseToken != token {
		as(t, "release", err, job.ErrLeaseLost)
		return
	}
	as(t, "release", err, nil)
	b.Status, b.Due, b.Attempt = job.Pending, due, b.Attempt-1
	b.formerly, b.LeaseToken = b.LeaseToken, ""
	m.counters.Active--
}

func (m *model) save(t *rapid.T) {
	r, b := m.pick(t)
	token := m.token(t, b)
	n := rapid.IntRange(1, len(b.Targets)).Draw(t, "outcomes")
	child := r.Key.Child('c')
	if m.batches[child] != nil && b.Status == job.Leased {
		return // its keys' letters are used up
	}
	var cont *job.Batch
	if n < len(b.Targets) {
		cont = &job.Batch{Ref: job.Ref{Job: m.job, Key: child}, Status: job.Pending, Targets: b.Targets[n:], Due: m.f.now.Add(time.Minute)}
	}
	res := m.f.result(b.Targets[:n])
	err := m.f.SaveResult(t.Context(), r, token, res, cont)
	switch {
	case b.Status == job.Done:
		if !errors.Is(err, job.ErrDone) && (b.LeaseToken == token || !errors.Is(err, job.ErrLeaseLost)) {
			t.Fatalf("save to a done batch: %v", err)
		}
		return
	case b.holder() == "" || b.LeaseToken != token:
		as(t, "save", err, job.ErrLeaseLost)
		return
	}
	as(t, "save", err, nil)
	if b.Status == job.Fetched {
		return // a repeat
	}
	b.Status, b.Result = job.Fetched, &res
	if cont == nil {
		return
	}
	c := &modelBatch{Batch: *cont}
	c.Next, c.Held = b.Next, b.Next != ""
	if c.Held {
		c.Due, b.Next = time.Time{}, child
	} else {
		b.anyNext = true
	}
	m.batches[child] = c
	m.counters.ExtraBatches++
}

func (m *model) settle(t *rapid.T) {
	r, b := m.pick(t)
	var tally job.Tally
	if b.Result != nil {
		tally = job.TallyOf(b.Result)
		tally.Emails, tally.Domains = 2, 1
	}
	due := m.f.now.Add(2 * time.Minute)
	next, err := m.f.Settle(t.Context(), r, tally, m.f.now, due)
	switch b.Status {
	case job.Done:
		as(t, "settle", err, job.ErrDone)
	case job.Fetched:
		as(t, "settle", err, nil)
	default:
		as(t, "settle", err, job.ErrState)
		return
	}
	if next != b.Next && !b.anyNext {
		t.Fatalf("settled %s: next %q, the model says %q", r, next, b.Next)
	}
	if b.Status == job.Done {
		return
	}
	b.Status, b.Finished, b.Due = job.Done, m.f.now, time.Time{}
	if n := m.batches[next]; n != nil && n.Status == job.Pending && (n.Held || !n.Due.Equal(m.f.batch(t, n.Ref).Due)) {
		n.Held, n.Due = false, due
	}
	c := &m.counters
	c.Active--
	c.BatchesDone++
	c.Processed += int64(tally.Processed)
	c.Emails, c.Domains = c.Emails+2, c.Domains+1
	c.Pages, c.Bytes = c.Pages+int64(tally.Pages), c.Bytes+tally.Bytes
	for o, n := range tally.Outcomes {
		m.outcome(o, int64(n))
	}
}

// outcome counts n outcomes; what comes to nothing is not listed.
func (m *model) outcome(o job.Outcome, n int64) {
	if m.counters.Outcomes[o] += n; m.counters.Outcomes[o] == 0 {
		delete(m.counters.Outcomes, o)
	}
}

func (m *model) split(t *rapid.T) {
	r, b := m.pick(t)
	token := m.token(t, b)
	if len(b.Targets) < 2 || m.batches[r.Key.Child('a')] != nil || b.Status == job.Done {
		return
	}
	halves := m.f.halves(b.Batch)
	first, second := &modelBatch{Batch: halves[0]}, &modelBatch{Batch: halves[1]}
	chained := b.Next != ""
	if rapid.Bool().Draw(t, "one host") {
		halves[0].Next, chained = halves[1].Ref.Key, true
	}
	err := m.f.Split(t.Context(), r, token, halves, m.f.now)
	if b.Status != job.Leased || b.LeaseToken != token {
		if err == nil {
			t.Fatalf("split of a batch that is %s by %q", b.Status, b.LeaseToken)
		}
		return
	}
	as(t, "split", err, nil)
	first.Due, second.Due = m.f.now, m.f.now
	if chained {
		first.Next, second.Next = second.Ref.Key, b.Next
		second.Held, second.Due = true, time.Time{}
	}
	m.batches[first.Ref.Key], m.batches[second.Ref.Key] = first, second
	b.Status, b.Split, b.Finished, b.Due, b.anyNext = job.Done, true, m.f.now, time.Time{}, true
	m.counters.Active--
	m.counters.BatchesDone++
	m.counters.ExtraBatches += 2
}

func (m *model) retry(t *rapid.T) {
	r, b := m.pick(t)
	if b.Status != job.Done || b.Split {
		return
	}
	m.rounds++
	again := m.f.retry(r, m.rounds, b.Targets[:1])
	again.Ref.Key = job.RetryKey(m.rounds, r.Key.Seq())
	old := b.Result.Visits[0].Outcome
	err := m.f.AddRetry(t.Context(), again, []job.Key{r.Key}, map[job.Outcome]int{old: 1})
	if b.Retried != "" {
		as(t, "retry", err, job.ErrConflict)
		return
	}
	as(t, "retry", err, nil)
	b.Retried = again.Ref.Key
	m.batches[again.Ref.Key] = &modelBatch{Batch: again}
	m.counters.ExtraURLs++
	m.counters.ExtraBatches++
	m.outcome(old, -1)
}

func (m *model) rang(t *rapid.T) {
	keys := slices.Sorted(maps.Keys(m.batches))
	rung := rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 1, len(keys), rapid.ID[job.Key]).Draw(t, "rung")
	due := m.f.now.Add(4 * time.Minute)
	var refs []job.Ref
	for _, key := range rung {
		refs = append(refs, job.Ref{Job: m.job, Key: key})
		if b := m.batches[key]; b.Status == job.Pending && !b.Held {
			b.Due = due
		}
	}
	as(t, "rang", m.f.Rang(t.Context(), refs, due), nil)
}

func (m *model) addresses(t *rapid.T) {
	r, _ := m.pick(t)
	which := rapid.SliceOfNDistinct(rapid.IntRange(0, 9), 1, 6, rapid.ID[int]).Draw(t, "addresses")
	var all []job.Address
	var want []bool
	for _, i := range which {
		a := m.f.address(i, "https://a.de/")
		all = append(all, a)
		if _, owned := m.owners[a.Email]; !owned {
			m.owners[a.Email] = r.Key
		}
		want = append(want, m.owners[a.Email] == r.Key)
	}
	equal(t, want, m.f.put(t, r, all))
}

// same compares a batch with the model's. Who held a batch that nobody holds
// now is nobody's business.
func (m *model) same(t tb, b *modelBatch, got job.Batch) {
	t.Helper()
	opts := []string{}
	if b.holder() == "" {
		opts = append(opts, "LeaseToken", "LeaseUntil")
	}
	if b.anyNext {
		opts = append(opts, "Next")
	}
	equal(t, b.Batch, got, cmpopts.IgnoreFields(job.Batch{}, opts...))
}

// compare reads everything and compares it with the model.
func (m *model) compare(t *rapid.T) {
	all := m.f.allBatches(t, m.job, 7)
	if len(all) != len(m.batches) {
		t.Fatalf("%d batches, the model has %d", len(all), len(m.batches))
	}
	moments := []time.Time{m.f.now.Add(24 * time.Hour)}
	for _, got := range all {
		b := m.batches[got.Ref.Key]
		if b == nil {
			t.Fatalf("batch %s is unknown to the model", got.Ref)
		}
		m.same(t, b, got)
		if !got.Due.IsZero() {
			moments = append(moments, got.Due)
		}
	}
	for _, at := range moments[:min(len(moments), 4)] {
		var due []job.Key
		for key, b := range m.batches {
			if b.Status != job.Done && !b.Held && !b.Due.After(at) {
				due = append(due, key)
			}
		}
		m.f.due(t, m.job, at, due...)
	}
	owners, err := m.f.AddressOwners(t.Context(), m.job, slices.Collect(maps.Keys(m.owners)))
	if err != nil {
		t.Fatalf("owners: %v", err)
	}
	equal(t, m.owners, owners)
	if got := m.f.addresses(t, m.job, job.AddressFilter{}, 3); len(got) != len(m.owners) {
		t.Fatalf("%d addresses, the model has %d", len(got), len(m.owners))
	}
}
