package robots_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gleaner/shared/robots"
)

func TestUnavailableAndUnreachable(t *testing.T) {
	for _, path := range []string{"/", "/a", "/robots.txt", ""} {
		if !robots.AllowAll().Agent("gleaner").Allowed(path) {
			t.Errorf("AllowAll forbids %q", path)
		}
		if got, want := robots.DisallowAll().Agent("gleaner").Allowed(path), path == "/robots.txt"; got != want {
			t.Errorf("DisallowAll: %q allowed = %v", path, got)
		}
	}
}

func TestAllowedTakesWhatURLsHave(t *testing.T) {
	r := robots.Parse([]byte("user-agent: *\ndisallow: /a\ndisallow: /?x\n")).Agent("gleaner")
	for path, want := range map[string]bool{
		"":       true,
		"a":      false, // read as "/a"
		"?x=1":   false,
		"/b#/a":  true, // a fragment is no part of what is fetched
		"/a#b":   false,
		"//a":    true,
		"/%61":   false,
		"/b/../": true, // resolving dot segments is the caller's business
	} {
		if got := r.Allowed(path); got != want {
			t.Errorf("%q: allowed = %v, want %v", path, got, want)
		}
	}
}

// What is not in the grammar but in the wild.
func TestLeniency(t *testing.T) {
	for _, tt := range []struct {
		name, file, agent, path string
		want                    bool
	}{
		{"useragent", "useragent: gleaner\ndisallow: /a", "gleaner", "/a", false},
		{"user agent", "User Agent: gleaner\ndisallow: /a", "gleaner", "/a", false},
		{"dissallow", "user-agent: *\ndissallow: /a", "gleaner", "/a", false},
		{"disalow", "user-agent: *\nDisalow: /a", "gleaner", "/a", false},
		{"no colon", "user-agent *\ndisallow /a", "gleaner", "/a", false},
		{"no colon, several words, is prose", "user-agent: *\ndisallow all of /a", "gleaner", "/a", true},
		{"version behind the token", "user-agent: gleaner/2.1\ndisallow: /a", "gleaner", "/a", false},
		{"words behind the token", "user-agent: gleaner bot\ndisallow: /a", "gleaner", "/a", false},
		{"star and words", "user-agent: * # all\ndisallow: /a", "gleaner", "/a", false},
		{"digits belong to a token", "user-agent: gleaner2\ndisallow: /a", "gleaner", "/a", true},
		{"digits in the crawler's token", "user-agent: bot360\ndisallow: /a", "bot360", "/a", false},
		{"an empty token names nobody, but begins a group", "user-agent: other\ndisallow: /b\nuser-agent:\ndisallow: /a", "other", "/a", true},
		{"an empty token and everyone", "user-agent:\ndisallow: /a\n", "gleaner", "/a", true},
		{"a path without a slash is no rule", "user-agent: *\ndisallow: a", "gleaner", "/a", true},
		{"but it ends the list of agents", "user-agent: one\ndisallow: a\nuser-agent: two\ndisallow: /b", "one", "/b", true},
		{"a whole address is no rule", "user-agent: *\ndisallow: https://lindhorst-brot.de/a", "gleaner", "/a", true},
		{"a rule that begins with a star", "user-agent: *\ndisallow: *a", "gleaner", "/b/a", false},
		{"wildcards in a row are one", "user-agent: *\ndisallow: /a***b", "gleaner", "/axb", false},
		{"a star at the end changes nothing", "user-agent: *\ndisallow: /a*", "gleaner", "/a", false},
		{"star and end", "user-agent: *\ndisallow: /a*$", "gleaner", "/abc", false},
		{"dollar twice", "user-agent: *\ndisallow: /a$$", "gleaner", "/a$", false},
		{"a blank in a path", "user-agent: *\ndisallow: /a b", "gleaner", "/a%20b", false},
		{"a stray percent sign", "user-agent: *\ndisallow: /100%", "gleaner", "/100%25", false},
		{"NUL bytes at the ends of lines", "user-agent: *\x00\ndisallow: /a\x00\n", "gleaner", "/a", false},
		{"the crawler asks as everyone", "user-agent: gleaner\ndisallow: /a\nuser-agent: *\ndisallow: /b", "*", "/a", true},
		{"a crawler without a name is everyone", "user-agent: *\ndisallow: /b", "", "/b", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := robots.Parse([]byte(tt.file)).Agent(tt.agent).Allowed(tt.path); got != tt.want {
				t.Errorf("%s: allowed = %v, want %v", tt.path, got, tt.want)
			}
		})
	}
}

