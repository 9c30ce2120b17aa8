package jobtest

import (
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gleaner/shared/job"
)

var jobTests = []test{
	{"CreateAndRead", testCreate},
	{"EveryFieldIsKept", testJobFields},
	{"SecondCreateIsConflict", testCreateTwice},
	{"MissingJob", testMissingJob},
	{"UpdateNeedsVersion", testUpdate},
	{"ConcurrentMutations", testMutate},
	{"IdempotencyKey", testIdempotency},
	{"IdempotencyKeyIsForgotten", testIdempotencyExpires},
	{"IdempotencyKeyRace", testIdempotencyRace},
	{"IdempotencyKeyOfFailedCreateIsFree", testIdempotencyConflict},
}

func testCreate(t *testing.T, f *fixture) {
	j := f.job(4)
	stored := f.create(t, j)
	j.Version = stored.Version
	equal(t, j, stored)
	got, err := f.Job(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, j, got)
	p := f.progress(t, j.ID)
	equal(t, j, p.Job)
	f.counted(t, j.ID, job.Counters{})
}

// fill gives every field of a struct a value of its own, so that one that an
// adapter forgets is missed.
func fill(v reflect.Value, now time.Time, seed *int) {
	*seed++
	switch v.Kind() { //nolint:exhaustive // what the domain's structs hold
	case reflect.String:
		v.SetString("wert-" + string(rune('a'+*seed%26)) + "-ß")
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*seed))
	case reflect.Float64:
		v.SetFloat(float64(*seed) / 64)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), now, seed)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), now, seed)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(now.Add(time.Duration(*seed) * time.Second)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), now, seed)
		}
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

func testJobFields(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	seed, full := 0, job.Job{}
	fill(reflect.ValueOf(&full).Elem(), f.now, &seed)
	full.ID, full.Owner, full.Status, full.Version = j.ID, j.Owner, job.Running, j.Version
	full.CreatedAt, full.ExpiresAt = j.CreatedAt, f.now.Add(24*time.Hour)
	full.Options.Gap = 1500 * time.Millisecond
	updated, err := f.UpdateJob(t.Context(), full)
	if err != nil {
		t.Fatal(err)
	}
	full.Version++
	equal(t, full, updated)
	got, err := f.Job(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, full, got)
}

func testCreateTwice(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	again := j
	again.Name = "another"
	_, created, err := f.CreateJob(t.Context(), again)
	wantError(t, "second create", err, job.ErrConflict)
	if created {
		t.Error("created")
	}
	got, err := f.Job(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, j, got)
}

func testMissingJob(t *testing.T, f *fixture) {
	j := f.job(4)
	_, err := f.Job(t.Context(), j.ID)
	wantError(t, "job", err, job.ErrNotFound)
	_, err = f.UpdateJob(t.Context(), j)
	wantError(t, "update", err, job.ErrNotFound)
	_, err = f.Progress(t.Context(), j.ID)
	wantError(t, "progress", err, job.ErrNotFound)
}

func testUpdate(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	first, second := j, j
	first.Name, second.Name = "first", "second"
	first, err := f.UpdateJob(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if first.Version != j.Version+1 {
		t.Errorf("version %d after %d", first.Version, j.Version)
	}
	_, err = f.UpdateJob(t.Context(), second)
	wantError(t, "update of an old version", err, job.ErrConflict)
	got, err := f.Job(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, first, got)
}

func testMutate(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	const callers = 8
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			if _, err := job.Mutate(t.Context(), f.Store, j.ID, func(j *job.Job) error { j.Rejected++; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := f.Job(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Rejected != callers || got.Version != j.Version+callers {
		t.Errorf("%d changes, version %d after %d", got.Rejected, got.Version, j.Version)
	}
}

func (f *fixture) keyed(key, fingerprint string) job.Job {
	j := f.job(1)
	j.Idempotency = &job.Idempotency{Key: key, Fingerprint: fingerprint}
	return j
}

func testIdempotency(t *testing.T, f *fixture) {
	first := f.create(t, f.keyed("schlüssel #1", "print"))
	started := f.become(t, first.ID, job.Running)

	repeat := f.keyed("schlüssel #1", "print")
	stored, created, err := f.CreateJob(t.Context(), repeat)
	if err != nil || created {
		t.Fatalf("repeat: created %v, %v", created, err)
	}
	equal(t, started, stored) // as it stands now, not as it was created
	_, err = f.Job(t.Context(), repeat.ID)
	wantError(t, "job of the repeat", err, job.ErrNotFound)

	other := f.keyed("schlüssel #1", "other print")
	_, created, err = f.CreateJob(t.Context(), other)
	wantError(t, "other request", err, job.ErrIdempotency)
	if created {
		t.Error("created")
	}
	_, err = f.Job(t.Context(), other.ID)
	wantError(t, "job of the other request", err, job.ErrNotFound)

	f.create(t, f.keyed("another key", "print"))
	stranger := f.keyed("schlüssel #1", "print")
	stranger.Owner += "-else"
	f.create(t, stranger)
}

func testIdempotencyExpires(t *testing.T, f *fixture) {
	first := f.create(t, f.keyed("k", "one"))
	f.tick(job.IdempotencyTTL - time.Hour)
	_, _, err := f.CreateJob(t.Context(), f.keyed("k", "two"))
	wantError(t, "within a day", err, job.ErrIdempotency)
	f.tick(2 * time.Hour)
	second := f.create(t, f.keyed("k", "two"))
	if first.ID == second.ID {
		t.Error("same job")
	}
	// The key belongs to the second now.
	stored, created, err := f.CreateJob(t.Context(), f.keyed("k", "two"))
	if err != nil || created || stored.ID != second.ID {
		t.Errorf("repeat of the second: %s, created %v, %v", stored.ID, created, err)
	}
}

func testIdempotencyRace(t *testing.T, f *fixture) {
	const callers = 8
	jobs := make([]job.Job, callers)
	for i := range jobs {
		jobs[i] = f.keyed("k", "print")
	}
	ids := make([]job.ID, callers)
	var created atomic.Int32
	var wg sync.WaitGroup
	for i := range jobs {
		wg.Go(func() {
			stored, fresh, err := f.CreateJob(t.Context(), jobs[i])
			if err != nil {
				t.Error(err)
			}
			if fresh {
				created.Add(1)
			}
			ids[i] = stored.ID
		})
	}
	wg.Wait()
	if created.Load() != 1 {
		t.Errorf("%d jobs created", created.Load())
	}
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("jobs %s and %s", id, ids[0])
		}
	}
}

func testIdempotencyConflict(t *testing.T, f *fixture) {
	j := f.create(t, f.job(1))
	again := j
	again.Idempotency = &job.Idempotency{Key: "k", Fingerprint: "p"}
	_, _, err := f.CreateJob(t.Context(), again)
	wantError(t, "create with a taken ID", err, job.ErrConflict)
	f.create(t, f.keyed("k", "p"))
}
