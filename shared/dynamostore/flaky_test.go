package dynamostore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"gleaner/shared/dynamostore"
	"gleaner/shared/job"
	"gleaner/shared/job/jobtest"
)

// flaky stands between a client and its DynamoDB and does to some requests what a
// busy table and a bad network do.
type flaky struct {
	next aws.HTTPClient

	mu    sync.Mutex
	dice  *rand.Rand
	faces map[string]int // how often each trouble was made
}

// errLost is what a client sees of an answer that never arrived.
var errLost = errors.New("connection reset by peer")

// One in this many requests meets each trouble.
const (
	loseOne     = 12 // carried out, but the answer is lost
	throttleOne = 12
	conflictOne = 6 // of the transactions
	halfOne     = 3 // of the batch requests: half of it is left unprocessed
)

func (f *flaky) Do(r *http.Request) (*http.Response, error) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch trouble := f.trouble(op); trouble {
	case "throttle":
		return refusal(r, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`), nil
	case "conflict":
		return refusal(r, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"cancelled",
			"CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}`), nil
	case "lost":
		res, err := f.next.Do(r)
		if err != nil {
			return nil, err
		}
		_ = res.Body.Close()
		return nil, errLost
	case "half":
		return f.half(r, op)
	}
	return f.next.Do(r)
}

func (f *flaky) trouble(op string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	trouble := ""
	switch {
	case f.dice.IntN(loseOne) == 0:
		trouble = "lost"
	case f.dice.IntN(throttleOne) == 0:
		trouble = "throttle"
	case op == "TransactWriteItems" && f.dice.IntN(conflictOne) == 0:
		trouble = "conflict"
	case strings.HasPrefix(op, "Batch") && f.dice.IntN(halfOne) == 0:
		trouble = "half"
	}
	f.faces[trouble]++
	return trouble
}

func refusal(r *http.Request, body string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusBadRequest, Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:   io.NopCloser(strings.NewReader(body)),
	}
}

// half passes on the first half of a batch request and says of the rest that it
// was not processed.
func (f *flaky) half(r *http.Request, op string) (*http.Response, error) {
	var in map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	left, name := map[string]any{}, "UnprocessedKeys"
	if op == "BatchWriteItem" {
		name = "UnprocessedItems"
		var tables map[string][]json.RawMessage
		if err := json.Unmarshal(in["RequestItems"], &tables); err != nil {
			return nil, err
		}
		for table, writes := range tables {
			n := (len(writes) + 1) / 2
			tables[table] = writes[:n]
			if n < len(writes) {
				left[table] = writes[n:]
			}
		}
		in["RequestItems"], _ = json.Marshal(tables)
	} else {
		var tables map[string]map[string]json.RawMessage
		if err := json.Unmarshal(in["RequestItems"], &tables); err != nil {
			return nil, err
		}
		for table, want := range tables {
			var keys []json.RawMessage
			if err := json.Unmarshal(want["Keys"], &keys); err != nil {
				return nil, err
			}
			n := (len(keys) + 1) / 2
			if n < len(keys) {
				rest := maps.Clone(want)
				rest["Keys"], _ = json.Marshal(keys[n:])
				left[table] = rest
			}
			want["Keys"], _ = json.Marshal(keys[:n])
		}
		in["RequestItems"], _ = json.Marshal(tables)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res, err := f.next.Do(r)
	if err != nil || res.StatusCode != http.StatusOK {
		return res, err
	}
	var out map[string]json.RawMessage
	err = json.NewDecoder(res.Body).Decode(&out)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	out[name], _ = json.Marshal(left)
	if body, err = json.Marshal(out); err != nil {
		return nil, err
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return res, nil
}

// The whole suite holds while the table throttles, transactions collide, batches
// are left half done and answers get lost after their writes took effect: nothing
// is stored twice, counted twice, or reported as failed that was done.
func TestAWSJobStoreOnABadDay(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the suite once more, slower")
	}
	_, client, table := openTable(t)
	bad := &flaky{next: client.Options().HTTPClient, dice: rand.New(rand.NewPCG(3, 4)), faces: map[string]int{}}
	s := dynamostore.New(dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.HTTPClient = bad }), table)
	t.Cleanup(func() {
		t.Logf("requests by trouble: %v", bad.faces)
		for _, trouble := range []string{"lost", "throttle", "conflict", "half"} {
			if bad.faces[trouble] == 0 {
				t.Errorf("no request met trouble %q", trouble)
			}
		}
	})
	jobtest.Run(t, func(*testing.T) job.Store { return s })
}
