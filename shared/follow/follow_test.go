package follow_test

import (
	"net/url"
	"testing"

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

func TestContactRanksAPage(t *testing.T) {
	const page = `<html><body><nav><a href="/">Start</a><a href="/produkte">Produkte</a>
		<a href="/ueber-uns">Über uns</a> <a href=/kontakt>Kontakt</a></nav>
		<footer><a href="/impressum.html" rel="nofollow">Impressum</a> <a href="https://anderswo.de/kontakt">Kontakt</a></footer>`
	p := follow.Scan([]byte(page), mustURL(t, "https://lindhorst-brot.de/"), "gleaner")
	var got []string
	for _, l := range follow.Contact(p, 5) {
		got = append(got, l.URL)
	}
	want := []string{"https://lindhorst-brot.de/kontakt", "https://lindhorst-brot.de/impressum.html", "https://lindhorst-brot.de/ueber-uns"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: got %s, want %s", i, got[i], want[i])
		}
	}
}
