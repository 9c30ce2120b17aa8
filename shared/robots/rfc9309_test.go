package robots_test

import (
	"strings"
	"testing"

	"gleaner/shared/robots"
)

// verdict is one question to a file. agent defaults to ExampleBot.
type verdict struct {
	agent string
	path  string
	allow bool
}

// TestRFC9309 goes through the RFC section by section: every rule it states on
// parsing and matching and every example it gives.
func TestRFC9309(t *testing.T) {
	const bom = "\xef\xbb\xbf"
	tests := []struct {
		name string // section, then what it says
		file string
		want []verdict
	}{
		// §2.1 Protocol definition and §2.2 Formal syntax.
		{
			"2.1 a group ends at the next user-agent line behind its rules",
			"user-agent: ExampleBot\ndisallow: /a\nuser-agent: Other\ndisallow: /b\n",
			[]verdict{{"", "/a", false}, {"", "/b", true}, {"Other", "/a", true}, {"Other", "/b", false}},
		},
		{
			"2.1 a group ends at the end of the file, without a line end",
			"user-agent: ExampleBot\ndisallow: /a",
			[]verdict{{"", "/a", false}, {"", "/b", true}},
		},
		{
			"2.1 the last group may have no rules and then allows everything",
			"user-agent: *\ndisallow: /\nuser-agent: ExampleBot\n",
			[]verdict{{"", "/a", true}, {"Other", "/a", false}},
		},
		{
			"2.2 one group of several user-agent lines",
			"user-agent: One\nuser-agent: ExampleBot\nuser-agent: Three\ndisallow: /a\n",
			[]verdict{{"One", "/a", false}, {"", "/a", false}, {"Three", "/a", false}, {"Four", "/a", true}},
		},
		{
			"2.2 empty lines between user-agent lines and rules mean nothing",
			"\n\nuser-agent: ExampleBot\n\n\nuser-agent: Two\n\ndisallow: /a\n\n\ndisallow: /b\n",
			[]verdict{{"", "/a", false}, {"", "/b", false}, {"Two", "/a", false}, {"Two", "/b", false}},
		},
		{
			"2.2 names of records in any case",
			"USER-AGENT: ExampleBot\nDisAllow: /a\nALLOW: /a/b\n",
			[]verdict{{"", "/a", false}, {"", "/a/b", true}},
		},
		{
			"2.2 blanks and tabs around names, colons and values",
			" \tuser-agent \t: \t ExampleBot \t\n\t disallow\t:\t/a\t \n",
			[]verdict{{"", "/a", false}, {"", "/a/x", false}, {"", "/b", true}},
		},
		{
			"2.2 no blank behind the colon",
			"user-agent:ExampleBot\ndisallow:/a\n",
			[]verdict{{"", "/a", false}, {"", "/b", true}},
		},
		{
			"2.2 lines end with LF",
			"user-agent: ExampleBot\ndisallow: /a\nallow: /a/b\n",
			[]verdict{{"", "/a", false}, {"", "/a/b", true}},
		},
		{
			"2.2 lines end with CR",
			"user-agent: ExampleBot\rdisallow: /a\rallow: /a/b\r",
			[]verdict{{"", "/a", false}, {"", "/a/b", true}},
		},
		{
			"2.2 lines end with CRLF",
			"user-agent: ExampleBot\r\ndisallow: /a$\r\nallow: /a/b\r\n",
			[]verdict{{"", "/a", false}, {"", "/a/b", true}},
		},
		{
			"2.2 lines end as they please",
			"user-agent: ExampleBot\rdisallow: /a\r\ndisallow: /b\ndisallow: /c",
			[]verdict{{"", "/a", false}, {"", "/b", false}, {"", "/c", false}, {"", "/d", true}},
		},
		{
			"2.2 comments on lines of their own and behind anything",
			"# head\nuser-agent: ExampleBot # us\n # in between\ndisallow: /a#directly\ndisallow: /b # apart\n#disallow: /c\n##\n",
			[]verdict{{"", "/a", false}, {"", "/b", false}, {"", "/c", true}, {"Other", "/a", true}},
		},
		{
			"2.2 a comment of UTF-8",
			"# für alle: 禁止\nuser-agent: ExampleBot # それだけ\ndisallow: /a\n",
			[]verdict{{"", "/a", false}},
		},
		{
			"2.2 product token with hyphen and underscore",
			"user-agent: Example-Bot_x\ndisallow: /a\n",
			[]verdict{{"Example-Bot_x", "/a", false}, {"Example", "/a", true}, {"Example-Bot", "/a", true}},
		},
		{
			"2.2 an empty path forbids nothing",
			"user-agent: ExampleBot\ndisallow:\n",
			[]verdict{{"", "/", true}, {"", "/a", true}},
		},
		{
			"2.2 an empty path of blanks and a comment forbids nothing",
			"user-agent: ExampleBot\ndisallow:  \t# nothing\n",
			[]verdict{{"", "/", true}, {"", "/a", true}},
		},
		{
			"2.2 an empty allow permits nothing by itself",
			"user-agent: ExampleBot\nallow:\ndisallow: /\n",
			[]verdict{{"", "/a", false}},
		},
		{
			"2.2 UTF-8 in a path",
			"user-agent: ExampleBot\ndisallow: /größe\ndisallow: /日本\ndisallow: /😀\n",
			[]verdict{
				{"", "/gr%C3%B6%C3%9Fe", false},
				{"", "/%E6%97%A5%E6%9C%AC/x", false},
				{"", "/%F0%9F%98%80", false},
				{"", "/größe", false},
				{"", "/grosse", true},
			},
		},
		{
			"2.3 a byte order mark in front is not part of the first name",
			bom + "user-agent: ExampleBot\ndisallow: /a\n",
			[]verdict{{"", "/a", false}, {"", "/b", true}},
		},

		// §2.2.1 The user-agent line.
		{
			"2.2.1 tokens match without regard to case",
			"user-agent: eXAMPLEbOT\ndisallow: /a\n",
			[]verdict{{"ExampleBot", "/a", false}, {"EXAMPLEBOT", "/a", false}},
		},
		{
			"2.2.1 figure 1: the token is the name in the identification string, without its version",
			"user-agent: ExampleBot\ndisallow: /a\n",
			[]verdict{{"ExampleBot/0.1", "/a", false}},
		},
		{
			"2.2.1 figure 2: groups that match the token are merged",
			"user-agent: ExampleBot\ndisallow: /foo\ndisallow: /bar\n\nuser-agent: ExampleBot\ndisallow: /baz\n",
			[]verdict{{"", "/foo", false}, {"", "/bar", false}, {"", "/baz", false}, {"", "/qux", true}},
		},
		{
			"2.2.1 merged groups compete by length, not by order",
			"user-agent: ExampleBot\nallow: /foo/bar\n\nuser-agent: Other\ndisallow: /\n\nuser-agent: examplebot\ndisallow: /foo\n",
			[]verdict{{"", "/foo", false}, {"", "/foo/bar", true}, {"", "/x", true}},
		},
		{
			"2.2.1 figure 3: without a matching group the group of everyone counts",
			"user-agent: *\ndisallow: /foo\ndisallow: /bar\n\nuser-agent: BazBot\ndisallow: /baz\n",
			[]verdict{{"", "/foo", false}, {"", "/bar", false}, {"", "/baz", true}, {"BazBot", "/foo", true}, {"BazBot", "/baz", false}},
		},
		{
			"2.2.1 a matching group replaces the group of everyone, wherever either stands",
			"user-agent: ExampleBot\ndisallow: /a\n\nuser-agent: *\ndisallow: /\n",
			[]verdict{{"", "/a", false}, {"", "/b", true}, {"Other", "/b", false}},
		},
		{
			"2.2.1 groups of everyone are merged too",
			"user-agent: *\ndisallow: /a\n\nuser-agent: Other\ndisallow: /x\n\nuser-agent: *\ndisallow: /b\n",
			[]verdict{{"", "/a", false}, {"", "/b", false}, {"", "/x", true}},
		},
		{
			"2.2.1 a name and everyone in one group",
			"user-agent: Other\nuser-agent: *\ndisallow: /a\n",
			[]verdict{{"Other", "/a", false}, {"", "/a", false}},
		},
		{
			"2.2.1 no group matches and none is for everyone: no rules apply",
			"user-agent: Other\ndisallow: /\n",
			[]verdict{{"", "/a", true}},
		},
		{
			"2.2.1 no groups at all: no rules apply",
			"",
			[]verdict{{"", "/", true}, {"", "/a", true}},
		},
		{
			"2.2.1 tokens match whole, not as prefixes or parts",
			"user-agent: Example\ndisallow: /a\nuser-agent: ExampleBotNews\ndisallow: /b\nuser-agent: Bot\ndisallow: /c\n",
			[]verdict{{"", "/a", true}, {"", "/b", true}, {"", "/c", true}},
		},

		// §2.2.2 The Allow and Disallow lines.
		{
			"2.2.2 matching starts at the first octet of the path",
			"user-agent: ExampleBot\ndisallow: /foo\n",
			[]verdict{{"", "/foo", false}, {"", "/foobar", false}, {"", "/foo/bar", false}, {"", "/foo?x", false}, {"", "/bar/foo", true}, {"", "/fo", true}},
		},
		{
			"2.2.2 matching regards case",
			"user-agent: ExampleBot\ndisallow: /Foo\n",
			[]verdict{{"", "/Foo", false}, {"", "/foo", true}, {"", "/FOO", true}},
		},
		{
			"2.2.2 the most specific rule wins, allow over disallow",
			"user-agent: ExampleBot\ndisallow: /a\nallow: /a/b\n",
			[]verdict{{"", "/a", false}, {"", "/a/c", false}, {"", "/a/b", true}, {"", "/a/b/c", true}},
		},
		{
			"2.2.2 the most specific rule wins, disallow over allow",
			"user-agent: ExampleBot\nallow: /a\ndisallow: /a/b\n",
			[]verdict{{"", "/a", true}, {"", "/a/c", true}, {"", "/a/b", false}, {"", "/a/b/c", false}},
		},
		{
			"2.2.2 order does not matter",
			"user-agent: ExampleBot\nallow: /a/b\ndisallow: /a\ndisallow: /\nallow: /a/b/c/d\ndisallow: /a/b/c\n",
			[]verdict{{"", "/x", false}, {"", "/a", false}, {"", "/a/b", true}, {"", "/a/b/c", false}, {"", "/a/b/c/d", true}},
		},
		{
			"2.2.2 equivalent rules: allow, whichever comes first",
			"user-agent: ExampleBot\ndisallow: /a\nallow: /a\nallow: /b\ndisallow: /b\n",
			[]verdict{{"", "/a", true}, {"", "/b", true}},
		},
		{
			"2.2.2 rules equivalent only after decoding: allow",
			"user-agent: ExampleBot\ndisallow: /%62\nallow: /b\nallow: /%E3%83%84\ndisallow: /ツ\n",
			[]verdict{{"", "/b", true}, {"", "/%E3%83%84", true}},
		},
		{
			"2.2.2 duplicates change nothing",
			"user-agent: ExampleBot\ndisallow: /a\ndisallow: /a\ndisallow: /a\nallow: /a/b\nallow: /a/b\n",
			[]verdict{{"", "/a", false}, {"", "/a/b", true}},
		},
		{
			"2.2.2 no rule matches: allowed",
			"user-agent: ExampleBot\ndisallow: /a\n",
			[]verdict{{"", "/", true}, {"", "/b", true}},
		},
		{
			"2.2.2 /robots.txt is allowed by implication",
			"user-agent: ExampleBot\ndisallow: /\ndisallow: /robots.txt\n",
			[]verdict{{"", "/robots.txt", true}, {"", "/robots.txt?x", true}, {"", "/robots.txtx", false}, {"", "/a/robots.txt", false}},
		},
		{
			"2.2.2 rules before the first group are ignored",
			"disallow: /\nallow: /a\nuser-agent: ExampleBot\ndisallow: /b\n",
			[]verdict{{"", "/", true}, {"", "/c", true}, {"", "/b", false}},
		},

		// §2.2.2, figure 4: percent-encoding, as the rule and as the URL.
		{
			"2.2.2 figure 4, row 1: a plain query",
			"user-agent: *\ndisallow: /foo/bar?baz=quz\n",
			[]verdict{{"", "/foo/bar?baz=quz", false}, {"", "/foo/bar?baz=qux", true}, {"", "/foo/bar", true}},
		},
		{
			"2.2.2 figure 4, row 2: reserved octets in a query, plain in the rule",
			"user-agent: *\ndisallow: /foo/bar?baz=https://foo.bar\n",
			[]verdict{{"", "/foo/bar?baz=https://foo.bar", false}, {"", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", false}, {"", "/foo/bar?baz=https%3a%2f%2ffoo.bar", false}, {"", "/foo/bar?baz=http", true}},
		},
		{
			"2.2.2 figure 4, row 2: reserved octets in a query, encoded in the rule",
			"user-agent: *\ndisallow: /foo/bar?baz=https%3A%2F%2Ffoo.bar\n",
			[]verdict{{"", "/foo/bar?baz=https://foo.bar", false}, {"", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", false}},
		},
		{
			"2.2.2 figure 4, row 3: octets outside ASCII",
			"user-agent: *\ndisallow: /foo/bar/ツ\n",
			[]verdict{{"", "/foo/bar/ツ", false}, {"", "/foo/bar/%E3%83%84", false}, {"", "/foo/bar/%e3%83%84", false}, {"", "/foo/bar/%E3%83%85", true}},
		},
		{
			"2.2.2 figure 4, row 4: octets outside ASCII, encoded in the rule",
			"user-agent: *\ndisallow: /foo/bar/%E3%83%84\n",
			[]verdict{{"", "/foo/bar/ツ", false}, {"", "/foo/bar/%E3%83%84", false}, {"", "/foo/bar/%e3%83%84", false}},
		},
		{
			"2.2.2 figure 4, row 5: encoded unreserved octets",
			"user-agent: *\ndisallow: /foo/bar/%62%61%7A\n",
			[]verdict{{"", "/foo/bar/%62%61%7A", false}, {"", "/foo/bar/baz", false}, {"", "/foo/bar/%62a%7a", false}, {"", "/foo/bar/bar", true}},
		},
		{
			"2.2.2 an encoded reserved octet is not decoded: %2F is no path separator",
			"user-agent: *\ndisallow: /a%2Fb\ndisallow: /c/d\n",
			[]verdict{{"", "/a%2fb", false}, {"", "/a/b", true}, {"", "/c/d", false}, {"", "/c%2Fd", true}},
		},
		{
			"2.2.2 reserved octets are encoded: plain and encoded compare equal",
			"user-agent: *\ndisallow: /a:b@c\ndisallow: /d%5B1%5D\n",
			[]verdict{{"", "/a%3Ab%40c", false}, {"", "/a:b@c", false}, {"", "/d[1]", false}, {"", "/d%5b1%5d", false}},
		},
		{
			"2.2.2 the match is positive only when the rule's end is reached",
			"user-agent: *\ndisallow: /foo/bar/\n",
			[]verdict{{"", "/foo/bar", true}, {"", "/foo/bar/", false}, {"", "/foo/bar/x", false}},
		},

		// §2.2.3 Special characters.
		{
			"2.2.3 '#' starts a comment, in line and on a line of its own",
			"user-agent: *\ndisallow: /\nallow: /a # comment in line\n\n# comment on its own line\n",
			[]verdict{{"", "/a", true}, {"", "/b", false}},
		},
		{
			"2.2.3 '$' is the end of the pattern",
			"user-agent: *\ndisallow: /\nallow: /this/path/exactly$\n",
			[]verdict{{"", "/this/path/exactly", true}, {"", "/this/path/exactly/", false}, {"", "/this/path/exactly?q", false}, {"", "/this/path/exactlyx", false}},
		},
		{
			"2.2.3 '*' is any number of any octets, none too",
			"user-agent: *\ndisallow: /\nallow: /this/*/exactly\n",
			[]verdict{{"", "/this/path/exactly", true}, {"", "/this//exactly", true}, {"", "/this/a/b/c/exactly/and/more", true}, {"", "/this/exactly", false}, {"", "/that/path/exactly", false}},
		},
		{
			"2.2.3 figure 6: a literal '*' is written %2A",
			"user-agent: *\ndisallow: /path/file-with-a-%2A.html\n",
			[]verdict{{"", "/path/file-with-a-*.html", false}, {"", "/path/file-with-a-%2A.html", false}, {"", "/path/file-with-a-%2a.html", false}, {"", "/path/file-with-a-x.html", true}},
		},
		{
			"2.2.3 figure 6: a literal '$' is written %24",
			"user-agent: *\ndisallow: /path/foo-%24\n",
			[]verdict{{"", "/path/foo-$", false}, {"", "/path/foo-%24", false}, {"", "/path/foo-$/more", false}, {"", "/path/foo-", true}},
		},
		{
			"2.2.3 '$' means itself anywhere but at the end",
			"user-agent: *\ndisallow: /a$b\n",
			[]verdict{{"", "/a$b", false}, {"", "/a%24bc", false}, {"", "/a", true}},
		},
		{
			"2.2.3 both together",
			"user-agent: *\ndisallow: /*.pdf$\n",
			[]verdict{{"", "/a.pdf", false}, {"", "/a/b.pdf", false}, {"", "/.pdf", false}, {"", "/a.pdf?x", true}, {"", "/a.pdf.html", true}, {"", "/a.pdf/b.pdf", false}},
		},

		// §2.2.4 Other records.
		{
			"2.2.4 other records don't end a group",
			"user-agent: ExampleBot\nsitemap: https://example.com/s.xml\nuser-agent: Two\nunknown: x\ncrawl-delay: 3\ndisallow: /a\nsitemap: https://example.com/t.xml\ndisallow: /b\n",
			[]verdict{{"", "/a", false}, {"", "/b", false}, {"Two", "/a", false}, {"Two", "/b", false}, {"Three", "/a", true}},
		},
		{
			"2.2.4 other records before any group don't start one",
			"sitemap: https://example.com/s.xml\nhost: example.com\ndisallow: /\nuser-agent: *\ndisallow: /a\n",
			[]verdict{{"", "/b", true}, {"", "/a", false}},
		},

		// §2.3.1.5 Parsing errors: each line on its own.
		{
			"2.3.1.5 what can be read counts, whatever stands between",
			"<html><body>\x00\xff\xfe\n:::\nuser-agent: ExampleBot\n{\"a\": 1}\ndisallow\ndisallow: /a\n\xc3\x28\nfoo: bar: baz\ndisallow: /b\n</html>",
			[]verdict{{"", "/a", false}, {"", "/b", false}, {"", "/c", true}},
		},

		// §5.1 Simple example.
		{
			"5.1 simple example",
			section51,
			[]verdict{
				{"Anyone", "/a.gif", false},
				{"Anyone", "/a/b.gif", false},
				{"Anyone", "/a.gif?x", true},
				{"Anyone", "/example/", false},
				{"Anyone", "/example/page.html", false},
				{"Anyone", "/publications/", true},
				{"Anyone", "/publications/a.gif", true},
				{"Anyone", "/other", true},
				{"foobot", "/", false},
				{"foobot", "/other", false},
				{"foobot", "/publications/", false},
				{"foobot", "/example/page.html", true},
				{"foobot", "/example/allowed.gif", true},
				{"foobot", "/example/other.gif", false},
				{"barbot", "/example/page.html", false},
				{"barbot", "/example/allowed.gif", true},
				{"barbot", "/", true},
				{"bazbot", "/example/page.html", false},
				{"bazbot", "/a.gif", true},
				{"quxbot", "/", true},
				{"quxbot", "/example/page.html", true},
				{"quxbot", "/a.gif", true},
			},
		},

		// §5.2 Longest match.
		{
			"5.2 longest match",
			"User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n",
			[]verdict{{"foobot", "/example/page/disallowed.gif", false}, {"foobot", "/example/page/", true}, {"foobot", "/example/page/allowed.gif", true}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := robots.Parse([]byte(tt.file))
			for _, v := range tt.want {
				agent := v.agent
				if agent == "" {
					agent = "ExampleBot"
				}
				if got := f.Agent(agent).Allowed(v.path); got != v.allow {
					t.Errorf("%s, %s: allowed = %v, want %v", agent, v.path, got, v.allow)
				}
				// What is shared through the store must decide the same.
				if got := restored(t, f.Only(agent)).Agent(agent).Allowed(v.path); got != v.allow {
					t.Errorf("%s, %s, stored and restored: allowed = %v, want %v", agent, v.path, got, v.allow)
				}
			}
		})
	}
}

// section51 is the example of RFC 9309 §5.1: groups for everyone and for four
// crawlers, the last without rules.
var section51 = strings.Join([]string{
	"User-Agent: *", "Disallow: *.gif$", "Disallow: /example/", "Allow: /publications/", "",
	"User-Agent: foobot", "Disallow:/", "Allow:/example/page.html", "Allow:/example/allowed.gif", "",
	"User-Agent: barbot", "User-Agent: bazbot", "Disallow: /example/page.html", "",
	"User-Agent: quxbot", "",
}, "\n")
