package extract

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strings"

	"github.com/ledongthuc/pdf"
)

// Limits of one PDF file.
const (
	maxPDFPages    = 200
	maxPDFOps      = 500_000 // operators interpreted
	maxPDFText     = 2 << 20
	maxPDFInflated = 48 << 20 // of all streams but images and fonts
	maxPDFReads    = 400_000  // times the parser comes back to the file
)

// errPDFLimit ends the reading of a file that exceeds a limit.
var errPDFLimit = errors.New("pdf: limit exceeded")

// pdfSource is the file as the parser sees it. It counts, because the parser
// follows references wherever they lead, round in circles if need be, and it
// shows a header that the parser knows.
type pdfSource struct {
	body  []byte
	reads int
	bytes int
}

const pdfHeader = "%PDF-1.7\n"

// ReadAt implements io.ReaderAt. It panics beyond the limits; the parser
// itself reports errors by panicking, and the caller recovers both.
func (p *pdfSource) ReadAt(b []byte, off int64) (int, error) {
	p.reads++
	p.bytes += len(b)
	if p.reads > maxPDFReads || p.bytes > 64*len(p.body)+maxPDFInflated {
		panic(errPDFLimit)
	}
	if off < 0 || off >= int64(len(p.body)) {
		return 0, io.EOF
	}
	n := copy(b, p.body[off:])
	for i := 0; i < n && int(off)+i < len(pdfHeader); i++ {
		b[i] = pdfHeader[int(off)+i]
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// pdf reads the text of a PDF file and the mailto: links in it. A file that
// cannot be parsed still gives the links that stand in it uncompressed.
func (s *sink) pdf(body []byte) {
	if i := bytes.Index(body[:min(len(body), 1024)], []byte("%PDF-")); i > 0 {
		body = body[i:]
	}
	s.pdfLinks(body)
	if i := bytes.LastIndex(body, []byte("%%EOF")); i > 0 {
		body = body[:i+5]
	}
	if !modestPDF(body) {
		return
	}
	d := pdfText{sink: s}
	d.read(body)
	l := layer{form: FoundPDF, words: true, pos: 0}
	s.scan(d.text, &l)
}

// pdfLinks finds "/URI (mailto:...)".
func (s *sink) pdfLinks(b []byte) {
	for i := 0; i < len(b); {
		k := bytes.Index(b[i:], []byte("(mailto:"))
		if k < 0 {
			return
		}
		i += k + len("(mailto:")
		end := bytes.IndexByte(b[i:min(len(b), i+2048)], ')')
		if end < 0 {
			continue
		}
		l := layer{form: FoundMailto, pos: i, fixed: true}
		s.mailto(b[i:i+end], &l)
	}
}

// modestPDF reports whether the file's streams, images and fonts aside, stay
// within the limit when inflated. The parser inflates object streams again for
// every object it takes from them.
func modestPDF(b []byte) bool {
	left := int64(maxPDFInflated)
	for i := 0; i < len(b); {
		k := bytes.Index(b[i:], []byte("stream"))
		if k < 0 {
			return true
		}
		at := i + k
		i = at + len("stream")
		dict := b[max(0, at-400):at]
		if j := bytes.LastIndex(dict, []byte(" obj")); j >= 0 {
			dict = dict[j:]
		}
		if bytes.HasSuffix(dict, []byte("end")) || bytes.Contains(dict, []byte("/Image")) || bytes.Contains(dict, []byte("/Length1")) {
			continue
		}
		data := bytes.TrimLeft(b[i:min(len(b), i+2)], "\r\n")
		data = b[i+min(2, len(b)-i)-len(data):]
		zr, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			continue
		}
		n, _ := io.Copy(io.Discard, io.LimitReader(zr, left+1)) // a damaged stream counts as far as it goes
		if left -= n; left < 0 {
			return false
		}
	}
	return true
}

// pdfText gathers the text of a file.
type pdfText struct {
	sink  *sink
	text  []byte
	ops   int
	fonts map[string]pdf.TextEncoding
	enc   pdf.TextEncoding
	y     float64 // of the line being shown
	shown float64 // of the line shown last
}

// read reads all pages.
func (d *pdfText) read(body []byte) {
	defer func() {
		// The parser panics on malformed files. What was read so far counts.
		_ = recover()
	}()
	r, err := pdf.NewReader(&pdfSource{body: body}, int64(len(body)))
	if err != nil {
		return
	}
	for n := 1; n <= min(r.NumPage(), maxPDFPages); n++ {
		d.page(r.Page(n))
		d.text = append(d.text, markBlock)
		if d.ops > maxPDFOps || len(d.text) > maxPDFText {
			return
		}
	}
}

// page reads one page: the links of its annotations, then its text.
func (d *pdfText) page(p pdf.Page) {
	defer func() {
		if r := recover(); r != nil && r == any(errPDFLimit) {
			panic(r)
		}
	}()
	if p.V.IsNull() {
		return
	}
	annots := p.V.Key("Annots")
	for i := 0; i < min(annots.Len(), 1024); i++ {
		uri := annots.Index(i).Key("A").Key("URI").RawString()
		if strings.HasPrefix(uri, "mailto:") {
			l := layer{form: FoundMailto, fixed: true}
			d.sink.mailto([]byte(uri[len("mailto:"):]), &l)
		}
	}
	d.fonts = map[string]pdf.TextEncoding{}
	d.enc = nil
	d.shown = -1 << 20
	if p.V.Key("Contents").IsNull() {
		return
	}
	pdf.Interpret(p.V.Key("Contents"), func(stk *pdf.Stack, op string) { d.operator(p, stk, op) })
}

// operator handles one operator of a content stream (ISO 32000-1, 9.4).
func (d *pdfText) operator(p pdf.Page, stk *pdf.Stack, op string) {
	if d.ops++; d.ops > maxPDFOps || len(d.text) > maxPDFText {
		panic(errPDFLimit)
	}
	args := make([]pdf.Value, stk.Len())
	for i := len(args) - 1; i >= 0; i-- {
		args[i] = stk.Pop()
	}
	n := len(args)
	switch op {
	case "BT":
		d.y = 0
	case "Tf":
		if n == 2 {
			d.enc = d.font(p, args[0].Name())
		}
	case "Td", "TD":
		if n == 2 {
			d.y += args[1].Float64()
			d.soft()
		}
	case "Tm":
		if n == 6 {
			d.y = args[5].Float64()
			d.soft()
		}
	case "T*":
		d.y -= 10
	case "'", "\"":
		d.y -= 10
		if n > 0 {
			d.show(args[n-1].RawString())
		}
	case "Tj":
		if n > 0 {
			d.show(args[n-1].RawString())
		}
	case "TJ":
		if n > 0 {
			d.showSpaced(args[n-1])
		}
	}
}

// soft notes that the position changed within a line: perhaps a gap, perhaps
// only kerning.
func (d *pdfText) soft() {
	if len(d.text) > 0 && d.text[len(d.text)-1] > markDecoy {
		d.text = append(d.text, markInline)
	}
}

// showSpaced shows the strings of a TJ array; a wide gap is a space.
func (d *pdfText) showSpaced(v pdf.Value) {
	for i := 0; i < v.Len(); i++ {
		if x := v.Index(i); x.Kind() == pdf.String {
			d.show(x.RawString())
		} else if x.Float64() < -180 {
			d.text = append(d.text, ' ')
		}
	}
}

// show appends a string of the current font, on a new line when the position
// moved up or down.
func (d *pdfText) show(raw string) {
	if diff := d.y - d.shown; diff > 1 || diff < -1 {
		d.text = append(d.text, '\n')
	}
	d.shown = d.y
	if d.enc != nil {
		raw = d.enc.Decode(raw)
	}
	for i := 0; i < len(raw); i++ {
		if c := raw[i]; c >= ' ' || c == '\n' || c == '\t' {
			d.text = append(d.text, c)
		}
	}
}

// font returns the encoding of a font of the page.
func (d *pdfText) font(p pdf.Page, name string) pdf.TextEncoding {
	enc, ok := d.fonts[name]
	if !ok {
		f := p.Font(name)
		enc = f.Encoder()
		d.fonts[name] = enc
	}
	return enc
}
