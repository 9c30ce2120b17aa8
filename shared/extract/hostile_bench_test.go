package extract_test

import (
	"fmt"
	"strings"
	"testing"

	"gleaner/shared/extract"
)

// hostile are pieces of which a page is made that wants to be slow: each is
// repeated to two sizes. Throughput must be the same at both.
var hostile = []struct{ name, typ, unit string }{
	{"open tags", "text/html", "<a href=\""},
	{"open comments", "text/html", "<!--"},
	{"open scripts", "text/html", "<script>'@'+"},
	{"nested hidden", "text/html", "<span style=display:none>a@b.de"},
	{"nested reversed", "text/html", "<bdo dir=rtl>ed.b@a"},
	{"signs", "text/html", "@"},
	{"half addresses", "text/html", "a@a.a@a.a"},
	{"long local parts", "text/html", strings.Repeat("a", 70) + "@b.de"},
	{"dots", "text/html", "a@" + strings.Repeat("b.", 120)},
	{"brackets", "text/html", "["},
	{"bracketed words", "text/html", "a(at)b(dot)"},
	{"bare words", "text/html", "info at b dot "},
	{"capital words", "text/html", "aATbDOTde"},
	{"spaced letters", "text/html", "i n f o @ b . d e "},
	{"references", "text/html", "&amp;#64;"},
	{"percent signs", "text/html", "<a href=mailto:%2525252540>"},
	{"srcdoc", "text/html", "<iframe srcdoc='&lt;iframe srcdoc=&quot;a@b.de&quot;&gt;'>"},
	{"endless loops", "text/html", "<script>while(1){f('a'+'@')}</script>"},
	{"doubling strings", "text/html", "<script>var s='@';while(1)s+=s</script>"},
	{"nested eval", "text/html", "<script>eval('eval(\"eval(1)\")'+'@')</script>"},
	{"deep expressions", "text/html", "<script>'@'+((((((((((((((((((((((("},
	{"style rules", "text/html", "<style>.a b{display:none}.c::before{content:'@'}</style><p class=a><b class=c>"},
	{"base64", "text/html", "<a data-x=YVcxaGFXeDBiMHBoUUdJdVpHVT0=>"},
	{"escaped json", "application/json", `"\\\\\\\"@`},
	{"json in json", "application/json", `{"a":"{\"a\":\"{\\\"a\\\":\\\"b@c.de\\\"}\"}"}`},
	{"vcard folds", "text/vcard", "\n a@b.de"},
	{"css", "text/css", "a@b.de("},
}

func BenchmarkHostile(b *testing.B) {
	x := extract.New(extract.Options{})
	for _, h := range hostile {
		for _, size := range []int{64 << 10, 512 << 10} {
			body := []byte(strings.Repeat(h.unit, size/len(h.unit)))
			if h.typ == "text/html" {
				body = append([]byte("<html>"), body...)
			}
			doc := extract.Document{ContentType: h.typ, Body: body}
			b.Run(fmt.Sprintf("%s/%dK", strings.ReplaceAll(h.name, " ", "_"), size>>10), func(b *testing.B) {
				measure(b, len(body), func() { x.Extract(doc) })
			})
		}
	}
}
