package wshub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"gleaner/infra/e2e/emulators"
	"gleaner/infra/local/eventsource"
	"gleaner/infra/local/eventsource/dynamostream"
	"gleaner/infra/local/eventsource/sqlitestream"
	"gleaner/infra/local/sqlitestore"
	"gleaner/infra/local/wshub"
	"gleaner/shared/apigwpush"
	"gleaner/shared/dynamostore"
	"gleaner/shared/job"
	"gleaner/shared/notify"
	"gleaner/shared/push"
	"gleaner/shared/record"
	"gleaner/shared/websocket"
)

// backend is a store with its stream.
type backend struct {
	store interface {
		job.Store
		record.Store
	}
	source eventsource.StreamSource
	// publisher reaches the hub's connections from outside; the hub itself if nil.
	publisher func(connections string) push.Publisher
}

func sqlite(t testing.TB) backend {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "gleaner.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return backend{store: store, source: sqlitestream.New(store)}
}

// onAWS is what runs on AWS: DynamoDB, its stream, and @connections.
func onAWS(t testing.TB) backend {
	t.Helper()
	endpoint := emulators.OwnDynamoDB(t)
	client := emulators.DynamoDB(endpoint)
	// Idle connections would be goroutines left over at the end.
	client = dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.HTTPClient = unkept() })
	table := "gleaner-push-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	emulators.CreateTable(t, client, dynamostore.TableInput(table))
	d, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	streams := dynamodbstreams.New(emulators.Streams(endpoint).Options(), func(o *dynamodbstreams.Options) { o.HTTPClient = unkept() })
	return backend{
		store:  dynamostore.New(client, table),
		source: dynamostream.New(streams, *d.Table.LatestStreamArn, dynamostream.Latest),
		publisher: func(connections string) push.Publisher {
			cfg := emulators.Config(connections)
			cfg.HTTPClient = unkept()
			return apigwpush.New(cfg, connections)
		},
	}
}

func unkept() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
}

// live is the whole way of a change: the store, its stream, the event source, the
// notifier, the hub, and WebSocket clients.
type live struct {
	backend
	server  *httptest.Server
	tickets *push.Tickets
	jobs    []job.ID
	viewers []*viewer
	reading sync.WaitGroup
}

// viewer is a client and what it was sent.
type viewer struct {
	client
	job  int
	mu   sync.Mutex
	seen []sight
}

type sight struct {
	version int64
	at      time.Time
}

func newLive(t testing.TB, back backend, jobs, batches, viewersEach int) *live {
	t.Helper()
	l := &live{backend: back, tickets: push.NewTickets(back.store)}
	var h *websocket.Handler
	hub, server := start(t, wshub.Config{Handler: func(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
		return h.Handle(ctx, e)
	}})
	l.server = server
	var publisher push.Publisher = hub
	if back.publisher != nil {
		publisher = back.publisher(server.URL + "/stage")
	}
	h = websocket.New(websocket.Config{Jobs: back.store, Records: back.store, Publisher: publisher})
	notifier := notify.New(notify.Config{Jobs: back.store, Records: back.store, Publisher: publisher})
	stream := &eventsource.Stream{
		Source: back.source, Handler: notifier.Handle, BatchSize: 1000, Window: time.Second, Retries: 2,
		Timeout: 10 * time.Second, Log: slog.Default(),
		Filter: func(r *events.DynamoDBEventRecord) bool {
			_, ok := notify.Concerns(r)
			return ok
		},
	}
	for range jobs {
		l.jobs = append(l.jobs, l.newJob(t, batches))
	}
	for i := range jobs * viewersEach {
		l.view(t, i%jobs)
	}
	// From here on, however long the event source takes to begin.
	_, position, err := back.source.Read(t.Context(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	stream.Source = resumed{back.source, position}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- stream.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, v := range l.viewers {
			_ = v.CloseNow()
		}
		l.reading.Wait()
	})
	return l
}

// resumed is a source that begins at a position.
type resumed struct {
	eventsource.StreamSource
	begin string
}

func (r resumed) Read(ctx context.Context, after string, limit int) ([]events.DynamoDBEventRecord, string, error) {
	if after == "" {
		after = r.begin
	}
	return r.StreamSource.Read(ctx, after, limit)
}

