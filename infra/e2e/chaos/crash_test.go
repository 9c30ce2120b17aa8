package chaos_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"gleaner/infra/e2e/chaos"
	"gleaner/infra/e2e/emulators"
	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/dynamostore"
	"gleaner/shared/job"
)

var exhaustive = flag.Bool("exhaustive", false, "crash at every point there is, also in the middle of long rows of the same call")

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // runs wait for their stores most of the time
		panic(err)
	}
	os.Exit(m.Run())
}

// sqlite opens a store in memory-backed files where the system has them.
func sqlite(t *testing.T) job.Store {
	t.Helper()
	dir := t.TempDir()
	if shm, err := os.MkdirTemp("/dev/shm", "gleaner-chaos-"); err == nil {
		dir = shm
		t.Cleanup(func() { _ = os.RemoveAll(shm) })
	}
	s, err := sqlitestore.Open(t.Context(), filepath.Join(dir, "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// dynamo makes a table on DynamoDB Local.
func dynamo(t *testing.T) job.Store {
	t.Helper()
	client := emulators.DynamoDB(emulators.URL(t, emulators.ServiceDynamoDB))
	table := "gleaner-chaos-" + rand.Text()
	in := dynamostore.TableInput(table)
	in.StreamSpecification = nil // DynamoDB Local is slow with one
	emulators.CreateTable(t, client, in)
	return dynamostore.New(client, table)
}

// play runs a scenario in a new world with the given faults.
func play(t *testing.T, store job.Store, s scenario, decide func(chaos.Point) error) (chaos.End, *chaos.World) {
	t.Helper()
	w := chaos.NewWorld(store)
	w.Faults.Decide = decide
	if s.prepare != nil {
		s.prepare(w)
	}
	create := w.Create
	if s.create != nil {
		create = func(ctx context.Context, urls []string) (job.ID, error) { return s.create(ctx, w, urls) }
	}
	id, err := create(t.Context(), s.urls)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.play(t.Context(), w, id); err != nil {
		t.Fatal(err)
	}
	if s.end == "" {
		return chaos.End{}, w
	}
	end, err := w.End(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if end.Status != s.end {
		t.Fatalf("ended %s, want %s", end.Status, s.end)
	}
	return end, w
}

// TestCrashMatrix kills the process on both sides of every call that each
// scenario makes of the store and the queue, once and three times in a row, and
// wants the end to be that of the undisturbed run.
func TestCrashMatrix(t *testing.T) {
	matrix(t, sqlite, func(points []chaos.Point) []crash {
		switch {
		case *exhaustive:
			return crashes(points, func(chaos.Point, int) (once, thrice bool) { return true, true })
		case testing.Short():
			return crashes(points, func(p chaos.Point, _ int) (once, thrice bool) { return p.Nth == 1, false })
		}
		return crashes(points, func(p chaos.Point, last int) (once, thrice bool) {
			return p.Nth <= 2 || p.Nth == last, p.Nth == 1
		})
	})
}

// TestOnlyPoisonIsBlamed wants a URL that kills workers, or makes them panic, to
// end as crashed_worker, and every other URL of its batch as it would without it.
func TestOnlyPoisonIsBlamed(t *testing.T) {
	store := sqlite(t)
	healthy := scenarios["poison"]
	healthy.prepare = nil
	want, _ := play(t, store, healthy, nil)
	const poison = "https://h1.example.org/page/2"
	want.Outcomes[poison] = job.OutcomeCrashed
	for _, title := range []string{"poison", "bug"} {
		end, w := play(t, store, scenarios[title], nil)
		if !maps.Equal(end.Outcomes, want.Outcomes) {
			t.Errorf("%s: %s", title, end.Differs(want))
		}
		if died := w.Crashes > 0; died != (title == "poison") {
			t.Errorf("%s: %d crashes", title, w.Crashes)
		}
	}
}

// TestAWSCrashMatrix does the same on DynamoDB, at a few points of each scenario,
// spread so that all scenarios together have every call that writes.
func TestAWSCrashMatrix(t *testing.T) {
	turn := 0
	matrix(t, dynamo, func(points []chaos.Point) []crash {
		some := crashes(points, func(p chaos.Point, last int) (once, thrice bool) {
			return *exhaustive || writes[p.Op] && (p.Nth == 1 && p.When == chaos.After || p.Nth == last && p.When == chaos.Before), false
		})
		if *exhaustive {
			return some
		}
		wanted := 3
		if testing.Short() {
			wanted = 1
		}
		turn++
		var spread []crash
		for i := range min(wanted, len(some)) {
			spread = append(spread, some[(turn+i*len(some)/wanted)%len(some)])
		}
		return spread
	})
}

// writes are the calls that change something.
var writes = map[string]bool{
	"CreateJob": true, "UpdateJob": true, "PurgeJob": true, "PutChunk": true, "PutBatches": true, "Claim": true,
	"Release": true, "SaveResult": true, "Settle": true, "Split": true, "AddRetry": true, "PutAddresses": true,
	"PutDomains": true, "Send": true,
}

func matrix(t *testing.T, open func(*testing.T) job.Store, choose func([]chaos.Point) []crash) {
	var one sync.Mutex // choose has a state
	for title, s := range scenarios {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			if _, cloud := store.(*dynamostore.Store); cloud && s.local {
				t.Skip("the table's time to live does this")
			}
			calm, w := play(t, store, s, nil)
			one.Lock()
			chosen := choose(w.Faults.Seen())
			one.Unlock()
			t.Logf("%d crash points, %d runs; undisturbed: %s %s", len(w.Faults.Seen()), len(chosen), calm.Status, calm.Counters)
			for _, c := range chosen {
				t.Run(c.String(), func(t *testing.T) {
					end, w := play(t, store, s, c.decide())
					if w.Crashes == 0 {
						t.Fatal("nothing crashed: the point was not reached")
					}
					if d := end.Differs(calm); !s.loose && d != "" {
						t.Error("ended differently: " + d)
					}
				})
			}
		})
	}
}

// crash is one run of the matrix.
type crash struct {
	at    chaos.Point
	times int
}

// String implements fmt.Stringer.
func (c crash) String() string { return fmt.Sprintf("%s x%d", c.at, c.times) }

// decide dies at the point, and at the next calls of the same operation until it
// has died so many times.
func (c crash) decide() func(chaos.Point) error {
	return func(at chaos.Point) error {
		if at.Op == c.at.Op && at.When == c.at.When && at.Nth >= c.at.Nth && c.times > 0 {
			c.times--
			panic(chaos.Crash{Point: at})
		}
		return nil
	}
}

// crashes chooses among points; choose is told the number of the last call of the
// point's operation.
func crashes(points []chaos.Point, choose func(p chaos.Point, last int) (once, thrice bool)) []crash {
	last := map[string]int{}
	for _, p := range points {
		last[p.Op] = p.Nth
	}
	var chosen []crash
	for _, p := range points {
		once, thrice := choose(p, last[p.Op])
		if once {
			chosen = append(chosen, crash{p, 1})
		}
		if thrice {
			chosen = append(chosen, crash{p, 3})
		}
	}
	return chosen
}
