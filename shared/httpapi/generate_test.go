package httpapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// TestDocumentIsUpToDate puts openapi/*.yaml together. They are people's, and
// the JSON is the program's, which so needs no YAML.
func TestDocumentIsUpToDate(t *testing.T) {
	read := func(name string) map[string]any {
		text, err := os.ReadFile("openapi/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var part map[string]any
		if err := yaml.Unmarshal(text, &part); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return part
	}
	doc := read("info")
	paths := map[string]any{}
	for _, name := range []string{"jobs", "results", "service"} {
		maps.Copy(paths, read(name))
	}
	components := read("components")
	components["schemas"] = read("schemas")
	doc["paths"], doc["components"] = paths, components
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("openapi.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("openapi.json")
	if err != nil || !bytes.Equal(have, want.Bytes()) {
		t.Errorf("openapi.json is out of date: run go generate ./shared/httpapi (%v)", err)
	}
}
