package fetch

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

func compress(tb testing.TB, coding string, content []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "br":
		w = brotli.NewWriter(&out)
	case "zstd":
		w, err = zstd.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "raw deflate":
		w, err = flate.NewWriter(&out, flate.DefaultCompression)
	default:
		return content
	}
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

var codings = []string{"gzip", "br", "zstd", "deflate", "raw deflate", ""}

func header(coding string) string { return strings.TrimPrefix(coding, "raw ") }

func TestEveryCodingIsUndone(t *testing.T) {
	d := NewDecoder(NewWorkspace(6 << 20))
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.SampledFrom([]int{1, 100, 70_000, 300_000}).Draw(rt, "size")
		text := rapid.StringN(1, 20, 40).Draw(rt, "text")
		content := bytes.Repeat([]byte(text), size/len(text)+1)[:size]
		coding := rapid.SampledFrom(codings).Draw(rt, "coding")
		got, err := d.decode(compress(t, coding, content), header(coding), false, false)
		if err != nil || !bytes.Equal(got, content) {
			rt.Errorf("%s: %d bytes of %d, %v", coding, len(got), len(content), err)
		}
		d.Done()
	})
	large := bytes.Repeat([]byte("the bread is baked every morning "), 2_300_000/33)
	for _, coding := range codings {
		if got, err := d.decode(compress(t, coding, large), header(coding), false, false); err != nil || !bytes.Equal(got, large) {
			t.Errorf("%s: %d bytes of %d, %v", coding, len(got), len(large), err)
		}
		d.Done()
	}
	twice := compress(t, "br", compress(t, "gzip", []byte("twice")))
	if got, err := d.decode(twice, "gzip, br", false, false); err != nil || string(got) != "twice" {
		t.Errorf("two codings: %q, %v", got, err)
	}
	if _, err := d.decode(twice, "gzip, gzip, br", false, false); !errors.Is(err, ErrEncoding) {
		t.Errorf("three codings: %v", err)
	}
}

func TestWhatUnpacksToTooMuchIsStopped(t *testing.T) {
	d := NewDecoder(NewWorkspace(1 << 20))
	for _, coding := range codings[:5] {
		bomb := compress(t, coding, make([]byte, 3<<20))
		if _, err := d.decode(bomb, header(coding), false, false); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", coding, err)
		}
		d.Done()
		if got, err := d.decode(bomb, header(coding), true, false); err != nil || len(got) != 1<<20 {
			t.Errorf("%s, cut off: %d bytes, %v", coding, len(got), err)
		}
		d.Done()
	}
}

func TestABodyThatEndsEarly(t *testing.T) {
	d := NewDecoder(NewWorkspace(1 << 20))
	text := []byte(strings.Repeat("the bread is baked every morning ", 9) + "7d9f")
	for _, coding := range []string{"gzip", "deflate", "zstd"} {
		half := compress(t, coding, text)
		half = half[:len(half)-6]
		if _, err := d.decode(half, coding, false, false); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v", coding, err)
		}
		if _, err := d.decode(half, coding, true, true); err != nil {
			t.Errorf("%s, cut on purpose: %v", coding, err)
		}
	}
}

func TestTextsBecomeUTF8(t *testing.T) {
	const cyrillic, japaneseText = "Пишите на почту", "お問い合わせはこちら"
	bom := unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	win := must(charmap.Windows1251.NewEncoder().Bytes([]byte(cyrillic)))
	for _, c := range []struct{ name, contentType, body, want string }{
		{"header", "text/html; charset=windows-1251", string(win), cyrillic},
		{"header in quotes", `text/html; charset="Windows-1251"`, string(win), cyrillic},
		{"meta", "text/html", `<meta charset="windows-1251">` + string(win), `<meta charset="windows-1251">` + cyrillic},
		{"header before meta", "text/html; charset=utf-8", `<meta charset="windows-1251">` + cyrillic, `<meta charset="windows-1251">` + cyrillic},
		{"utf-8 undeclared", "text/html", cyrillic, cyrillic},
		{"utf-8 mark", "text/html; charset=windows-1251", "\xef\xbb\xbf" + cyrillic, cyrillic},
		{"utf-16 mark before header", "text/html; charset=utf-8", string(must(bom.NewEncoder().Bytes([]byte(cyrillic)))), cyrillic},
		{"shift_jis", "text/html; charset=Shift_JIS", string(must(japanese.ShiftJIS.NewEncoder().Bytes([]byte(japaneseText)))), japaneseText},
		{"iso-2022-jp", "text/html; charset=iso-2022-jp", string(must(japanese.ISO2022JP.NewEncoder().Bytes([]byte(japaneseText)))), japaneseText},
		{"latin-1 undeclared", "text/html", "B\xe4ckerei", "Bäckerei"},
		{"unknown label", "text/html; charset=nonsense", cyrillic, cyrillic},
		{"json", "application/json; charset=iso-8859-1", cyrillic, cyrillic},
		{"pdf", "application/pdf", "%PDF-1.7\xe4", "%PDF-1.7\xe4"},
		{"pdf said to be text", "text/html; charset=windows-1251", "%PDF-1.7\xe4", "%PDF-1.7\xe4"},
		{"ascii", "text/html; charset=iso-8859-1", "plain", "plain"},
		{"empty", "text/html; charset=windows-1251", "", ""},
	} {
		d := NewDecoder(NewWorkspace(4 << 20))
		if got := string(d.UTF8([]byte(c.body), c.contentType)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		d.Done()
		if c.body == "" {
			continue
		}
		// The same in a body that needs the workspace; what does not fit is dropped.
		long := string(d.UTF8([]byte(strings.Repeat(c.body, 2<<20/len(c.body))), c.contentType))
		if !strings.HasPrefix(long, c.want) || len(long) > 4<<20 {
			t.Errorf("%s, long: %q… of %d bytes", c.name, long[:min(len(long), 40)], len(long))
		}
		d.Done()
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// FuzzDecode: whatever a server sends, decoding ends, stays within its limit and
// leaves the decoder fit for the next body.
func FuzzDecode(f *testing.F) {
	for _, coding := range codings {
		f.Add(compress(f, coding, []byte("<p>kontakt@baeckerei-lindhorst.de")), header(coding), "text/html; charset=shift_jis")
	}
	f.Add([]byte{0xff, 0xfe, 0x00}, "gzip, br", "text/html; charset=utf-16")
	d := NewDecoder(NewWorkspace(smallSize))
	good := compress(f, "gzip", []byte("good"))
	f.Fuzz(func(t *testing.T, body []byte, coding, contentType string) {
		if text, err := d.decode(body, strings.ToLower(coding), false, false); err == nil {
			if len(text) > max(smallSize, len(body)) {
				t.Errorf("%d bytes", len(text))
			}
			d.UTF8(text, contentType)
		}
		d.Done()
		if text, err := d.decode(good, "gzip", false, false); err != nil || string(text) != "good" {
			t.Errorf("afterwards %q, %v", text, err)
		}
		d.Done()
	})
}
