package lambdahttp_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/shared/lambdahttp"
)

const row = "anna@baeckerei-lindhorst.de,https://www.baeckerei-lindhorst.de/kontakt\n"

// table is an export.
func table(kind string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		for range 10_000 {
			_, _ = io.WriteString(w, row)
		}
	})
}

func fetch(t *testing.T, h http.Handler, accept string) (*events.LambdaFunctionURLStreamingResponse, string, error) {
	t.Helper()
	r := urlEvent()
	if accept != "" {
		r.Headers = map[string]string{"accept-encoding": accept}
	}
	answer, err := lambdahttp.Stream(h)(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	return answer, string(body), err
}

func TestTablesAreCompressed(t *testing.T) {
	whole := strings.Repeat(row, 10_000)
	for _, kind := range []string{"text/csv; charset=utf-8", "application/x-ndjson"} {
		answer, body, err := fetch(t, table(kind), "br, gzip;q=0.8")
		if err != nil || answer.Headers["Content-Encoding"] != "gzip" || answer.Headers["Vary"] != "Accept-Encoding" || len(body) > len(whole)/10 {
			t.Fatalf("%s: %v, %d bytes, %v", kind, answer.Headers, len(body), err)
		}
		z, err := gzip.NewReader(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || string(got) != whole {
			t.Errorf("%s: %d bytes, %v", kind, len(got), err)
		}
	}
}

func TestWhatIsNotCompressed(t *testing.T) {
	whole := strings.Repeat(row, 10_000)
	for _, c := range []struct{ kind, accept string }{
		{"text/csv", ""},
		{"text/csv", "br"},
		{"text/csv", "gzip;q=0"},
		{"text/csv", "*"},
		{"text/event-stream", "gzip"},
		{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "gzip"},
	} {
		answer, body, err := fetch(t, table(c.kind), c.accept)
		if err != nil || answer.Headers["Content-Encoding"] != "" || body != whole {
			t.Errorf("%s to %q: %v, %d bytes, %v", c.kind, c.accept, answer.Headers, len(body), err)
		}
	}
}

// A table given up has no end of gzip either.
func TestCompressedTableThatIsGivenUp(t *testing.T) {
	_, body, err := fetch(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		table("text/csv").ServeHTTP(w, r)
		panic(http.ErrAbortHandler)
	}), "gzip")
	if !errors.Is(err, lambdahttp.ErrAborted) {
		t.Errorf("%v", err)
	}
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, z); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the end of the file is %v", err)
	}
}
