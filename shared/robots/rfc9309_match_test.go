package robots_test

import "strings"

// matchingRules are those of how paths are matched, from §2.2.2 on, and the
// examples of §5.
func matchingRules() []rule {
	return []rule{
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
}

// section51 is the example of RFC 9309 §5.1: groups for everyone and for four
// crawlers, the last without rules.
var section51 = strings.Join([]string{
	"User-Agent: *", "Disallow: *.gif$", "Disallow: /example/", "Allow: /publications/", "",
	"User-Agent: foobot", "Disallow:/", "Allow:/example/page.html", "Allow:/example/allowed.gif", "",
	"User-Agent: barbot", "User-Agent: bazbot", "Disallow: /example/page.html", "",
	"User-Agent: quxbot", "",
}, "\n")
