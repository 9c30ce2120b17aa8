package sitemap

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"
)

// endless yields a document's beginning, then one piece for ever.
type endless struct {
	head, piece string
	at          int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		from := e.piece
		i := e.at - len(e.head)
		if i < 0 {
			from, i = e.head, e.at
		}
		c := copy(p[n:], from[i%len(from):])
		e.at += c
		n += c
	}
	return n, nil
}

// Nothing makes the reader go on beyond its limits. They are small here, for
// the test's own sake.
func TestEndlessDocuments(t *testing.T) {
	const small = 1 << 19
	const first = "<urlset><url><loc>https://lindhorst-brot.de/a</loc></url>"
	for name, r := range map[string]*endless{
		"comments":          {head: first, piece: "<!-- x -->"},
		"empty entries":     {head: first, piece: "<url></url>"},
		"open tags":         {head: first, piece: "<a>"},
		"references":        {head: first + "<url>", piece: "<loc>&amp;</loc>"},
		"white space":       {head: first, piece: " \n"},
		"one tag":           {head: first, piece: "<url x='"},
		"one text":          {head: first + "<url><loc>", piece: "https://x"},
		"one comment":       {head: first + "<!--", piece: "x"},
		"one CDATA section": {head: first + "<url><loc><![CDATA[", piece: "x"},
	} {
		c := collector{limit: 10, maxBytes: small}
		err := c.read(r)
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if len(c.result.Pages) != 1 {
			t.Errorf("%s: %+v", name, c.result)
		}
		if r.at > small+1<<18 {
			t.Errorf("%s: %d bytes were read", name, r.at)
		}
	}
}

func TestExactlyAsMuchAsIsRead(t *testing.T) {
	const doc = "https://lindhorst-brot.de/a\nhttps://lindhorst-brot.de/b"
	for left, want := range map[int64]error{int64(len(doc)): nil, int64(len(doc)) - 1: ErrTooLarge} {
		c := collector{limit: 10, maxBytes: left}
		if err := c.read(bytes.NewReader([]byte(doc))); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v, want %v", left, err, want)
		}
	}
}

func TestBombIsNotInflated(t *testing.T) {
	const small = 1 << 20
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.CopyN(w, &endless{head: "<urlset>", piece: "<url></url>"}, 4*small); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := collector{limit: 10, maxBytes: small}
	if err := c.read(&packed); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}
