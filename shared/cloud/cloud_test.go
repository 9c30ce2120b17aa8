package cloud_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gleaner/shared/cloud"
	"gleaner/shared/job"
)

func TestWorkers(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
		ok   bool
	}{{"", job.MaxWorkers, true}, {"5", 5, true}, {"1000", 1000, true}, {"0", 0, false}, {"-2", 0, false}, {"many", 0, false}} {
		if got, err := cloud.Workers(c.text); got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %d, %v", c.text, got, err)
		}
	}
}

// What Lambda puts into the environment is all that a function needs, and what is
// missing is said at once.
func TestConnectFunction(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("X-Amz-Security-Token")+" "+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusBadRequest)
	}))
	t.Cleanup(server.Close)
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"} {
		t.Setenv(name, "")
	}
	if _, err := cloud.ConnectFunction(); err == nil {
		t.Error("an empty environment will do")
	}
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "session")
	for _, variable := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"} { // the second alone would not do for SQS
		t.Setenv(variable, server.URL)
		c, err := cloud.ConnectFunction()
		if err != nil {
			t.Fatal(err)
		}
		asked = nil
		if _, err := c.Table("gleaner").Get(t.Context(), "p", "s"); err == nil {
			t.Error("the server says no")
		}
		if len(asked) != 1 || !strings.HasPrefix(asked[0], "session ") || !strings.Contains(asked[0], "AKIAEXAMPLE/") || !strings.Contains(asked[0], "/eu-central-1/dynamodb/") {
			t.Errorf("%s: asked with %q", variable, asked)
		}
		t.Setenv(variable, "")
	}
}

func TestRequireNamesAllThatIsMissing(t *testing.T) {
	environment := map[string]string{"A": "1", "C": ""}
	err := cloud.Require(func(name string) string { return environment[name] }, "A", "B", "C")
	if err == nil || !strings.HasSuffix(err.Error(), ": B, C") {
		t.Errorf("%v", err)
	}
}

func TestList(t *testing.T) {
	if got := cloud.List(" wss://a.example, ,wss://b.example"); !slices.Equal(got, []string{"wss://a.example", "wss://b.example"}) {
		t.Errorf("%q", got)
	}
}
