package template

import (
	"regexp"
	"strings"
	"testing"
)

// mutations break the template, each in one place, and say which finding is to
// follow: a check that cannot fail checks nothing.
var mutations = []struct {
	name  string
	check string
	old   string // a regular expression; its first match is replaced
	new   string
	want  string // part of a finding
}{
	{"no such folder", "code", `CodeUri: functions/web/`, `CodeUri: functions/wev/`, "functions/wev/ is no main package"},
	{"not a main package", "code", `CodeUri: functions/web/`, `CodeUri: shared/dashboard/`, "shared/dashboard/ is no main package"},
	{"one folder twice", "code", `CodeUri: functions/web/`, `CodeUri: functions/api/`, "have the same CodeUri"},
	{"other processor", "code", `\[arm64\]`, `[x86_64]`, "arm64"},
	{"other build", "code", `BuildMethod: go1\.x`, `BuildMethod: makefile`, "Metadata"},

	{"variable not set", "environment", `GLEANER_SOCKET_URL: .*`, ``, "ApiFunction reads GLEANER_SOCKET_URL"},
	{"variable misspelt", "environment", `GLEANER_CONTACT:`, `GLEANER_CONTAKT:`, "does not read GLEANER_CONTAKT"},

	{"variable not in env.json", "environment", `GLEANER_FROM:`, `GLEANER_FORM:`, "env.json: WorkerFunction"},
	{"variable for all", "environment", `AWS_ENDPOINT_URL:`, `AWS_ENDPOINT:`, "every function is given"},

	{"action missing", "policies", `                  - dynamodb:UpdateItem\n`, ``, "ApiFunction needs dynamodb:UpdateItem on table"},
	{"action too many", "policies", `                  - dynamodb:UpdateItem\n`, "                  - dynamodb:UpdateItem\n                  - dynamodb:Scan\n", "is allowed dynamodb:Scan"},
	{"ring not allowed", "policies", `sqs:SendMessage\n`, "sqs:ChangeMessageVisibility\n", "ApiFunction needs sqs:SendMessage on queue"},
	{"index not allowed", "policies", `\$\{Table\.Arn\}/index/status`, `$${Table.Arn}/index/due`, "ApiFunction needs dynamodb:Query on index status"},
	{"other queue", "policies", `(Sid: DeadLetters(?s:.)*?Resource: !GetAtt )DeadLetterQueue\.Arn`, `${1}Queue.Arn`, "DeadletterFunction needs sqs:ReceiveMessage on dead-letter queue"},
	{"dead letters not to be counted", "policies", `(Sid: Examine(?s:.)*?)DeadLetterQueue\.Arn`, `${1}Queue.Arn`, "ApiFunction needs sqs:GetQueueAttributes on dead-letter queue"},
	{"closing sockets not allowed", "policies", `live/DELETE/`, `live/GET/`, "NotifierFunction needs execute-api:ManageConnections on DELETE connections"},
	{"stream not allowed", "policies", `dynamodb:GetRecords`, `dynamodb:GetItem`, "NotifierFunction needs dynamodb:GetRecords on stream"},
	{"log not allowed", "policies", `logs:PutLogEvents`, `logs:DescribeLogStreams`, "needs logs:PutLogEvents"},
	{"role shared", "policies", `Role: !GetAtt WebRole\.Arn`, `Role: !GetAtt ApiRole.Arn`, "share a role"},

	{"every action", "stars", `dynamodb:BatchGetItem`, `"dynamodb:*"`, "allows dynamodb:*"},
	{"every resource", "stars", `Resource: !GetAtt Queue\.Arn`, `Resource: "*"`, "allows something on *"},
	{"every index", "stars", `\$\{Table\.Arn\}/index/due`, `$${Table.Arn}/index/*`, "allows something on ${Table.Arn}/index/*"},

	{"route missing", "routes", `.*Path: "/jobs/\{id\}/retry".*`, ``, "POST /jobs/{id}/retry is served, but no route leads there"},
	{"route of nobody", "routes", `"/docs"`, `"/dox"`, "ApiFunction does not serve GET /dox"},
	{"other method", "routes", `Method: PUT,`, `Method: POST,`, "does not serve POST /jobs/{id}/chunks/{n}"},
	{"page of nobody", "routes", `/favicon\.ico`, `/favicon.png`, "WebFunction does not serve GET /favicon.png"},
	{"stream buffered", "routes", `RESPONSE_STREAM`, `BUFFERED`, "does not stream"},

	{"stream to other origins", "routes", `(RESPONSE_STREAM\n        Cors:\n          AllowOrigins: ).*`, `${1}["https://intern.example"]`, "may not call the URL of ProgressFunction"},
	{"origins as SAM mangles them", "routes", `CorsConfiguration: !If(?s:.*?)- !Ref AWS::NoValue`, `CorsConfiguration: {AllowOrigins: !Split [",", !Ref CorsOrigins]}`, "does not let in the origins"},
	{"stream without a key", "routes", `AllowHeaders: \[authorization, if-none-match`, `AllowHeaders: [if-none-match`, "may not call the URL of ProgressFunction"},
	{"stream not named", "routes", `!GetAtt ProgressFunctionUrl\.FunctionUrl`, `"https://strom.example/"`, "does not name the URL of ProgressFunction"},
	{"stream barred", "routes", `,\$\{ProgressFunctionUrl\.FunctionUrl\}`, ``, "content security policy bars"},

	{"protocol unknown", "sockets", `ProtocolType: WEBSOCKET`, `ProtocolType: WEBSOCKETS`, "ProtocolType"},
	{"no disconnect", "sockets", `RouteKey: \$disconnect`, `RouteKey: bye`, "no route $disconnect"},
	{"route not deployed", "sockets", `, DefaultRoute\]`, `]`, "DefaultRoute may be missing in the deployment"},

	{"mode unknown", "table", `PAY_PER_REQUEST`, `ON_DEMAND`, `BillingMode "ON_DEMAND" is none`},
	{"other key", "table", `AttributeName: sk, KeyType: RANGE`, `AttributeName: due, KeyType: RANGE`, "KeySchema"},
	{"whole items in the stream", "table", `StreamViewType: KEYS_ONLY`, `StreamViewType: NEW_IMAGE`, "StreamViewType"},
	{"other time to live", "table", `AttributeName: ttl`, `AttributeName: expires`, "TimeToLiveSpecification"},
	{"no recovery", "table", `PointInTimeRecoveryEnabled: true`, `PointInTimeRecoveryEnabled: false`, "PointInTimeRecoveryEnabled"},
	{"index larger than needed", "table", `ProjectionType: KEYS_ONLY`, `ProjectionType: ALL`, "GlobalSecondaryIndexes"},

	{"visible too early", "queues", `VisibilityTimeout: 1800`, `VisibilityTimeout: 900`, "less than 6 times"},
	{"given up at once", "queues", `maxReceiveCount: 5`, `maxReceiveCount: 1`, "handed out 5 times"},
	{"failures not reported", "queues", `FunctionResponseTypes: \[ReportBatchItemFailures\]`, `FunctionResponseTypes: []`, "failures of single messages"},
	{"reserved apart from the source", "queues", `MaximumConcurrency: !Ref WorkerConcurrency`, `MaximumConcurrency: 200`, "reserved concurrency is not that of the event source"},
	{"reserved always", "queues", `!If \[Reserved, !Ref WorkerConcurrency, !Ref AWS::NoValue\]`, `!Ref WorkerConcurrency`, "cannot be left out"},
	{"few workers", "queues", `Default: 300`, `Default: 100`, "WorkerConcurrency is 100 by default"},
	{"planned for others", "queues", `GLEANER_WORKERS: !Ref WorkerConcurrency`, `GLEANER_WORKERS: 300`, "ApiFunction plans jobs for other workers"},
	{"many batches an event", "queues", `BatchSize: 1\n`, "BatchSize: 10\n", "BatchSize is 1"},
	{"loops stopped", "queues", `RecursiveLoop: Allow`, `RecursiveLoop: Terminate`, "take it for a loop"},

	{"longer than the API waits", "times", `Timeout: 30\n`, "Timeout: 60\n", "ApiFunction: a timeout of 60 s"},
	{"longer than a lease", "times", `(CodeUri: functions/worker/(?s:.)*?Timeout: )300`, "${1}350", "a lease is longer than the longest"},

	{"window", "stream", `MaximumBatchingWindowInSeconds: 1`, `MaximumBatchingWindowInSeconds: 5`, "MaximumBatchingWindowInSeconds"},
	{"no halves", "stream", `BisectBatchOnFunctionError: true`, `BisectBatchOnFunctionError: false`, "BisectBatchOnFunctionError"},
	{"filter on other keys", "stream", `"STAT"`, `"STATS"`, "the filter is"},

	{"pings not let through", "stream", `R#PING`, `R#PONG`, "the filter is"},

	{"log for ever", "logs", `RetentionInDays: .*`, ``, "for ever"},
	{"no log group", "logs", `LogGroup: !Ref WebLogs`, `LogGroup: !Ref ApiLogs`, "no log group of its own"},
	{"no access log", "logs", `DestinationArn: !GetAtt HttpApiLogs\.Arn`, `DestinationArn: ""`, "no access log"},

	{"alarm at other duration", "alarms", `Threshold: 240000`, `Threshold: 300000`, "goes off at 300000"},
	{"alarm to nobody", "alarms", `AlarmActions: \[!Ref AlarmTopic\]`, `AlarmActions: []`, "tells nobody"},
	{"throttles of a function not seen", "alarms", `MetricName: Throttles`, `MetricName: Errors`, "there is no alarm for AWS/Lambda/Throttles"},
	{"dead letters not seen", "alarms", `Value: !GetAtt DeadLetterQueue\.QueueName`, `Value: !GetAtt Queue.QueueName`, "there is no alarm for AWS/Lambda/Invocations/DeadletterFunction"},

	{"function needs its own URL", "cycles", `(GLEANER_TABLE: !Ref Table\n)(          GLEANER_LOG_LEVEL: !Ref LogLevel\n      FunctionUrlConfig)`, "$1          GLEANER_STREAM_URL: !GetAtt ProgressFunctionUrl.FunctionUrl\n$2", "ProgressFunction -> ProgressFunctionUrl"},
	{"function needs the API that needs it", "cycles", `GLEANER_CONNECT_ORIGINS: !Sub wss://\$\{SocketApi\}`, `GLEANER_CONNECT_ORIGINS: !Sub wss://$${HttpApi}`, "needs itself"},

	{"no output", "outputs", `  WebSocketUrl:`, `  SocketsUrl:`, "no output WebSocketUrl"},
}

func TestChecksFail(t *testing.T) {
	whole := read(t)
	for _, m := range mutations {
		t.Run(m.check+"/"+m.name, func(t *testing.T) {
			old := regexp.MustCompile(m.old)
			at := old.FindStringSubmatchIndex(whole)
			if at == nil {
				t.Fatalf("%s does not occur in the template", m.old)
			}
			broken := whole[:at[0]] + string(old.ExpandString(nil, m.new, whole, at)) + whole[at[1]:]
			tmpl, err := parse(broken)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range checks {
				if c.name != m.check {
					continue
				}
				found := c.run(tmpl)
				if !strings.Contains(strings.Join(found, "\n"), m.want) || len(found) == 0 {
					t.Errorf("found %q, want %q", found, m.want)
				}
				return
			}
			t.Fatalf("there is no check %s", m.check)
		})
	}
}

// TestEveryCheckFails: each check is broken at least once.
func TestEveryCheckFails(t *testing.T) {
	for _, c := range checks {
		broken := false
		for _, m := range mutations {
			broken = broken || m.check == c.name
		}
		if !broken {
			t.Errorf("nothing breaks the check %s", c.name)
		}
	}
}
