package extract

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// An element may end where a hidden one that began inside it is still open: its
// text is then not the one that grows.
func TestMisnestedElements(t *testing.T) {
	x := New(Options{})
	for _, tt := range []struct{ name, page, want string }{
		{"a row and what is not rendered", `info@brenk.de<s style="flex-direction:row-reverse"><noscript></a><p>`, "info@brenk.de"},
		{
			"a reversed text ends in a hidden one",
			`<bdo style="unicode-bidi:bidi-override;direction:rtl">ed.knerb@ofni<i hidden>x</bdo></i><p>Telefon 030</p>`, "info@brenk.de",
		},
	} {
		got := x.Extract(Document{ContentType: "text/html", Body: []byte(tt.page)})
		if len(got) != 1 || got[0].Email != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestMisnestingNeverPanics(t *testing.T) {
	x := New(Options{})
	piece := rapid.SampledFrom([]string{
		`<s style="flex-direction:row-reverse">`, `</s>`, `<noscript>`, `</noscript>`, `<i hidden>`, `</i>`, `<b>`, `</b>`, `<p>`, `</p>`, `<a>`, `</a>`,
		`<u style="unicode-bidi:bidi-override;direction:rtl">`, `</u>`, `<rt>`, `</rt>`, `<template>`, `</template>`, `<q class="after">`, `</q>`,
		`<em style="display:none">`, `</em>`, "info@brenk.de ", "ed.knerb@ofni", "brenk.de", "info", "@",
	})
	rapid.Check(t, func(t *rapid.T) {
		page := `<style>.after::after{content:"@"}</style>` + strings.Join(rapid.SliceOfN(piece, 8, 24).Draw(t, "pieces"), "")
		x.Extract(Document{ContentType: "text/html", Body: []byte(page)})
	})
}
