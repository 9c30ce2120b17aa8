package template

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// code: every function is built, as SAM builds it, from a main package of its
// own, and every such package is a function.
func code(t *template) (found []string) {
	used := map[string]string{}
	for _, name := range t.functions() {
		uri := text(t.properties(name), "CodeUri")
		if other := used[uri]; other != "" {
			found = append(found, fmt.Sprintf("%s and %s have the same CodeUri %s: SAM would build them as one", name, other, uri))
		}
		used[uri] = name
		if !isMain(filepath.Join(root, uri)) {
			found = append(found, fmt.Sprintf("%s: CodeUri %s is no main package", name, uri))
		}
		if text(t.resource(name), "Metadata", "BuildMethod") != "go1.x" || at(t.resource(name), "Metadata", "BuildProperties", "TrimGoPath") != true {
			found = append(found, name+": Metadata is not BuildMethod go1.x with TrimGoPath")
		}
	}
	folders, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil {
		return append(found, err.Error())
	}
	for _, f := range folders {
		if used["functions/"+f.Name()+"/"] == "" {
			found = append(found, "functions/"+f.Name()+" is no function of the template")
		}
	}
	globals := at(t.tree, "Globals", "Function")
	if text(globals, "Runtime") != "provided.al2023" || text(globals, "Handler") != "bootstrap" ||
		!slices.Equal(texts(at(globals, "Architectures")), []string{"arm64"}) {
		found = append(found, "Globals: functions are not bootstrap on provided.al2023, arm64")
	}
	return found
}

func isMain(dir string) bool {
	files, err := sources(dir)
	if err != nil || len(files) == 0 {
		return false
	}
	hasMain := false
	for _, f := range files {
		if f.Name.Name != "main" {
			return false
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "main" {
				hasMain = true
			}
		}
	}
	return hasMain
}

// sources parses the Go files of a folder that are no tests.
func sources(dir string) ([]*ast.File, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, 0)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// environment: the variables that a function's main reads are those that the
// template sets, and nothing else reads any.
func environment(t *template) (found []string) {
	for _, name := range t.functions() {
		files, err := sources(filepath.Join(root, "functions", t.folder(name)))
		if err != nil {
			found = append(found, err.Error())
			continue
		}
		reads := map[string]bool{}
		for _, f := range files {
			for _, variable := range getenvs(f) {
				reads[variable] = true
			}
		}
		set, _ := at(t.properties(name), "Environment", "Variables").(map[string]any)
		for variable := range reads {
			if _, ok := set[variable]; !ok {
				found = append(found, fmt.Sprintf("%s reads %s, which is not set", name, variable))
			}
		}
		for variable := range set {
			if !reads[variable] {
				found = append(found, fmt.Sprintf("%s does not read %s, which is set", name, variable))
			}
		}
	}
	if all := names(at(t.tree, "Globals", "Function", "Environment", "Variables")); !slices.Equal(all, []string{endpointVariable}) {
		found = append(found, fmt.Sprintf("Globals: every function is given %q, want %s only", all, endpointVariable))
	}
	return append(append(found, t.localEnvironment()...), readers()...)
}

// endpointVariable is read by the AWS SDK.
const endpointVariable = "AWS_ENDPOINT_URL"

// localEnvironment compares the environment of sam local invoke, which passes on
// only what the template sets too, with that of the template.
func (t *template) localEnvironment() (found []string) {
	text, err := os.ReadFile(filepath.Join(root, "infra/events/env.json"))
	if err != nil {
		return finding("%v", err)
	}
	var local map[string]map[string]string
	if err := json.Unmarshal(text, &local); err != nil {
		return finding("env.json: %v", err)
	}
	for _, name := range t.functions() {
		want := append(names(at(t.properties(name), "Environment", "Variables")), endpointVariable)
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(local[name])); !slices.Equal(got, want) {
			found = append(found, fmt.Sprintf("env.json: %s has %q, want %q", name, got, want))
		}
	}
	return found
}

// getenvs lists the variables asked for with getenv("…").
func getenvs(f *ast.File) (variables []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if fn, ok := call.Fun.(*ast.Ident); !ok || fn.Name != "getenv" || len(call.Args) != 1 {
			return true
		}
		if arg, ok := call.Args[0].(*ast.BasicLit); ok {
			if s, err := strconv.Unquote(arg.Value); err == nil {
				variables = append(variables, s)
			}
		}
		return true
	})
	return variables
}

// readers finds what in shared/ reads the environment on its own.
func readers() (found []string) {
	err := filepath.WalkDir(filepath.Join(root, "shared"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "test/") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "os" && slices.Contains([]string{"Getenv", "LookupEnv", "Environ"}, s.Sel.Name) {
					found = append(found, path+" reads the environment: only a function's main does")
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		found = append(found, err.Error())
	}
	return found
}
