package robots_test

import (
	"testing"

	"gleaner/shared/robots"
)

// rule is one rule or example of RFC 9309: a file, and what it decides.
type rule struct {
	name string // section, then what it says
	file string
	want []verdict
}

// verdict is one question to a file. agent defaults to ExampleBot.
type verdict struct {
	agent string
	path  string
	allow bool
}

// TestRFC9309 goes through the RFC section by section: every rule it states on
// parsing and matching and every example it gives.
func TestRFC9309(t *testing.T) {
	for _, tt := range append(syntaxRules(), matchingRules()...) {
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

// syntaxRules are those of how a file is read: §2.1, §2.2 and §2.2.1.
func syntaxRules() []rule {
	const bom = "\xef\xbb\xbf"
	return []rule{
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
	}
}
