package job_test

import (
	"strings"
	"testing"

	"gleaner/shared/job"
)

func TestParseTarget(t *testing.T) {
	for in, want := range map[string]string{
		"example.com":                       "https://example.com/ guessed",
		"www.Example.COM":                   "https://www.example.com/ guessed",
		" example.com/a?b=c ":               "https://example.com/a?b=c guessed",
		"example.com:8080/x":                "https://example.com:8080/x guessed",
		"//example.com/x":                   "https://example.com/x guessed",
		"http://example.com":                "http://example.com/",
		"HTTP://EXAMPLE.com:80/A":           "http://example.com/A",
		"https://example.com:443":           "https://example.com/",
		"https://example.com:0443/":         "https://example.com/",
		"http://example.com:0080/":          "http://example.com/",
		"http://example.com:8080":           "http://example.com:8080/",
		"https://example.com/a/../b/./c":    "https://example.com/b/c",
		"https://example.com/a/..":          "https://example.com/",
		"https://example.com/#top":          "https://example.com/",
		"https://example.com?q=1":           "https://example.com/?q=1",
		"https://bücher.example/ä":          "https://xn--bcher-kva.example/%C3%A4",
		"http://localhost:3000/x":           "http://localhost:3000/x",
		"http://127.0.0.1/":                 "http://127.0.0.1/",
		"http://[::1]:80/":                  "http://[::1]/",
		"http://[0:0:0:0:0:0:0:1]:81/":      "http://[::1]:81/",
		"https://example.com./":             "https://example.com/",
		"<https://example.com/>":            "https://example.com/",
		"https://a_b.example.com/":          "https://a_b.example.com/",
		"https://example.com/.well-known/x": "https://example.com/.well-known/x",
		"https://example.com/a.html":        "https://example.com/a.html",
		"https://example.com/a b":           "https://example.com/a%20b",
		"https://example.com/x?mail=a@b.de": "https://example.com/x?mail=a@b.de",
	} {
		got, err := job.ParseTarget(in)
		s := got.URL
		if got.Guessed {
			s += " guessed"
		}
		if err != nil || s != want {
			t.Errorf("%q: %q %v, want %q", in, s, err, want)
		}
		if err == nil {
			again, err := job.ParseTarget(got.URL)
			if err != nil || again.URL != got.URL {
				t.Errorf("%q: not stable: %q, %v", got.URL, again.URL, err)
			}
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for in, reason := range map[string]string{
		"":                            "empty",
		"ftp://example.com/":          "neither http",
		"mailto:a@example.com":        "neither http",
		"javascript:alert(1)":         "neither http",
		"info@example.com":            "e-mail",
		"http://user:pw@example.com/": "user name",
		"https://me@example.com/":     "user name",
		"http:///x":                   "no host",
		"hello":                       "no dot",
		"http://exa mple.com":         "not a web address",
		"http://-a.example/":          "not valid",
		"http://a..example/":          "not valid",
		"http://example.com:99999/":   "port",
		"http://example.com:0/":       "port",
		"https://" + strings.Repeat("a", 64) + ".example/": "not valid",
		"https://example.com/" + strings.Repeat("a", 2048): "longer",
	} {
		if got, err := job.ParseTarget(in); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %v, %v; want %q", in, got, err, reason)
		}
	}
}

func TestTargetHost(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.com/a": "example.com", "http://example.com:81/": "example.com:81", "http://[::1]/": "[::1]",
	} {
		if got := (job.Target{URL: in}).Host(); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"example.com", "http://[::1]:80/%zz", "//a.b", "a.b:c", "https://ü.de/../x?#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, err := job.ParseTarget(line)
		if err != nil {
			return
		}
		again, err := job.ParseTarget(got.URL)
		if err != nil || again.URL != got.URL {
			t.Fatalf("%q → %q → %q, %v", line, got.URL, again.URL, err)
		}
		if again.Guessed {
			t.Fatalf("%q has no scheme", got.URL)
		}
	})
}

func BenchmarkParseTarget(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = job.ParseTarget("https://host-1234.example/page/5678?x=1")
	}
}
