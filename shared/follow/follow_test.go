package follow_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gleaner/shared/follow"
)

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatalf("test address %q: %v", s, err)
	}
	return u
}

func scan(t testing.TB, at, page string) follow.Page {
	t.Helper()
	return follow.Scan([]byte(page), mustURL(t, at), "gleaner")
}

func addresses(links []follow.Link) []string {
	out := []string{}
	for _, l := range links {
		out = append(out, l.URL)
	}
	return out
}

func TestContact(t *testing.T) {
	const root = "https://www.lindhorst-brot.de"
	for _, tt := range []struct {
		name, page string
		max        int
		want       []string
	}{
		{"nothing to choose", `<a href=/brot>Brot</a><a href=/preise>Preise</a>`, 9, []string{}},
		{"no room", `<a href=/kontakt>Kontakt</a>`, 0, []string{}},
		{
			"the best few", `<a href=/about>About</a><a href=/team>Team</a><a href=/kontakt>Kontakt</a>`, 2,
			[]string{root + "/kontakt", root + "/team"},
		},
		{
			"an icon, known by its path", `<a href="/kontakt/"><i class="icon-mail"></i></a>`, 9,
			[]string{root + "/kontakt/"},
		},
		{
			"an icon, known by its label", `<a href="/?p=12" aria-label="Kontakt"><svg></svg></a><a href="/?p=13" title="Impressum"></a>`, 9,
			[]string{root + "/?p=12", root + "/?p=13"},
		},
		{
			"an image, known by its alternative text", `<a href="/s4.htm"><img src="k.gif" alt="Kontakt"></a>`, 9,
			[]string{root + "/s4.htm"},
		},
		{
			"an image map and a frame", `<frame src="kontakt.htm"><map><area href="/s9.htm" alt="Impressum"></map>`, 9,
			[]string{root + "/s9.htm", root + "/kontakt.htm"},
		},
		{
			"paths in every style",
			`<a href="/contactUs.aspx">1</a><a href="/en/about_us">2</a><a href="/ueber-uns.php">3</a><a href="/%C3%BCber-uns">4</a><a href="/index.php?page=impressum">5</a><a href="/%E3%81%8A%E5%95%8F%E3%81%84%E5%90%88%E3%82%8F%E3%81%9B">6</a>`, 9,
			[]string{
				root + "/contactUs.aspx", root + "/%E3%81%8A%E5%95%8F%E3%81%84%E5%90%88%E3%82%8F%E3%81%9B", root + "/index.php?page=impressum",
				root + "/en/about_us", root + "/ueber-uns.php", root + "/%C3%BCber-uns",
			},
		},
		{
			"other sites don't count", `<a href="https://anderswo.de/kontakt">Kontakt</a><a href="https://twitter.com/lindhorst">Kontakt</a><a href="https://lindhorst-brot.com/kontakt">Kontakt</a>`, 9,
			[]string{},
		},
		{
			"other hosts of the site come behind its own", `<a href="https://hilfe.lindhorst-brot.de/kontakt">Kontakt</a><a href="http://lindhorst-brot.de/kontakte">Kontakt</a>`, 9,
			[]string{"http://lindhorst-brot.de/kontakte", "https://hilfe.lindhorst-brot.de/kontakt"},
		},
		{
			"each address once, at its best",
			`<a href="/seite">mehr</a><a href="/seite?utm_source=nav">Kontakt</a><a href="http://lindhorst-brot.de/seite/">Kontakt und Anfahrt</a><a href="/seite#formular">zum Formular</a>`, 9,
			[]string{root + "/seite"},
		},
		{"the page itself is known", `<a href="/">Kontakt</a><a href="/?utm_medium=x">Kontakt</a><a href="http://lindhorst-brot.de">Kontakt</a>`, 9, []string{}},
		{"session ids are taken off", `<a href="/kontakt;jsessionid=1A?PHPSESSID=2">Kontakt</a>`, 9, []string{root + "/kontakt"}},
		{
			"traps are none", `<a href="/login">Kontakt</a><a href="/kontakt?sort=name">Kontakt</a><a href="/kontakt/print">Kontakt drucken</a><a href="/kontakt.jpg">Kontakt</a>`, 9,
			[]string{},
		},
		{"many parameters don't matter here", `<a href="/i.php?k1=1&k2=2&k3=3&k4=4&k5=5&k6=6&k7=7">Kontakt</a>`, 9, []string{root + "/i.php?k1=1&k2=2&k3=3&k4=4&k5=5&k6=6&k7=7"}},
		{"documents may hold addresses", `<a href="/ansprechpartner.pdf">Ansprechpartner</a>`, 9, []string{root + "/ansprechpartner.pdf"}},
		{"nofollow on the link is no obstacle", `<a rel=nofollow href="/impressum">Impressum</a>`, 9, []string{root + "/impressum"}},
		{"nofollow on the page is one", `<meta name=robots content=nofollow><a href="/impressum">Impressum</a>`, 9, []string{}},
		{
			"headlines don't lead to contact data",
			`<a href="/blog/about-sourdough">What nobody ever told you about sourdough and its long, long history</a><a href="/blog/2026/04/12/neues">Unser Team war auf der großen Messe in Leipzig und hat dort viele neue Brote gebacken</a>`, 9,
			[]string{},
		},
		{
			"look-alikes", `<a href="/shop/contact-lenses">Contact lenses</a><a href="/kontaktlinsen">Kontaktlinsen</a><a href="/x">Kontaktgrill</a><a href="/news/press-release-4">Press release</a><a href="/y">TeamViewer</a><a href="/contactless">Contactless payment</a>`, 9,
			[]string{},
		},
		{
			"a shallow page before a deep one", `<a href="/a/b/c/d/kontakt">Kontakt</a><a href="/kontakt">Kontakt</a>`, 9,
			[]string{root + "/kontakt", root + "/a/b/c/d/kontakt"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := scan(t, root+"/", tt.page)
			if got := addresses(follow.Contact(p, tt.max)); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
				for _, l := range follow.Contact(p, 50) {
					t.Logf("%4d %s %q", l.Score, l.URL, l.Text)
				}
			}
		})
	}
}

