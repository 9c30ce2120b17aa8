package aws

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gleaner/infra/localstack/runner"
	"gleaner/shared/job"
	"gleaner/shared/push"
)

// viewer is a WebSocket client that watches a job, and what it shows: of what it is
// sent all but what is older than that.
type viewer struct {
	t    testing.TB
	done chan struct{} // closed when it was shown the end

	mu   sync.Mutex
	seen []sight
}

type sight struct {
	job.Snapshot
	at time.Time
}

// view connects as a browser does: with a ticket of the API.
func (s *stack) view(id job.ID) *viewer {
	s.t.Helper()
	var ticket struct{ URL string }
	s.Do(http.MethodPost, "/tickets", "", http.StatusCreated, &ticket)
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	c, res, err := websocket.Dial(ctx, ticket.URL, nil)
	if res != nil && res.Body != nil {
		_ = res.Body.Close()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	c.SetReadLimit(64 << 10)
	if err := c.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"action":"subscribe","job":%q}`, id)); err != nil {
		s.t.Fatal(err)
	}
	v := &viewer{t: s.t, done: make(chan struct{})}
	var reading sync.WaitGroup
	reading.Go(func() { v.read(c) })
	s.t.Cleanup(func() {
		_ = c.CloseNow()
		reading.Wait()
	})
	return v
}

func (v *viewer) read(c *websocket.Conn) {
	for {
		_, data, err := c.Read(context.WithoutCancel(v.t.Context()))
		at := time.Now()
		if err != nil {
			return
		}
		if len(data) > push.MaxMessage {
			v.t.Errorf("a message of %d bytes", len(data))
		}
		var m struct {
			Type     string
			Progress job.Snapshot
		}
		if err := json.Unmarshal(data, &m); err != nil {
			v.t.Errorf("%v: %s", err, data)
		}
		if m.Type != push.TypeProgress {
			continue
		}
		v.mu.Lock()
		if n := len(v.seen); n > 0 && m.Progress.Version < v.seen[n-1].Version {
			v.mu.Unlock() // overtaken on its way: a client never goes backwards
			continue
		}
		ended := len(v.seen) > 0 && v.seen[len(v.seen)-1].Status.Final()
		v.seen = append(v.seen, sight{m.Progress, at})
		v.mu.Unlock()
		if m.Progress.Status.Final() && !ended {
			close(v.done)
		}
	}
}

// wait waits for the end of the job.
func (v *viewer) wait(limit time.Duration) job.Snapshot {
	v.t.Helper()
	select {
	case <-v.done:
	case <-time.After(limit):
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.seen) == 0 || !v.seen[len(v.seen)-1].Status.Final() {
		v.t.Fatalf("not ended after %v; seen %d snapshots, the last %+v", limit, len(v.seen), v.seen[max(0, len(v.seen)-1):])
	}
	return v.seen[len(v.seen)-1].Snapshot
}

// settlements notes when batches were settled, and the version of progress that
// shows it.
type settlements struct {
	runner.Store

	mu  sync.Mutex
	all []settlement
}

type settlement struct {
	at      time.Time
	version int64
}

// Settle implements job.BatchStore.
func (s *settlements) Settle(ctx context.Context, r job.Ref, t job.Tally, now, nextDue time.Time) (job.Key, error) {
	next, err := s.Store.Settle(ctx, r, t, now, nextDue)
	if err != nil {
		return next, err
	}
	at := time.Now()
	p, err := s.Progress(ctx, r.Job)
	if err != nil {
		return next, nil //nolint:nilerr // it is settled; only when it was shown cannot be told
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, settlement{at, p.Version()})
	return next, nil
}

// shown is a settlement and when the viewer was shown it.
type shown struct{ settled, at time.Time }

func (s shown) delay() time.Duration { return max(0, s.at.Sub(s.settled)) }

// shown says when the viewer was shown each settlement, the quickest first.
func (s *settlements) shown(v *viewer) []shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []shown
	for _, settled := range s.all {
		i := slices.IndexFunc(v.seen, func(s sight) bool { return s.Version >= settled.version })
		if i < 0 {
			v.t.Errorf("version %d was never shown", settled.version)
			continue
		}
		all = append(all, shown{settled.at, v.seen[i].at})
	}
	slices.SortFunc(all, func(a, b shown) int { return cmp.Compare(a.delay(), b.delay()) })
	return all
}
