package template

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// logs: every function writes into a group of its own that forgets.
func logs(t *template) (found []string) {
	used := map[string]bool{}
	for _, name := range t.functions() {
		group := text(t.properties(name), "LoggingConfig", "LogGroup", "Ref")
		if text(t.resource(group), "Type") != "AWS::Logs::LogGroup" || used[group] {
			found = append(found, name+" has no log group of its own")
		}
		used[group] = true
	}
	for _, group := range t.resources("AWS::Logs::LogGroup") {
		if t.number(t.properties(group), "RetentionInDays") < 1 {
			found = append(found, group+" keeps its lines for ever")
		}
	}
	if text(t.properties("HttpApi"), "AccessLogSettings", "DestinationArn", "Fn::GetAtt") != "HttpApiLogs.Arn" {
		found = append(found, "the HTTP API has no access log")
	}
	return found
}

// metrics lists what an alarm looks at, as namespace/metric/resource.
func metrics(alarm any) []string {
	one := func(m any) string {
		s := text(m, "Namespace") + "/" + text(m, "MetricName")
		for _, d := range list(m, "Dimensions") {
			name := text(d, "Value", "Ref") + text(d, "Value", "Fn::GetAtt")
			s += "/" + strings.TrimSuffix(name, ".QueueName")
		}
		return s
	}
	if text(alarm, "MetricName") != "" {
		return []string{one(alarm)}
	}
	var all []string
	for _, m := range list(alarm, "Metrics") {
		if stat := at(m, "MetricStat"); stat != nil {
			all = append(all, one(at(stat, "Metric")))
		}
	}
	slices.Sort(all)
	return all
}

// alarms: whoever runs this is told what they must know.
func alarms(t *template) (found []string) {
	// By what they look at: their thresholds.
	want := map[string]float64{
		"AWS/Lambda/Invocations/DeadletterFunction AWS/SQS/ApproximateNumberOfMessagesVisible/DeadLetterQueue": 0,
		"AWS/SQS/ApproximateAgeOfOldestMessage/Queue":                                                          3600,
		"AWS/Lambda/IteratorAge/NotifierFunction":                                                              60_000,
		"AWS/ApiGateway/5xx/HttpApi AWS/ApiGateway/Count/HttpApi":                                              1,
	}
	var throttles []string
	for _, name := range t.functions() {
		throttles = append(throttles, "AWS/Lambda/Throttles/"+name)
		want["AWS/Lambda/Errors/"+name+" AWS/Lambda/Invocations/"+name] = 1
		want["AWS/Lambda/Duration/"+name] = 800 * float64(t.number(t.properties(name), "Timeout")) // 80 %, in ms
	}
	want[strings.Join(throttles, " ")] = 0
	for _, name := range t.resources("AWS::CloudWatch::Alarm") {
		p := t.properties(name)
		if actions := list(p, "AlarmActions"); len(actions) != 1 || text(actions[0], "Ref") != "AlarmTopic" {
			found = append(found, name+" tells nobody")
		}
		of := strings.Join(metrics(p), " ")
		threshold, ok := want[of]
		if got := float64(t.number(p, "Threshold")); ok && got != threshold {
			found = append(found, fmt.Sprintf("%s goes off at %v, want %v", name, got, threshold))
		}
		if text(p, "ComparisonOperator") != "GreaterThanThreshold" {
			found = append(found, name+" is not about more than its threshold")
		}
		delete(want, of)
	}
	for of := range maps.Keys(want) {
		found = append(found, "there is no alarm for "+of)
	}
	if len(t.resources("AWS::CloudWatch::Dashboard")) != 1 {
		found = append(found, "there is no CloudWatch dashboard")
	}
	return found
}

// outputs: every URL and name that a client needs.
func outputs(t *template) (found []string) {
	got := names(at(t.tree, "Outputs"))
	for _, name := range []string{
		"ApiUrl", "DashboardUrl", "WebSocketUrl", "StreamUrl", "MonitoringUrl", "TableName", "QueueUrl", "DeadLetterQueueUrl", "AlarmTopicArn",
	} {
		if !slices.Contains(got, name) {
			found = append(found, "there is no output "+name)
		}
	}
	return found
}

var substituted = regexp.MustCompile(`\$\{([A-Za-z0-9]+)`)

// references lists the names that a part of the template refers to.
func references(v any) (found []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			found = append(found, references(e)...)
		}
	case map[string]any:
		for key, e := range v {
			s, _ := e.(string)
			switch {
			case key == "Ref" && s != "":
				found = append(found, s)
			case key == "Fn::GetAtt" && s != "":
				name, _, _ := strings.Cut(s, ".")
				found = append(found, name)
			case key == "Fn::Sub" && s != "":
				for _, m := range substituted.FindAllStringSubmatch(s, -1) {
					found = append(found, m[1])
				}
			default:
				found = append(found, references(e)...)
			}
		}
	}
	return found
}

// needed is what has to be there before a resource can be made, once SAM has made
// resources of their own of a function's events and URL.
func (t *template) needed() map[string][]string {
	all := map[string][]string{}
	for _, name := range names(at(t.tree, "Resources")) {
		r := t.resource(name)
		all[name] = append(all[name], texts(at(r, "DependsOn"))...)
		if text(r, "Type") != serverlessFunction {
			all[name] = append(all[name], references(at(r, "Properties"))...)
			continue
		}
		for _, property := range names(at(r, "Properties")) {
			value := at(r, "Properties", property)
			switch property {
			case "Events":
				for _, e := range names(value) {
					if api := text(value, e, "Properties", "ApiId", "Ref"); api != "" {
						all[api] = append(all[api], name) // whose definition names the function
					}
				}
			case "FunctionUrlConfig":
				all[name+"Url"] = append(references(value), name)
			default:
				all[name] = append(all[name], references(value)...)
			}
		}
	}
	return all
}

// cycles: no resource needs, through others, itself.
func cycles(t *template) (found []string) {
	needed := t.needed()
	const visiting, done = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(string)
	visit = func(name string) {
		path = append(path, name)
		defer func() { path = path[:len(path)-1] }()
		switch state[name] {
		case visiting:
			found = append(found, "needs itself: "+strings.Join(path[slices.Index(path, name):], " -> "))
			return
		case done:
			return
		}
		state[name] = visiting
		for _, other := range needed[name] {
			visit(other)
		}
		state[name] = done
	}
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		visit(name)
	}
	return found
}
