package extract

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"testing"
)

// buildPDF builds a PDF file of one page from its content stream. With
// compress the stream is deflated; extra is put into the page's dictionary.
func buildPDF(content string, compress bool, extra string) []byte {
	filter := ""
	if compress {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		_, _ = w.Write([]byte(content)) // a bytes.Buffer does not fail
		_ = w.Close()
		content, filter = z.String(), "/Filter /FlateDecode "
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> " + extra + " >>",
		fmt.Sprintf("<< %s/Length %d >>\nstream\n%s\nendstream", filter, len(content), content),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, off := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", off)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.Bytes()
}

const (
	pdfLines = "BT /F1 12 Tf 72 700 Td (Tischlerei Brenk) Tj 0 -14 Td (E-Mail: info@tischlerei-brenk.de) Tj 0 -14 Td (Telefon 030 4711) Tj ET"
	pdfKerns = "BT /F1 12 Tf 1 0 0 1 72 700 Tm [(la) 20 (ger) -5 (@tischl) 3 (erei-brenk.de)] TJ 1 0 0 1 300 700 Tm (Fax) Tj ET"
	pdfWords = "BT /F1 12 Tf 72 700 Td (werk [at] tischlerei-brenk [dot] de) Tj ET"
	pdfAnnot = "/Annots [ << /Type /Annot /Subtype /Link /A << /S /URI /URI (mailto:link@tischlerei-brenk.de?subject=x) >> >> ]"
)

func samplePDFs() [][]byte {
	return [][]byte{
		buildPDF(pdfLines, false, ""), buildPDF(pdfKerns, true, ""), buildPDF(pdfWords, true, pdfAnnot),
		[]byte("%PDF-1.4\n1 0 obj << /A << /URI (mailto:a@tischlerei-brenk.de) >> >>"),
	}
}

func TestPDF(t *testing.T) {
	t.Parallel()
	newer := append([]byte("junk\r\n%PDF-2.0\n"), buildPDF(pdfLines, true, "")[9:]...)
	tests := []struct {
		name string
		body []byte
		want string
	}{
		{"lines", buildPDF(pdfLines, false, ""), "info@tischlerei-brenk.de"},
		{"compressed, kerned", buildPDF(pdfKerns, true, ""), "lager@tischlerei-brenk.de"},
		{"spelled out, with a link", buildPDF(pdfWords, true, pdfAnnot), "link@tischlerei-brenk.de werk@tischlerei-brenk.de"},
		{"unknown version, junk before it", newer, "info@tischlerei-brenk.de"},
		{"trailing bytes", append(buildPDF(pdfLines, true, ""), strings.Repeat("\n\x00 ", 200)...), "info@tischlerei-brenk.de"},
		{"damaged", []byte("%PDF-1.4\n1 0 obj << /URI (mailto:a@tischlerei-brenk.de) >>"), "a@tischlerei-brenk.de"},
		{"another type than declared", []byte("<html>a@tischlerei-brenk.de"), "a@tischlerei-brenk.de"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, a := range New(Options{}).Extract(Document{ContentType: "application/pdf", Body: tt.body}) {
				got = append(got, a.Email)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

// A stream that inflates beyond all reason is not read at all.
func TestPDFBomb(t *testing.T) {
	t.Parallel()
	bomb := buildPDF(pdfLines+strings.Repeat(" ", maxPDFInflated), true, "")
	if got := New(Options{}).Extract(Document{ContentType: "application/pdf", Body: bomb}); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// Page trees and parents that lead back to themselves end.
func TestPDFLoops(t *testing.T) {
	t.Parallel()
	loop := bytes.Replace(buildPDF(pdfLines, false, ""), []byte("/Resources << /Font << /F1 5 0 R >> >>"), []byte("/Parent 3 0 R                         "), 1)
	for _, body := range [][]byte{
		loop,
		bytes.Replace(buildPDF(pdfLines, false, ""), []byte("/Kids [3 0 R]"), []byte("/Kids [2 0 R]"), 1),
		bytes.Replace(buildPDF(pdfLines, false, ""), []byte("/Parent 2 0 R"), []byte("/Parent 3 0 R"), 1),
		bytes.Replace(buildPDF(pdfLines, false, ""), []byte("/Count 1"), []byte("/Count 9"), 1),
	} {
		New(Options{}).Extract(Document{ContentType: "application/pdf", Body: body})
	}
}
