package robots

import "strings"

// Tag is what a page asks of robots through its X-Robots-Tag header or its
// <meta name="robots"> elements.
type Tag struct {
	NoIndex   bool // don't use the page's content
	NoFollow  bool // don't follow the page's links
	NoArchive bool // don't keep a copy of the page
	NoSnippet bool // don't show an excerpt of the page
	None      bool // "none" was said: implies NoIndex and NoFollow
}

// Merge returns what both tags forbid together: several sources of directives
// only ever add up.
func (t Tag) Merge(o Tag) Tag {
	return Tag{
		NoIndex:   t.NoIndex || o.NoIndex,
		NoFollow:  t.NoFollow || o.NoFollow,
		NoArchive: t.NoArchive || o.NoArchive,
		NoSnippet: t.NoSnippet || o.NoSnippet,
		None:      t.None || o.None,
	}
}

// ParseTag reads the values of a response's X-Robots-Tag headers, or the
// content of its robots meta elements, for a crawler with this product token.
//
// A value is a list of directives separated by commas; a product token and a
// colon limit the directives from there to the next token, or to the value's
// end, to that crawler ("gleaner: noindex, otherbot: none"). Directives for
// everyone and for this crawler add up, case does not matter, and unknown
// directives are passed over.
func ParseTag(values []string, product string) Tag {
	var t Tag
	token := productToken(product)
	for _, value := range values {
		mine := true
		for len(value) > 0 {
			var directive string
			directive, value, _ = strings.Cut(value, ",")
			if name, rest, ok := scope(directive); ok {
				mine = name == token || name == everyone || name == "robots"
				directive = rest
			}
			if mine {
				t.add(strings.ToLower(strings.TrimSpace(directive)))
			}
		}
	}
	return t
}

func (t *Tag) add(directive string) {
	switch directive {
	case "noindex":
		t.NoIndex = true
	case "nofollow":
		t.NoFollow = true
	case "noarchive", "nocache":
		t.NoArchive = true
	case "nosnippet":
		t.NoSnippet = true
	case "none":
		t.None, t.NoIndex, t.NoFollow = true, true, true
	}
}

// scope splits "token: directive". Directives with a value of their own
// ("max-snippet: 20", "unavailable_after: 25 Jun 2030 15:00:00 PST") look
// alike; they, and anything before the colon that is not one token, are not scopes.
func scope(directive string) (name, rest string, ok bool) {
	name, rest, ok = strings.Cut(directive, ":")
	name = strings.TrimSpace(name)
	if !ok || name == "" || name != everyone && productToken(name) != strings.ToLower(name) {
		return "", "", false
	}
	switch name = strings.ToLower(name); name {
	case "unavailable_after", "max-snippet", "max-image-preview", "max-video-preview":
		return "", "", false
	}
	return name, rest, true
}
