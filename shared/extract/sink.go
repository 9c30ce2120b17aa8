package extract

import (
	"net/url"
	"strings"
)

// place says in what sort of text a candidate stands. Different noise lives
// in different places.
type place uint8

const (
	inText   place = iota // what a reader sees
	inAttr                // the value of an attribute
	inURL                 // a link
	inScript              // a string of a script
	inJSON                // a string of JSON
	inKey                 // a key of JSON
	inStyle               // a style sheet
)

// layer describes a run of text to look through: where it stands and how it
// was reached. Decoders pass what they decoded on as a layer of its own.
type layer struct {
	form   FoundBy // form of everything in it; empty: as the scanner finds it
	reason string  // reason that holds for everything in it
	place  place
	pos    int   // position in the document of its first byte
	fixed  bool  // the layer was decoded: all of it is at pos
	depth  uint8 // decoded from a layer that was decoded ...
	words  bool  // look for spelled-out signs as well
	cipher bool  // the place is named for an encoding of letters
	flat   *flat // maps offsets to positions and forms; nil: pos + offset
}

// maxDepth bounds decoding of the decoded.
const maxDepth = 4

// at returns the position in the document of offset off of the layer.
func (l *layer) at(off int) int {
	switch {
	case l.fixed:
		return l.pos
	case l.flat != nil:
		return l.flat.source(off)
	}
	return l.pos + off
}

// sink gathers the addresses of one document and holds the scratch memory of
// one extraction. It is pooled.
type sink struct {
	opt    Options
	site   string // registrable domain of the page, empty when unknown
	hits   []hit
	index  map[string]int
	budget int  // bytes that decoders may still produce
	adds   int  // addresses recorded, repeated ones included
	meta   bool // a meta element is, or may be, one that was asked for
	work   work

	unescaped []byte // scratch of the JSON reader

	asked    *byte // the script that was last asked about, its length,
	askedLen int
	rotates  bool // and the answer: does it rotate letters?
}

// work is scratch memory of the candidate scanner.
type work struct {
	local  [128]byte
	domain [320]byte
	email  [400]byte
	marks  [8]mark
	known  [8]knownDomain
	facts  [8]domainFacts
}

// maxRaw is the most of an address's original spelling that is kept.
const maxRaw = 256

func newSink() *sink {
	return &sink{index: make(map[string]int)}
}

// reset prepares a pooled sink for a document.
func (s *sink) reset(opt Options, doc Document) {
	s.opt = opt
	s.site = siteOf(doc.URL)
	// What is decoded is never longer than what it was decoded from, but one
	// passage may be decoded in several ways, and to several depths.
	s.budget = 16*len(doc.Body) + 1<<16
	s.meta = false
}

// release drops everything that belongs to the document.
func (s *sink) release() {
	clear(s.hits)
	s.hits = s.hits[:0]
	clear(s.index)
	s.site, s.asked = "", nil
}

// siteOf returns the registrable domain of a page's address.
func siteOf(address string) string {
	if address == "" {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host, err := normaliseDomain(strings.TrimPrefix(u.Hostname(), "www."))
	if err != nil {
		return ""
	}
	return registrable(host)
}

// spend takes n bytes from the budget of the decoders and reports whether
// there were that many.
func (s *sink) spend(n int) bool {
	s.budget -= n
	return s.budget >= 0
}

// add records an address whose normal form is email. The form with the higher
// confidence wins; the position is that of the first appearance.
func (s *sink) add(email string, raw []byte, form FoundBy, pos int, reasons ...string) {
	s.adds++
	conf := form.baseConfidence()
	at := strings.LastIndexByte(email, '@')
	local, domain := email[:at], email[at+1:]
	if i, ok := s.index[email]; ok {
		old := &s.hits[i]
		old.pos = min(old.pos, pos)
		if c := weigh(conf, reasons); c > old.Confidence {
			old.Confidence, old.FoundBy, old.Raw = c, form, rawString(raw, email)
			old.Reasons = keepReasons(reasons)
		}
		return
	}
	conf = weigh(conf, reasons)
	kept := keepReasons(reasons)
	if noReply(local) {
		conf = weigh(conf, noReplyReason[:])
		kept = append(kept, ReasonNoReply)
	}
	s.index[email] = len(s.hits)
	s.hits = append(s.hits, hit{
		Address: Address{
			Email:      email,
			Raw:        rawString(raw, email),
			FoundBy:    form,
			Kind:       s.kindOf(local, domain),
			Confidence: conf,
			Reasons:    kept,
			OwnDomain:  s.own(domain),
		},
		pos: pos,
	})
}

var noReplyReason = [...]string{ReasonNoReply}

// own reports whether a domain belongs to the site of the page. Any name
// under the site's registrable domain does, unless a private suffix lies
// between the two.
func (s *sink) own(domain string) bool {
	if s.site == "" || !strings.HasSuffix(domain, s.site) {
		return false
	}
	if len(domain) == len(s.site) {
		return true
	}
	return domain[len(domain)-len(s.site)-1] == '.' && registrable(domain) == s.site
}

// rawString copies raw, unless it is the same as the normal form.
func rawString(raw []byte, email string) string {
	if string(raw) == email {
		return email
	}
	if len(raw) > maxRaw {
		raw = raw[:maxRaw]
	}
	return strings.ToValidUTF8(string(raw), "")
}

func keepReasons(reasons []string) []string {
	var kept []string
	for _, r := range reasons {
		if r != "" && !contains(kept, r) {
			kept = append(kept, r)
		}
	}
	return kept
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// weigh lowers a confidence by what speaks against the address.
func weigh(conf float64, reasons []string) float64 {
	for _, r := range reasons {
		switch r {
		case ReasonGlued, ReasonScript, ReasonNoReply:
			conf *= 0.9
		case ReasonSpelled, ReasonSpaced, ReasonQuery, ReasonHidden:
			conf *= 0.85
		case ReasonGuessed, ReasonAmbiguous:
			conf *= 0.75
		case ReasonComment, ReasonRandom:
			conf *= 0.5
		}
	}
	return float64(int(conf*1000+0.5)) / 1000
}
