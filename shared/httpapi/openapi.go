package httpapi

import (
	_ "embed" // for the documents
	"net/http"
	"strconv"
)

// openapiJSON is the OpenAPI 3.1 document. It is made from openapi/*.yaml by
// go generate; a test fails when it is out of date.
//
//go:generate go test -run TestDocumentIsUpToDate -update
//go:generate go test -run TestDocsPageIsUpToDate -update
//go:embed openapi.json
var openapiJSON []byte

func (a *api) openapi(w http.ResponseWriter, _ *http.Request, _ *call) error {
	return static(w, "application/json", openapiJSON)
}

// docsHTML is the document as a page that needs nothing else: no script, no other
// file. It is made from openapi.json and docs.tmpl.html by go generate.
//
//go:embed docs.html
var docsHTML []byte

func (a *api) docs(w http.ResponseWriter, _ *http.Request, _ *call) error {
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	return static(w, "text/html; charset=utf-8", docsHTML)
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
