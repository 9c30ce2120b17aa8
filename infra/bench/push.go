package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coder/websocket"

	"gleaner/infra/local/eventsource"
	"gleaner/infra/local/eventsource/sqlitestream"
	"gleaner/infra/local/sqlitestore"
	"gleaner/infra/local/wshub"
	"gleaner/shared/job"
	"gleaner/shared/notify"
	"gleaner/shared/push"
	sockets "gleaner/shared/websocket"
)

const (
	pushWindow = time.Second // as the event source of the notifier has it
	pushPace   = 5 * time.Millisecond
	// maxTimesFew is how much longer a message may take to a thousand clients than
	// to ten.
	maxTimesFew = 2
)

// live measures the way of a change: settle of a batch, the store's feed, the event
// source with its window of a second, the notifier, the hub, the client.
func live(ctx context.Context, e *Env, r *Report) error {
	jobs, viewers := 100, e.pick(10, 2)
	settles := e.pick(3000, 300)
	few, _, err := settleToMessage(ctx, e, jobs/10, 1, settles)
	if err != nil {
		return err
	}
	e.note("push: %d subscribers on %d jobs", jobs*viewers, jobs)
	many, messages, err := settleToMessage(ctx, e, jobs, viewers, settles)
	if err != nil {
		return err
	}
	r.add(fmt.Sprintf("%d subscribers on %d jobs, p50", jobs*viewers, jobs), many.at(0.5), "ms", "")
	r.add(fmt.Sprintf("%d subscribers on %d jobs, p99", jobs*viewers, jobs), many.at(0.99), "ms", "< 1500")
	r.add("messages", messages, "per second", "")
	r.add(fmt.Sprintf("%d subscribers on as many jobs, p99", jobs/10), few.at(0.99), "ms", "")
	r.most("p99 to that of a few subscribers", many.at(0.99)/few.at(0.99), e.allowed(maxTimesFew))
	return nil
}

// stage is the whole way in one process, and its clients.
type stage struct {
	store   *sqlitestore.Store
	server  *server
	tickets *push.Tickets
	jobs    []job.ID
	viewers []*viewer
	reading sync.WaitGroup
}

// viewer is a client and what it was sent.
type viewer struct {
	conn *websocket.Conn
	job  int
	mu   sync.Mutex
	seen []sight
}

type sight struct {
	version int64
	at      time.Time
}

// settleToMessage settles batches at an even pace and says how long each took to
// reach each of its job's viewers, and how many messages a second there were.
func settleToMessage(ctx context.Context, e *Env, jobs, viewers, settles int) (all samples, rate float64, err error) {
	dir, remove, err := e.tempDir()
	if err != nil {
		return nil, 0, err
	}
	defer remove()
	st := &stage{}
	if st.store, err = sqlitestore.Open(ctx, filepath.Join(dir, "gleaner.db")); err != nil {
		return nil, 0, err
	}
	defer func() { _ = st.store.Close() }()
	st.tickets = push.NewTickets(st.store)

	log := slog.New(slog.DiscardHandler)
	var socket *sockets.Handler
	hub := wshub.New(wshub.Config{Log: log, Handler: func(ctx context.Context, ev events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
		return socket.Handle(ctx, ev)
	}})
	socket = sockets.New(sockets.Config{Jobs: st.store, Records: st.store, Publisher: hub, Log: log})
	if st.server, err = serve(ctx, hub); err != nil {
		return nil, 0, err
	}
	defer st.server.close()
	notifier := notify.New(notify.Config{Jobs: st.store, Records: st.store, Publisher: hub, Log: log})
	stream := &eventsource.Stream{
		Source: sqlitestream.New(st.store), Handler: notifier.Handle, BatchSize: 1000, Window: pushWindow, Retries: 2,
		Timeout: 10 * time.Second, Log: log,
		Filter: func(r *events.DynamoDBEventRecord) bool { _, ok := notify.Concerns(r); return ok },
	}
	for range jobs {
		if err := st.newJob(ctx, settles/jobs+1); err != nil {
			return nil, 0, err
		}
	}
	for i := range jobs * viewers {
		if err := st.view(ctx, i%jobs); err != nil {
			return nil, 0, err
		}
	}
	defer st.leave()
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- stream.Run(running) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()

	began := time.Now()
	tick := time.NewTicker(pushPace)
	defer tick.Stop()
	var settled []settlement
	for i := range settles {
		<-tick.C
		s, err := st.settle(ctx, i%jobs, i/jobs)
		if err != nil {
			return nil, 0, err
		}
		settled = append(settled, s)
	}
	all, err = st.latencies(settled)
	messages := 0
	for _, v := range st.viewers {
		v.mu.Lock()
		messages += len(v.seen)
		v.mu.Unlock()
	}
	return all, float64(messages) / time.Since(began).Seconds(), err
}

