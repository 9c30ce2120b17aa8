package main

import (
	"crypto/rand"
	"strings"
	"testing"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/apikey"
	"gleaner/shared/dynamostore"
)

// The first key of a deployment is made on its table, with the AWS credentials of
// the environment.
func TestKeysOnATable(t *testing.T) {
	t.Parallel()
	endpoint := emulators.URL(t, emulators.ServiceDynamoDB)
	db := emulators.DynamoDB(endpoint)
	table := "gleaner-test-" + rand.Text()
	in := dynamostore.TableInput(table)
	in.StreamSpecification = nil
	emulators.CreateTable(t, db, in)
	gleaner := func(args ...string) string {
		t.Helper()
		cmd := program(t, append(args, "--table", table, "--owner", "kai")...)
		cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_DYNAMODB="+endpoint, "AWS_REGION="+emulators.Region,
			"AWS_ACCESS_KEY_ID=invented", "AWS_SECRET_ACCESS_KEY=invented", "AWS_EC2_METADATA_DISABLED=true")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("gleaner %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	secret := gleaner("keys", "create", "laptop")
	k, err := apikey.New(dynamostore.New(db, table), nil, nil).Authenticate(t.Context(), secret)
	if err != nil || k.Owner != "kai" || k.Name != "laptop" {
		t.Fatalf("%q opens for %+v: %v", secret, k, err)
	}
	if out := gleaner("keys", "list"); !strings.Contains(out, k.ID) || strings.Contains(out, "never") {
		t.Errorf("list:\n%s", out)
	}
	gleaner("keys", "revoke", k.ID)
	if out := gleaner("keys", "list"); strings.Contains(out, k.ID) {
		t.Errorf("list:\n%s", out)
	}
	if hook := gleaner("webhook", "secret"); !strings.HasPrefix(hook, "whsec_") {
		t.Errorf("webhook secret %q", hook)
	}
}
