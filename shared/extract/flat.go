package extract

import (
	"sort"
)

// flat is running text with its markup taken out: entities decoded, tags
// replaced by marks. It remembers where each piece came from.
type flat struct {
	buf    []byte
	pieces []piece // in order of off
	refs   []int32 // offsets of characters that were references
	zones  []zone  // stretches with a form of their own
	mails  []int32 // offsets where links to mail begin
	hidden bool    // stands in elements that are not shown
}

// piece says that buf[off:] came from position pos of the document.
type piece struct{ off, pos int32 }

// zone is a stretch of the flattened text that markup gives a meaning:
// microdata, hCard, reversed text.
type zone struct {
	lo, hi int32
	form   FoundBy
}

func (f *flat) reset(hidden bool) {
	f.buf = f.buf[:0]
	f.pieces = f.pieces[:0]
	f.refs = f.refs[:0]
	f.zones = f.zones[:0]
	f.mails = f.mails[:0]
	f.hidden = hidden
}

// mark appends a mark, once.
func (f *flat) mark(m byte) {
	n := len(f.buf)
	if n > 0 {
		last := f.buf[n-1]
		if last == m || last == markBlock {
			return
		}
		if last >= markInline && last <= markDecoy {
			if m == markBlock || last == markInline {
				f.buf[n-1] = m
				return
			}
			if m == markInline {
				return
			}
		}
	}
	f.buf = append(f.buf, m)
}

// text appends source text that stands at pos, decoding references.
func (f *flat) text(b []byte, pos int) {
	f.pieces = append(f.pieces, piece{int32(len(f.buf)), int32(pos)})
	f.buf = appendText(f.buf, b, f)
}

// plain appends source text that stands at pos and holds no references.
func (f *flat) plain(b []byte, pos int) {
	f.pieces = append(f.pieces, piece{int32(len(f.buf)), int32(pos)})
	f.buf = append(f.buf, b...)
}

// literal appends bytes that markup stands for, such as the alternative text
// of an image of an @.
func (f *flat) literal(b string, pos int) {
	f.pieces = append(f.pieces, piece{int32(len(f.buf)), int32(pos)})
	f.buf = append(f.buf, b...)
}

// mailLink reports whether off lies in the text of a link to mail.
func (f *flat) mailLink(off int) bool {
	i := sort.Search(len(f.mails), func(i int) bool { return int(f.mails[i]) > off }) - 1
	if i < 0 || off-int(f.mails[i]) > maxAddress {
		return false
	}
	for _, c := range f.buf[f.mails[i]:off] {
		if c == markLink || c == markBlock {
			return false
		}
	}
	return true
}

// mailElement reports whether off lies in an element that microdata or a class
// says is an address.
func (f *flat) mailElement(off int) bool {
	for i := len(f.zones) - 1; i >= 0 && len(f.zones)-i <= 64; i-- {
		z := f.zones[i]
		if int(z.lo) <= off && off < int(z.hi) && (z.form == FoundHCard || z.form == FoundMicrodata) {
			return true
		}
	}
	return false
}

// source returns the position in the document of an offset.
func (f *flat) source(off int) int {
	i := sort.Search(len(f.pieces), func(i int) bool { return int(f.pieces[i].off) > off })
	if i == 0 {
		return 0
	}
	p := f.pieces[i-1]
	return int(p.pos) + off - int(p.off)
}

// form returns the form that markup gives to the text at [lo, hi), or the
// empty string, and a reason.
func (f *flat) form(lo, hi int) (form FoundBy, reason string) {
	if f.hidden {
		reason = ReasonHidden
	}
	for i := len(f.zones) - 1; i >= 0; i-- {
		z := f.zones[i]
		whole := int(z.lo) <= lo && hi <= int(z.hi)+1
		part := lo < int(z.hi) && int(z.lo) < hi && (z.form == FoundCSS || z.form == FoundScript)
		if whole || part {
			return z.form, reason
		}
		if int(z.hi) < lo && len(f.zones)-i > 16 {
			break
		}
	}
	i := sort.Search(len(f.refs), func(i int) bool { return int(f.refs[i]) >= lo })
	if i < len(f.refs) && int(f.refs[i]) < hi {
		return FoundEntity, reason
	}
	return "", reason
}
