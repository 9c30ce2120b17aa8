package extract_test

import (
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"gleaner/shared/extract"
)

// TestMain runs fewer draws than rapid's default where nobody asked for a
// number: there are thirty properties in TestHidingsRoundTrip alone.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", "25"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// addresses draws made-up addresses of many shapes.
func addresses() *rapid.Generator[string] {
	word := rapid.StringMatching(`[a-z][a-z0-9]{2,9}`)
	local := rapid.OneOf(
		rapid.SampledFrom([]string{"info", "kontakt", "sales", "office", "presse"}),
		rapid.Custom(func(t *rapid.T) string { return word.Draw(t, "first") + "." + word.Draw(t, "last") }),
		rapid.StringMatching(`[a-z]{3,10}`),
		rapid.StringMatching(`[a-z]{3,8}[-_][a-z]{3,6}`),
	)
	return rapid.Custom(func(t *rapid.T) string {
		domain := rapid.StringMatching(`[bdfgklmnprstz][aeiou][a-z]{4,8}(-[a-z]{3,6})?`).Draw(t, "domain")
		suffix := rapid.SampledFrom([]string{"de", "com", "org", "co.uk", "fr", "it", "info", "com.br", "eu", "hamburg"}).Draw(t, "suffix")
		return local.Draw(t, "local") + "@" + domain + "." + suffix
	})
}

func reverse(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

func each(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

func rot13(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return 'a' + (r-'a'+13)%26
		case r >= 'A' && r <= 'Z':
			return 'A' + (r-'A'+13)%26
		}
		return r
	}, s)
}

func typo3(s string, off int) string {
	return strings.Map(func(r rune) rune {
		for _, rg := range [][2]rune{{'+', ':'}, {'@', 'Z'}, {'a', 'z'}} {
			if r >= rg[0] && r <= rg[1] {
				n := rg[1] - rg[0] + 1
				return rg[0] + ((r-rg[0]+rune(off))%n+n)%n
			}
		}
		return r
	}, s)
}

func cloudflare(s string, key byte) string {
	out := []byte{key}
	for i := range len(s) {
		out = append(out, s[i]^key)
	}
	return hex.EncodeToString(out)
}

// codes lists character codes.
func codes(s string, plus int) string {
	var out []string
	for _, r := range s {
		out = append(out, fmt.Sprint(int(r)+plus))
	}
	return strings.Join(out, ",")
}

