package job

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Version 2 of a result's stored form: what JSON takes to read is most of what
// an export of outcomes costs. Numbers are varints, signed ones zigzag; a text is
// its length and its bytes; a word is a text that repeats: 0 and the text where it
// is new, from then on its number, counted from 1.
//
//	result:  pages, bytes, number of visits, number of addresses, visits, addresses
//	visit:   fields, url as word, outcome as word, and of detail as word, status,
//	         final_url as text, pages, addresses, attempts, ms those in fields
//	address: fields, email as text, source_url as word, found_by as word, kind as
//	         word, confidence as word of its 8 bytes (IEEE 754, big-endian), seconds
//	         since the address before, nanoseconds, and of sources and reasons
//	         (number, words) and raw as text those in fields
const (
	visitDetail = 1 << iota
	visitStatus
	visitFinalURL
	visitPages
	visitAddresses
	visitAttempts
	visitMillis
	visitBadCert
)

const (
	addressOwnDomain = 1 << iota
	addressSources
	addressReasons
	addressRaw
)

// Least bytes of a visit and of an address in the plain form.
const (
	leastVisit   = 3
	leastAddress = 8
)

type resultWriter struct {
	out   []byte
	words map[string]uint64
}

func appendResult(r *Result) []byte {
	w := resultWriter{
		out:   make([]byte, 0, 128*(len(r.Visits)+len(r.Addresses))+64),
		words: make(map[string]uint64, len(r.Visits)+64),
	}
	w.signed(int64(r.Pages))
	w.signed(r.Bytes)
	w.unsigned(uint64(len(r.Visits)))
	w.unsigned(uint64(len(r.Addresses)))
	for i := range r.Visits {
		w.visit(&r.Visits[i])
	}
	before := int64(0)
	for i := range r.Addresses {
		w.address(&r.Addresses[i], before)
		before = r.Addresses[i].FirstSeen.Unix()
	}
	return w.out
}

func (w *resultWriter) unsigned(n uint64) { w.out = binary.AppendUvarint(w.out, n) }
func (w *resultWriter) signed(n int64)    { w.out = binary.AppendVarint(w.out, n) }

// text replaces what is no UTF-8 by U+FFFD: not every database takes it.
func (w *resultWriter) text(s string) {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	w.unsigned(uint64(len(s)))
	w.out = append(w.out, s...)
}

func (w *resultWriter) word(s string) {
	if w.repeated(s) {
		return
	}
	w.text(s)
}

// repeated writes the number of a word, or notes that it is new: then its text is
// to follow.
func (w *resultWriter) repeated(s string) bool {
	n, ok := w.words[s]
	if !ok {
		w.words[s] = uint64(len(w.words)) + 1
	}
	w.unsigned(n)
	return ok
}

func (w *resultWriter) list(words []string) {
	w.unsigned(uint64(len(words)))
	for _, s := range words {
		w.word(s)
	}
}

func (w *resultWriter) visit(v *Visit) {
	fields := bit(v.Detail != "", visitDetail) | bit(v.Status != 0, visitStatus) | bit(v.FinalURL != "", visitFinalURL) |
		bit(v.Pages != 0, visitPages) | bit(v.Addresses != 0, visitAddresses) | bit(v.Attempts != 0, visitAttempts) |
		bit(v.Millis != 0, visitMillis) | bit(v.BadCert, visitBadCert)
	w.unsigned(fields)
	w.word(v.URL)
	w.word(string(v.Outcome))
	if v.Detail != "" {
		w.word(v.Detail)
	}
	if v.Status != 0 {
		w.signed(int64(v.Status))
	}
	if v.FinalURL != "" {
		w.text(v.FinalURL)
	}
	for _, n := range [...]int{v.Pages, v.Addresses, v.Attempts, v.Millis} {
		if n != 0 {
			w.signed(int64(n))
		}
	}
}

func (w *resultWriter) address(a *Address, before int64) {
	w.unsigned(bit(a.OwnDomain, addressOwnDomain) | bit(len(a.Sources) > 0, addressSources) |
		bit(len(a.Reasons) > 0, addressReasons) | bit(a.Raw != "", addressRaw))
	w.text(a.Email)
	w.word(a.SourceURL)
	w.word(a.FoundBy)
	w.word(a.Kind)
	bits := binary.BigEndian.AppendUint64(nil, math.Float64bits(a.Confidence))
	if !w.repeated(string(bits)) {
		w.out = append(w.out, bits...)
	}
	w.signed(a.FirstSeen.Unix() - before)
	w.unsigned(uint64(a.FirstSeen.Nanosecond())) // 0 to 999,999,999
	if len(a.Sources) > 0 {
		w.list(a.Sources)
	}
	if len(a.Reasons) > 0 {
		w.list(a.Reasons)
	}
	if a.Raw != "" {
		w.text(a.Raw)
	}
}