func (l *live) newJob(t testing.TB, batches int) job.ID {
	t.Helper()
	now := time.Now().UTC()
	j := job.Job{
		ID: job.NewID(now, 1), Owner: "anna", Status: job.Creating, URLs: batches, Batches: batches,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour), History: []job.Change{{Status: job.Creating, At: now}},
	}
	j, _, err := l.store.CreateJob(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	var all []job.Batch
	for i := range batches {
		all = append(all, job.Batch{
			Ref: job.Ref{Job: j.ID, Key: job.PlannedKey(i)}, Status: job.Pending, Due: now,
			Targets: []job.Target{{URL: "https://www.baeckerei-lindhorst.de/" + strconv.Itoa(i)}},
		})
	}
	if err := l.store.PutBatches(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if err := j.Become(job.Running, now, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := l.store.UpdateJob(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	return j.ID
}

// view connects a client that watches a job.
func (l *live) view(t testing.TB, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticket, err := l.tickets.Issue(ctx, "anna")
	if err != nil {
		t.Fatal(err)
	}
	c, err := dial(ctx, l.server, url.Values{"ticket": {ticket.Token}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &viewer{client: c, job: n}
	if err := c.Send(ctx, fmt.Appendf(nil, `{"action":"subscribe","job":%q}`, l.jobs[n])); err != nil {
		t.Fatal(err)
	}
	for range 2 { // subscribed, and the first snapshot
		if _, err := c.Receive(ctx); err != nil {
			t.Fatal(err)
		}
	}
	l.viewers = append(l.viewers, v)
	l.reading.Go(v.read)
}

func (v *viewer) read() {
	for {
		data, err := v.Receive(context.Background())
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

// settlement is one settled batch.
type settlement struct {
	job     int
	at      time.Time // just before Settle was called
	version int64
}

// settle works off the n-th batch of a job as a worker does.
func (l *live) settle(t testing.TB, n, batch int) settlement {
	t.Helper()
	ctx, ref, now := t.Context(), job.Ref{Job: l.jobs[n], Key: job.PlannedKey(batch)}, time.Now().UTC()
	b, err := l.store.Claim(ctx, ref, job.Claim{Token: "worker", Now: now, Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	r := job.Result{Pages: 1, Bytes: 10_000, Visits: []job.Visit{{URL: b.Targets[0].URL, Outcome: job.OutcomeFound, Status: 200, Addresses: 1}}}
	if err := l.store.SaveResult(ctx, ref, "worker", r, nil); err != nil {
		t.Fatal(err)
	}
	tally := job.TallyOf(&r)
	tally.Recent = []job.Address{{Email: "anna@baeckerei-lindhorst.de", SourceURL: b.Targets[0].URL, Kind: "personal", Confidence: 0.9, FirstSeen: now}}
	s := settlement{job: n, at: time.Now()}
	if _, err := l.store.Settle(ctx, ref, tally, now, now); err != nil {
		t.Fatal(err)
	}
	p, err := l.store.Progress(ctx, l.jobs[n])
	if err != nil {
		t.Fatal(err)
	}
	s.version = p.Version()
	return s
}

// latencies waits until every viewer has been shown every settlement, and
// returns how long each took.
func (l *live) latencies(t testing.TB, settled []settlement) []time.Duration {
	t.Helper()
	var all []time.Duration
	end := time.Now().Add(patience)
	for _, v := range l.viewers {
		for _, s := range settled {
			if s.job != v.job {
				continue
			}
			at, ok := v.first(s.version)
			for ; !ok; at, ok = v.first(s.version) {
				if time.Now().After(end) {
					t.Fatalf("a viewer of job %d was not shown version %d", s.job, s.version)
				}
				time.Sleep(10 * time.Millisecond)
			}
			all = append(all, at.Sub(s.at))
		}
	}
	slices.Sort(all)
	return all
}

func TestEveryViewerSeesTheEnd(t *testing.T) {
	t.Parallel()
	everyViewerSeesTheEnd(t, sqlite(t))
}

func TestAWSEveryViewerSeesTheEnd(t *testing.T) {
	t.Parallel()
	everyViewerSeesTheEnd(t, onAWS(t))
}

func everyViewerSeesTheEnd(t *testing.T, back backend) {
	t.Helper()
	const jobs, batches = 5, 4
	l := newLive(t, back, jobs, batches, 4)
	begun := time.Now()
	var settled []settlement
	for i := range jobs * batches {
		settled = append(settled, l.settle(t, i%jobs, i/jobs))
	}
	l.latencies(t, settled)
	lasted := time.Since(begun)
	for _, v := range l.viewers {
		v.mu.Lock()
		if n, most := len(v.seen), int(lasted/time.Second)+2; n > most {
			t.Errorf("%d messages for %v of changes", n, lasted)
		}
		for i := 1; i < len(v.seen); i++ {
			if v.seen[i].version <= v.seen[i-1].version {
				t.Errorf("versions %v", v.seen)
			}
		}
		v.mu.Unlock()
	}
}

// BenchmarkSettleToMessage settles batches of 100 jobs at 200 a second and
// measures how long it takes until each of 1,000 subscribers, ten a job, has a
// message that shows it. Run it with -benchtime 2000x.
func BenchmarkSettleToMessage(b *testing.B) {
	const jobs, viewersEach, pace = 100, 10, 5 * time.Millisecond
	l := newLive(b, sqlite(b), jobs, b.N/jobs+1, viewersEach)
	var settled []settlement
	tick := time.NewTicker(pace)
	defer tick.Stop()
	b.ResetTimer()
	for i := range b.N {
		<-tick.C
		settled = append(settled, l.settle(b, i%jobs, i/jobs))
	}
	b.StopTimer()
	all := l.latencies(b, settled)
	messages := 0
	for _, v := range l.viewers {
		v.mu.Lock()
		messages += len(v.seen)
		v.mu.Unlock()
	}
	at := func(q float64) float64 { return all[int(q*float64(len(all)-1))].Seconds() * 1000 }
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(at(1), "max-ms")
	b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "messages/s")
}