// hidings hide an address the way sites do; key is a small number some of them
// need.
var hidings = map[string]func(address string, key int) string{
	"text":        func(a string, _ int) string { return "<p>Mail: " + a + "</p>" },
	"mailto":      func(a string, _ int) string { return `<a href="mailto:` + a + `?subject=x">x</a>` },
	"decimal":     func(a string, _ int) string { return "<p>" + each(a, "&#%d;") + "</p>" },
	"hexadecimal": func(a string, _ int) string { return `<a href='` + each("mailto:"+a, "&#x%x;") + `'>x</a>` },
	"percent":     func(a string, _ int) string { return `<a href=mailto:` + each(a, "%%%02x") + `>x</a>` },
	"query":       func(a string, _ int) string { return `<a href="https://mail.org/?to=` + url.QueryEscape(a) + `">x</a>` },
	"tags":        func(a string, _ int) string { return "<p>" + strings.ReplaceAll(a, "@", "<b>@</b>") + "</p>" },
	"comment": func(a string, _ int) string {
		return "<p>" + strings.ReplaceAll(a, "@", "<!-- at -->@<!---->") + "</p>"
	},
	"zero width": func(a string, _ int) string { return "<p>" + strings.ReplaceAll(a, "@", "\u200b@\u00ad") + "</p>" },
	"cloudflare": func(a string, k int) string { return `<a data-cfemail="` + cloudflare(a, byte(k*7+1)) + `">x</a>` },
	"at dot": func(a string, _ int) string {
		return "<p>" + strings.NewReplacer("@", " [at] ", ".", " [dot] ").Replace(a) + "</p>"
	},
	"at": func(a string, _ int) string { return "<p>" + strings.ReplaceAll(a, "@", "(at)") + "</p>" },
	"escapes": func(a string, _ int) string {
		return `<script>var m="` + each(a, `\u%04x`) + `",n='` + each(a, `\x%02x`) + `'</script>`
	},
	"json ld": func(a string, _ int) string {
		return `<script type="application/ld+json">{"email":"` + strings.ReplaceAll(a, "@", `\u0040`) + `"}</script>`
	},
	"base64": func(a string, _ int) string {
		return `<a data-mail="` + base64.StdEncoding.EncodeToString([]byte(a)) + `">x</a>`
	},
	"atob": func(a string, _ int) string {
		return `<script>document.write(atob("` + base64.StdEncoding.EncodeToString([]byte(a)) + `"))</script>`
	},
	"char codes": func(a string, _ int) string {
		return `<script>document.write(String.fromCharCode(` + codes(a, 0) + `))</script>`
	},
	"shifted codes": func(a string, k int) string {
		return fmt.Sprintf(`<script>var s="",c=[%s];for(var i=0;i<c.length;i++)s+=String.fromCharCode(c[i]-%d);document.write(s)</script>`, codes(a, k), k)
	},
	"joined": func(a string, _ int) string {
		u, d, _ := strings.Cut(a, "@")
		return `<script>var u='` + u + `',d='` + d + `';document.write('<a href="mailto:'+u+'@'+d+'">x</a>')</script>`
	},
	"eval": func(a string, _ int) string {
		return `<script>eval(unescape('` + each(`document.write("`+a+`")`, "%%%02x") + `'))</script>`
	},
	"rot13 link": func(a string, _ int) string { return `<a href="` + rot13("mailto:"+a) + `">x</a>` },
	"reversed style": func(a string, _ int) string {
		return `<span style="unicode-bidi:bidi-override;direction:rtl">` + reverse(a) + `</span>`
	},
	"reversed script": func(a string, _ int) string {
		return `<script>document.write("` + reverse(a) + `".split("").reverse().join(""))</script>`
	},
	"decoy": func(a string, _ int) string {
		return "<p>" + strings.ReplaceAll(a, "@", `<i style="display:none">x.y</i>@`) + "</p>"
	},
	"typo3": func(a string, k int) string {
		return `<a href="javascript:linkTo_UnCryptMailto('` + typo3("mailto:"+a, k) + `');">x</a>`
	},
	"typo3 token": func(a string, k int) string {
		return fmt.Sprintf(`<a data-mailto-token="%s" data-mailto-vector="%d">x</a>`, typo3("mailto:"+a, k), k)
	},
	"parts": func(a string, _ int) string {
		u, d, _ := strings.Cut(a, "@")
		return `<a data-user="` + u + `" data-domain="` + d + `">x</a>`
	},
	"joomla": func(a string, _ int) string {
		u, d, _ := strings.Cut(a, "@")
		b := base64.StdEncoding.EncodeToString
		return `<joomla-hidden-mail first="` + b([]byte(u)) + `" last="` + b([]byte(d)) + `" text=""></joomla-hidden-mail>`
	},
	"css": func(a string, _ int) string {
		return `<style>.m::before{content:"` + strings.ReplaceAll(a, "@", `\40 `) + `"}</style><b class=m></b>`
	},
}

// Whatever address is hidden in whatever way, it is found, and nothing else.
func TestHidingsRoundTrip(t *testing.T) {
	t.Parallel()
	x := extract.New(extract.Options{})
	for name, hide := range hidings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				address := addresses().Draw(t, "address")
				page := "<!DOCTYPE html><html><body>" + hide(address, rapid.IntRange(1, 12).Draw(t, "key")) + "<p>Telefon 030</p></body></html>"
				got := x.Extract(extract.Document{ContentType: "text/html", Body: []byte(page)})
				if len(got) != 1 || got[0].Email != address {
					t.Fatalf("%s\nin %s\ngave %+v", address, page, got)
				}
			})
		})
	}
}