func bit(set bool, mask uint64) uint64 {
	if set {
		return mask
	}
	return 0
}

// resultReader reads the plain form. All texts share its memory. After the first
// fault everything is zero.
type resultReader struct {
	rest  string
	words []string
	bad   bool
}

func readResult(plain []byte) (*Result, error) {
	r := resultReader{rest: string(plain)}
	res := &Result{Pages: int(r.signed()), Bytes: r.signed()}
	visits, addresses := r.count(leastVisit), r.count(leastAddress)
	r.words = make([]string, 0, min(visits, 1<<12)+64)
	if visits > 0 {
		res.Visits = make([]Visit, 0, min(visits, 1<<12))
	}
	for i := 0; i < visits && !r.bad; i++ {
		res.Visits = append(res.Visits, Visit{})
		r.visit(&res.Visits[i])
	}
	if addresses > 0 {
		res.Addresses = make([]Address, 0, min(addresses, 1<<12))
	}
	before := int64(0)
	for i := 0; i < addresses && !r.bad; i++ {
		res.Addresses = append(res.Addresses, Address{})
		before = r.address(&res.Addresses[i], before)
	}
	if r.bad || r.rest != "" {
		return nil, fmt.Errorf("%w: %d visits, %d addresses, %d bytes left", ErrEncoding, len(res.Visits), len(res.Addresses), len(r.rest))
	}
	return res, nil
}

func (r *resultReader) fail() {
	r.bad, r.rest = true, ""
}

func (r *resultReader) unsigned() uint64 {
	n, length := uvarint(r.rest)
	if length <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[length:]
	return n
}

func (r *resultReader) signed() int64 {
	n := r.unsigned()
	return int64(n>>1) ^ -int64(n&1)
}

// count reads a number of things that take at least so many bytes each.
func (r *resultReader) count(least int) int {
	n := r.unsigned()
	if n > uint64(len(r.rest)/least) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *resultReader) text() string {
	return r.take(r.unsigned())
}

func (r *resultReader) take(length uint64) string {
	if length > uint64(len(r.rest)) {
		r.fail()
		return ""
	}
	s := r.rest[:length]
	r.rest = r.rest[length:]
	return s
}

func (r *resultReader) word() string {
	n := r.unsigned()
	switch {
	case n == 0:
		s := r.text()
		r.words = append(r.words, s)
		return s
	case n > uint64(len(r.words)):
		r.fail()
		return ""
	}
	return r.words[n-1]
}

func (r *resultReader) list() []string {
	n := r.count(1)
	words := make([]string, 0, min(n, 64))
	for i := 0; i < n && !r.bad; i++ {
		words = append(words, r.word())
	}
	return words
}

func (r *resultReader) visit(v *Visit) {
	fields := r.unsigned()
	v.URL = r.word()
	v.Outcome = Outcome(r.word())
	if fields&visitDetail != 0 {
		v.Detail = r.word()
	}
	if fields&visitStatus != 0 {
		v.Status = int(r.signed())
	}
	if fields&visitFinalURL != 0 {
		v.FinalURL = r.text()
	}
	if fields&visitPages != 0 {
		v.Pages = int(r.signed())
	}
	if fields&visitAddresses != 0 {
		v.Addresses = int(r.signed())
	}
	if fields&visitAttempts != 0 {
		v.Attempts = int(r.signed())
	}
	if fields&visitMillis != 0 {
		v.Millis = int(r.signed())
	}
	v.BadCert = fields&visitBadCert != 0
	if fields >= visitBadCert<<1 {
		r.fail()
	}
}

// address reads one, and returns the second in which it was first seen.
func (r *resultReader) address(a *Address, before int64) int64 {
	fields := r.unsigned()
	a.Email = r.text()
	a.SourceURL = r.word()
	a.FoundBy = r.word()
	a.Kind = r.word()
	a.Confidence = r.confidence()
	second := before + r.signed()
	nanosecond := r.unsigned()
	if nanosecond >= uint64(time.Second) || fields >= addressRaw<<1 {
		r.fail()
		return 0
	}
	a.FirstSeen = time.Unix(second, int64(nanosecond)).UTC()
	a.OwnDomain = fields&addressOwnDomain != 0
	if fields&addressSources != 0 {
		a.Sources = r.list()
	}
	if fields&addressReasons != 0 {
		a.Reasons = r.list()
	}
	if fields&addressRaw != 0 {
		a.Raw = r.text()
	}
	return second
}

func (r *resultReader) confidence() float64 {
	var s string
	switch n := r.unsigned(); {
	case n == 0:
		s = r.take(8)
		r.words = append(r.words, s)
	case n <= uint64(len(r.words)):
		s = r.words[n-1]
	}
	if len(s) != 8 {
		r.fail()
		return 0
	}
	var bits uint64
	for i := range 8 {
		bits = bits<<8 | uint64(s[i])
	}
	return math.Float64frombits(bits)
}
