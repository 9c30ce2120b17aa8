package httpapi

import (
	"bytes"
	"encoding/json"
	"flag"
	"html/template"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestDocsPageIsUpToDate makes the page at /docs of openapi.json. That is done
// here and not in the program, for a template in it would keep the linker from
// leaving out what no function calls.
func TestDocsPageIsUpToDate(t *testing.T) {
	want, err := renderDocs()
	if err != nil {
		t.Fatal(err)
	}
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile("docs.html", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("docs.html")
	if err != nil || !bytes.Equal(have, want) {
		t.Errorf("docs.html is out of date: run go generate ./shared/httpapi (%v)", err)
	}
}

// page is what the template shows.
type page struct {
	Title, Summary, Description string
	Tags                        []pageTag
	Schemas                     []pageSchema
	Problems                    []pageProblem
}

type pageTag struct {
	Name, Description string
	Operations        []pageOperation
}

type pageOperation struct {
	ID, Method, Path, Summary, Description string
	Parameters                             []pageField
	Bodies                                 []pageBody
	Responses                              []pageResponse
}

type pageBody struct {
	MediaType, Schema string
	Examples          []string
}

type pageResponse struct{ Status, Description, MediaType, Schema string }

type pageField struct {
	Name, In, Type, Description string
	Required                    bool
}

type pageSchema struct {
	Name, Description, Type string
	Fields                  []pageField
}

type pageProblem struct {
	Slug, Title string
	Status      int
}

func renderDocs() ([]byte, error) {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	source, err := os.ReadFile("docs.tmpl.html")
	if err != nil {
		return nil, err
	}
	t, err := template.New("docs").Funcs(template.FuncMap{"prose": prose, "line": line, "type": typeLink}).Parse(string(source))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, pageOf(node{doc, doc})); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func pageOf(doc node) page {
	info := doc.at("info")
	p := page{Title: info.text("title"), Summary: info.text("summary"), Description: info.text("description")}
	for _, t := range doc.list("tags") {
		tag := pageTag{Name: t.text("name"), Description: t.text("description")}
		for _, r := range Routes() {
			op := doc.at("paths").at(r.Pattern).at(strings.ToLower(r.Method))
			if tags := op.list("tags"); len(tags) > 0 && tags[0].value == tag.Name {
				tag.Operations = append(tag.Operations, operationOf(doc, r, op))
			}
		}
		p.Tags = append(p.Tags, tag)
	}
	schemas := doc.at("components").at("schemas")
	for _, name := range schemas.names() {
		s := schemas.at(name)
		shown := pageSchema{Name: name, Description: s.text("description"), Type: typeOf(s)}
		fields := s.at("properties")
		for _, f := range fields.names() {
			shown.Fields = append(shown.Fields, pageField{
				Name: f, Type: typeOf(fields.at(f)), Description: fields.at(f).text("description"),
				Required: slices.ContainsFunc(s.list("required"), func(n node) bool { return n.value == f }),
			})
		}
		p.Schemas = append(p.Schemas, shown)
	}
	for _, k := range kinds() {
		p.Problems = append(p.Problems, pageProblem{k.slug, k.title, k.status})
	}
	return p
}

func operationOf(doc node, r Route, op node) pageOperation {
	o := pageOperation{
		ID: op.text("operationId"), Method: r.Method, Path: r.Pattern,
		Summary: op.text("summary"), Description: op.text("description"),
	}
	for _, p := range append(doc.at("paths").at(r.Pattern).list("parameters"), op.list("parameters")...) {
		p = p.resolve()
		o.Parameters = append(o.Parameters, pageField{
			Name: p.text("name"), In: p.text("in"), Type: typeOf(p.at("schema")), Description: p.text("description"),
			Required: p.at("required").value == true,
		})
	}
	content := op.at("requestBody").at("content")
	for _, mediaType := range content.names() {
		b := pageBody{MediaType: mediaType, Schema: typeOf(content.at(mediaType).at("schema"))}
		examples := content.at(mediaType).at("examples")
		for _, name := range examples.names() {
			b.Examples = append(b.Examples, exampleText(examples.at(name).at("value").value))
		}
		o.Bodies = append(o.Bodies, b)
	}
	responses := op.at("responses")
	for _, status := range responses.names() {
		r := responses.at(status).resolve()
		shown := pageResponse{Status: status, Description: r.text("description")}
		for _, mediaType := range r.at("content").names() {
			shown.MediaType, shown.Schema = mediaType, typeOf(r.at("content").at(mediaType).at("schema"))
		}
		o.Responses = append(o.Responses, shown)
	}
	return o
}

func exampleText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err.Error()
	}
	return out.String()
}

// prose breaks a description into paragraphs and marks code between backquotes.
func prose(text string) template.HTML {
	var out strings.Builder
	for para := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		out.WriteString("<p>" + string(line(para)) + "</p>")
	}
	return template.HTML(out.String())
}

// line marks code between backquotes.
func line(text string) template.HTML {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		escaped := template.HTMLEscapeString(part)
		if i%2 == 1 {
			escaped = "<code>" + escaped + "</code>"
		}
		out.WriteString(escaped)
	}
	return template.HTML(out.String())
}

// typeLink makes the name of a schema lead to it.
func typeLink(name string) template.HTML {
	before, schema := "", name
	if i := strings.LastIndexByte(name, ' '); i >= 0 && strings.HasPrefix(name, "array of ") {
		before, schema = name[:i+1], name[i+1:]
	}
	escaped := template.HTMLEscapeString(schema)
	if schema != "" && schema[0] >= 'A' && schema[0] <= 'Z' && !strings.Contains(schema, " ") {
		escaped = `<a href="#schema-` + escaped + `">` + escaped + `</a>`
	}
	return template.HTML(template.HTMLEscapeString(before) + escaped)
}

// node walks the document without asking at every step whether something is there.
type node struct{ root, value any }

func (n node) at(name string) node {
	m, _ := n.value.(map[string]any)
	return node{n.root, m[name]}.resolve()
}

// resolve follows a reference within the document, but not that of a schema,
// whose name is shown instead.
func (n node) resolve() node {
	m, _ := n.value.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok || strings.HasPrefix(ref, schemaRef) {
		return n
	}
	found := node{n.root, n.root}
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		found = found.at(name)
	}
	return found
}

func (n node) text(name string) string {
	s, _ := n.at(name).value.(string)
	return s
}

func (n node) list(name string) []node {
	all, _ := n.at(name).value.([]any)
	nodes := make([]node, len(all))
	for i, v := range all {
		nodes[i] = node{n.root, v}
	}
	return nodes
}

func (n node) names() []string {
	m, _ := n.value.(map[string]any)
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

const schemaRef = "#/components/schemas/"

// typeOf names a schema's type.
func typeOf(s node) string {
	m, _ := s.value.(map[string]any)
	if ref, ok := m["$ref"].(string); ok {
		return strings.TrimPrefix(ref, schemaRef)
	}
	kind := s.text("type")
	switch {
	case kind == "array":
		return "array of " + typeOf(s.at("items"))
	case kind == "string" && s.text("format") != "":
		return s.text("format")
	case len(s.list("enum")) > 0:
		words := make([]string, 0, 8)
		for _, v := range s.list("enum") {
			word, _ := v.value.(string)
			words = append(words, word)
		}
		return strings.Join(words, " | ")
	}
	return kind
}
