// Package sitemap reads the lists of pages that sites publish for crawlers:
// sitemaps.org XML (urlset and sitemapindex), plain text, RSS and Atom.
//
// It is pure and streams: a document is never held in memory, only what it
// lists. It takes documents as they are found, not as they should be, and
// hands out what it could read together with the error that stopped it.
package sitemap

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Limits of the protocol at sitemaps.org, for one document.
const (
	// MaxBytes is how large a document may be, uncompressed.
	MaxBytes = 50 * 1024 * 1024
	// MaxEntries is how many addresses a document may list.
	MaxEntries = 50_000
	// MaxLoc is how long an address may be, in bytes: the protocol's 2,048.
	MaxLoc = 2048
)

// Errors that a caller may want to tell apart. With each of them the Result
// holds what was read before.
var (
	// ErrLimit says that the document lists more than the caller asked for.
	ErrLimit = errors.New("sitemap: more entries than asked for")
	// ErrTooLarge says that the document is longer than MaxBytes, uncompressed,
	// or has a single tag, text or comment of more than 256 KiB.
	ErrTooLarge = errors.New("sitemap: too large")
	// ErrNotSitemap says that the document is something else, often an error page.
	ErrNotSitemap = errors.New("sitemap: neither a sitemap nor a feed nor a list of addresses")
	// ErrTruncated says that the document ends before its root element does.
	ErrTruncated = errors.New("sitemap: document ends early")
)

// Entry is one address that a document lists.
type Entry struct {
	// Loc is an absolute http or https URL as the document has it, trimmed and
	// with entities resolved, not further checked: whether it belongs to the
	// site that published it is for the caller to decide.
	Loc string
	// LastMod is when it is said to have changed; zero if that is not said or unreadable.
	LastMod time.Time
}

// Result is what a document lists, in its order, repetitions included.
type Result struct {
	Pages    []Entry // pages, of a urlset, a text list or a feed
	Sitemaps []Entry // further sitemaps, of a sitemapindex
}

// Parse reads one document of at most limit entries; limit ≤ 0, or above it,
// means [MaxEntries]. It tells the format by the content, gunzips what has
// gzip's magic number, and reads other encodings than UTF-8 if the document declares
// them by a byte order mark or in its XML declaration.
//
// Addresses that are not absolute http or https URLs, or longer than [MaxLoc],
// are passed over. The Result is valid whatever the error: one of this
// package's, or one from r or from gunzipping, wrapped.
func Parse(r io.Reader, limit int) (Result, error) {
	if limit <= 0 || limit > MaxEntries {
		limit = MaxEntries
	}
	c := collector{limit: limit, maxBytes: MaxBytes}
	err := c.read(r)
	return c.result, err
}

// collector gathers entries up to the limit.
type collector struct {
	limit    int
	maxBytes int64
	result   Result
}

func (c *collector) read(r io.Reader) error {
	br := bufio.NewReaderSize(r, 4096)
	// Servers are known to compress what is compressed, and send it as plain.
	for range 2 {
		if magic, _ := br.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
			break
		}
		zr, err := gzip.NewReader(br)
		if err != nil {
			return fmt.Errorf("sitemap: gunzip: %w", err)
		}
		br = bufio.NewReaderSize(zr, 4096)
	}
	br = bufio.NewReaderSize(&limitedReader{r: br, left: c.maxBytes}, 4096)
	text, err := decoded(br)
	if err != nil {
		return err
	}
	first, err := firstOctet(text)
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: empty", ErrNotSitemap)
	case err != nil:
		return fmt.Errorf("sitemap: read: %w", err)
	case first == '<':
		return c.readXML(text)
	default:
		return c.readText(text)
	}
}

// add keeps an entry if it is one; it returns ErrLimit instead of one too many.
func (c *collector) add(to *[]Entry, loc string, lastMod time.Time) error {
	loc = strings.TrimSpace(loc)
	if !isWebURL(loc) {
		return nil
	}
	if len(c.result.Pages)+len(c.result.Sitemaps) >= c.limit {
		return ErrLimit
	}
	*to = append(*to, Entry{Loc: strings.Clone(loc), LastMod: lastMod})
	return nil
}

func isWebURL(s string) bool {
	if len(s) > MaxLoc {
		return false
	}
	scheme, rest, ok := strings.Cut(s, "://")
	return ok && rest != "" && rest[0] != '/' && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// readText reads a list of one address per line.
func (c *collector) readText(r *bufio.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), 64*1024)
	lines.Split(scanLines)
	seen := false
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if !seen && !isWebURL(line) {
			return ErrNotSitemap
		}
		seen = true
		if err := c.add(&c.result.Pages, line, time.Time{}); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("sitemap: read: %w", err)
	}
	return nil
}

// scanLines is bufio.ScanLines that also ends a line at a bare CR.
func scanLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	i := bytes.IndexByte(data, '\n')
	line := data
	if i >= 0 {
		line = data[:i]
	}
	if j := bytes.IndexByte(line, '\r'); j >= 0 {
		i = j
	}
	if i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// limitedReader fails, unlike io.LimitedReader, when there is more than allowed.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err //nolint:wrapcheck // a reader passes errors, io.EOF among them, as they are.
}