func (st *stage) newJob(ctx context.Context, batches int) error {
	now := time.Now().UTC()
	j := job.Job{ID: job.NewID(now, 1), Owner: "anna", URLs: batches, Batches: batches, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	var all []job.Batch
	for i := range batches {
		all = append(all, job.Batch{
			Ref: job.Ref{Job: j.ID, Key: job.PlannedKey(i)}, Due: now,
			Targets: []job.Target{{URL: "https://www.baeckerei-lindhorst.de/" + strconv.Itoa(i)}},
		})
	}
	st.jobs = append(st.jobs, j.ID)
	return running(ctx, st.store, j, all)
}

// view connects a client that watches a job.
func (st *stage) view(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	ticket, err := st.tickets.Issue(ctx, "anna")
	if err != nil {
		return err
	}
	conn, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(st.server.base, "http")+"/?"+url.Values{"ticket": {ticket.Token}}.Encode(), nil)
	if resp != nil && resp.Body != nil {
		defer func() { _ = resp.Body.Close() }() // of the answer to the upgrade
	}
	if err != nil {
		return err
	}
	v := &viewer{conn: conn, job: n}
	st.viewers = append(st.viewers, v)
	if err := conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"action":"subscribe","job":%q}`, st.jobs[n])); err != nil {
		return err
	}
	for range 2 { // subscribed, and the first snapshot
		if _, _, err := conn.Read(ctx); err != nil {
			return err
		}
	}
	st.reading.Go(v.read)
	return nil
}

func (st *stage) leave() {
	for _, v := range st.viewers {
		_ = v.conn.CloseNow()
	}
	st.reading.Wait()
}

// read notes what comes until the connection is closed.
func (v *viewer) read() {
	for {
		_, data, err := v.conn.Read(context.Background())
		at := time.Now()
		if err != nil {
			return
		}
		var m struct {
			Type    string `json:"type"`
			Version int64  `json:"version"`
		}
		if json.Unmarshal(data, &m) != nil || m.Type != push.TypeProgress {
			continue
		}
		v.mu.Lock()
		v.seen = append(v.seen, sight{m.Version, at})
		v.mu.Unlock()
	}
}

// settlement is one settled batch.
type settlement struct {
	job     int
	at      time.Time // just before Settle was called
	version int64
}

// settle works off the n-th batch of a job as a worker does.
func (st *stage) settle(ctx context.Context, n, batch int) (settlement, error) {
	ref, now := job.Ref{Job: st.jobs[n], Key: job.PlannedKey(batch)}, time.Now().UTC()
	b, err := st.store.Claim(ctx, ref, job.Claim{Token: "worker", Now: now, Lease: time.Minute})
	if err != nil {
		return settlement{}, err
	}
	res := job.Result{Pages: 1, Bytes: 10_000, Visits: []job.Visit{{URL: b.Targets[0].URL, Outcome: job.OutcomeFound, Status: 200, Addresses: 1}}}
	if err := st.store.SaveResult(ctx, ref, "worker", res, nil); err != nil {
		return settlement{}, err
	}
	tally := job.TallyOf(&res)
	tally.Recent = []job.Address{{Email: "anna@baeckerei-lindhorst.de", SourceURL: b.Targets[0].URL, Kind: "personal", Confidence: 0.9, FirstSeen: now}}
	s := settlement{job: n, at: time.Now()}
	if _, err := st.store.Settle(ctx, ref, tally, now, now); err != nil {
		return s, err
	}
	p, err := st.store.Progress(ctx, st.jobs[n])
	s.version = p.Version()
	return s, err
}

// latencies waits until every viewer has been shown every settlement, and says how
// long each took.
func (st *stage) latencies(settled []settlement) (samples, error) {
	var all samples
	end := time.Now().Add(30 * time.Second)
	for _, v := range st.viewers {
		for _, s := range settled {
			if s.job != v.job {
				continue
			}
			at, ok := v.first(s.version)
			for ; !ok; at, ok = v.first(s.version) {
				if time.Now().After(end) {
					return nil, errors.New("a subscriber was not shown all")
				}
				time.Sleep(10 * time.Millisecond)
			}
			all = append(all, at.Sub(s.at))
		}
	}
	return all, nil
}

// first is when the viewer was shown a version or a later one.
func (v *viewer) first(version int64) (time.Time, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i := slices.IndexFunc(v.seen, func(s sight) bool { return s.version >= version })
	if i < 0 {
		return time.Time{}, false
	}
	return v.seen[i].at, true
}