func TestSite(t *testing.T) {
	const root = "https://www.lindhorst-brot.de"
	for _, tt := range []struct {
		name, page string
		want       []string
	}{
		{
			"everything but what leads away, round in circles or nowhere",
			`<a href="/brot">Brot</a><a href="/brot?utm_source=x">Brot</a><a href="/brot#a">Brot</a><a href="/brot/">Brot</a><a href="/">Start</a>
			<a href="https://anderswo.de/">Freunde</a><a href="/login">Anmelden</a><a href="/brot?sort=preis">nach Preis</a><a href="/foto.jpg">Foto</a>
			<a href="/a/b/a/b/">x</a><a rel=nofollow href="/nicht">nicht</a><a href="/kalender/2031/01">Januar</a><a href="/warenkorb">Warenkorb</a>`,
			[]string{root + "/brot"},
		},
		{
			"contact pages first, then the page's order, own host and shallow paths before others",
			`<a href="https://shop.lindhorst-brot.de/a">Laden</a><a href="/x/y/z">tief</a><a href="/b">b</a><a href="/a">a</a><a href="/kontakt">Kontakt</a>`,
			[]string{root + "/kontakt", root + "/b", root + "/a", root + "/x/y/z", "https://shop.lindhorst-brot.de/a"},
		},
		{"parameters keep their order", `<a href="/i.php?z=1&a=2">x</a><a href="/i.php?a=2&z=1">y</a>`, []string{root + "/i.php?z=1&a=2"}},
		{"nofollow on the page", `<meta name=robots content=none><a href="/brot">Brot</a>`, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := scan(t, root+"/", tt.page)
			if got := addresses(follow.Site(p, 50)); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// A page without an address of its own, as a caller may make one up, leads nowhere.
func TestNoAddressNoLinks(t *testing.T) {
	p := follow.Page{Links: []follow.Link{{URL: "https://lindhorst-brot.de/kontakt", Text: "Kontakt"}}}
	if got := follow.Contact(p, 5); len(got) != 0 {
		t.Errorf("Contact: %q", addresses(got))
	}
	p.Base = mustURL(t, "https://lindhorst-brot.de/")
	if got := follow.Contact(p, 5); len(got) != 1 {
		t.Errorf("Contact with a base: %q", addresses(got))
	}
}

func TestPropertiesOfChoices(t *testing.T) {
	text := rapid.SampledFrom([]string{"Kontakt", "Impressum", "Team", "About us", "Brot", "", "What we know about bread", "連絡先", "Datenschutz"})
	path := rapid.SampledFrom([]string{"/", "/kontakt", "/kontakt/", "/team?utm_source=x", "/login", "/a.jpg", "/b?b=1&a=2", "/b?a=2&b=1", "/x/y/z", "https://anderswo.de/kontakt", "https://shop.lindhorst-brot.de/impressum", "/%", "http://lindhorst-brot.de:80/team"})
	rapid.Check(t, func(t *rapid.T) {
		var page strings.Builder
		for range rapid.IntRange(0, 25).Draw(t, "links") {
			fmt.Fprintf(&page, "<a href=%q>%s</a>", path.Draw(t, "path"), text.Draw(t, "text"))
		}
		base, _ := url.Parse("https://www.lindhorst-brot.de/")
		p := follow.Scan([]byte(page.String()), base, "gleaner")
		limit := rapid.IntRange(0, 12).Draw(t, "max")
		for name, choose := range map[string]func(follow.Page, int) []follow.Link{"Contact": follow.Contact, "Site": follow.Site} {
			got := choose(p, limit)
			if len(got) > limit {
				t.Fatalf("%s: %d links, want at most %d", name, len(got), limit)
			}
			seen := make(map[string]bool)
			for i, l := range got {
				u, err := url.Parse(l.URL)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if i > 0 && got[i-1].Score < l.Score {
					t.Errorf("%s: %d behind %d", name, l.Score, got[i-1].Score)
				}
				if !follow.SameSite(base, u) {
					t.Errorf("%s: %s is elsewhere", name, l.URL)
				}
				if reason, is := follow.Trap(u); is && reason != follow.TrapParameters {
					t.Errorf("%s: %s is a trap: %s", name, l.URL, reason)
				}
				if c := follow.Canonical(u); seen[c] {
					t.Errorf("%s: %s twice", name, c)
				} else {
					seen[c] = true
				}
			}
			// A smaller choice is the beginning of a larger one.
			if more := choose(p, limit+5); !slices.Equal(got, more[:len(got)]) {
				t.Errorf("%s: %q, but of more %q", name, addresses(got), addresses(more))
			}
		}
	})
}
