package bootstrap

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/dynamostore"
	"gleaner/shared/job"
	"gleaner/shared/push"
	"gleaner/shared/record"
	"gleaner/shared/sqsqueue"
)

// What the events of infra/events speak of.
const (
	owner      = "anna"
	connection = "UcYc7cZqliACGHQ="
	secret     = "glk_SAMLOCALINVOKESAMLOCALINVOKESAMLOCALINVOKESAMLOCALIN"
)

var id = job.ID("01M7W4N5E0244SN939PMWHKTTMB")

// cloud is what the functions find when the events reach them: a table with the
// job that the events are about, its owner's key and connection, and a queue.
type cloud struct {
	store    *dynamostore.Store
	queue    *sqsqueue.Queue
	pages    *httptest.Server
	posted   func() []string // to the connection
	settings map[string]string
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{}
	dynamo := emulators.URL(t, emulators.ServiceDynamoDB)
	client := emulators.DynamoDB(dynamo)
	table := "gleaner-bootstrap-" + rand.Text()
	in := dynamostore.TableInput(table)
	in.StreamSpecification = nil // nobody reads it here
	emulators.CreateTable(t, client, in)
	c.store = dynamostore.New(client, table)

	endpoint := emulators.URL(t, emulators.ServiceSQS)
	q := emulators.SQS(endpoint)
	made, err := q.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("gleaner-bootstrap-" + rand.Text())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = q.DeleteQueue(context.WithoutCancel(t.Context()), &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl})
	})
	c.queue = sqsqueue.New(q, *made.QueueUrl)

	connections := c.connections(t)
	c.pages = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<title>Bakery</title><a href="mailto:anna@baeckerei-lindhorst.de">write</a>`)
	}))
	t.Cleanup(c.pages.Close)
	c.settings = map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": dynamo, "AWS_ENDPOINT_URL_SQS": endpoint,
		"GLEANER_TABLE": table, "GLEANER_QUEUE_URL": *made.QueueUrl, "GLEANER_CONNECTIONS_URL": connections + "/live",
	}
	c.key(t)
	c.job(t)
	return c
}

// connections serves the @connections endpoint.
func (c *cloud) connections(t testing.TB) string {
	t.Helper()
	var mu sync.Mutex
	var posted []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		posted = append(posted, r.Method+" "+r.URL.Path+" "+string(text))
	}))
	t.Cleanup(server.Close)
	c.posted = func() []string {
		mu.Lock()
		defer mu.Unlock()
		all := posted
		posted = nil
		return all
	}
	return server.URL
}

// key makes the events' key valid. Keys are random where they are made, so this
// one is stored as package apikey would store it.
func (c *cloud) key(t testing.TB) {
	t.Helper()
	sum := sha256.Sum256([]byte(secret))
	hash := hex.EncodeToString(sum[:])
	value, err := json.Marshal(map[string]any{
		"id": "01M7W4N5E0S9R2T8V6X4Z1B3C5", "name": "sam local invoke", "prefix": secret[:10], "created_at": time.Now().UTC(), "owner": owner, "hash": hash,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.store.Put(t.Context(), record.Record{Partition: "K#" + hash, Sort: "META", Value: value}); err != nil {
		t.Fatal(err)
	}
}

// job stores the job of the events, running, with three batches; its owner has a
// connection that watches it.
func (c *cloud) job(t testing.TB) {
	t.Helper()
	ctx, now := t.Context(), time.Now().UTC()
	var options job.Options
	if err := options.Normalise(); err != nil {
		t.Fatal(err)
	}
	options.Follow = job.FollowNone
	var batches []job.Batch
	for i := range 3 {
		batches = append(batches, job.Batch{
			Ref: job.Ref{Job: id, Key: job.PlannedKey(i)}, Status: job.Pending, Due: now.Add(-time.Hour),
			Targets: []job.Target{{URL: c.pages.URL + "/" + strings.Repeat("a", i+1)}},
		})
	}
	j, _, err := c.store.CreateJob(ctx, job.Job{
		ID: id, Owner: owner, Status: job.Creating, Options: options, URLs: len(batches), Batches: len(batches), Workers: 3,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour), History: []job.Change{{Status: job.Creating, At: now}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.store.PutBatches(ctx, batches); err != nil {
		t.Fatal(err)
	}
	if err := j.Become(job.Running, now, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := c.store.UpdateJob(ctx, j); err != nil {
		t.Fatal(err)
	}
	subscriptions := push.NewSubscriptions(c.store)
	if err := subscriptions.Connect(ctx, connection, owner); err != nil {
		t.Fatal(err)
	}
	watcher, err := subscriptions.Connection(ctx, connection)
	if err != nil {
		t.Fatal(err)
	}
	if err := subscriptions.Subscribe(ctx, watcher, id); err != nil {
		t.Fatal(err)
	}
}
