// Package follow finds out of a page's bytes which pages to visit next: the
// few that are likely to hold contact data, or a whole site without its traps.
//
// It is pure: bytes and URLs in, ranked links out. Fetching, robots.txt and
// budgets are the caller's.
package follow

import (
	"net/url"
	"strings"
	"sync"
)

// Link is a link on a page.
type Link struct {
	// URL is absolute, http or https, without a fragment.
	URL string
	// Text is what a visitor reads: the anchor's text and its images'
	// alternative texts, white space collapsed, cut off at some length.
	Text string
	// Title is what the title and aria-label attributes add to it.
	Title string
	// NoFollow says that the link is marked nofollow, ugc or sponsored.
	NoFollow bool
	// Score is how promising the link is, higher being better: set by Contact
	// and Site, 0 as Scan returns it.
	Score int
}

// Page is what one page says about itself and where it links to.
type Page struct {
	// URL is the address the page was scanned under.
	URL *url.URL
	// Base is what the page's relative links are relative to: its base
	// element's address, or its own.
	Base *url.URL
	// Canonical is the address that the page names as its preferred one
	// (rel=canonical, RFC 6596), absolute; empty if it names none.
	Canonical string
	// Links are its links in document order, repetitions included, those to
	// itself and those that no crawler can visit (mailto and the like) excluded.
	Links []Link
	// NoIndex and NoFollow are what its robots meta elements ask for. A caller
	// that learns of them from an X-Robots-Tag header sets them too: Contact
	// and Site return nothing for a page that says NoFollow.
	NoIndex, NoFollow bool
	// Refresh is the absolute target of a meta refresh; empty if there is none.
	Refresh string
}

// Bounds of what is read out of one page, so that a hostile one costs no more
// than a large one.
const (
	maxLinks = 5000 // links per page
	maxText  = 200  // bytes of a link's text
	maxURL   = 2048 // bytes of an address
)

// Scan reads an HTML page, UTF-8, that was fetched from pageURL, in one pass.
// It never fails: it reads what there is, as browsers do. product is the
// crawler's product token: robots meta elements may address it by name.
func Scan(body []byte, pageURL *url.URL, product string) Page {
	scratch, _ := scratches.Get().(*scratch)
	s := scanner{
		body:    body,
		page:    Page{URL: pageURL, Base: pageURL, Links: scratch.links},
		resolve: newResolver(pageURL),
		product: strings.ToLower(product),
		text:    scratch.text,
	}
	s.run()
	scratch.links, scratch.text = s.page.Links[:0], s.text
	s.page.Links = append([]Link(nil), s.page.Links...)
	clear(scratch.links[:len(s.page.Links)])
	scratches.Put(scratch)
	return s.page
}

// scratch is what scanning one page needs and the next can use again.
type scratch struct {
	links []Link
	text  []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}
