package extract

import (
	"slices"
	"sync"
)

// Document is one fetched body. Text is UTF-8 already; PDF and the like are raw.
type Document struct {
	// URL is the final address of the page. It decides OwnDomain and resolves
	// nothing else; it may be empty.
	URL string
	// ContentType is the value of the Content-Type header. It may be empty or
	// wrong: the body is sniffed too.
	ContentType string
	// Body is never modified and never retained after the call returns.
	Body []byte
}

// Options change what Extract looks for. The zero value finds everything.
type Options struct {
	// KeepObfuscated leaves deliberate obfuscation alone: spelled-out signs,
	// Cloudflare tokens, scripts that assemble an address, reversed or rotated
	// text, base64, attributes that hold an address in parts. What any HTML
	// parser would decode (entities, percent-encoding in links, escapes in
	// strings, tags inside an address) is still read, and what is hidden is
	// still not taken for a part of the address around it.
	KeepObfuscated bool
	// Meta is asked about the meta elements of an HTML document that have a name
	// or an http-equiv attribute: whether the caller wants to know that the
	// document has it. Where an attribute stands more than once, the first counts;
	// values are as they stand in the source, and not to be kept or modified.
	Meta func(name, httpEquiv, content []byte) bool
}

// Page is what one document held.
type Page struct {
	// Addresses are those that Extract returns.
	Addresses []Address
	// Meta is false if the document certainly has no meta element that
	// Options.Meta wants to know of. It is true if it has one, and also for what
	// was not read as HTML, or holds what is here not split as the HTML standard
	// does: the caller looks for itself then.
	Meta bool
}

// Address is one address with what is known about it.
type Address struct {
	// Email is the normalised form: lower case, the domain in its ASCII
	// (RFC 5890 A-label) form, a needlessly quoted local part unquoted.
	Email string
	// Raw is the address as it stood on the page, at most 256 bytes.
	Raw string
	// FoundBy says which form the address had on the page.
	FoundBy FoundBy
	// Kind says what sort of mailbox it is.
	Kind Kind
	// Confidence is between 0 and 1: how sure we are that a reader of the page
	// would call this an address published there.
	Confidence float64
	// Reasons explain a lowered confidence, from the closed list of Reason
	// constants; nil when there is nothing to say.
	Reasons []string
	// OwnDomain is true when the address has the same registrable domain as
	// Document.URL.
	OwnDomain bool
}

// Extractor finds addresses. It is safe for concurrent use.
type Extractor struct {
	opt Options
}

// New returns an Extractor with the given options.
func New(opt Options) *Extractor {
	return &Extractor{opt: opt}
}

var sinks = sync.Pool{New: func() any { return newSink() }}

// Extract returns the addresses of the document, one per normalised address
// (the form with the highest confidence wins), in order of first appearance.
// It returns nil for a document of a type that cannot hold addresses.
func (x *Extractor) Extract(doc Document) []Address { return x.Read(doc).Addresses }

// Read returns the addresses of the document, as Extract does, and what its meta
// elements say.
func (x *Extractor) Read(doc Document) Page {
	if len(doc.Body) == 0 {
		return Page{}
	}
	s := sinks.Get().(*sink)
	s.reset(x.opt, doc)
	m := sniff(doc.ContentType, doc.Body)
	s.read(m, doc.Body)
	out := Page{Addresses: s.addresses(), Meta: s.meta || m != mediaHTML}
	s.release()
	sinks.Put(s)
	return out
}

// hit is an address together with where it was first seen.
type hit struct {
	Address
	pos int
}

// addresses returns what was found, ordered by position.
func (s *sink) addresses() []Address {
	if len(s.hits) == 0 {
		return nil
	}
	slices.SortStableFunc(s.hits, func(a, b hit) int { return a.pos - b.pos })
	out := make([]Address, len(s.hits))
	for i := range s.hits {
		out[i] = s.hits[i].Address
	}
	return out
}
