package fetch

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// The frontier is tested on a fake clock: time passes only while everybody waits.

func next(t *testing.T, f *Frontier[string]) (string, *Slot) {
	t.Helper()
	item, slot, ok := f.Next()
	if !ok {
		t.Fatal("the frontier is closed")
	}
	return item, slot
}

func TestTheHostThatWaitedLongestIsNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFrontier[string](NewHosts(100), 1, 0)
		for _, item := range []string{"a1", "a2", "a3", "b1", "b2", "c1"} {
			f.Push(item[:1], item, false)
		}
		var order []string
		for range 6 {
			item, slot := next(t, f)
			order = append(order, item)
			slot.Release(Fine, 0)
		}
		if want := []string{"a1", "b1", "c1", "a2", "b2", "a3"}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
	})
}

func TestASlowHostHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFrontier[string](NewHosts(100), 2, 0)
		for i := range 50 {
			f.Push("slow", fmt.Sprint("slow", i), false)
		}
		f.Push("quick", "quick", false)
		got := map[string]bool{}
		for range 3 { // slow answers to none of these
			item, _ := next(t, f)
			got[item] = true
		}
		if !got["quick"] {
			t.Errorf("two slow requests and no quick one: %v", got)
		}
	})
}

func TestUrgentItemsComeFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFrontier[string](NewHosts(100), 1, 0)
		f.Push("h", "page", false)
		f.Push("h", "robots", true)
		item, slot := next(t, f)
		slot.Release(Fine, 0)
		if item != "robots" {
			t.Errorf("first came %q", item)
		}
	})
}

func TestAGapIsCountedFromTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFrontier[string](NewHosts(100), 4, time.Second)
		f.Push("h", "1", false)
		f.Push("h", "2", false)
		_, slot := next(t, f)
		time.Sleep(3 * time.Second) // the way there and back
		slot.Heard()
		heard := time.Now()
		_, second := next(t, f) // while the body of the first still comes
		if gap := time.Since(heard); gap != time.Second {
			t.Errorf("the second began %v after the first answer, want 1s", gap)
		}
		slot.Release(Fine, 0)
		second.Release(Fine, 0)
	})
}

func TestTwoBatchesShareAHostsLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := NewHosts(100)
		a, b := NewFrontier[string](hosts, 1, 0), NewFrontier[string](hosts, 1, 0)
		a.Push("h", "a", false)
		b.Push("h", "b", false)
		_, slot := next(t, a)
		began := time.Now()
		go func() {
			time.Sleep(5 * time.Second)
			slot.Release(Fine, 0)
		}()
		if _, other := next(t, b); time.Since(began) != 5*time.Second {
			t.Errorf("the other batch's request began after %v", time.Since(began))
		} else {
			other.Release(Fine, 0)
		}
	})
}

func TestRetryAfterAndComplaintsSlowAHostAndItRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := NewHosts(100)
		f := NewFrontier[string](hosts, 2, 0)
		ask := func(v Verdict, wait time.Duration) time.Duration {
			f.Push("h", "x", false)
			began := time.Now()
			_, slot := next(t, f)
			slot.Heard()
			slot.Release(v, wait)
			return time.Since(began)
		}
		ask(Overloaded, 7*time.Second)
		if waited := ask(Overloaded, 0); waited != 7*time.Second {
			t.Errorf("asked again after %v, Retry-After was 7s", waited)
		}
		slow := ask(Fine, 0)
		if slow != 2*minDelay {
			t.Errorf("after two complaints asked after %v, want %v", slow, 2*minDelay)
		}
		for range 20 {
			ask(Fine, 0)
		}
		if waited := ask(Overloaded, 0); waited != 0 {
			t.Errorf("the host did not recover: still asked after %v", waited)
		}
		time.Sleep(forgive + time.Second)
		if waited := ask(Fine, 0); waited != 0 {
			t.Errorf("the host did not recover: still asked after %v", waited)
		}
	})
}

func TestADelayedHostGetsOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := NewHosts(100)
		f := NewFrontier[string](hosts, 8, 0)
		f.Push("h", "complaint", false)
		_, slot := next(t, f)
		slot.Release(Overloaded, 0)
		f.Push("h", "1", false)
		f.Push("h", "2", false)
		_, slot = next(t, f)
		slot.Heard()
		began := time.Now()
		time.AfterFunc(10*time.Second, func() { slot.Release(Fine, 0) })
		if _, s := next(t, f); time.Since(began) != 10*time.Second {
			t.Errorf("a second connection after %v", time.Since(began))
		} else {
			s.Release(Fine, 0)
		}
	})
}

func TestWhatIsForLaterHoldsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFrontier[string](NewHosts(100), 1, 0)
		f.PushAt("h", "later", time.Now().Add(time.Minute))
		f.Push("h", "now", false)
		began := time.Now()
		item, slot := next(t, f)
		slot.Release(Fine, 0)
		if item != "now" || time.Since(began) != 0 {
			t.Errorf("%q after %v", item, time.Since(began))
		}
		item, slot = next(t, f)
		slot.Release(Fine, 0)
		if item != "later" || time.Since(began) != time.Minute {
			t.Errorf("%q after %v", item, time.Since(began))
		}
	})
}

func TestTakeDrainAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFrontier[string](NewHosts(100), 1, 0)
		f.Push("a", "a1", false)
		f.PushAt("a", "a2", time.Now().Add(time.Hour))
		f.Push("b", "b1", false)
		f.Push("c", "c1", false)
		if got := f.Take("a"); !slices.Equal(got, []string{"a1", "a2"}) {
			t.Errorf("took %v", got)
		}
		item, slot := next(t, f)
		slot.Release(Fine, 0)
		if item != "b1" || f.Len() != 1 {
			t.Errorf("%q, then %d", item, f.Len())
		}
		if got := f.Drain(); !slices.Equal(got, []string{"c1"}) || f.Len() != 0 {
			t.Errorf("drained %v, then %d", got, f.Len())
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, _, ok := f.Next(); ok {
				t.Error("something from an empty frontier")
			}
		})
		synctest.Wait()
		f.Close()
		wg.Wait()
		f.Push("d", "d1", false)
		if f.Len() != 0 {
			t.Error("a closed frontier took something")
		}
	})
}

// TestNoHostIsAskedMoreThanAllowed lets many workers take random work from two
// frontiers of one registry and checks what each host sees.
func TestNoHostIsAskedMoreThanAllowed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		perHost := rapid.IntRange(1, 4).Draw(rt, "per host")
		gap := time.Duration(rapid.SampledFrom([]int{0, 100, 1000}).Draw(rt, "gap")) * time.Millisecond
		hostCount := rapid.IntRange(1, 6).Draw(rt, "hosts")
		items := rapid.SliceOfN(rapid.IntRange(0, hostCount-1), 1, 60).Draw(rt, "items")
		took := rapid.SliceOfN(rapid.IntRange(0, 3000), len(items), len(items)).Draw(rt, "times")
		delayed := rapid.SliceOfN(rapid.IntRange(0, 3), len(items), len(items)).Draw(rt, "delayed")
		synctest.Test(t, func(*testing.T) {
			hosts := NewHosts(100)
			frontiers := []*Frontier[int]{NewFrontier[int](hosts, perHost, gap), NewFrontier[int](hosts, perHost, gap)}
			var mu sync.Mutex
			active, unheard, last, done := map[string]int{}, map[string]int{}, map[string]time.Time{}, 0
			for i, h := range items {
				name := fmt.Sprint("host", h)
				if f := frontiers[i%2]; delayed[i] == 0 {
					f.PushAt(name, i, time.Now().Add(time.Duration(i)*50*time.Millisecond))
				} else {
					f.Push(name, i, delayed[i] == 1)
				}
			}
			var workers sync.WaitGroup
			for w := range 20 {
				f := frontiers[w%2]
				workers.Go(func() {
					for {
						i, slot, ok := f.Next()
						if !ok {
							return
						}
						name := slot.Authority()
						mu.Lock()
						active[name]++
						if active[name] > perHost {
							rt.Errorf("%s: %d requests at once, %d allowed", name, active[name], perHost)
						}
						if at, ok := last[name]; ok && time.Since(at) < gap || gap > 0 && unheard[name] > 0 {
							rt.Errorf("%s: a gap of %v, want %v, and %d not yet answered", name, time.Since(at), gap, unheard[name])
						}
						unheard[name]++
						mu.Unlock()
						time.Sleep(time.Duration(took[i]) * time.Millisecond)
						mu.Lock()
						unheard[name]--
						last[name] = time.Now()
						mu.Unlock()
						slot.Heard()
						time.Sleep(time.Duration(took[i]) * time.Millisecond / 2)
						mu.Lock()
						active[name]--
						done++
						mu.Unlock()
						slot.Release(Fine, 0)
					}
				})
			}
			time.Sleep(24 * time.Hour)
			for _, f := range frontiers {
				if left := f.Close(); len(left) > 0 {
					rt.Errorf("%d items were never handed out", len(left))
				}
			}
			workers.Wait()
			if done != len(items) {
				rt.Errorf("%d of %d items done", done, len(items))
			}
		})
	})
}

func BenchmarkFrontier(b *testing.B) {
	for _, hosts := range []int{10, 1000, 100_000} {
		b.Run(fmt.Sprint(hosts, " hosts"), func(b *testing.B) {
			names := make([]string, hosts)
			for i := range names {
				names[i] = fmt.Sprintf("host%d.de:443", i)
			}
			f := NewFrontier[int](NewHosts(2*hosts), 2, 0)
			for i := range 2 * hosts {
				f.Push(names[i%hosts], i, false)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				_, slot, _ := f.Next()
				slot.Release(Fine, 0)
				f.Push(names[i%hosts], i, false)
			}
		})
	}
}
