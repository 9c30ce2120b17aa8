package follow_test

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gleaner/shared/follow"
)

func TestCanonical(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"scheme and host in lower case", "HTTPS://WWW.Lindhorst-Brot.DE/Brot", "https://www.lindhorst-brot.de/Brot"},
		{"empty path", "https://lindhorst-brot.de", "https://lindhorst-brot.de/"},
		{"empty path with a query", "https://lindhorst-brot.de?a=1", "https://lindhorst-brot.de/?a=1"},
		{"own port of http", "http://lindhorst-brot.de:80/a", "http://lindhorst-brot.de/a"},
		{"own port of https", "https://lindhorst-brot.de:443/a", "https://lindhorst-brot.de/a"},
		{"other port", "https://lindhorst-brot.de:80/a", "https://lindhorst-brot.de:80/a"},
		{"final dot of the host", "https://lindhorst-brot.de./a", "https://lindhorst-brot.de/a"},
		{"international host", "https://bäckerei-größe.de/a", "https://xn--bckerei-gre-46a9cvq.de/a"},
		{"IPv6", "http://[2001:DB8::1]:80/a", "http://[2001:db8::1]/a"},
		{"user information", "https://u:p@lindhorst-brot.de/a", "https://lindhorst-brot.de/a"},
		{"fragment", "https://lindhorst-brot.de/a#team", "https://lindhorst-brot.de/a"},
		{"empty query", "https://lindhorst-brot.de/a?", "https://lindhorst-brot.de/a"},
		{"dot segments", "https://lindhorst-brot.de/a/./b/../c/..", "https://lindhorst-brot.de/a/"},
		{"dot segments above the root", "https://lindhorst-brot.de/../../a", "https://lindhorst-brot.de/a"},
		{"encoded dot segments", "https://lindhorst-brot.de/a/%2e%2E/b", "https://lindhorst-brot.de/b"},
		{"a final slash stays", "https://lindhorst-brot.de/a/", "https://lindhorst-brot.de/a/"},
		{"unreserved octets are decoded", "https://lindhorst-brot.de/%7Euwe/%62rot", "https://lindhorst-brot.de/~uwe/brot"},
		{"encodings in upper case", "https://lindhorst-brot.de/%c3%bcber", "https://lindhorst-brot.de/%C3%BCber"},
		{"unencoded letters are encoded", "https://lindhorst-brot.de/über?größe=1", "https://lindhorst-brot.de/%C3%BCber?gr%C3%B6%C3%9Fe=1"},
		{"an encoded slash stays", "https://lindhorst-brot.de/a%2fb", "https://lindhorst-brot.de/a%2Fb"},
		{"tracking parameters", "https://lindhorst-brot.de/a?utm_source=x&id=3&utm_medium=y&gclid=abc&fbclid=d&msclkid=e&_ga=2.1", "https://lindhorst-brot.de/a?id=3"},
		{"nothing but tracking parameters", "https://lindhorst-brot.de/a?UTM_Source=x", "https://lindhorst-brot.de/a"},
		{"PHP session", "https://lindhorst-brot.de/a?PHPSESSID=0a1b2c3d4e5f&id=3", "https://lindhorst-brot.de/a?id=3"},
		{"Java session in the path", "https://lindhorst-brot.de/shop/a.do;jsessionid=0A1B2C.node1?id=3", "https://lindhorst-brot.de/shop/a.do?id=3"},
		{"other path parameters stay", "https://lindhorst-brot.de/a;v=1;JSESSIONID=9/b", "https://lindhorst-brot.de/a;v=1/b"},
		{"ASP.NET session in the path", "https://lindhorst-brot.de/(S(lit3py55t21z5v55vlm25s55))/team.aspx", "https://lindhorst-brot.de/team.aspx"},
		{"ASP classic session", "https://lindhorst-brot.de/a.asp?ASPSESSIONIDQQBRTTAB=ABC", "https://lindhorst-brot.de/a.asp"},
		{"sid that is a session", "https://lindhorst-brot.de/a?sid=9f86d081884c7d659a2feaa0c55ad015", "https://lindhorst-brot.de/a"},
		{"sid that is not", "https://lindhorst-brot.de/a?sid=1234", "https://lindhorst-brot.de/a?sid=1234"},
		{"parameters are sorted by name", "https://lindhorst-brot.de/a?c=1&a=2&b=3", "https://lindhorst-brot.de/a?a=2&b=3&c=1"},
		{"those of one name keep their order", "https://lindhorst-brot.de/a?b=2&a=9&b=1", "https://lindhorst-brot.de/a?a=9&b=2&b=1"},
		{"a parameter without a value", "https://lindhorst-brot.de/a?b&a=", "https://lindhorst-brot.de/a?a=&b"},
		{"empty parameters", "https://lindhorst-brot.de/a?&&a=1&", "https://lindhorst-brot.de/a?a=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := mustURL(t, tt.in)
			got := follow.Canonical(u)
			if got != tt.want {
				t.Errorf("Canonical(%s)\n got %s\nwant %s", tt.in, got, tt.want)
			}
			if again := follow.Canonical(mustURL(t, got)); again != got {
				t.Errorf("the canonical form of %s is %s", got, again)
			}
		})
	}
}