func TestCrawlDelay(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       time.Duration
		given      bool
	}{
		{"none", "user-agent: *\ndisallow: /", 0, false},
		{"whole seconds", "user-agent: *\ncrawl-delay: 10", 10 * time.Second, true},
		{"parts of seconds", "user-agent: *\nCrawl-Delay: 0.5", 500 * time.Millisecond, true},
		{"with a unit", "user-agent: *\nCrawl-Delay: 2 s", 2 * time.Second, true},
		{"nothing is something", "user-agent: *\ncrawl-delay: 0", 0, true},
		{"negative", "user-agent: *\ncrawl-delay: -1", 0, false},
		{"not a number", "user-agent: *\ncrawl-delay: nan", 0, false},
		{"no number", "user-agent: *\ncrawl-delay: slow", 0, false},
		{"beyond all bounds", "user-agent: *\ncrawl-delay: 1e300", 24 * time.Hour, true},
		{"infinite", "user-agent: *\ncrawl-delay: inf", 24 * time.Hour, true},
		{"of another's group", "user-agent: other\ncrawl-delay: 3", 0, false},
		{"of one's own group, not everyone's", "user-agent: *\ncrawl-delay: 9\nuser-agent: gleaner\ncrawl-delay: 3", 3 * time.Second, true},
		{"between user-agent lines, for those above", "user-agent: *\ncrawl-delay: 9\nuser-agent: gleaner\ndisallow: /a", 0, false},
		{"behind the rules, for the whole group", "user-agent: gleaner\nuser-agent: other\ndisallow: /a\ncrawl-delay: 4", 4 * time.Second, true},
		{"not inherited", "user-agent: *\ncrawl-delay: 9\ndisallow:\nuser-agent: gleaner\ndisallow: /a", 0, false},
		{"the largest of merged groups", "user-agent: gleaner\ncrawl-delay: 3\ndisallow: /a\nuser-agent: gleaner\ncrawl-delay: 7\ndisallow: /b\nuser-agent: gleaner\ncrawl-delay: 5", 7 * time.Second, true},
		{"named twice", "user-agent: gleaner\nuser-agent: GLEANER\ncrawl-delay: 3\ndisallow: /a", 3 * time.Second, true},
		{"before any group", "crawl-delay: 3\nuser-agent: *\ndisallow: /a", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := robots.Parse([]byte(tt.file))
			for _, f := range []*robots.File{f, restored(t, f), f.Only("gleaner")} {
				if got, given := f.Agent("gleaner").CrawlDelay(); got != tt.want || given != tt.given {
					t.Errorf("got %v, %v; want %v, %v", got, given, tt.want, tt.given)
				}
			}
		})
	}
}

