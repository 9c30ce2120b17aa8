package webhook_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// slow is a receiver that answers when it is told with what, and counts how many
// calls it holds at once.
type slow struct {
	*httptest.Server
	arrived     chan struct{}
	answer      chan int
	held, calls atomic.Int32
	crowd       atomic.Bool
}

func newSlow(t *testing.T) *slow {
	s := &slow{arrived: make(chan struct{}, 100), answer: make(chan int, 100)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		s.calls.Add(1)
		if s.held.Add(1) > 1 {
			s.crowd.Store(true)
		}
		s.arrived <- struct{}{}
		status := <-s.answer
		s.held.Add(-1)
		rw.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s
}

// While a call is under way nobody makes another. If it arrives, that is what was
// asked for; if not, another is made.
func TestSentAgainDuringACall(t *testing.T) {
	t.Parallel()
	for status, calls := range map[int]int32{200: 1, 500: 2, 410: 2} {
		w := newWorld(t, loopback)
		r := newSlow(t)
		id := w.job(r.URL)
		first := w.waiting[0]
		w.waiting = nil
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := w.ring(first); err != nil {
				t.Error(err)
			}
		})
		<-r.arrived
		w.mustAgain(id)
		w.round() // finds the call under way
		if r.calls.Load() != 1 || len(w.waiting) != 1 || w.waiting[0].Delay == 0 {
			t.Errorf("%d: %d calls, bells %+v", status, r.calls.Load(), w.waiting)
		}
		r.answer <- status
		wg.Wait()
		r.answer <- 200
		w.drain()
		d := w.delivery(id)
		if r.calls.Load() != calls || d.DeliveredAt.IsZero() || d.Again != 1 || len(d.Earlier) != int(calls)-1 {
			t.Errorf("%d: %d calls, %+v", status, r.calls.Load(), d)
		}
	}
}

// Many who ask at once, and bells that ring twice at once, make one call.
func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, loopback)
	r := newSlow(t)
	id := w.job(r.URL)
	r.answer <- http.StatusGone
	w.drain()
	for range 100 {
		r.answer <- http.StatusOK
	}
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			if d, err := w.again(id); err != nil || d.Again != 1 {
				t.Errorf("%+v %v", d, err)
			}
		})
	}
	asking.Wait()
	for range 100 {
		bells := w.waiting
		w.waiting = nil
		var ringing sync.WaitGroup
		for _, m := range slices.Concat(bells, bells) {
			ringing.Go(func() {
				if err := w.ring(m); err != nil {
					t.Error(err)
				}
			})
		}
		ringing.Wait()
		if w.now = w.now.Add(5 * time.Second); len(w.waiting) == 0 {
			break
		}
		w.waiting = slices.Clone(w.waiting[:min(len(w.waiting), 4)]) // some are enough, or each turn doubles them
	}
	if d := w.delivery(id); r.calls.Load() != 2 || r.crowd.Load() || d.Again != 1 || d.DeliveredAt.IsZero() {
		t.Errorf("%d calls, two at once: %t, %+v", r.calls.Load(), r.crowd.Load(), d)
	}
}
