package extract

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// What stands in for a costly look must never say no where the look says yes.

func TestTooPlainValuesHoldNothing(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"a", "b", "-", "_", "at", "AT", "dot", "pt", "DOT", "de", "com", "info", "1", "64", "40", "6", "Y", "YUBi", "Lm", "Rl", "aW5m", "b0Bi", "mailto", "znvygb",
	})
	random := rapid.StringOfN(rapid.RuneFrom([]rune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")), 6, 11, -1)
	rapid.Check(t, func(t *rapid.T) {
		v := strings.Join(rapid.SliceOfN(piece, 1, 6).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "random") {
			v = random.Draw(t, "value")
		}
		if !tooPlain([]byte(v)) {
			return
		}
		s := newSink()
		s.reset(Options{}, Document{Body: []byte(v)})
		if s.opaque([]byte(v), &layer{form: FoundDataAttribute, place: inAttr, fixed: true, words: true}, false); len(s.hits) > 0 {
			t.Fatalf("%q holds %q", v, s.hits[0].Email)
		}
	})
	for _, v := range []string{"teaser-12", "12345678", "main_menu"} {
		if !tooPlain([]byte(v)) {
			t.Errorf("%q is looked at in every way", v)
		}
	}
}

func TestBase64OfTextBeginsLikeIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a@b.de\t\n\r\x1f\x7f ü€🙂")))).Draw(t, "text")
		if text == "" || !printable([]byte(text)) || !utf8.ValidString(text) {
			return
		}
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if v := enc.EncodeToString([]byte(text)); !beginsBase64([]byte(v)) {
				t.Fatalf("%q, which is %q", v, text)
			}
		}
	})
}

func TestEverySignMayBeOne(t *testing.T) {
	all := append([]string{".", "@", "[ . ]", "(.)", "<.>"}, signs[:]...)
	for _, w := range dotWords {
		all = append(all, w.word, strings.ToUpper(w.word), "["+w.word+"]", " ( "+w.word+" ) ")
	}
	for _, sign := range all {
		if !mayBeSign([]byte(sign)) {
			t.Errorf("%q is taken for none", sign)
		}
	}
	if mayBeSign([]byte("Loaf 12")) || mayBeSign(nil) {
		t.Error("anything is taken for a sign")
	}
}

func TestNamesAsNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := []byte(rapid.StringOfN(rapid.SampledFrom([]rune("abhx-:_@19<=>/?!\"' \t\n\v\x00.ü")), 1, 40, -1).Draw(t, "source"))
		i := rapid.IntRange(0, len(src)-1).Draw(t, "at")
		for _, ends := range []uint8{endsTagName, endsAttrName} {
			want := i + 1
			for want < len(src) && nameByte[src[want]]&ends == 0 {
				want++
			}
			w := walker{src: src}
			end, head, tail := w.nameAt(i, ends)
			if end != want {
				t.Fatalf("the name at %d of %q ends at %d, want %d", i, src, end, want)
			}
			padded := append(bytes.Clone(src[i:end]), make([]byte, 16)...)
			name := walker{src: padded[:end-i]}
			if _, h, l := name.nameByBytes(0, 0); h != head || l != tail {
				t.Fatalf("%q is %x %x, then %x %x", src[i:end], head, tail, h, l)
			}
		}
	})
}

func TestWhatDoesNotGoOnIsNoWord(t *testing.T) {
	piece := rapid.OneOf(
		rapid.Map(rapid.SampledFrom(atWords), func(w signWord) string { return w.word }),
		rapid.Map(rapid.SampledFrom(atWords), func(w signWord) string { return strings.ToUpper(w.word) }),
		rapid.Map(rapid.SampledFrom(wideBrackets[:]), func(b struct{ left, right rune }) string { return string(b.left) }),
		rapid.StringN(0, 3, -1),
	)
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(strings.Join(rapid.SliceOfN(piece, 1, 4).Draw(t, "pieces"), ""))
		for i := 0; i+3 < len(b); i++ {
			if foldPrefix(b[i:], "at") || begins[uint(b[i])|uint(b[i+1])<<8] == 0 || goesOn[uint(b[i+2])|uint(b[i+3])<<8] {
				continue
			}
			if matchWord(b[i:], looseAt[b[i]], false) > 0 || wideBracket(b[i:]) != 0 {
				t.Fatalf("%q at %d", b, i)
			}
		}
	})
}

