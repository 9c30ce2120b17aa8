// Package template tests template.yaml: that it holds what a deploy and the
// functions rely on, as far as that can be known without an AWS account.
package template

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// root is the top of the repository, seen from this folder.
const root = "../../.."

// template is template.yaml with its intrinsic functions in their long form:
// !Ref X is a map with the key Ref.
type template struct {
	tree map[string]any
}

// parse reads a template.
func parse(text string) (*template, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	tree, err := plain(doc.Content[0])
	if err != nil {
		return nil, err
	}
	t, ok := tree.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the template is a %T", tree)
	}
	return &template{tree: t}, nil
}

func plain(n *yaml.Node) (any, error) {
	var value any
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if _, twice := m[name]; twice {
				return nil, fmt.Errorf("line %d: %s is there twice", n.Content[i].Line, name)
			}
			v, err := plain(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[name] = v
		}
		value = m
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			v, err := plain(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		value = list
	default:
		if strings.HasPrefix(n.Tag, "!!") {
			if err := n.Decode(&value); err != nil {
				return nil, err
			}
		} else {
			value = n.Value
		}
	}
	switch {
	case n.Tag == "!Ref":
		return map[string]any{"Ref": value}, nil
	case strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
		return map[string]any{"Fn::" + n.Tag[1:]: value}, nil
	}
	return value, nil
}

// at follows names into nested maps; nil where there is nothing.
func at(v any, names ...string) any {
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func text(v any, names ...string) string { s, _ := at(v, names...).(string); return s }

// number is a whole number, or the default of the parameter that is referred to.
func (t *template) number(v any, names ...string) int {
	v = at(v, names...)
	if name := text(v, "Ref"); name != "" {
		v = at(t.tree, "Parameters", name, "Default")
	}
	n, _ := v.(int)
	return n
}

func list(v any, names ...string) []any { l, _ := at(v, names...).([]any); return l }

// texts is a list of strings; one string is a list of one.
func texts(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	var all []string
	for _, e := range list(v) {
		s, _ := e.(string)
		all = append(all, s)
	}
	return all
}

// names lists the keys of a map in order.
func names(v any) []string {
	m, _ := v.(map[string]any)
	all := make([]string, 0, len(m))
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// resources lists the names of the resources of a type.
func (t *template) resources(kind string) []string {
	all := at(t.tree, "Resources")
	return slices.DeleteFunc(names(all), func(name string) bool { return text(all, name, "Type") != kind })
}

func (t *template) resource(name string) any { return at(t.tree, "Resources", name) }

func (t *template) properties(name string) any { return at(t.resource(name), "Properties") }

const serverlessFunction = "AWS::Serverless::Function"

// functions are the names of all functions.
func (t *template) functions() []string { return t.resources(serverlessFunction) }

// folder is the name of a function's folder below functions/.
func (t *template) folder(function string) string {
	return filepath.Base(text(t.properties(function), "CodeUri"))
}

// finding is something that is wrong.
func finding(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }

// checks are all that a template must pass.
var checks = []struct {
	name string
	run  func(*template) []string
}{
	{"code", code},
	{"environment", environment},
	{"policies", policies},
	{"stars", stars},
	{"routes", routes},
	{"sockets", sockets},
	{"table", table},
	{"queues", queues},
	{"times", times},
	{"stream", stream},
	{"logs", logs},
	{"alarms", alarms},
	{"cycles", cycles},
	{"outputs", outputs},
}

func read(tb testing.TB) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func TestTemplate(t *testing.T) {
	tmpl, err := parse(read(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			for _, f := range c.run(tmpl) {
				t.Error(f)
			}
		})
	}
}

// TestLint runs cfn-lint where it is installed.
func TestLint(t *testing.T) {
	lint, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is not installed")
	}
	cmd := exec.CommandContext(context.Background(), lint, "--format", "parseable", "template.yaml")
	cmd.Dir = root
	if out, err := cmd.Output(); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
}
