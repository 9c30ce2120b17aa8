package cloud_test

import (
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
