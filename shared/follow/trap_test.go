package follow_test

import (
	"strings"
	"testing"

	"gleaner/shared/follow"
)

func TestTrap(t *testing.T) {
	const host = "https://www.lindhorst-brot.de"
	for reason, paths := range map[string][]string{
		follow.TrapSession: {
			"/a?PHPSESSID=3f2a", "/a.do;jsessionid=12AB?x=1", "/a?sid=9f86d081884c7d659a2feaa0c55ad015",
			"/(S(lit3py55t21z5v55vlm25s55))/a.aspx", "/a?CFID=1&CFTOKEN=2", "/a.asp?ASPSESSIONIDAB=3",
		},
		follow.TrapCalendar: {
			"/calendar/2031/07", "/kalender/2026-11-23", "/events/2026-11/", "/a?tribe-bar-date=2026-11-23", "/a?month=7&year=2031",
			"/veranstaltungen/2026/11/23/", "/calendrier/2026", "/agenda/2026-W12",
		},
		follow.TrapRepetition: {
			"/a/b/a/b/a/b", "/a/a/a", "/x/de/y/de/z/de", "/shop/brot/shop/brot",
		},
		follow.TrapFacet: {
			"/brot?sort=price", "/brot?order=asc&orderby=name", "/brot?filter[mehl]=roggen", "/brot?filter_color=rot", "/brot?min_price=3&max_price=9",
			"/brot?view=grid", "/brot?per_page=48", "/brot?product_list_order=name", "/brot?pa_size=l", "/brot?filter%5Bmehl%5D=dinkel",
		},
		follow.TrapParameters: {"/a?k1=1&k2=2&k3=3&k4=4&k5=5&k6=6&k7=7"},
		follow.TrapAccount: {
			"/login", "/wp-login.php", "/user/login", "/customer/account/", "/mein-konto", "/signup.html", "/connexion", "/a?redirect_to=x", "/index.php?action=logout", "/moje-konto/",
		},
		follow.TrapCart: {
			"/cart", "/warenkorb/", "/checkout/onepage/", "/panier", "/carrello", "/a?add-to-cart=99", "/wishlist/add/3", "/kosik",
		},
		follow.TrapShare: {
			"/a/print", "/druckversion/a", "/a?replytocom=44", "/share?u=x", "/a?share=twitter", "/index.php?task=print", "/sendtofriend/a", "/a?print=1",
		},
		follow.TrapSearch:   {"/search?q=brot", "/suche/brot", "/?s=brot", "/a?q=brot", "/recherche"},
		follow.TrapEndpoint: {"/wp-json/wp/v2/pages", "/feed/", "/a/feed", "/xmlrpc.php", "/wp-admin/", "/cdn-cgi/l/email-protection", "/a?format=json", "/?feed=rss2"},
		follow.TrapDepth:    {"/1/2/3/4/5/6/7/8/9/10/11"},
		follow.TrapLength:   {"/" + strings.Repeat("lang", 300)},
		follow.TrapBinary:   {"/bild.JPG", "/film.mp4", "/alles.zip", "/schrift.woff2", "/stil.css?v=3", "/app.min.js", "/a/b.svg", "/daten.json"},
	} {
		for _, path := range paths {
			got, is := follow.Trap(mustURL(t, host+path))
			if !is || got != reason {
				t.Errorf("%s: %q, %v; want %q", path, got, is, reason)
			}
		}
	}
	for _, path := range []string{
		"/", "", "/kontakt", "/impressum.html", "/ueber-uns/team/", "/index.php?id=42", "/index.php?option=com_contact&view=contact&id=1",
		"/2026/11/23/neues-brot/", "/blog/2026/11/", "/de/de/", "/team/anna-lindhorst", "/print-und-web", "/shop/brot/roggen", "/preisliste.pdf", "/adressen.xlsx",
		"/verein/protokoll.docx", "/a?page=3", "/a?lang=en", "/veranstaltungen/herbstfest", "/events/contact", "/kalender", "/blog/share-the-bread", "/v1.2/kontakt",
		"/blog/2026/search/engines", "/a?sid=1234", "/ansprechpartner?abteilung=verkauf", "/produkte/printing-machines", "/visitenkarte.vcf",
	} {
		if reason, is := follow.Trap(mustURL(t, host+path)); is {
			t.Errorf("%s is no trap, but %q", path, reason)
		}
	}
	for _, address := range []string{"mailto:anna@lindhorst-brot.de", "ftp://lindhorst-brot.de/a", "javascript:void(0)", "tel:+49123"} {
		if reason, is := follow.Trap(mustURL(t, address)); !is || reason != follow.TrapScheme {
			t.Errorf("%s: %q, %v", address, reason, is)
		}
	}
}
