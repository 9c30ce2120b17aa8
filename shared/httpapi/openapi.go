package httpapi

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed openapi/*.yaml
var openapiFiles embed.FS

// document is the OpenAPI 3.1 document, put together on first use.
var document = sync.OnceValues(func() (doc map[string]any, err error) {
	read := func(name string) map[string]any {
		var part map[string]any
		text, e := openapiFiles.ReadFile("openapi/" + name + ".yaml")
		if e == nil {
			e = yaml.Unmarshal(text, &part)
		}
		if e != nil && err == nil {
			err = fmt.Errorf("openapi %s: %w", name, e)
		}
		return part
	}
	doc = read("info")
	paths := map[string]any{}
	for _, name := range []string{"jobs", "results", "service"} {
		maps.Copy(paths, read(name))
	}
	components := read("components")
	components["schemas"] = read("schemas")
	doc["paths"], doc["components"] = paths, components
	return doc, err
})

var documentJSON = sync.OnceValues(func() ([]byte, error) {
	doc, err := document()
	if err != nil {
		return nil, err
	}
	return json.Marshal(doc)
})

func (a *api) openapi(w http.ResponseWriter, _ *http.Request, _ *call) error {
	text, err := documentJSON()
	if err != nil {
		return err
	}
	return static(w, "application/json", text)
}

// static answers with what only a new version changes.
func static(w http.ResponseWriter, contentType string, text []byte) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // whoever asked may have gone
	return nil
}
