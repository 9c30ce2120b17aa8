package sitemap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// maxToken bounds one tag or run of text, so that a hostile document cannot
// make the tokenizer's buffer grow.
const maxToken = 1 << 18

// form is a kind of XML document: the names of its parts, without prefixes.
type form struct {
	item  string          // the element that lists one address
	loc   string          // its child that holds the address as text
	dates map[string]bool // its children that hold a date; the last readable one counts
	index bool            // the addresses are those of sitemaps
}

// forms by root element. The tokenizer gives names in lower case.
var forms = map[string]form{
	"urlset":       {item: "url", loc: "loc", dates: map[string]bool{"lastmod": true}},
	"sitemapindex": {item: "sitemap", loc: "loc", dates: map[string]bool{"lastmod": true}, index: true},
	"rss":          {item: "item", loc: "link", dates: map[string]bool{"pubdate": true, "date": true}},
	"rdf":          {item: "item", loc: "link", dates: map[string]bool{"pubdate": true, "date": true}},
	"feed":         {item: "entry", loc: "link", dates: map[string]bool{"published": true, "updated": true, "modified": true}},
}

// xmlReader follows a document's elements. The HTML tokenizer serves as an XML
// one: it streams, is fast, and stumbles over nothing that a sitemap may hold.
type xmlReader struct {
	*collector
	form  form
	name  string // the root element's, without its prefix
	depth int    // open elements, the root included; 0 before the root
	item  int    // depth of the open item, or 0

	prefix  string // the root's namespace prefix: its item and loc have the same
	capture string // name of the child being read, or ""
	text    []byte

	loc, guid string
	lastMod   time.Time
}

func (c *collector) readXML(r *bufio.Reader) error {
	x := xmlReader{collector: c}
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxToken)
	z.AllowCDATA(true)
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return x.end(z.Err())
		}
		done, err := x.token(z, kind)
		if done || err != nil {
			return err
		}
	}
}

// end judges the end of the input: good only behind the root element.
func (x *xmlReader) end(err error) error {
	if errors.Is(err, html.ErrBufferExceeded) {
		return fmt.Errorf("%w: one piece of it takes more than %d bytes", ErrTooLarge, maxToken)
	}
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("sitemap: read: %w", err)
	}
	if x.form.item == "" {
		return ErrNotSitemap
	}
	// A last item that lacks only its end is as good as any.
	if x.item > 0 && x.capture == "" {
		if err := x.flush(); err != nil {
			return err
		}
	}
	return ErrTruncated
}

func (x *xmlReader) token(z *html.Tokenizer, kind html.TokenType) (done bool, err error) {
	switch kind {
	case html.TextToken:
		if x.capture != "" && len(x.text) < maxToken {
			x.text = appendText(x.text, z.Raw())
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		z.NextIsNotRawText()
		name, hasAttr := z.TagName()
		prefix, local := splitName(name)
		if x.form.item == "" {
			return x.root(prefix, local, kind == html.SelfClosingTagToken)
		}
		x.depth++
		if err := x.start(z, prefix, local, hasAttr); err != nil {
			return false, err
		}
		if kind == html.SelfClosingTagToken {
			return x.close(local)
		}
	case html.EndTagToken:
		name, _ := z.TagName()
		_, local := splitName(name)
		return x.close(local)
	case html.CommentToken, html.DoctypeToken, html.ErrorToken:
	}
	return false, nil
}

func (x *xmlReader) root(prefix, local string, empty bool) (done bool, err error) {
	f, ok := forms[local]
	if !ok {
		return false, fmt.Errorf("%w: <%s>", ErrNotSitemap, local)
	}
	x.form, x.name, x.prefix, x.depth = f, local, prefix, 1
	return empty, nil
}

func (x *xmlReader) start(z *html.Tokenizer, prefix, local string, hasAttr bool) error {
	if local == x.form.item && (prefix == x.prefix || x.form.loc == "link") {
		// An item within an item means that the one before was never closed.
		if err := x.flush(); err != nil {
			return err
		}
		x.item = x.depth
		return nil
	}
	if x.item == 0 || x.depth != x.item+1 {
		return nil
	}
	x.text = x.text[:0]
	switch {
	case local == x.form.loc && x.form.item == "entry":
		x.atomLink(z, hasAttr)
	// Extensions have a loc of their own (image:loc); feeds a link (atom:link).
	case local == x.form.loc && (prefix == x.prefix || x.form.loc == "link" && prefix == ""):
		x.capture = local
	case x.form.dates[local], local == "guid" && x.form.item == "item":
		x.capture = local
	}
	return nil
}

// atomLink reads <link rel="alternate" href="…"/>; without rel it is one too
// (RFC 4287 §4.2.7.2). The first counts.
func (x *xmlReader) atomLink(z *html.Tokenizer, hasAttr bool) {
	rel, href := "", ""
	for hasAttr {
		var key, value []byte
		key, value, hasAttr = z.TagAttr()
		switch string(key) {
		case "rel":
			rel = string(value)
		case "href":
			href = string(value)
		}
	}
	if x.loc == "" && (rel == "" || rel == "alternate") {
		x.loc = href
	}
}

// close ends an element. Items and the root are known by their names rather
// than by counting, so that an element left open, or closed twice, does no harm
// beyond its item.
func (x *xmlReader) close(local string) (done bool, err error) {
	if x.capture != "" && local == x.capture {
		x.field(local, strings.TrimSpace(string(x.text)))
		x.capture = ""
	}
	switch local {
	case x.form.item:
		if x.item > 0 {
			x.depth = x.item
		}
		err = x.flush()
	case x.name:
		if err := x.flush(); err != nil {
			return false, err
		}
		return true, nil
	}
	x.depth = max(x.depth-1, 1)
	return false, err
}

func (x *xmlReader) field(name, value string) {
	switch name {
	case x.form.loc:
		if x.loc == "" {
			x.loc = value
		}
	case "guid":
		x.guid = value
	default:
		if at, ok := parseTime(value); ok {
			x.lastMod = at
		}
	}
}

// flush ends the open item, if there is one. An RSS item without a link is
// known by its guid, which is a permanent link unless it is not a URL.
func (x *xmlReader) flush() error {
	if x.item == 0 {
		return nil
	}
	loc, lastMod := x.loc, x.lastMod
	if loc == "" {
		loc = x.guid
	}
	x.item, x.capture, x.loc, x.guid, x.lastMod = 0, "", "", "", time.Time{}
	to := &x.result.Pages
	if x.form.index {
		to = &x.result.Sitemaps
	}
	return x.add(to, loc, lastMod)
}

func splitName(name []byte) (prefix, local string) {
	if i := bytes.LastIndexByte(name, ':'); i >= 0 {
		return string(name[:i]), string(name[i+1:])
	}
	return "", string(name)
}
