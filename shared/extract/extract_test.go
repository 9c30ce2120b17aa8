package extract_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gleaner/shared/extract"
)

// found runs a page through a new extractor and returns "email form" pairs.
func found(t *testing.T, url, contentType, body string) []string {
	t.Helper()
	var out []string
	for _, a := range extract.New(extract.Options{}).Extract(extract.Document{URL: url, ContentType: contentType, Body: []byte(body)}) {
		out = append(out, a.Email+" "+string(a.FoundBy))
	}
	return out
}

func TestExtract(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"mailto", `<a href="mailto:Info@Tischlerei-Brenk.de?subject=Hallo">Schreiben</a>`, "info@tischlerei-brenk.de mailto"},
		{"mailto wins over text", `<a href='mailto:info@tischlerei-brenk.de'>info@tischlerei-brenk.de</a>`, "info@tischlerei-brenk.de mailto"},
		{
			"several recipients", `<a href="mailto:a.lund@fjordbygg.no,b.lund@fjordbygg.no?cc=post%40fjordbygg.no&amp;bcc=x%40fjordbygg.no">x</a>`,
			"a.lund@fjordbygg.no mailto|b.lund@fjordbygg.no mailto|post@fjordbygg.no mailto|x@fjordbygg.no mailto",
		},
		{"share link", `<a href="mailto:?subject=Look&amp;body=https://fjordbygg.no/">Share</a>`, ""},
		{"text", `<p>Write to <b>info@tischlerei-brenk.de</b>.</p>`, "info@tischlerei-brenk.de text"},
		{"entities", `<p>&#105;nfo&#64;tischlerei-brenk&period;de</p>`, "info@tischlerei-brenk.de entity"},
		{"entities without semicolon", `<p>info&#64tischlerei-brenk&#46de</p>`, "info@tischlerei-brenk.de entity"},
		{"hex entities in mailto", `<a href="&#x6d;ailto&#58;info&#x40;tischlerei-brenk.de">x</a>`, "info@tischlerei-brenk.de mailto"},
		{"tags inside", `<p>info<span>@</span>tischlerei-brenk<!-- x -->.de</p>`, "info@tischlerei-brenk.de split"},
		{"cloudflare", `<a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="5c35323a331c28352f3f3430392e3935713e2e393237723839">[email&#160;protected]</a>`, "info@tischlerei-brenk.de cloudflare"},
		{"glued", `<p>info@tischlerei-brenk.dePhone +431234service@tischlerei-brenk.de</p>`, "info@tischlerei-brenk.de text|service@tischlerei-brenk.de text"},
		{"asset", `<img src="logo@2x.png" srcset="logo@2x.png 2x" alt="logo@2x.png">`, ""},
		{"blocks", `<div>info@tischlerei-brenk.de</div><div>Telefon</div>`, "info@tischlerei-brenk.de text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(found(t, "https://www.tischlerei-brenk.de/", "text/html", tt.body), "|")
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	valid := map[string]string{
		" Info@Tischlerei-Brenk.DE ":       "info@tischlerei-brenk.de",
		"Anna <anna@tischlerei-brenk.de>":  "anna@tischlerei-brenk.de",
		"mailto:anna@tischlerei-brenk.de":  "anna@tischlerei-brenk.de",
		`"anna"@tischlerei-brenk.de`:       "anna@tischlerei-brenk.de",
		`"anna brenk"@tischlerei-brenk.de`: `"anna brenk"@tischlerei-brenk.de`,
		"info@bäckerei-lindhorst.de":       "info@xn--bckerei-lindhorst-qqb.de",
	}
	for in, want := range valid {
		got, err := extract.Validate(in)
		if err != nil || got != want {
			t.Errorf("Validate(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	invalid := map[string]error{
		"anna":                                extract.ErrNoAt,
		"@brenk.de":                           extract.ErrNoAt,
		"anna@localhost":                      extract.ErrDomain,
		"anna@co.uk":                          extract.ErrSuffix,
		"anna@brenk.notatld":                  extract.ErrSuffix,
		"a..b@brenk.de":                       extract.ErrLocalPart,
		"a b@brenk.de":                        extract.ErrLocalPart,
		strings.Repeat("a", 65) + "@brenk.de": extract.ErrTooLong,
	}
	for in, want := range invalid {
		if got, err := extract.Validate(in); !errors.Is(err, want) {
			t.Errorf("Validate(%q) = %q, %v; want %v", in, got, err, want)
		}
	}
}

func TestSupported(t *testing.T) {
	t.Parallel()
	for _, ct := range []string{"", "text/html; charset=utf-8", "application/pdf", "application/ld+json", "text/vcard", "application/octet-stream"} {
		if !extract.Supported(ct) {
			t.Errorf("Supported(%q) = false", ct)
		}
	}
	for _, ct := range []string{"image/png", "video/mp4", "font/woff2", "application/zip"} {
		if extract.Supported(ct) {
			t.Errorf("Supported(%q) = true", ct)
		}
	}
}

func TestBodyIsNotModified(t *testing.T) {
	t.Parallel()
	body := []byte(`<p>&#105;nfo&#64;Tischlerei-Brenk.de <bdo dir=rtl>ed.knerb@ofni</bdo></p>`)
	before := slices.Clone(body)
	extract.New(extract.Options{}).Extract(extract.Document{Body: body})
	if !slices.Equal(body, before) {
		t.Error("the body was modified")
	}
}