func TestCleanKeepsTheOrderOfParameters(t *testing.T) {
	const in, want = "HTTPS://lindhorst-brot.de:443/a?c=1&utm_source=x&a=2#f", "https://lindhorst-brot.de/a?c=1&a=2"
	if got := follow.Clean(mustURL(t, in)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What is drawn here stands for what servers see as one address, whatever it looks like.
func TestCanonicalProperties(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "team", "über", "%7Ea", "b;jsessionid=1F", "c.html", "..", ".", "", "%2F", "(S(abcdefgh))"})
	param := rapid.SampledFrom([]string{"a=1", "b=2", "b=3", "utm_campaign=z", "fbclid=q", "PHPSESSID=12", "x", "", "y=%C3%A4", "y=ä"})
	rapid.Check(t, func(t *rapid.T) {
		path := strings.Join(rapid.SliceOfN(segment, 0, 6).Draw(t, "path"), "/")
		params := rapid.SliceOfN(param, 0, 6).Draw(t, "params")
		in := "https://lindhorst-brot.de/" + path + "?" + strings.Join(params, "&")
		u, err := url.Parse(in)
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		got := follow.Canonical(u)
		back, err := url.Parse(got)
		if err != nil {
			t.Fatalf("Canonical(%s) = %s: %v", in, got, err)
		}
		if again := follow.Canonical(back); again != got {
			t.Errorf("%s becomes %s, then %s", in, got, again)
		}
		if reason, is := follow.Trap(back); is && reason == follow.TrapSession {
			t.Errorf("%s keeps a session: %s", in, got)
		}
		noisy := "https://LINDHORST-brot.de:443/" + path + "?gclid=1&" + strings.Join(params, "&") + "&utm_id=4#x"
		n, err := url.Parse(noisy)
		if err != nil {
			t.Fatalf("%s: %v", noisy, err)
		}
		if other := follow.Canonical(n); other != got {
			t.Errorf("%s becomes %s, but %s becomes %s", in, got, noisy, other)
		}
	})
}

func FuzzCanonical(f *testing.F) {
	f.Add("https://lindhorst-brot.de/a/../b;jsessionid=1?utm_source=x&b=%zz&a=%41")
	f.Add("http://[::1]:80/(S(x))/%2e%2e/?=&=")
	f.Fuzz(func(t *testing.T, in string) {
		u, err := url.Parse(in)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return
		}
		got := follow.Canonical(u)
		follow.Trap(u)
		back, err := url.Parse(got)
		if err != nil {
			t.Fatalf("Canonical(%q) = %q: %v", in, got, err)
		}
		if again := follow.Canonical(back); again != got {
			t.Errorf("%q becomes %q, then %q", in, got, again)
		}
	})
}

func TestSameSite(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"https://www.lindhorst-brot.de/", "http://lindhorst-brot.de/a", true},
		{"https://www.lindhorst-brot.de/", "https://shop.lindhorst-brot.de/", true},
		{"https://shop.lindhorst-brot.de/", "https://lindhorst-brot.de/", true},
		{"https://lindhorst-brot.de/", "https://lindhorst-brot.com/", false},
		{"https://lindhorst-brot.de/", "https://xlindhorst-brot.de/", false},
		{"https://lindhorst-brot.de/", "https://lindhorst-brot.de.anderswo.com/", false},
		{"https://a.co.uk/", "https://b.co.uk/", false},
		{"https://www.quillfeather.co.uk/", "https://mail.quillfeather.co.uk/", true},
		{"https://lindhorst.github.io/", "https://anders.github.io/", false},
		{"https://lindhorst.github.io/a", "https://lindhorst.github.io/b", true},
		{"https://lindhorst-brot.de/", "https://lindhorst-brot.de:8443/", true},
		{"http://127.0.0.1:8080/", "http://127.0.0.1:8080/a", true},
		{"http://127.0.0.1:8080/", "http://127.0.0.1:9090/", false},
		{"http://127.0.0.1/", "http://128.0.0.1/", false},
		{"http://localhost/", "http://localhost/a", true},
		{"http://[::1]/", "http://[::1]/a", true},
		{"https://bäckerei-größe.de/", "https://www.xn--bckerei-gre-46a9cvq.de/", true},
	} {
		if got := follow.SameSite(mustURL(t, tt.a), mustURL(t, tt.b)); got != tt.same {
			t.Errorf("SameSite(%s, %s) = %v", tt.a, tt.b, got)
		}
		if got := follow.SameSite(mustURL(t, tt.b), mustURL(t, tt.a)); got != tt.same {
			t.Errorf("SameSite(%s, %s) = %v", tt.b, tt.a, got)
		}
	}
}
