package client_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gleaner/shared/client"
	"gleaner/shared/export"
	"gleaner/shared/job"
)

const wholeFile = "email,source_url\nanna@baeckerei-lindhorst.de,https://baeckerei-lindhorst.de/\n"

// TestFileStreamedElsewhere: a server that cannot send a file says where it is
// streamed, and the client fetches it there with its key, or reads pages if the
// way there is barred.
func TestFileStreamedElsewhere(t *testing.T) {
	t.Parallel()
	id := job.ID("01M7W4N5E0244SN939PMWHKTTMB")
	stream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer glk_key" || r.URL.RequestURI() != "/jobs/"+string(id)+"/emails.csv?kind=role" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, wholeFile)
		_ = z.Close()
	}))
	t.Cleanup(stream.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, c := range []struct {
		name, stream string
		paged        bool
	}{
		{"streams", stream.URL, false},
		{"does not let us in", stream.URL + "/stage", true},
		{"is not there", closed.URL, true},
		{"is no URL", "://", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			paged := false
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/emails") {
					paged = true
					_, _ = io.WriteString(w, `{"emails":[]}`)
					return
				}
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				_, _ = fmt.Fprintf(w, `{"type":"/docs#problem-answer-too-large","title":"too large","status":413,"stream":%q}`, c.stream+r.URL.RequestURI())
			}))
			t.Cleanup(server.Close)
			cl, err := client.New(client.Config{Endpoint: server.URL, Key: "glk_key", Retries: -1})
			if err != nil {
				t.Fatal(err)
			}
			var file bytes.Buffer
			if err := cl.ExportAddresses(t.Context(), &file, id, export.CSV, job.AddressFilter{Kind: "role"}); err != nil {
				t.Fatal(err)
			}
			if paged != c.paged || !paged && file.String() != wholeFile || paged && !strings.HasPrefix(file.String(), "email,") {
				t.Errorf("paged: %v\n%s", paged, file.String())
			}
		})
	}
}
