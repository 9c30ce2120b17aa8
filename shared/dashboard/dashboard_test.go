package dashboard

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func handler(t *testing.T, o Options) http.Handler {
	t.Helper()
	h, err := Handler(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func do(h http.Handler, method, target string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var reference = regexp.MustCompile(`(?:src|href)="(/[^"]+)"`)

func TestPageRefersToFilesThatExist(t *testing.T) {
	h := handler(t, Options{})
	page := body(t, do(h, "GET", "/"))
	if strings.Contains(page, "{{") {
		t.Fatal("the page holds an unfilled placeholder")
	}
	refs := reference.FindAllStringSubmatch(page, -1)
	if len(refs) < 30 {
		t.Fatalf("only %d references found", len(refs))
	}
	for _, m := range refs {
		r := do(h, "GET", m[1])
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", m[1], r.StatusCode)
		}
		want := contentTypes[path.Ext(m[1])]
		if got := r.Header.Get("Content-Type"); got != want || want == "" {
			t.Errorf("%s: Content-Type %q, want %q", m[1], got, want)
		}
		if strings.HasPrefix(m[1], "/assets/") && !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: Cache-Control %q", m[1], r.Header.Get("Cache-Control"))
		}
	}
}

func TestModulesExist(t *testing.T) {
	files, _ := load()
	modules := 0
	for name, file := range files {
		if file.contentType == "" {
			t.Errorf("%s: no content type for its extension", name)
		}
		if path.Ext(name) != ".js" || strings.HasPrefix(name, "vendor/") {
			continue
		}
		modules++
		for _, imported := range imports(files, name) {
			if files[imported] == nil {
				t.Errorf("%s imports %s, which is not there", name, imported)
			}
		}
		if bytes.Contains(file.plain, []byte("import(")) {
			t.Errorf("%s imports at run time: a stale page could not load it", name)
		}
		if lines := bytes.Count(file.plain, []byte("\n")); lines > 400 {
			t.Errorf("%s has %d lines", name, lines)
		}
	}
	if modules < 30 {
		t.Errorf("only %d modules", modules)
	}
	reached := map[string]bool{}
	for _, entry := range []string{entryFile, "js/theme.js", "js/list/worker.js", "js/table/worker.js"} {
		for _, name := range graph(files, entry) {
			reached[name] = true
		}
	}
	for name := range files {
		if path.Ext(name) == ".js" && !reached[name] {
			t.Errorf("%s is imported by nothing", name)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	h := handler(t, Options{API: "https://api.gleaner.example/v1/", Connect: []string{"wss://push.gleaner.example/prod"}})
	for _, target := range []string{"/", "/favicon.svg", "/nothing"} {
		r := do(h, "GET", target)
		csp := r.Header.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", target, csp)
		}
		if !strings.Contains(csp, "connect-src 'self' https://api.gleaner.example wss://push.gleaner.example;") {
			t.Errorf("%s: policy %q does not name the API's origins", target, csp)
		}
		for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Permissions-Policy", "Cross-Origin-Opener-Policy"} {
			if r.Header.Get(name) == "" {
				t.Errorf("%s: no %s", target, name)
			}
		}
	}
	if page := body(t, do(h, "GET", "/")); !strings.Contains(page, `content="https://api.gleaner.example/v1"`) {
		t.Error("the page does not name the API's base URL")
	}
}

// The policy forbids inline scripts, styles and event handlers, so there must be none.
func TestPageHasNothingInline(t *testing.T) {
	page := body(t, do(handler(t, Options{}), "GET", "/"))
	for _, pattern := range []string{`<style`, `\sstyle=`, `\son[a-z]+=`, `<script>`, `<script[^>]*>[^<\s]`, `javascript:`} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page holds %q", found)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{{API: "api.example"}, {API: "ftp://api.example"}, {Connect: []string{"'unsafe-inline'"}}, {Connect: []string{"wss://"}}} {
		if _, err := Handler(o); !errors.Is(err, ErrOption) {
			t.Errorf("%+v: error %v", o, err)
		}
	}
}

