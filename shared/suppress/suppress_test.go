package suppress

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"gleaner/shared/record"
)

func TestEntries(t *testing.T) {
	for text, want := range map[string]Entry{
		"baeckerei-lindhorst.de":              {Domain, "baeckerei-lindhorst.de"},
		"*.Baeckerei-Lindhorst.DE.":           {Domain, "baeckerei-lindhorst.de"},
		"https://www.lindhorst.de:8443/a?b#c": {Domain, "www.lindhorst.de"},
		"https://u:p@lindhorst.de/":           {Domain, "lindhorst.de"},
		"bäckerei-lindhorst.de":               {Domain, "xn--bckerei-lindhorst-qqb.de"},
		"Anna@Lindhorst.de":                   {Address, "anna@lindhorst.de"},
		"mailto:anna@lindhorst.de":            {Address, "anna@lindhorst.de"},
		"info@*":                              {Pattern, "info@*"},
		"*@lindhorst.de":                      {Pattern, "*@lindhorst.de"},
		"@lindhorst.de":                       {Pattern, "*@lindhorst.de"},
		"press-*@*.lindhorst.de":              {Pattern, "press-*@*.lindhorst.de"},
	} {
		if got, err := ParseEntry(text); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]error{
		"": errNothing, "*@*": errAll, "@*": errAll, "a*b*c*d*e*f@x.de": errStars, "two words": errChars,
		strings.Repeat("x", 255): errLong, "exa mple.de": errChars, "*": errDomain, "a..b": errDomain, "http://": errDomain, "x@": errDomain,
	} {
		if got, err := ParseEntry(text); !errors.Is(err, want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParseKeepsGoodLines(t *testing.T) {
	entries, faults := Parse("\ufefflindhorst.de # ours\n\nanna@x-werk.de; info@*\r\nnot..good\nlindhorst.de\n")
	if want := []Entry{{Domain, "lindhorst.de"}, {Address, "anna@x-werk.de"}, {Pattern, "info@*"}}; !slices.Equal(entries, want) {
		t.Errorf("entries %v", entries)
	}
	if len(faults) != 1 || faults[0].Line != 4 || faults[0].Text != "not..good" || faults[0].Reason == "" {
		t.Errorf("faults %+v", faults)
	}
}

func list(t *testing.T, lines string) *List {
	t.Helper()
	entries, faults := Parse(lines)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return NewList(entries...)
}

func TestAListAnswers(t *testing.T) {
	l := list(t, "lindhorst.de\nanna@x-werk.de\ninfo@*\n*@nur-hier.de\npress-*@*.zeitung.de\nbäckerei.de")
	for host, want := range map[string]bool{
		"lindhorst.de": true, "WWW.Lindhorst.de.": true, "a.b.lindhorst.de": true, "notlindhorst.de": false, "de": false,
		"lindhorst.de.com": false, "x-werk.de": false, "nur-hier.de": false, "xn--bckerei-5wa.de": true, "www.bäckerei.de": true, "": false,
	} {
		if got := l.Host(host); got != want {
			t.Errorf("host %q: %v", host, got)
		}
	}
	for email, want := range map[string]bool{
		"anna@x-werk.de": true, "ANNA@X-Werk.de": true, "bert@x-werk.de": false, "info@anywhere.org": true, "x@lindhorst.de": true,
		"x@mail.lindhorst.de": true, "x@nur-hier.de": true, "x@sub.nur-hier.de": false, "press-a@www.zeitung.de": true, "press-@a.b.zeitung.de": true,
		"press-a@zeitung.de": false, "xpress-a@www.zeitung.de": false, "kontakt@xn--bckerei-5wa.de": true, "": false,
	} {
		if got := l.Address(email); got != want {
			t.Errorf("address %q: %v", email, got)
		}
	}
	var none *List
	if none.Host("lindhorst.de") || none.Address("info@x.de") || none.Len() != 0 {
		t.Error("no list suppresses something")
	}
}

// naive is the plainest way to match a pattern.
func naive(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		return naive(pattern[1:], text) || text != "" && naive(pattern, text[1:])
	}
	return text != "" && text[0] == pattern[0] && naive(pattern[1:], text[1:])
}

func TestPatternsMatchLikeThePlainestWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab]{0,10}`).Draw(t, "text")
		if got, want := match(pattern, text), naive(pattern, text); got != want {
			t.Errorf("%q on %q: %v", pattern, text, got)
		}
	})
}

// FuzzParse: any text is read without a panic, and what was read can be read again.
func FuzzParse(f *testing.F) {
	f.Add("lindhorst.de\ninfo@*, a@b.de # x")
	f.Add("https://[::1]:80/@*@*")
	f.Fuzz(func(t *testing.T, text string) {
		entries, _ := Parse(text)
		l := NewList(entries...)
		for _, e := range entries {
			if again, err := ParseEntry(e.Value); err != nil || again != e {
				t.Errorf("%v became %v, %v", e, again, err)
			}
			if e.Kind == Address && !l.Address(e.Value) || e.Kind == Domain && !l.Host(e.Value) {
				t.Errorf("%v is not suppressed by its own list", e)
			}
		}
	})
}

// memory is a record.Store with what this package uses.
type memory struct {
	record.Store
	mu    sync.Mutex
	items map[string]record.Record
	lists int
}

func (m *memory) PutAll(_ context.Context, rs []record.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range rs {
		m.items[r.Partition+"\x00"+r.Sort] = r
	}
	return nil
}

func (m *memory) Delete(_ context.Context, partition, sort string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.items, partition+"\x00"+sort)
	return nil
}

func (m *memory) List(_ context.Context, partition, _, cursor string, limit int) ([]record.Record, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lists++
	var out []record.Record
	for _, r := range m.items {
		if r.Partition == partition && r.Sort > cursor {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b record.Record) int { return strings.Compare(a.Sort, b.Sort) })
	if len(out) > limit {
		return out[:limit], out[limit-1].Sort, nil
	}
	return out, "", nil
}

func TestListsAreStoredByOwnerAndForAll(t *testing.T) {
	ctx := t.Context()
	m := &memory{items: map[string]record.Record{}}
	var many []Entry
	for i := range 1200 {
		many = append(many, Entry{Domain, fmt.Sprintf("site-%d.de", i)})
	}
	if err := Add(ctx, m, "anna", many...); err != nil {
		t.Fatal(err)
	}
	if err := Add(ctx, m, Global, Entry{Domain, "for-all.de"}, Entry{Address, "a@b-werk.de"}, Entry{Pattern, "info@*"}); err != nil {
		t.Fatal(err)
	}
	anna, err := Load(ctx, m, "anna")
	if err != nil || anna.Len() != 1203 || !anna.Host("site-1199.de") || !anna.Host("for-all.de") || !anna.Address("info@x.de") || !anna.Address("a@b-werk.de") {
		t.Errorf("anna: %d entries, %v", anna.Len(), err)
	}
	bert, err := Load(ctx, m, "bert")
	if err != nil || bert.Len() != 3 || bert.Host("site-1.de") {
		t.Errorf("bert: %d entries, %v", bert.Len(), err)
	}
	entries, next, err := Entries(ctx, m, "anna", "", 1000)
	if err != nil || len(entries) != 1000 || next == "" {
		t.Errorf("a page of %d entries, then %q, %v", len(entries), next, err)
	}
	if err := Remove(ctx, m, Global, Entry{Domain, "for-all.de"}); err != nil {
		t.Fatal(err)
	}
	if all, err := Load(ctx, m, Global); err != nil || all.Len() != 2 || all.Host("for-all.de") {
		t.Errorf("everybody's: %d entries, %v", all.Len(), err)
	}
}

func TestACacheReadsOnce(t *testing.T) {
	ctx := t.Context()
	m := &memory{items: map[string]record.Record{}}
	c := NewCache(m)
	for range 10 {
		if _, err := c.For(ctx, "anna"); err != nil {
			t.Fatal(err)
		}
	}
	if m.lists != 2 { // hers and everybody's
		t.Errorf("%d reads", m.lists)
	}
	if err := Add(ctx, m, Global, Entry{Domain, "for-all.de"}); err != nil {
		t.Fatal(err)
	}
	c.Forget(Global)
	if l, err := c.For(ctx, "anna"); err != nil || !l.Host("for-all.de") {
		t.Errorf("after Forget: %v", err)
	}
}
