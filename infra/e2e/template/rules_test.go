package template

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/dynamostore"
	"gleaner/shared/job"
	"gleaner/shared/notify"
	"gleaner/shared/push/pushtest"
	"gleaner/shared/work"
)

// Bounds of AWS.
const (
	maxHTTP        = 30    // seconds an HTTP API waits
	maxSocket      = 29    // seconds a WebSocket API waits
	maxTimeout     = 900   // seconds of a function
	visibilityRule = 6     // visibility timeout over the function's
	maxVisibility  = 43200 // seconds
	minReceives    = 5
)

// table: it is the one that the store works on in every test.
func table(t *template) (found []string) {
	p, in := t.properties("Table"), dynamostore.TableInput("table")
	differ := func(what string, got, want any) {
		if !reflect.DeepEqual(got, want) {
			found = append(found, fmt.Sprintf("Table: %s is %v, want %v", what, got, want))
		}
	}
	if mode := text(p, "BillingMode"); !slices.Contains(types.BillingMode("").Values(), types.BillingMode(mode)) {
		found = append(found, fmt.Sprintf("Table: BillingMode %q is none", mode))
	}
	differ("BillingMode", text(p, "BillingMode"), string(in.BillingMode))
	differ("KeySchema", keySchema(list(p, "KeySchema")), wantSchema(in.KeySchema))
	differ("StreamViewType", text(p, "StreamSpecification", "StreamViewType"), string(in.StreamSpecification.StreamViewType))
	differ("TimeToLiveSpecification", at(p, "TimeToLiveSpecification"), map[string]any{"AttributeName": dynamostore.AttributeTTL, "Enabled": true})
	differ("PointInTimeRecoveryEnabled", at(p, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"), true)
	differ("SSEEnabled", at(p, "SSESpecification", "SSEEnabled"), true)
	got, want := map[string]string{}, map[string]string{}
	for _, a := range list(p, "AttributeDefinitions") {
		got[text(a, "AttributeName")] = text(a, "AttributeType")
	}
	for _, a := range in.AttributeDefinitions {
		want[aws.ToString(a.AttributeName)] = string(a.AttributeType)
	}
	differ("AttributeDefinitions", got, want)
	got, want = map[string]string{}, map[string]string{}
	for _, x := range list(p, "GlobalSecondaryIndexes") {
		got[text(x, "IndexName")] = keySchema(list(x, "KeySchema")) + " " + text(x, "Projection", "ProjectionType")
	}
	for _, x := range in.GlobalSecondaryIndexes {
		want[aws.ToString(x.IndexName)] = wantSchema(x.KeySchema) + " " + string(x.Projection.ProjectionType)
	}
	differ("GlobalSecondaryIndexes", got, want)
	return found
}

func keySchema(elements []any) (s string) {
	for _, e := range elements {
		s += text(e, "AttributeName") + ":" + text(e, "KeyType") + " "
	}
	return s
}

func wantSchema(elements []types.KeySchemaElement) (s string) {
	for _, e := range elements {
		s += aws.ToString(e.AttributeName) + ":" + string(e.KeyType) + " "
	}
	return s
}

// queues: what SQS and Lambda ask of each other.
func queues(t *template) (found []string) {
	redrive := at(t.properties("Queue"), "RedrivePolicy")
	if text(redrive, "deadLetterTargetArn", "Fn::GetAtt") != "DeadLetterQueue.Arn" || t.number(redrive, "maxReceiveCount") < minReceives {
		found = append(found, fmt.Sprintf("Queue: a message is not handed out %d times before it ends in the dead-letter queue", minReceives))
	}
	for _, name := range t.functions() {
		events := at(t.properties(name), "Events")
		for _, e := range names(events) {
			if text(events, e, "Type") != "SQS" {
				continue
			}
			p := at(events, e, "Properties")
			queue, _, _ := strings.Cut(text(p, "Queue", "Fn::GetAtt"), ".")
			visibility, timeout := t.number(t.properties(queue), "VisibilityTimeout"), t.number(t.properties(name), "Timeout")
			if visibility < visibilityRule*timeout || visibility > maxVisibility {
				found = append(found, fmt.Sprintf("%s: VisibilityTimeout %d is less than %d times the timeout of %s", queue, visibility, visibilityRule, name))
			}
			if !slices.Contains(texts(at(p, "FunctionResponseTypes")), "ReportBatchItemFailures") {
				found = append(found, name+": failures of single messages are not reported")
			}
			if n := t.number(p, "ScalingConfig", "MaximumConcurrency"); n < 2 || n > 1000 {
				found = append(found, fmt.Sprintf("%s: MaximumConcurrency is %d", name, n))
			}
		}
	}
	worker := t.properties("WorkerFunction")
	bells := at(worker, "Events", "Bells", "Properties")
	if t.number(bells, "BatchSize") != 1 {
		found = append(found, "WorkerFunction: a message is a batch, so BatchSize is 1")
	}
	reserved := list(worker, "ReservedConcurrentExecutions", "Fn::If")
	if len(reserved) != 3 || !reflect.DeepEqual(reserved[1], at(bells, "ScalingConfig", "MaximumConcurrency")) ||
		text(reserved[2], "Ref") != "AWS::NoValue" {
		found = append(found, "WorkerFunction: reserved concurrency is not that of the event source, or cannot be left out")
	}
	if n := t.number(bells, "ScalingConfig", "MaximumConcurrency"); n != job.MaxWorkers {
		found = append(found, fmt.Sprintf("WorkerConcurrency is %d by default, want %d", n, job.MaxWorkers))
	}
	for _, name := range []string{"ApiFunction", "WorkerFunction"} { // those that plan
		if text(t.properties(name), "Environment", "Variables", "GLEANER_WORKERS", "Ref") != "WorkerConcurrency" {
			found = append(found, name+" plans jobs for other workers than there are")
		}
	}
	for _, name := range []string{"WorkerFunction", "DeadletterFunction"} {
		if text(t.properties(name), "RecursiveLoop") != "Allow" {
			found = append(found, name+" rings the next of a lane: Lambda would take it for a loop")
		}
	}
	return found
}

// times: no function works longer than whoever waits for it, nor than its lease.
func times(t *template) (found []string) {
	for _, name := range t.functions() {
		limit := maxTimeout
		events := at(t.properties(name), "Events")
		for _, e := range names(events) {
			if text(events, e, "Type") == "HttpApi" && at(t.properties(name), "FunctionUrlConfig") == nil {
				limit = maxHTTP
			}
		}
		if t.folder(name) == "websocket" {
			limit = maxSocket
		}
		if n := t.number(t.properties(name), "Timeout"); n < 1 || n > limit {
			found = append(found, fmt.Sprintf("%s: a timeout of %d s, where %d are possible", name, n, limit))
		}
	}
	timeout := time.Duration(t.number(t.properties("WorkerFunction"), "Timeout")) * time.Second
	if timeout+work.LeaseMargin > work.MaxLease {
		found = append(found, fmt.Sprintf("WorkerFunction: with a timeout of %v a lease is longer than the longest, %v", timeout, work.MaxLease))
	}
	return found
}

// partitions are the partition keys of items that the notifier reads of.
var partitions = func() map[string]string {
	id := job.NewID(time.Unix(1_800_000_000, 0), 4)
	return map[string]string{dynamostore.SortMeta: dynamostore.JobPartition(id), dynamostore.SortStat: dynamostore.ShardPartition(id, 3)}
}()

// pattern is a filter of an event source.
type pattern struct {
	EventName []string
	Dynamodb  struct{ Keys map[string]values }
}

type values struct{ S []any }

// stream: the notifier is told of jobs and counters, in time, and one bad record
// does not hold it up.
func stream(t *template) (found []string) {
	p := at(t.properties("NotifierFunction"), "Events", "Changes", "Properties")
	for _, want := range []struct {
		name  string
		value any
	}{
		{"Stream", map[string]any{"Fn::GetAtt": "Table.StreamArn"}},
		{"MaximumBatchingWindowInSeconds", 1},
		{"BisectBatchOnFunctionError", true},
		{"FunctionResponseTypes", []any{"ReportBatchItemFailures"}},
	} {
		if got := at(p, want.name); !reflect.DeepEqual(got, want.value) {
			found = append(found, fmt.Sprintf("NotifierFunction: %s is %v, want %v", want.name, got, want.value))
		}
	}
	if n := t.number(p, "MaximumRetryAttempts"); n < 1 {
		found = append(found, "NotifierFunction: a batch that fails is not tried again")
	}
	var got []pattern
	for _, f := range list(p, "FilterCriteria", "Filters") {
		var one pattern
		if err := json.Unmarshal([]byte(text(f, "Pattern")), &one); err != nil {
			found = append(found, fmt.Sprintf("NotifierFunction: a filter is no JSON: %v", err))
		}
		got = append(got, one)
	}
	changes, pings := pattern{}, pattern{EventName: []string{"INSERT"}}
	changes.Dynamodb.Keys = map[string]values{
		"pk": {[]any{map[string]any{"prefix": dynamostore.JobPrefix}}},
		"sk": {[]any{dynamostore.SortMeta, dynamostore.SortStat}},
	}
	pings.Dynamodb.Keys = map[string]values{"pk": {[]any{notify.PingKey}}}
	if want := []pattern{changes, pings}; !reflect.DeepEqual(got, want) {
		found = append(found, fmt.Sprintf("NotifierFunction: the filter is %v, want %v", got, want))
	}
	ping := pushtest.Record(notify.PingKey, "#name", "1")
	if ping.EventName = pings.EventName[0]; !notify.Wanted(&ping) {
		found = append(found, "the notifier does not look at pings, which the filter lets through")
	}
	for _, sort := range []string{dynamostore.SortMeta, dynamostore.SortStat} {
		record := pushtest.Record(partitions[sort], sort, "1")
		if !notify.Wanted(&record) {
			found = append(found, "the notifier does not look at "+sort+", which the filter lets through")
		}
	}
	return found
}
