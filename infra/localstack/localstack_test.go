// Package localstack tests the files beside it: that the scripts make what the
// functions expect.
package localstack

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"go.yaml.in/yaml/v3"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/dynamostore"
)

// TestTable: table.json is the table that the store works on.
func TestTable(t *testing.T) {
	text, err := os.ReadFile("table.json")
	if err != nil {
		t.Fatal(err)
	}
	var got dynamodb.CreateTableInput
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if want := dynamostore.TableInput("gleaner"); !reflect.DeepEqual(&got, want) {
		t.Errorf("table.json is\n%+v, want\n%+v", got, *want)
	}
}

// TestEnvironment: deploy.sh gives each function what template.yaml does, but for
// what may be empty.
func TestEnvironment(t *testing.T) {
	script, err := os.ReadFile("deploy.sh")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				CodeURI     string `yaml:"CodeUri"`
				Environment struct {
					Variables map[string]yaml.Node `yaml:"Variables"`
				} `yaml:"Environment"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	empty := map[string]bool{"GLEANER_CONTACT": true, "GLEANER_FROM": true, "GLEANER_STREAM_URL": true}
	shared := map[string]string{}
	expand := func(s string) string {
		for variable, value := range shared {
			s = strings.ReplaceAll(s, variable, value)
		}
		return s
	}
	for _, m := range regexp.MustCompile(`(?m)^ +(common|ring|plan|quota)="(.*)"`).FindAllStringSubmatch(string(script), -1) {
		shared["$"+m[1]] = expand(m[2])
	}
	deployed := 0
	for name, r := range template.Resources {
		folder := filepath.Base(r.Properties.CodeURI)
		m := regexp.MustCompile(`(?m)^  lambda_function ` + folder + ` \d+ \d+ "(.*)"`).FindStringSubmatch(string(script))
		if r.Type != "AWS::Serverless::Function" || m == nil {
			continue // the runner stands in for it
		}
		deployed++
		given := expand(m[1])
		for variable := range r.Properties.Environment.Variables {
			if !empty[variable] && !strings.Contains(given, variable+"=") {
				t.Errorf("%s is not given %s", name, variable)
			}
		}
	}
	if deployed != 6 {
		t.Errorf("%d functions are deployed, want 6", deployed)
	}
}

// TestShellcheck looks at the scripts where ShellCheck is installed.
func TestShellcheck(t *testing.T) {
	if _, err := exec.LookPath("shellcheck"); err != nil {
		t.Skip("shellcheck is not installed")
	}
	cmd := exec.CommandContext(t.Context(), "shellcheck", "-x", "infra/localstack/deploy.sh", "infra/localstack/smoke.sh")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestAWSSmoke runs both scripts, with the functions in the runner, against the
// emulators.
func TestAWSSmoke(t *testing.T) {
	for _, program := range []string{"aws", "bash", "curl", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	dynamo := emulators.OwnDynamoDB(t)
	for _, script := range []string{"./deploy.sh", "./deploy.sh", "./smoke.sh"} {
		cmd := exec.CommandContext(t.Context(), script)
		cmd.Env = append(os.Environ(),
			"FUNCTIONS=local", "NAME=gleaner-smoke", "PATIENCE=60",
			"AWS_ENDPOINT_URL_DYNAMODB="+dynamo, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS="+dynamo,
			"AWS_ENDPOINT_URL_SQS="+emulators.URL(t, emulators.ServiceSQS))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		if script == "./smoke.sh" && !strings.Contains(string(out), "found all 3 addresses, and no other") {
			t.Errorf("%s", out)
		}
	}
}