func TestSitemaps(t *testing.T) {
	f := robots.Parse([]byte("Sitemap: https://lindhorst-brot.de/a.xml\nuser-agent: x\nsitemap:https://lindhorst-brot.de/b.xml.gz # packed\n" +
		"disallow: /\nSITEMAP: https://lindhorst-brot.de/a.xml\nsitemap:\nSite-Map: /c.xml\n"))
	want := []string{"https://lindhorst-brot.de/a.xml", "https://lindhorst-brot.de/b.xml.gz", "/c.xml"}
	for _, f := range []*robots.File{f, restored(t, f), f.Only("gleaner")} {
		if got := f.Sitemaps(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestParseReadsWholeLinesWithinTheLimit(t *testing.T) {
	var body bytes.Buffer
	body.WriteString("user-agent: *\ndisallow: /first\n")
	for body.Len() < robots.MaxBytes-20 {
		body.WriteString("# filling\n")
	}
	body.WriteString(strings.Repeat("#", robots.MaxBytes-body.Len()-len("\ndisallow: /cut")))
	body.WriteString("\ndisallow: /cut-off-here\ndisallow: /beyond\n")
	r := robots.Parse(body.Bytes()).Agent("gleaner")
	for path, want := range map[string]bool{"/first": false, "/cut": true, "/cut-off-here": true, "/beyond": true} {
		if got := r.Allowed(path); got != want {
			t.Errorf("%s: allowed = %v, want %v", path, got, want)
		}
	}
	// Exactly as much as is read: the last line counts, without its end.
	exact := append(bytes.Repeat([]byte("#\n"), (robots.MaxBytes-32)/2), []byte("user-agent: *\ndisallow: /last-rule")...)[2:]
	if len(exact) != robots.MaxBytes {
		t.Fatalf("%d bytes, want %d", len(exact), robots.MaxBytes)
	}
	if robots.Parse(exact).Agent("gleaner").Allowed("/last-rule") {
		t.Error("the last line of a file of exactly MaxBytes is lost")
	}
}

func TestUnmarshalRefusesWhatItDidNotWrite(t *testing.T) {
	good, err := robots.Parse([]byte("user-agent: *\ndisallow: /a\ncrawl-delay: 3\nsitemap: https://lindhorst-brot.de/s.xml\n")).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing":              nil,
		"another version":      append([]byte{9}, good[1:]...),
		"cut short":            good[:len(good)-1],
		"something behind":     append(slices.Clone(good), 0),
		"not deflated":         {2, 0xff, 0xff},
		"counts that lie":      {1, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a rule of no kind":    {1, 0, 1, 1, 1, '*', 0, 1, 'x', 1, '/'},
		"a delay of centuries": {1, 0, 1, 1, 1, '*', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0},
	} {
		f := robots.DisallowAll()
		if err := f.UnmarshalBinary(data); !errors.Is(err, robots.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
		if f.Agent("gleaner").Allowed("/a") {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestMarshalIsCompact(t *testing.T) {
	data, err := robots.Parse(shopFile()).Only("gleaner").MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if whole := len(shopFile()); len(data) > whole/3 {
		t.Errorf("%d bytes of %d", len(data), whole)
	}
}

// What is stored must decide as the original, whole or for one crawler only.
func TestStoredFilesDecideTheSame(t *testing.T) {
	line := rapid.SampledFrom([]string{
		"user-agent: *", "user-agent: gleaner", "user-agent: Gleaner/2", "user-agent: other", "user-agent:", "allow: /a", "disallow: /a", "disallow: /a/b$", "allow: /*/b",
		"disallow: /", "disallow:", "crawl-delay: 2", "crawl-delay: 0", "sitemap: https://lindhorst-brot.de/s.xml", "noise", "disallow: /ü*%2F", "allow: *b",
	})
	rapid.Check(t, func(t *rapid.T) {
		file := strings.Join(rapid.SliceOfN(line, 0, 40).Draw(t, "lines"), "\n")
		f := robots.Parse([]byte(file))
		for _, agent := range []string{"gleaner", "other", "third"} {
			small := f.Only(agent)
			var back robots.File
			data, err := small.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			if err := back.UnmarshalBinary(data); err != nil {
				t.Fatalf("%q: %v", file, err)
			}
			for _, path := range []string{"/", "/a", "/a/b", "/a/b/c", "/x/b", "/ü/x%2Fy", "/robots.txt"} {
				want := f.Agent(agent).Allowed(path)
				if got := back.Agent(agent).Allowed(path); got != want {
					t.Errorf("%s, %s: allowed = %v, want %v\n%s", agent, path, got, want, file)
				}
			}
			d1, ok1 := f.Agent(agent).CrawlDelay()
			d2, ok2 := back.Agent(agent).CrawlDelay()
			if d1 != d2 || ok1 != ok2 || !slices.Equal(f.Sitemaps(), back.Sitemaps()) {
				t.Errorf("%s: delay %v %v, %v %v; sitemaps %q, %q", agent, d1, ok1, d2, ok2, f.Sitemaps(), back.Sitemaps())
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("user-agent: *\r\ndisallow: /a\r\nallow: /a/b$ # c\n\xef\xbb\xbfsitemap: https://lindhorst-brot.de/s.xml\ncrawl-delay: 1e3\n"), "/a/b")
	f.Add([]byte("\x00user-agent gleaner\ndisallow:*\xff%\n"), "?%2")
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		file := robots.Parse(body)
		rules := file.Agent("gleaner")
		allowed := rules.Allowed(path)
		if !rules.Allowed("/robots.txt") {
			t.Error("/robots.txt is forbidden")
		}
		data, err := file.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var back robots.File
		if err := back.UnmarshalBinary(data); err != nil {
			t.Fatal(err)
		}
		if back.Agent("gleaner").Allowed(path) != allowed || file.Only("gleaner").Agent("gleaner").Allowed(path) != allowed {
			t.Error("a stored file decides otherwise")
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	data, err := robots.Parse([]byte("user-agent: *\ndisallow: /a\ncrawl-delay: 3\n")).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{2, 0x4b, 0x04, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		var file robots.File
		if err := file.UnmarshalBinary(data); err != nil {
			return
		}
		file.Agent("gleaner").Allowed("/a")
		again, err := file.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var back robots.File
		if err := back.UnmarshalBinary(again); err != nil {
			t.Errorf("what was read cannot be written and read again: %v", err)
		}
	})
}

// shopFile is a robots.txt as large shops have it: many agents, many rules.
func shopFile() []byte {
	var b bytes.Buffer
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 30 {
		fmt.Fprintf(&b, "User-agent: Crawler%c%c\nDisallow: /\n\n", 'A'+i, 'a'+random.IntN(26))
	}
	b.WriteString("User-agent: *\nCrawl-delay: 2\n")
	for i := range 150 {
		fmt.Fprintf(&b, "Disallow: /abteilung-%d/%x/\nDisallow: /*?sortierung=%d&\nAllow: /abteilung-%d/*/uebersicht$\n", i, random.Uint32(), i, i)
	}
	b.WriteString("Sitemap: https://lindhorst-brot.de/sitemap.xml\n")
	return b.Bytes()
}

func BenchmarkParse(b *testing.B) {
	file := shopFile()
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		robots.Parse(file)
	}
}

// BenchmarkParseHostile reads files made of one kind of line.
func BenchmarkParseHostile(b *testing.B) {
	for name, pieces := range map[string][2]string{
		"agents":  {"user-agent:a\n", ""},
		"delays":  {"user-agent:a\n", "crawl-delay:1\n"},
		"rules":   {"user-agent:a\nallow:*a\n", "allow:*a*b\n"},
		"groups":  {"user-agent:a\nallow:/\n", "user-agent:a\nallow:/\n"},
		"sitemap": {"sitemap:a\n", "sitemap:ab\n"},
	} {
		half := robots.MaxBytes / 2
		file := []byte(strings.Repeat(pieces[0], half/len(pieces[0])))
		if pieces[1] != "" {
			file = append(file, strings.Repeat(pieces[1], half/len(pieces[1]))...)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				robots.Parse(file).Agent("a").Allowed("/" + strings.Repeat("c", 2000))
			}
		})
	}
}

func BenchmarkAgent(b *testing.B) {
	f := robots.Parse(shopFile())
	b.ReportAllocs()
	for b.Loop() {
		f.Agent("gleaner")
	}
}

func BenchmarkAllowed(b *testing.B) {
	r := robots.Parse(shopFile()).Agent("gleaner")
	for name, path := range map[string]string{
		"plain":   "/unternehmen/kontakt",
		"query":   "/abteilung-7/brot?seite=3&art=roggen",
		"encoded": "/%C3%BCber-uns/gr%c3%b6%c3%9fe?x=a:b",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Allowed(path)
			}
		})
	}
}

// Rules and addresses made to keep a backtracking matcher busy for ever: the
// time per octet of both together must not depend on how long they are.
func BenchmarkAllowedHostile(b *testing.B) {
	for name, hostile := range map[string]func(n int) (rule, path string){
		"wildcards": func(n int) (string, string) {
			return "/" + strings.Repeat("*a", n/2) + "b", "/" + strings.Repeat("a", n)
		},
		"long-parts": func(n int) (string, string) {
			return "/*" + strings.Repeat("a", n/2) + "b", "/" + strings.Repeat("a", n)
		},
		"anchored": func(n int) (string, string) {
			return "/" + strings.Repeat("*a", n/2) + "$", "/" + strings.Repeat("a", n) + "b"
		},
		"near-miss": func(n int) (string, string) {
			return "/*" + strings.Repeat("ab", n/8) + "c*", "/" + strings.Repeat("ab", n/2)
		},
	} {
		for _, n := range []int{1 << 10, 1 << 14} {
			rule, path := hostile(n)
			r := robots.Parse([]byte("user-agent: *\ndisallow: " + rule)).Agent("gleaner")
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(rule) + len(path)))
				for b.Loop() {
					r.Allowed(path)
				}
			})
		}
	}
}