// A tag with nothing but quiet classes is passed over; a blank behind them keeps it
// from being. Pages come in a row: nothing learned of one may show on the next.
func TestQuietTagsAreQuiet(t *testing.T) {
	only, x := regexp.MustCompile(`( class="[^"<>]*")>`), New(Options{})
	texts := append(corpusBodies(t),
		`<p class="a">one@brenk.de<style>.a{display:none}</style><p class="a">two@brenk.de</p>`, `<p class="a">one@brenk.de</p>`,
		`<style>.a::before{content:"in"}p::after{content:"fo@brenk.de"}</style><p class="a"></p><p class="b">x</p>`, `<p class="a">fo@brenk.de</p>`,
	)
	for _, text := range texts {
		quiet := x.Extract(Document{ContentType: "text/html", Body: []byte(text)})
		slow := x.Extract(Document{ContentType: "text/html", Body: only.ReplaceAll([]byte(text), []byte("$1 >"))})
		if !slices.EqualFunc(quiet, slow, func(a, b Address) bool {
			return a.Email == b.Email && a.FoundBy == b.FoundBy && a.Confidence == b.Confidence
		}) {
			t.Errorf("%s\n%v, with blanks %v", text, quiet, slow)
		}
	}
}

func TestQuietClassesAreQuietUnderTheirRulesOnly(t *testing.T) {
	const page = `<p class="a">info@brenk.de</p>`
	x := New(Options{})
	for i, step := range []struct {
		rules  string
		hidden bool
	}{{"", false}, {".a{display:none}", true}, {"", false}, {".b{display:none}", false}, {".b{display:none}.a{display:none}", true}, {".c{display:none}", false}} {
		text := "<style>" + step.rules + "</style>" + page
		if step.hidden { // the list is known already when the rule comes
			text = "<style>.b{display:none}</style><p class=\"a\"></p>" + text
		}
		got := x.Extract(Document{ContentType: "text/html", Body: []byte(text)})
		if len(got) != 1 || slices.Contains(got[0].Reasons, ReasonHidden) != step.hidden {
			t.Errorf("%d: %s: %+v", i, text, got)
		}
	}
}

func TestMereLinksHoldNothing(t *testing.T) {
	piece := rapid.SampledFrom([]string{"#", "#", "mc", "#mc#", "email-protection", "email-protection#", "91f2f7a3d1fcf0fffef8e3bcfaf4e3fdfee4bff7e3", "info%40brenk.de", "info%4\n0brenk.de", "info%2540brenk.de", "%", "4", "0", "25", "info@brenk.de", "brenk.de", "info", "/", "x", "\n", "\t", "tel:", "http://"})
	rapid.Check(t, func(t *rapid.T) {
		v := []byte(strings.Join(rapid.SliceOfN(piece, 1, 6).Draw(t, "pieces"), ""))
		w := walker{src: v}
		w.resetCursors()
		if !w.mereLink(attr{value: v}) {
			return
		}
		s := newSink()
		s.reset(Options{}, Document{Body: v})
		if s.url(dropControls(v), &layer{fixed: true}); len(s.hits) > 0 {
			t.Fatalf("%q holds %q", v, s.hits[0].Email)
		}
	})
}

func TestWordsOfScripts(t *testing.T) {
	piece := rapid.OneOf(rapid.StringN(0, 3, -1), rapid.Custom(func(t *rapid.T) string {
		w := rapid.SampledFrom(scriptWords[:]).Draw(t, "word").word
		return w[rapid.IntRange(0, 1).Draw(t, "from") : len(w)-rapid.IntRange(0, 1).Draw(t, "less")]
	}))
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), ""))
		want := scriptWord(0)
		for _, w := range scriptWords {
			if bytes.Contains(b, []byte(w.word)) {
				want |= w.is
			}
		}
		if got := wordsOf(b); got != want {
			t.Fatalf("%q holds %b, want %b", b, got, want)
		}
		if (charCode(b) && want&holdsCharCode == 0) || decrypts(b) && want&holdsDecrypt == 0 {
			t.Fatalf("%q", b)
		}
	})
}
