package robots_test

import (
	"testing"

	"gleaner/shared/robots"
)

func TestParseTag(t *testing.T) {
	none := robots.Tag{NoIndex: true, NoFollow: true, None: true}
	for _, tt := range []struct {
		name   string
		values []string
		want   robots.Tag
	}{
		{"no header", nil, robots.Tag{}},
		{"empty", []string{"", " , ,"}, robots.Tag{}},
		{"one directive", []string{"noindex"}, robots.Tag{NoIndex: true}},
		{"a list", []string{"noindex, nofollow"}, robots.Tag{NoIndex: true, NoFollow: true}},
		{"several headers", []string{"noindex", "nofollow", "noarchive"}, robots.Tag{NoIndex: true, NoFollow: true, NoArchive: true}},
		{"any case and blanks", []string{"  NoIndex ,NOFOLLOW  "}, robots.Tag{NoIndex: true, NoFollow: true}},
		{"none", []string{"none"}, none},
		{"all, index and follow forbid nothing", []string{"all, index, follow"}, robots.Tag{}},
		{"what forbids wins", []string{"index, noindex"}, robots.Tag{NoIndex: true}},
		{"nosnippet", []string{"nosnippet"}, robots.Tag{NoSnippet: true}},
		{"for this crawler", []string{"gleaner: noindex"}, robots.Tag{NoIndex: true}},
		{"for this crawler, in any case", []string{"GLEANER : noindex, nofollow"}, robots.Tag{NoIndex: true, NoFollow: true}},
		{"for another", []string{"otherbot: noindex, nofollow"}, robots.Tag{}},
		{"for another, then this", []string{"otherbot: noindex, gleaner: nofollow"}, robots.Tag{NoFollow: true}},
		{"for this, then another", []string{"gleaner: nofollow, otherbot: none"}, robots.Tag{NoFollow: true}},
		{"for everyone, then another", []string{"noarchive, otherbot: none"}, robots.Tag{NoArchive: true}},
		{"a scope ends with its header", []string{"otherbot: noindex", "nofollow"}, robots.Tag{NoFollow: true}},
		{"for everyone by name", []string{"*: none"}, none},
		{"everyone's and one's own add up", []string{"noindex", "gleaner: nofollow"}, robots.Tag{NoIndex: true, NoFollow: true}},
		{"directives with values are no scopes", []string{"max-snippet: 20, noindex", "unavailable_after: 25 Jun 2030 15:00:00 PST, nofollow", "max-image-preview:large"}, robots.Tag{NoIndex: true, NoFollow: true}},
		{"a date with a comma", []string{"unavailable_after: Friday, 25-Jun-2030 15:00:00 PST, noindex"}, robots.Tag{NoIndex: true}},
		{"unknown directives", []string{"noai, noimageai, notranslate, noindex"}, robots.Tag{NoIndex: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := robots.ParseTag(tt.values, "Gleaner/1.0"); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestMergeForbidsWhatEitherDoes(t *testing.T) {
	got := robots.Tag{NoIndex: true}.Merge(robots.Tag{NoFollow: true, NoSnippet: true}).Merge(robots.Tag{NoArchive: true})
	if want := (robots.Tag{NoIndex: true, NoFollow: true, NoArchive: true, NoSnippet: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func FuzzParseTag(f *testing.F) {
	f.Add("gleaner: noindex, other: none, unavailable_after: 1, 2:3")
	f.Fuzz(func(t *testing.T, value string) {
		got := robots.ParseTag([]string{value}, "gleaner")
		if both := robots.ParseTag([]string{value, "none"}, "gleaner"); !both.NoIndex || !both.NoFollow || got.Merge(both) != both {
			t.Errorf("%q: %+v, with none %+v", value, got, both)
		}
	})
}