func TestCompression(t *testing.T) {
	files, build := load()
	h := handler(t, Options{})
	target := "/assets/" + build + "/vendor/uplot.js"
	want := string(files["vendor/uplot.js"].plain)
	for _, c := range []struct {
		accept, coding string
		reader         func(io.Reader) (io.Reader, error)
	}{
		{"gzip, deflate, br, zstd", "br", func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil }},
		{"gzip;q=0.5, br;q=0", "gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		{"identity", "", func(r io.Reader) (io.Reader, error) { return r, nil }},
		{"", "", func(r io.Reader) (io.Reader, error) { return r, nil }},
	} {
		r := do(h, "GET", target, "Accept-Encoding", c.accept)
		if got := r.Header.Get("Content-Encoding"); got != c.coding {
			t.Errorf("%q: encoded as %q", c.accept, got)
			continue
		}
		if r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: Vary %q", c.accept, r.Header.Get("Vary"))
		}
		decoded, err := c.reader(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(decoded)
		if err != nil || string(got) != want {
			t.Errorf("%q: %d bytes came out, want %d (%v)", c.accept, len(got), len(want), err)
		}
		if c.coding != "" && r.ContentLength >= int64(len(want))/2 {
			t.Errorf("%q: %d bytes were sent", c.accept, r.ContentLength)
		}
	}
	if r := do(h, "GET", "/assets/"+build+"/vendor/inter.woff2", "Accept-Encoding", "br, gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("a font was compressed twice")
	}
}

func TestRevalidation(t *testing.T) {
	h := handler(t, Options{})
	for _, encoding := range []string{"", "gzip", "br"} {
		first := do(h, "GET", "/", "Accept-Encoding", encoding)
		etag := first.Header.Get("ETag")
		if etag == "" || first.Header.Get("Cache-Control") != "no-cache" {
			t.Fatalf("ETag %q, Cache-Control %q", etag, first.Header.Get("Cache-Control"))
		}
		again := do(h, "GET", "/", "Accept-Encoding", encoding, "If-None-Match", `"other", W/`+etag)
		if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
			t.Errorf("%q: status %d", encoding, again.StatusCode)
		}
		if do(h, "GET", "/", "Accept-Encoding", encoding, "If-None-Match", `"other"`).StatusCode != http.StatusOK {
			t.Errorf("%q: another ETag matched", encoding)
		}
	}
}

func TestOtherBuildIsNotCachedForEver(t *testing.T) {
	h := handler(t, Options{})
	r := do(h, "GET", "/assets/000000000000/js/app.js")
	if r.StatusCode != http.StatusOK || r.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("status %d, Cache-Control %q", r.StatusCode, r.Header.Get("Cache-Control"))
	}
}

func TestWhatIsNotThere(t *testing.T) {
	_, build := load()
	h := handler(t, Options{})
	for _, target := range []string{
		"/jobs", "/assets/", "/assets/" + build, "/assets/" + build + "/", "/assets/" + build + "/index.html",
		"/assets/" + build + "/../dashboard.go", "/assets/" + build + "/js", "/static/index.html",
	} {
		if r := do(h, "GET", target); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", target, r.StatusCode)
		}
	}
	r := do(h, "POST", "/")
	if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: status %d, Allow %q", r.StatusCode, r.Header.Get("Allow"))
	}
	head := do(h, "HEAD", "/")
	if head.StatusCode != http.StatusOK || head.ContentLength < 1000 || body(t, head) != "" {
		t.Errorf("HEAD: status %d, length %d", head.StatusCode, head.ContentLength)
	}
}

func TestVendoredLicences(t *testing.T) {
	files, _ := load()
	var versions map[string][]struct{ Package, Version, Licence, Text string }
	if err := json.Unmarshal(files["vendor/versions.json"].plain, &versions); err != nil {
		t.Fatal(err)
	}
	for name := range files {
		base, ok := strings.CutPrefix(name, "vendor/")
		if !ok || base == "versions.json" || strings.HasPrefix(base, "LICENSE-") {
			continue
		}
		if len(versions[base]) == 0 {
			t.Errorf("%s: versions.json does not say where it comes from", name)
		}
		for _, v := range versions[base] {
			if v.Package == "" || v.Version == "" || v.Licence == "" {
				t.Errorf("%s: incomplete: %+v", name, v)
			}
			if text := files["vendor/"+v.Text]; text == nil || len(text.plain) < 500 {
				t.Errorf("%s: the licence of %s is missing", name, v.Package)
			}
		}
	}
}
