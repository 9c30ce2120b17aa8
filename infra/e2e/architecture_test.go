package e2e

import (
	"context"
	"os/exec"
	"strings"
	"testing"
)

// rules say what a package (and everything below it) may not depend on, however
// indirectly.
var rules = []struct {
	who string
	not []string
	why string
}{
	{"functions", []string{"gleaner/infra", "modernc.org/sqlite", "github.com/spf13/cobra"}, "SQLite and the command line never enter a Lambda"},
	{"shared", []string{"gleaner/infra", "gleaner/functions"}, "imports run one way"},
	{"shared/job", []string{"github.com/aws"}, "the domain knows nothing of AWS"},
	{"shared/queue", []string{"github.com/aws"}, "the domain knows nothing of AWS"},
	{"shared/record", []string{"github.com/aws"}, "the domain knows nothing of AWS"},
	{"shared/submit", []string{"github.com/aws"}, "use cases know nothing of AWS"},
	{"shared/work", []string{"github.com/aws"}, "use cases know nothing of AWS"},
	{"shared/control", []string{"github.com/aws"}, "use cases know nothing of AWS"},
	{"shared/sweep", []string{"github.com/aws"}, "use cases know nothing of AWS"},
	{"shared/crawl", []string{"github.com/aws"}, "use cases know nothing of AWS"},
	{"shared/httpapi", []string{"github.com/aws/aws-sdk-go-v2"}, "the HTTP API is an http.Handler, wrapped elsewhere"},
	{"shared/extract", []string{"gleaner/"}, "extraction stands alone"},
	{"shared/robots", []string{"gleaner/"}, "robots.txt stands alone"},
	{"shared/dynamostore", []string{"gleaner/shared/sqsqueue", "gleaner/shared/apigwpush"}, "adapters do not know each other"},
	{"shared/sqsqueue", []string{"gleaner/shared/dynamostore", "gleaner/shared/apigwpush"}, "adapters do not know each other"},
	{"infra/local/sqlitestore", []string{"gleaner/infra/local/sqlitequeue", "github.com/aws"}, "adapters do not know each other"},
	{"infra/local/sqlitequeue", []string{"gleaner/infra/local/sqlitestore", "github.com/aws"}, "adapters do not know each other"},
}

// TestArchitecture fails when an import breaks the rules.
func TestArchitecture(t *testing.T) {
	out, err := exec.CommandContext(context.Background(), "go", "list", "-f", `{{.ImportPath}}{{range .Deps}} {{.}}{{end}}`, "gleaner/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, r := range rules {
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
