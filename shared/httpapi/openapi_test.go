package httpapi_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"gleaner/shared/httpapi"
	"gleaner/shared/job"
)

// openAPI is the served document, with a compiler for its schemas.
type openAPI struct {
	t        *testing.T
	doc      map[string]any
	compiler *jsonschema.Compiler
}

const docURL = "https://gleaner.example/openapi.json"

func loadOpenAPI(t *testing.T, s *site) *openAPI {
	t.Helper()
	w := s.want(200, nil, "GET", "/openapi.json", "")
	doc, err := jsonschema.UnmarshalJSON(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	o := &openAPI{t: t, doc: doc.(map[string]any), compiler: jsonschema.NewCompiler()}
	o.compiler.AssertFormat()
	closed, _ := jsonschema.UnmarshalJSON(bytes.NewReader(mustJSON(t, o.doc)))
	closeObjects(closed)
	if err := o.compiler.AddResource(docURL, closed); err != nil {
		t.Fatal(err)
	}
	return o
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// closeObjects makes every schema with properties refuse others, so that a field
// that the document does not know is a fault of the test, though not of a client.
func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["type"] == "object" && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, part := range v {
			closeObjects(part)
		}
	case []any:
		for _, part := range v {
			closeObjects(part)
		}
	}
}

// at walks the document, following references.
func (o *openAPI) at(path ...string) any {
	var v any = o.doc
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = o.deref(m[name])
	}
	return v
}

func (o *openAPI) deref(v any) any {
	for {
		m, _ := v.(map[string]any)
		ref, ok := m["$ref"].(string)
		if !ok {
			return v
		}
		v = o.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
}

// check validates a JSON text against the schema at a JSON pointer.
func (o *openAPI) check(pointer string, text []byte) {
	o.t.Helper()
	schema, err := o.compiler.Compile(docURL + "#" + pointer)
	if err != nil {
		o.t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		o.t.Fatalf("%v: %s", err, text)
	}
	if err := schema.Validate(v); err != nil {
		o.t.Errorf("%v\n%s", err, text)
	}
}

// pointerTo escapes names for a JSON pointer in a URL fragment.
func pointerTo(names ...string) string {
	var out strings.Builder
	for _, n := range names {
		out.WriteString("/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(n)))
	}
	return out.String()
}

func TestEveryRouteIsDocumented(t *testing.T) {
	o := loadOpenAPI(t, newSite(t))
	routes := map[string]bool{}
	for _, r := range httpapi.Routes() {
		key := strings.ToLower(r.Method) + " " + r.Pattern
		if routes[key] {
			t.Errorf("%s is there twice", key)
		}
		routes[key] = true
	}
	ids := map[any]bool{}
	for path, item := range o.doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			if method == "parameters" {
				continue
			}
			key := method + " " + path
			if !routes[key] {
				t.Errorf("%s is documented but not served", key)
			}
			delete(routes, key)
			id := op.(map[string]any)["operationId"]
			if id == nil || ids[id] {
				t.Errorf("%s: operationId %v is missing or there twice", key, id)
			}
			ids[id] = true
		}
	}
	for key := range routes {
		t.Errorf("%s is served but not documented", key)
	}
}

// TestWordsAreComplete compares the closed lists of the document with the code's.
func TestWordsAreComplete(t *testing.T) {
	s := newSite(t)
	o := loadOpenAPI(t, s)
	var outcomes, statuses []string
	for _, out := range job.Outcomes() {
		outcomes = append(outcomes, string(out))
	}
	for _, st := range job.Statuses() {
		statuses = append(statuses, string(st))
	}
	var meta struct {
		Kinds   []string
		FoundBy []string `json:"found_by"`
	}
	s.want(200, &meta, "GET", "/meta", "")
	for name, want := range map[string][]string{
		"Outcome": outcomes, "Status": statuses,
		"Kind": constants(t, "../extract/kind.go", "Kind"), "FoundBy": constants(t, "../extract/form.go", "FoundBy"),
	} {
		var have []string
		for _, word := range o.at("components", "schemas", name, "enum").([]any) {
			have = append(have, word.(string))
		}
		slices.Sort(have)
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Errorf("%s: documented %v, in the code %v", name, have, want)
		}
		if listed := map[string][]string{"Kind": meta.Kinds, "FoundBy": meta.FoundBy}[name]; listed != nil {
			slices.Sort(listed)
			if !slices.Equal(listed, want) {
				t.Errorf("%s: /meta has %v, the code %v", name, listed, want)
			}
		}
	}
	options := o.at("components", "schemas", "Options", "properties").(map[string]any)
	text, err := json.Marshal(job.Options{StopAfterSite: 1, StopAfterJob: 1, KeepObfuscated: true, InsecureTLS: true, Webhook: "x", Language: "x"})
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for name := range fields {
		if options[name] == nil {
			t.Errorf("option %s is not documented", name)
		}
		delete(options, name)
	}
	for name := range options {
		t.Errorf("option %s is documented and not there", name)
	}
}

// constants returns the string constants of a type in a source file.
func constants(t *testing.T, file, typeName string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typeName {
			for _, v := range spec.Values {
				word, err := strconv.Unquote(v.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				words = append(words, word)
			}
		}
		return true
	})
	if len(words) == 0 {
		t.Fatalf("no constant of %s in %s", typeName, file)
	}
	return words
}

func TestProblemsAreAsDocumented(t *testing.T) {
	s := newSite(t)
	o := loadOpenAPI(t, s)
	page := s.want(200, nil, "GET", "/docs", "").Body.String()
	for _, c := range []struct {
		route        httpapi.Route
		target, body string
		status       int
	}{
		{httpapi.Route{Method: "POST", Pattern: "/jobs"}, "/jobs", "unfug", 422},
		{httpapi.Route{Method: "POST", Pattern: "/jobs"}, "/jobs", "{", 400},
		{httpapi.Route{Method: "GET", Pattern: "/jobs/{id}"}, "/jobs/x", "", 404},
		{httpapi.Route{Method: "GET", Pattern: "/jobs"}, "/jobs?limit=x", "", 400},
		{httpapi.Route{Method: "POST", Pattern: "/tickets"}, "/tickets", "", 404},
	} {
		w := s.do(c.route.Method, c.target, c.body)
		o.checkAnswer(c.route, w)
		p := problem(t, w, c.status)
		if anchor := strings.TrimPrefix(p.Type, "/docs#"); !strings.Contains(page, `id="`+anchor+`"`) {
			t.Errorf("%s is not on the page", p.Type)
		}
	}
}

func TestDocsPage(t *testing.T) {
	s := newSite(t)
	w := s.want(200, nil, "GET", "/docs", "")
	page := w.Body.String()
	for _, r := range httpapi.Routes() {
		if !strings.Contains(page, "<code>"+r.Pattern+"</code>") {
			t.Errorf("%s is not on the page", r.Pattern)
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, ` id="`+link[1]+`"`) {
			t.Errorf("#%s leads nowhere", link[1])
		}
	}
	for _, foreign := range []string{"<script", "http://", "src=", "@import", "ZgotmplZ"} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page holds %s", foreign)
		}
	}
}