// With KeepObfuscated only what an HTML parser decodes is found.
func TestKeepObfuscated(t *testing.T) {
	t.Parallel()
	plain := map[string]bool{
		"text": true, "mailto": true, "decimal": true, "hexadecimal": true, "percent": true, "query": true, "tags": true, "comment": true,
		"zero width": true, "escapes": true, "json ld": true, "decoy": true,
	}
	x := extract.New(extract.Options{KeepObfuscated: true})
	for name, hide := range hidings {
		got := x.Extract(extract.Document{ContentType: "text/html", Body: []byte(hide("info@tischlerei-brenk.de", 3))})
		if found := len(got) == 1; found != plain[name] {
			t.Errorf("%s: found %v", name, got)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	x := extract.New(extract.Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			want := fmt.Sprintf("person%d@tischlerei-brenk.de", i)
			for range 8 {
				for name, hide := range hidings {
					if name == "eval" || strings.Contains(name, "codes") {
						continue // slow, and no different
					}
					got := x.Extract(extract.Document{ContentType: "text/html", Body: []byte(hide(want, i+1))})
					if len(got) != 1 || got[0].Email != want {
						t.Errorf("%s: got %+v, want %s", name, got, want)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestAddressFields(t *testing.T) {
	t.Parallel()
	page := `<html><body><p>Anna.Brenk@Tischlerei-Brenk.de und <a href="mailto:info@tischlerei-brenk.de">info@tischlerei-brenk.de</a></p>
<p>otto.brenk@gmx.de, x@mailinator.com, noreply@shop.tischlerei-brenk.de</p>
<div style="display:none">alt@tischlerei-brenk.de</div><!-- old@tischlerei-brenk.de --></body></html>`
	got := extract.New(extract.Options{}).Extract(extract.Document{URL: "https://www.tischlerei-brenk.de/kontakt", Body: []byte(page)})
	type row struct {
		email string
		raw   string
		form  extract.FoundBy
		kind  extract.Kind
		own   bool
		why   string
	}
	want := []row{
		{"anna.brenk@tischlerei-brenk.de", "Anna.Brenk@Tischlerei-Brenk.de", extract.FoundText, extract.KindPersonal, true, ""},
		{"info@tischlerei-brenk.de", "info@tischlerei-brenk.de", extract.FoundMailto, extract.KindRole, true, ""},
		{"otto.brenk@gmx.de", "otto.brenk@gmx.de", extract.FoundText, extract.KindFree, false, ""},
		{"x@mailinator.com", "x@mailinator.com", extract.FoundText, extract.KindDisposable, false, ""},
		{"noreply@shop.tischlerei-brenk.de", "noreply@shop.tischlerei-brenk.de", extract.FoundText, extract.KindRole, true, "noreply"},
		{"alt@tischlerei-brenk.de", "alt@tischlerei-brenk.de", extract.FoundText, extract.KindPersonal, true, "hidden"},
		{"old@tischlerei-brenk.de", "old@tischlerei-brenk.de", extract.FoundComment, extract.KindPersonal, true, "comment"},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d addresses: %+v", len(got), got)
	}
	for i, w := range want {
		a := got[i]
		if g := (row{a.Email, a.Raw, a.FoundBy, a.Kind, a.OwnDomain, strings.Join(a.Reasons, " ")}); g != w {
			t.Errorf("address %d\ngot  %+v\nwant %+v", i, g, w)
		}
		if (w.why == "") != (a.Confidence > 0.9) {
			t.Errorf("%s: confidence %v", w.email, a.Confidence)
		}
	}
}

// Two customers of one hosting service are not the same site.
func TestOwnDomain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url, address string
		want         bool
	}{
		{"https://shop.brenk.co.uk/", "info@brenk.co.uk", true},
		{"https://brenk.co.uk/", "info@mail.brenk.co.uk", true},
		{"https://brenk.co.uk/", "info@other.co.uk", false},
		{"https://brenk.co.uk/", "info@notbrenk.co.uk", false},
		{"https://brenk.github.io/", "info@lund.github.io", false},
		{"", "info@brenk.co.uk", false},
		{"https://127.0.0.1/", "info@brenk.co.uk", false},
	}
	for _, tt := range tests {
		got := extract.New(extract.Options{}).Extract(extract.Document{URL: tt.url, ContentType: "text/plain", Body: []byte(tt.address)})
		if len(got) != 1 || got[0].OwnDomain != tt.want {
			t.Errorf("%s on %s: %+v, want %v", tt.address, tt.url, got, tt.want)
		}
	}
}

// Any text that Validate accepts comes back from it unchanged.
func TestValidateIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := addresses().Draw(t, "address")
		if rapid.Bool().Draw(t, "upper") {
			a = strings.ToUpper(a)
		}
		n, err := extract.Validate("  " + a + " ")
		if err != nil || n != strings.ToLower(a) {
			t.Fatalf("Validate(%q) = %q, %v", a, n, err)
		}
	})
}
