package template

import (
	"fmt"
	"slices"
	"strings"
)

// policies: each function is allowed what its code and its event sources do, and
// nothing beyond it.
func policies(t *template) (found []string) {
	called, err := needs()
	if err != nil {
		return finding("call graph: %v", err)
	}
	owners := map[string]string{}
	for _, name := range t.functions() {
		role := t.role(name)
		if owners[role] != "" {
			found = append(found, fmt.Sprintf("%s and %s share a role", owners[role], name))
		}
		owners[role] = name
		want := map[need]bool{}
		for _, n := range append(called[t.folder(name)], t.implied(name)...) {
			want[n] = true
		}
		granted, unknown := t.granted(role)
		found = append(found, unknown...)
		for n := range want {
			if !granted[n] {
				found = append(found, fmt.Sprintf("%s needs %s on %s, which its role does not allow", name, n.action, n.on))
			}
		}
		for n := range granted {
			if !want[n] {
				found = append(found, fmt.Sprintf("%s is allowed %s on %s, which it does not need", name, n.action, n.on))
			}
		}
	}
	return found
}

// role is the resource that is a function's role.
func (t *template) role(function string) string {
	name, _, _ := strings.Cut(text(t.properties(function), "Role", "Fn::GetAtt"), ".")
	return name
}

// implied is what the Lambda service does in a function's name: write its log and
// read its event sources; and what follows from addresses that it is given.
func (t *template) implied(function string) []need {
	group := "log " + text(t.properties(function), "LoggingConfig", "LogGroup", "Ref")
	all := []need{{"logs:CreateLogStream", group}, {"logs:PutLogEvents", group}}
	events := at(t.properties(function), "Events")
	for _, name := range names(events) {
		switch text(events, name, "Type") {
		case "SQS":
			queue := queueNames[text(events, name, "Properties", "Queue", "Fn::GetAtt")]
			all = append(all, need{"sqs:ReceiveMessage", queue}, need{"sqs:DeleteMessage", queue}, need{"sqs:GetQueueAttributes", queue})
		case "DynamoDB":
			all = append(all,
				need{"dynamodb:DescribeStream", "stream"}, need{"dynamodb:GetRecords", "stream"},
				need{"dynamodb:GetShardIterator", "stream"}, need{"dynamodb:ListStreams", "streams"})
		}
	}
	// Which queue a call goes to is not in the code, but in the address it is given.
	if text(t.properties(function), "Environment", "Variables", "GLEANER_DEAD_LETTERS_URL", "Ref") == "DeadLetterQueue" {
		all = append(all, need{"sqs:GetQueueAttributes", "dead-letter queue"})
	}
	return all
}

var queueNames = map[string]string{"Queue.Arn": "queue", "DeadLetterQueue.Arn": "dead-letter queue"}

// connections is the ARN of the WebSocket API's connections, by method.
const connections = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${SocketApi}/live/%s/@connections/*"

// resourceNames are the ARNs that a policy may name.
var resourceNames = map[string]string{
	"Table.Arn":                        "table",
	"Table.StreamArn":                  "stream",
	"${Table.Arn}/stream/*":            "streams", // whose names nobody knows beforehand
	"${Table.Arn}/index/due":           "index due",
	"${Table.Arn}/index/status":        "index status",
	"Queue.Arn":                        "queue",
	"DeadLetterQueue.Arn":              "dead-letter queue",
	fmt.Sprintf(connections, "POST"):   "POST connections",
	fmt.Sprintf(connections, "GET"):    "GET connections",
	fmt.Sprintf(connections, "DELETE"): "DELETE connections",
}

// statements lists the statements of a role's policies.
func (t *template) statements(role string) (all []any) {
	for _, p := range list(t.properties(role), "Policies") {
		all = append(all, list(p, "PolicyDocument", "Statement")...)
	}
	return all
}

// resourcesOf lists the resources of a statement as they stand after Ref, GetAtt
// or Sub.
func resourcesOf(statement any) (all []string) {
	values := list(statement, "Resource")
	if values == nil {
		values = []any{at(statement, "Resource")}
	}
	for _, v := range values {
		s, _ := v.(string)
		for _, fn := range []string{"Ref", "Fn::GetAtt", "Fn::Sub"} {
			s += text(v, fn)
		}
		all = append(all, s)
	}
	return all
}

// granted is what a role allows, and what of it cannot be understood.
func (t *template) granted(role string) (granted map[need]bool, unknown []string) {
	granted = map[need]bool{}
	if at(t.properties(role), "ManagedPolicyArns") != nil {
		unknown = append(unknown, role+" has managed policies")
	}
	for _, s := range t.statements(role) {
		if text(s, "Effect") != "Allow" {
			unknown = append(unknown, role+": a statement is not Allow")
		}
		for _, r := range resourcesOf(s) {
			on := resourceNames[r]
			if group, ok := strings.CutSuffix(r, "Logs.Arn"); ok {
				on = "log " + group + "Logs"
			}
			if on == "" {
				unknown = append(unknown, fmt.Sprintf("%s: the resource %q is not one of this template", role, r))
			}
			for _, action := range texts(at(s, "Action")) {
				granted[need{action, on}] = true
			}
		}
	}
	return granted, unknown
}

// stars: no policy allows every action or every resource of a kind. What is left
// are the parts of an ARN that are not known before: connections and the label of
// the table's stream.
func stars(t *template) (found []string) {
	for _, role := range t.resources("AWS::IAM::Role") {
		for _, s := range t.statements(role) {
			for _, a := range texts(at(s, "Action")) {
				if strings.Contains(a, "*") {
					found = append(found, fmt.Sprintf("%s allows %s", role, a))
				}
			}
			for _, r := range resourcesOf(s) {
				ends := slices.ContainsFunc([]string{"/@connections/*", "${Table.Arn}/stream/*"}, func(end string) bool { return strings.HasSuffix(r, end) })
				if strings.Contains(strings.TrimSuffix(r, "/*"), "*") || strings.Contains(r, "*") && !ends {
					found = append(found, fmt.Sprintf("%s allows something on %s", role, r))
				}
			}
		}
	}
	return found
}
