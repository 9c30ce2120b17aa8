package httpapi

import (
	_ "embed" // for the document
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// openapiJSON is the OpenAPI 3.1 document. It is made from openapi/*.yaml by
// go generate; a test fails when it is out of date.
//
//go:generate go test -run TestDocumentIsUpToDate -update
//go:embed openapi.json
var openapiJSON []byte

// document is the document as JSON values.
func document() (map[string]any, error) {
	var doc map[string]any
	if err := json.Unmarshal(openapiJSON, &doc); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	return doc, nil
}

func (a *api) openapi(w http.ResponseWriter, _ *http.Request, _ *call) error {
	return static(w, "application/json", openapiJSON)
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
