// Package jobtest is the suite that every adapter of job.Store passes.
//
// It assumes nothing about the database but what the contract says: lists that
// may lag are polled, lists of all owners may hold the jobs of other tests, and
// the stores of two tests may be the same table.
package jobtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/oklog/ulid/v2"

	"gleaner/shared/job"
)

// Run runs the suite. open is called once for each test, from its goroutine; the
// store may share its table with those of other tests, and closing it is open's
// business (t.Cleanup).
func Run(t *testing.T, open func(t *testing.T) job.Store) {
	t.Helper()
	for _, topic := range []struct {
		name  string
		tests []test
	}{
		{"Jobs", jobTests},
		{"Lists", listTests},
		{"Purge", purgeTests},
		{"Chunks", chunkTests},
		{"Batches", batchTests},
		{"Claim", claimTests},
		{"Result", resultTests},
		{"Settle", settleTests},
		{"Split", splitTests},
		{"Retry", retryTests},
		{"Due", dueTests},
		{"Progress", progressTests},
		{"Addresses", addressTests},
		{"AddressLists", addressListTests},
		{"Model", modelTests},
	} {
		t.Run(topic.name, func(t *testing.T) {
			t.Parallel()
			for _, test := range topic.tests {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					test.run(t, newFixture(t, open(t)))
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(t *testing.T, f *fixture)
}

// tb is what the suite needs of *testing.T and *rapid.T.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// fixture is a store and the ways the tests bring it where they want it. Every
// fixture has an owner of its own and a clock that moves when told to.
type fixture struct {
	job.Store
	owner string
	now   time.Time
}

func newFixture(_ tb, s job.Store) *fixture {
	return &fixture{Store: s, owner: "owner-" + ulid.Make().String(), now: time.Now().UTC().Truncate(time.Millisecond)}
}

func (f *fixture) tick(d time.Duration) time.Time {
	f.now = f.now.Add(d)
	return f.now
}

// job returns a job that is not stored yet.
func (f *fixture) job(shards int) job.Job {
	f.tick(time.Millisecond) // so that jobs have an order
	o := job.Options{}
	if err := o.Normalise(); err != nil {
		panic(err) // the zero options are valid
	}
	return job.Job{
		ID: job.NewID(f.now, shards), Owner: f.owner, Name: "Bäckereien im Wendland", Status: job.Creating, Options: o,
		CreatedAt: f.now, ExpiresAt: f.now.Add(o.Retention()), History: []job.Change{{Status: job.Creating, At: f.now}},
	}
}

func (f *fixture) create(t tb, j job.Job) job.Job {
	t.Helper()
	stored, created, err := f.CreateJob(t.Context(), j)
	if err != nil || !created {
		t.Fatalf("create: created %v, %v", created, err)
	}
	return stored
}

// batches returns n batches of per targets each, not held, without lanes, due in
// a minute.
func (f *fixture) batches(id job.ID, n, per int) []job.Batch {
	batches := make([]job.Batch, n)
	for i := range batches {
		batches[i] = job.Batch{
			Ref: job.Ref{Job: id, Key: job.PlannedKey(i)}, Status: job.Pending,
			Targets: targets(i, per), Due: f.now.Add(time.Minute),
		}
	}
	return batches
}

func targets(host, n int) []job.Target {
	ts := make([]job.Target, n)
	for i := range ts {
		ts[i] = job.Target{URL: fmt.Sprintf("https://www.handwerk-%d.de/seite/%d", host, i), Guessed: i%7 == 3}
	}
	return ts
}

// lane chains batches: each leads to the next, all but the first are held.
func lane(batches []job.Batch) []job.Batch {
	for i := range batches {
		if i+1 < len(batches) {
			batches[i].Next = batches[i+1].Ref.Key
		}
		if i > 0 {
			batches[i].Held, batches[i].Due = true, time.Time{}
		}
	}
	return batches
}

// running stores a job of the given batches and starts it.
func (f *fixture) running(t tb, shards int, make func(job.ID) []job.Batch) (job.Job, []job.Batch) {
	t.Helper()
	j := f.job(shards)
	batches := make(j.ID)
	j.Batches = len(batches)
	for i := range batches {
		j.URLs += len(batches[i].Targets)
	}
	j = f.create(t, j)
	if err := f.PutBatches(t.Context(), batches); err != nil {
		t.Fatalf("put batches: %v", err)
	}
	return f.become(t, j.ID, job.Running), batches
}

// one stores and starts a job of a single batch of per targets.
func (f *fixture) one(t tb, per int) job.Ref {
	t.Helper()
	_, batches := f.running(t, 1, func(id job.ID) []job.Batch { return f.batches(id, 1, per) })
	return batches[0].Ref
}

func (f *fixture) become(t tb, id job.ID, s job.Status) job.Job {
	t.Helper()
	j, err := job.Mutate(t.Context(), f.Store, id, func(j *job.Job) error { return j.Become(s, f.now, "") })
	if err != nil {
		t.Fatalf("job becomes %s: %v", s, err)
	}
	return j
}

const lease = time.Minute

func (f *fixture) claim(t tb, r job.Ref, token string) job.Batch {
	t.Helper()
	b, err := f.Claim(t.Context(), r, job.Claim{Token: token, Now: f.now, Lease: lease})
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return b
}

func (f *fixture) save(t tb, r job.Ref, token string, res job.Result, cont *job.Batch) {
	t.Helper()
	if err := f.SaveResult(t.Context(), r, token, res, cont); err != nil {
		t.Fatalf("save result: %v", err)
	}
}

// fetch claims a batch and stores an outcome for each of its targets.
func (f *fixture) fetch(t tb, r job.Ref, token string) job.Result {
	t.Helper()
	res := f.result(f.claim(t, r, token).Targets)
	f.save(t, r, token, res, nil)
	return res
}

func (f *fixture) settle(t tb, r job.Ref, res job.Result) job.Key {
	t.Helper()
	next, err := f.Settle(t.Context(), r, job.TallyOf(&res), f.now, f.now.Add(time.Minute))
	if err != nil {
		t.Fatalf("settle: %v", err)
	}
	return next
}

// result is an outcome for each target, and an address for every second.
func (f *fixture) result(ts []job.Target) job.Result {
	res := job.Result{Pages: 2 * len(ts), Bytes: int64(1000 * len(ts))}
	for i, target := range ts {
		v := job.Visit{URL: target.URL, Outcome: job.OutcomeNone, Status: 200, Pages: 2, Attempts: 1, Millis: 17}
		switch i % 4 {
		case 1:
			v.Outcome, v.Addresses = job.OutcomeFound, 1
			res.Addresses = append(res.Addresses, f.address(i, target.URL))
		case 3:
			v.Outcome, v.Detail, v.Status = job.OutcomeTimeout, "no byte for 20 s – „still“", 0
		}
		res.Visits = append(res.Visits, v)
	}
	return res
}

func (f *fixture) address(i int, source string) job.Address {
	return job.Address{
		Email: fmt.Sprintf("anna.%d@tischlerei-oehlert.de", i), SourceURL: source, FoundBy: "mailto", Kind: "role",
		Confidence: 0.75, Reasons: []string{"mailto link"}, OwnDomain: i%2 == 0, FirstSeen: f.now,
	}
}

func (f *fixture) batch(t tb, r job.Ref) job.Batch {
	t.Helper()
	b, err := f.Batch(t.Context(), r)
	if err != nil {
		t.Fatalf("batch %s: %v", r, err)
	}
	return b
}

func (f *fixture) progress(t tb, id job.ID) job.Progress {
	t.Helper()
	p, err := f.Progress(t.Context(), id)
	if err != nil {
		t.Fatalf("progress: %v", err)
	}
	return p
}

// counted fails unless the job's counters are want, its newest addresses and
// its versions aside.
func (f *fixture) counted(t tb, id job.ID, want job.Counters) {
	t.Helper()
	equal(t, want, f.progress(t, id).Counters, cmpopts.IgnoreFields(job.Counters{}, "Recent", "UpdatedAt", "Version"))
}

// equal compares by the meaning of times, and takes empty for nil.
func equal(t tb, want, got any, opts ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, append(opts, cmpopts.EquateEmpty())...); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

func wantError(t tb, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: got %v, want %v", what, err, want)
	}
}

// eventually polls what may lag until check returns "".
func eventually(t tb, check func() string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		fault := check()
		if fault == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("for ten seconds: %s", fault)
		}
	}
}

// collect follows a list to its end.
func collect[T any](t tb, limit int, list func(cursor string, limit int) (job.Page[T], error)) []T {
	t.Helper()
	var all []T
	for cursor := ""; ; {
		page, err := list(cursor, limit)
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		if len(page.Items) > limit {
			t.Fatalf("page of %d, limit %d", len(page.Items), limit)
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all
		}
		if page.Next == cursor {
			t.Fatalf("cursor %q leads to itself", cursor)
		}
		cursor = page.Next
	}
}
