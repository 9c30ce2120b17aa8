package httpapi

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestCutURLs(t *testing.T) {
	for _, c := range []struct {
		doc  string
		fast bool
	}{
		{`{"urls":["a.de","b.de"]}`, true},
		{` { "name" : "x" , "urls" : [ "a.de" , "bäcker.de" ] , "options" : { "a" : [ 1, "]" , "\"" ] } } `, true},
		{`{"urls":[]}`, true},
		{`{"open":true,"urls":["a"],"expect":1e3}`, true},
		{`{"urls":["a\u002ede"]}`, false},
		{`{"urls":null}`, false},
		{`{"urls":["a",1]}`, false},
		{`{"urls":["a"],"urls":["b"]}`, false},
		{`{"URLs":["a"]}`, false},
		{`{"name":"x"}`, false},
		{`["urls"]`, false},
		{`{"urls":["a"`, false},
	} {
		urls, rest, fast := cutURLs(c.doc)
		if fast != c.fast {
			t.Errorf("%s: fast is %v", c.doc, fast)
		}
		if fast {
			same(t, c.doc, urls, rest)
		}
	}
}

// same wants encoding/json to read from doc what cutURLs made of it.
func same(t *testing.T, doc string, urls []string, rest string) {
	t.Helper()
	var whole, part map[string]any
	errWhole, errPart := json.Unmarshal([]byte(doc), &whole), json.Unmarshal([]byte(rest), &part)
	if (errWhole == nil) != (errPart == nil) {
		t.Fatalf("%q: %v, without the array: %v", doc, errWhole, errPart)
	}
	if errWhole != nil {
		return
	}
	var want struct{ URLs []string }
	if err := json.Unmarshal([]byte(doc), &want); err != nil {
		t.Fatalf("%q: %v", doc, err)
	}
	if !slices.Equal(urls, want.URLs) {
		t.Fatalf("%q: %q, want %q", doc, urls, want.URLs)
	}
	if part["urls"] != nil || len(part) != len(whole) {
		t.Fatalf("%q: the rest is %q", doc, rest)
	}
}

func FuzzCutURLs(f *testing.F) {
	f.Add(`{"name":"x","urls":["a.de","b.de"],"options":{"a":[1,"]","\""]}}`)
	f.Add(`{"urls":["ä\"",""],"x":{}}`)
	f.Add("{\"a\":1,\"urls\":[\"\xff\"]}")
	f.Fuzz(func(t *testing.T, doc string) {
		if urls, rest, fast := cutURLs(doc); fast {
			same(t, doc, urls, rest)
		}
	})
}

func BenchmarkDecodeJSON100k(b *testing.B) {
	urls := make([]string, 100_000)
	for i := range urls {
		urls[i] = "https://www.firma.de/unternehmen/seite"
	}
	text, err := json.Marshal(map[string]any{"urls": urls})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			if got, _, ok := cutURLs(string(text)); !ok || len(got) != len(urls) {
				b.Fatal(len(got))
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		for b.Loop() {
			var in struct{ URLs []string }
			if err := json.Unmarshal(text, &in); err != nil {
				b.Fatal(err)
			}
		}
	})
}
