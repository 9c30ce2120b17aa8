package template

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSAMBuildsAfresh: SAM's build cache looks at a function's own folder only,
// and would miss what changed in shared/.
func TestSAMBuildsAfresh(t *testing.T) {
	for _, environment := range environments {
		if samconfig(t)[environment+".build.parameters"]["cached"] != "false" {
			t.Errorf("%s does not say cached = false", environment)
		}
	}
}

// environments are those of samconfig.toml.
var environments = []string{"default", "small"}

// smallAccount is how many executions at once the smallest new accounts have.
const smallAccount = 10

// TestOverrides: samconfig.toml sets parameters that there are, and those of a
// small account ask for less than such an account has.
func TestOverrides(t *testing.T) {
	tmpl, err := parse(read(t))
	if err != nil {
		t.Fatal(err)
	}
	known := names(at(tmpl.tree, "Parameters"))
	for _, environment := range environments {
		overrides := samconfig(t)[environment+".deploy.parameters"]["parameter_overrides"]
		set := map[string]string{}
		for pair := range strings.FieldsFuncSeq(strings.Trim(overrides, "[]"), func(r rune) bool { return r == ',' || r == ' ' || r == '"' }) {
			name, value, _ := strings.Cut(pair, "=")
			if set[name] = value; !slices.Contains(known, name) {
				t.Errorf("%s sets %s, which is no parameter of the template", environment, name)
			}
		}
		if environment != "small" {
			continue
		}
		if n, err := strconv.Atoi(set["WorkerConcurrency"]); err != nil || n < 2 || n >= smallAccount || set["ReserveConcurrency"] != "no" {
			t.Errorf("a small account is asked for %v", set)
		}
	}
}

// samconfig is samconfig.toml: the values of its sections as they are written.
func samconfig(t *testing.T) map[string]map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "samconfig.toml"))
	if err != nil {
		t.Fatal(err)
	}
	all, section := map[string]map[string]string{}, ""
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		if name, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSuffix(name, "]")
			all[section] = map[string]string{}
		} else if name, value, ok := strings.Cut(line, " = "); ok && section != "" {
			all[section][name] = strings.Trim(value, `"`)
		}
	}
	return all
}
