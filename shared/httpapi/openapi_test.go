package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"gleaner/shared/httpapi"
	"gleaner/shared/job"
	"gleaner/shared/push"
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

// TestExamples runs every operation with its examples: each body, and all
// parameters at once, against a site where there is something to see.
func TestExamples(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) {
		c.Tickets = httpapi.PushTickets{Tickets: push.NewTickets(c.Records)}
		c.Doctor = doctorFunc(func() httpapi.Report {
			return httpapi.Report{Status: "ok", Checks: []httpapi.Check{{Name: "store", Status: "ok", Detail: "answers", Millis: 1}}}
		})
	})
	o := loadOpenAPI(t, s)
	for _, r := range httpapi.Routes() {
		method := strings.ToLower(r.Method)
		item := o.at("paths", r.Pattern).(map[string]any)
		op := item[method].(map[string]any)
		bodies := map[string][]any{"": {nil}}
		if content, ok := o.at("paths", r.Pattern, method, "requestBody", "content").(map[string]any); ok {
			bodies = map[string][]any{}
			for mediaType, media := range content {
				examples := media.(map[string]any)["examples"].(map[string]any)
				for _, example := range examples {
					value := example.(map[string]any)["value"]
					if mediaType == "application/json" {
						o.check(pointerTo("paths", r.Pattern, method, "requestBody", "content", mediaType, "schema"), mustJSON(t, value))
					}
					bodies[mediaType] = append(bodies[mediaType], value)
				}
			}
		}
		for mediaType, values := range bodies {
			for i, value := range values {
				t.Run(fmt.Sprintf("%s %s %d", op["operationId"], mediaType, i), func(t *testing.T) {
					s.in(t)
					o.t = t
					o.runExample(s, r, item, op, mediaType, value)
				})
			}
		}
	}
}

type doctorFunc func() httpapi.Report

func (f doctorFunc) Examine(context.Context) httpapi.Report { return f() }

func (o *openAPI) runExample(s *site, r httpapi.Route, item, op map[string]any, mediaType string, value any) {
	id, keyID := s.prepare(op["operationId"].(string))
	target := r.Pattern
	query := url.Values{}
	var headers []string
	params, _ := item["parameters"].([]any)
	own, _ := op["parameters"].([]any)
	for i, p := range append(slices.Clone(params), own...) {
		param := o.deref(p).(map[string]any)
		name, example := param["name"].(string), param["example"]
		if example == nil {
			o.t.Errorf("parameter %d %s has no example", i, name)
		}
		switch param["in"] {
		case "path":
			value := fmt.Sprint(example)
			if name == "id" {
				if value = string(id); keyID != "" {
					value = keyID
				}
			}
			target = strings.ReplaceAll(target, "{"+name+"}", value)
		case "header":
			if name == "Idempotency-Key" { // each example is a request of its own
				example = fmt.Sprintf("%v-%x", example, sha256.Sum256(mustJSON(o.t, value)))
			}
			headers = append(headers, name, fmt.Sprint(example))
		case "query":
			// Those of a plain list have no place beside JSON.
			if op["operationId"] == "createJob" && mediaType == "application/json" || name == "column" && mediaType != "text/csv" {
				continue
			}
			switch example := example.(type) {
			case []any:
				var words []string
				for _, word := range example {
					words = append(words, fmt.Sprint(word))
				}
				query.Set(name, strings.Join(words, ","))
			case map[string]any:
				for k, v := range example {
					query.Set(k, fmt.Sprint(v))
				}
			default:
				query.Set(name, fmt.Sprint(example))
			}
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	body := ""
	if mediaType != "" {
		headers = append(headers, "Content-Type", mediaType)
		if text, ok := value.(string); ok {
			body = text
		} else {
			body = string(mustJSON(o.t, value))
		}
	}
	w := s.do(r.Method, target, body, headers...)
	o.checkAnswer(r, w)
	if w.Code >= 400 {
		o.t.Errorf("%s %s: %d: %s", r.Method, target, w.Code, w.Body)
	}
}

// checkAnswer wants the status documented and the body as its schema says.
func (o *openAPI) checkAnswer(r httpapi.Route, w *httptest.ResponseRecorder) {
	o.t.Helper()
	method, status := strings.ToLower(r.Method), strconv.Itoa(w.Code)
	if o.at("paths", r.Pattern, method, "responses", status) == nil {
		if status = "default"; o.at("paths", r.Pattern, method, "responses", status) == nil {
			o.t.Fatalf("%s %s: status %d is not documented", r.Method, r.Pattern, w.Code)
		}
	}
	content, _ := o.at("paths", r.Pattern, method, "responses", status, "content").(map[string]any)
	got, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	if len(content) == 0 {
		if w.Body.Len() > 0 {
			o.t.Errorf("%s %s: %d has a body", r.Method, r.Pattern, w.Code)
		}
		return
	}
	if content[got] == nil {
		o.t.Fatalf("%s %s: %d is %q, which is not documented", r.Method, r.Pattern, w.Code, got)
	}
	if strings.HasSuffix(got, "json") && got != "application/x-ndjson" {
		pointer := pointerTo("paths", r.Pattern, method, "responses", status, "content", got, "schema")
		if status == "default" {
			pointer = pointerTo("components", "schemas", "Problem")
		}
		o.check(pointer, w.Body.Bytes())
	}
}

// prepare makes what an operation needs: a job in the right state, or a key.
func (s *site) prepare(operation string) (id job.ID, keyID string) {
	s.t.Helper()
	open := func() job.ID {
		var a jobAnswer
		s.want(http.StatusCreated, &a, "POST", "/jobs", `{"open":true}`)
		return a.Job.ID
	}
	mixed := func(url string) job.Outcome {
		return []job.Outcome{job.OutcomeFound, job.OutcomeTimeout, job.OutcomeRobots}[len(url)%3]
	}
	switch operation {
	case "appendChunk":
		return open(), ""
	case "startJob":
		id = open()
		s.want(http.StatusOK, nil, "PUT", "/jobs/"+string(id)+"/chunks/0", "muehle-harlesiel.de", "Content-Type", "text/plain")
		return id, ""
	case "revokeKey":
		var made struct{ Key struct{ ID string } }
		s.want(http.StatusCreated, &made, "POST", "/keys", `{"name":"laptop"}`)
		return "", made.Key.ID
	case "cancelJob", "pauseJob", "deleteJob":
		return s.submitList("muehle-harlesiel.de"), ""
	}
	id = s.submitList("baeckerei-lindhorst.de", "https://baeckerei-lindhorst.de/a", "https://baeckerei-lindhorst.de/ab")
	switch operation {
	case "resumeJob":
		s.want(http.StatusOK, nil, "POST", "/jobs/"+string(id)+"/pause", "")
	case "restoreJob":
		s.want(http.StatusAccepted, nil, "DELETE", "/jobs/"+string(id), "")
	default:
		s.crawl(id, mixed)
	}
	return id, ""
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
