package extract

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var forms = map[FoundBy]bool{
	FoundMailto: true, FoundText: true, FoundEntity: true, FoundSplit: true, FoundSpaced: true, FoundAtDot: true, FoundCloudflare: true,
	FoundEscape: true, FoundJSONLD: true, FoundJSON: true, FoundMicrodata: true, FoundHCard: true, FoundAttribute: true,
	FoundDataAttribute: true, FoundBase64: true, FoundCharCode: true, FoundScript: true, FoundROT13: true, FoundReversed: true,
	FoundJoomla: true, FoundTYPO3: true, FoundEnkoder: true, FoundCSS: true, FoundDecoy: true, FoundVCard: true, FoundFeed: true,
	FoundPDF: true, FoundComment: true,
}

// checkAddresses checks what holds for every result whatever the input.
func checkAddresses(t *testing.T, got []Address) {
	t.Helper()
	seen := map[string]bool{}
	for _, a := range got {
		if seen[a.Email] {
			t.Errorf("%q twice", a.Email)
		}
		seen[a.Email] = true
		if again, err := Validate(a.Email); err != nil || again != a.Email {
			t.Errorf("Validate(%q) = %q, %v", a.Email, again, err)
		}
		if len(a.Raw) > maxRaw || !utf8.ValidString(a.Raw) {
			t.Errorf("%q: raw form %q", a.Email, a.Raw)
		}
		if a.Confidence <= 0 || a.Confidence > 1 {
			t.Errorf("%q: confidence %v", a.Email, a.Confidence)
		}
		if !forms[a.FoundBy] {
			t.Errorf("%q: unknown form %q", a.Email, a.FoundBy)
		}
	}
}

// corpusBodies returns the bodies of the labelled corpus as seeds.
func corpusBodies(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/corpus/*.txt")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no corpus: %v", err)
	}
	var out []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		for _, part := range strings.Split(string(data), "\n=== ") {
			if _, body, ok := strings.Cut(part, "\n---\n"); ok {
				out = append(out, body)
			}
		}
	}
	return out
}

// fuzzTypes are the content types the whole is fuzzed with.
var fuzzTypes = [...]string{"text/html", "text/plain", "application/xml", "application/json", "text/javascript", "text/css", "text/vcard", ""}

func FuzzExtract(f *testing.F) {
	for i, body := range corpusBodies(f) {
		f.Add([]byte(body), uint8(i%len(fuzzTypes)))
		f.Add([]byte(body), uint8(0))
	}
	x, plain := New(Options{}), New(Options{KeepObfuscated: true})
	f.Fuzz(func(t *testing.T, body []byte, kind uint8) {
		before := bytes.Clone(body)
		doc := Document{URL: "https://www.tischlerei-brenk.de/", ContentType: fuzzTypes[int(kind)%len(fuzzTypes)], Body: body}
		got := x.Extract(doc)
		checkAddresses(t, got)
		checkAddresses(t, plain.Extract(doc))
		if !bytes.Equal(before, body) {
			t.Error("the body was modified")
		}
		again := x.Extract(doc)
		if len(again) != len(got) {
			t.Errorf("%d addresses, then %d", len(got), len(again))
		}
	})
}

func FuzzValidate(f *testing.F) {
	for _, s := range []string{"a@b.de", `"a b"@b.de`, "Anna <a@b.de>", "info@bäckerei.de", "a@xn--bckerei-5wa.de", "mailto:a@b.co.uk"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Validate(s)
		if err != nil {
			return
		}
		if again, err := Validate(n); err != nil || again != n {
			t.Errorf("Validate(%q) = %q; Validate of that = %q, %v", s, n, again, err)
		}
		if len(n) > maxAddress {
			t.Errorf("%q is %d bytes long", n, len(n))
		}
	})
}

// fuzzSink runs one decoder on fuzzed bytes.
func fuzzSink(f *testing.F, seeds []string, decode func(s *sink, b []byte)) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newSink()
		s.reset(Options{}, Document{Body: b})
		before := bytes.Clone(b)
		decode(s, b)
		checkAddresses(t, s.addresses())
		if !bytes.Equal(before, b) {
			t.Error("the input was modified")
		}
	})
}

func FuzzOpaque(f *testing.F) {
	fuzzSink(f, []string{"aW5mb0B0aXNjaGxlcmVpLWJyZW5rLmRl", "696e666f4062722e6465", "ed.knerb@ofni", "vasb@oerax.qr", "nbjmup;bAc/ef", "105,110,102,111,64,98,46,100,101", "info|brenk.de"},
		func(s *sink, b []byte) { s.opaque(b, &layer{fixed: true, place: inAttr, words: true}, true) })
}

func FuzzCloudflare(f *testing.F) {
	fuzzSink(f, []string{"5c35323a331c283e2f3f34303e2e39357138392c"}, func(s *sink, b []byte) { s.cloudflare(b, 0) })
}

func FuzzURL(f *testing.F) {
	fuzzSink(f, []string{"mailto:a@brenk.de?cc=b%40brenk.de", "https://a.de/?q=a%2540brenk.de", "data:text/vcard;base64,QkVHSU4=", "#a#mc#brenk.de#"},
		func(s *sink, b []byte) { s.url(b, &layer{fixed: true}) })
}

func FuzzJSON(f *testing.F) {
	fuzzSink(f, []string{`{"a":"b\u0040brenk.de","c":"{\"d\":\"e@brenk.de\"}"}`, `"\\u003cinfo@brenk.de`}, func(s *sink, b []byte) {
		s.json(b, &layer{form: FoundJSON, place: inJSON})
	})
}

func FuzzStyle(f *testing.F) {
	fuzzSink(f, []string{`.a::before{content:"a@b.de"} @media x{b{c:d}} p.q r{display:none}`}, func(s *sink, b []byte) { s.read(mediaStyle, b) })
}

func FuzzScript(f *testing.F) {
	fuzzSink(f, []string{
		`var a="x";document.write(a+"@"+"brenk.de")`, `eval(unescape("%61"))`, "let [a,b]=[1,2],{c}=d;`${a}@${b}`", `for(var i=0;i<9;i++)s+=String.fromCharCode(i)`,
		`"a".replace(/a/g,function(c){return c+"@"}).split("").reverse().join("")`, `switch(a){case 1:break;default:b()}`, `try{throw 1}catch(e){}finally{}`,
	}, func(s *sink, b []byte) { s.read(mediaScript, append(bytes.Clone(b), " ;'@'+atob('')"...)) })
}

func FuzzText(f *testing.F) {
	fuzzSink(f, []string{"info [at] brenk (dot) de", "i n f o @ b r e n k . d e", "a.b at brenk dot de", `"a b"@brenk.de`, "info＠brenk。de", "infoATbrenkDOTde", "a★brenk.jp"},
		func(s *sink, b []byte) { s.read(mediaText, b) })
}

func FuzzVCard(f *testing.F) {
	fuzzSink(f, []string{"BEGIN:VCARD\r\nEMAIL;ENCODING=QUOTED-PRINTABLE:a=40=\nbrenk.de\r\n x"}, func(s *sink, b []byte) { s.vcard(b) })
}

func FuzzPDF(f *testing.F) {
	for _, doc := range samplePDFs() {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkAddresses(t, New(Options{}).Extract(Document{ContentType: "application/pdf", Body: b}))
	})
}
