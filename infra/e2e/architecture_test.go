package e2e

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rule says what a package (and everything below it) may not depend on, however
// indirectly.
type rule struct {
	who string
	not []string
	why string
}

var rules = []rule{
	{"functions", []string{"gleaner/infra", "modernc.org/sqlite", "github.com/spf13/cobra"}, "SQLite and the command line never enter a Lambda"},
	{"shared", []string{"gleaner/infra", "gleaner/functions"}, "imports run one way"},
	{"shared/job", []string{"github.com/aws"}, "the domain knows nothing of AWS"},
	{"shared/queue", []string{"github.com/aws"}, "the domain knows nothing of AWS"},
	{"shared/record", []string{"github.com/aws"}, "the domain knows nothing of AWS"},
	{"shared/httpapi", []string{"github.com/aws/aws-sdk-go-v2"}, "the HTTP API is an http.Handler, wrapped elsewhere"},
	{"shared/extract", []string{"gleaner/"}, "extraction stands alone"},
	{"shared/robots", []string{"gleaner/"}, "robots.txt stands alone"},
	{"shared/dynamostore", []string{"gleaner/shared/sqsqueue", "gleaner/shared/apigwpush"}, "adapters do not know each other"},
	{"shared/sqsqueue", []string{"gleaner/shared/dynamostore", "gleaner/shared/apigwpush"}, "adapters do not know each other"},
	{"infra/local/sqlitestore", []string{"gleaner/infra/local/sqlitequeue", "github.com/aws"}, "adapters do not know each other"},
	{"infra/local/sqlitequeue", []string{"gleaner/infra/local/sqlitestore", "github.com/aws"}, "adapters do not know each other"},
}

// useCases are called by handlers, whatever these are called by.
var useCases = []string{"submit", "work", "crawl", "control", "sweep", "webhook", "quota", "audit", "doctor", "export"}

// TestArchitecture fails when an import breaks the rules.
func TestArchitecture(t *testing.T) {
	out, err := exec.CommandContext(context.Background(), "go", "list", "-f", `{{.ImportPath}}{{range .Deps}} {{.}}{{end}}`, "gleaner/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := strings.Split(strings.TrimSpace(string(out)), "\n")
	all := slices.Clone(rules)
	for _, u := range useCases {
		all = append(all, rule{"shared/" + u, []string{"github.com/aws", "gleaner/shared/httpapi", "gleaner/shared/bells"}, "use cases know nothing of AWS, nor of who calls them"})
	}
	for _, r := range all {
		found := false
		for _, line := range packages {
			fields := strings.Fields(line)
			root := "gleaner/" + r.who
			if fields[0] != root && !strings.HasPrefix(fields[0], root+"/") {
				continue
			}
			found = true
			for _, dep := range fields[1:] {
				for _, not := range r.not {
					own := dep == root || strings.HasPrefix(dep, root+"/")
					if strings.HasPrefix(dep, not) && !own {
						t.Errorf("%s depends on %s: %s", fields[0], dep, r.why)
					}
				}
			}
		}
		if !found {
			t.Errorf("the rule for %s matches no package", r.who)
		}
	}
}
