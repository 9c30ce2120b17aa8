package fetch

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Decoder undoes content codings and brings texts to UTF-8. It keeps its buffers
// between pages, so one per goroutine serves many; it is not safe for concurrent
// use. Done must be called after each page.
type Decoder struct {
	max     int64
	work    *Workspace
	working bool // it holds the workspace
	out     []byte
	src     bytes.Reader
	gzip    *gzip.Reader
	brotli  *brotli.Reader
	zstd    *zstd.Decoder
	flate   io.ReadCloser
	text    []byte
	between []byte
	said    contentType // of the page before: most are of one type
}

// NewDecoder returns a Decoder that gives no more than the workspace's limit.
func NewDecoder(work *Workspace) *Decoder { return &Decoder{max: work.max, work: work} }

// Done ends the work on a page: what Decode and UTF8 returned is no longer valid.
func (d *Decoder) Done() {
	if d.working {
		d.working = false
		d.work.empty()
		d.work.mu.Unlock()
	}
}

// large makes sure that no other large page is worked on until Done.
func (d *Decoder) large() {
	if !d.working {
		d.work.mu.Lock()
		d.working = true
	}
}

// maxCodings bounds how often a body may be said to be compressed.
const maxCodings = 2

// Decode returns the response's body without its content codings. The result is
// valid until Done or until the response is released. ErrTooLarge if
// it is over the limit (cut off instead where truncate is set), ErrEncoding.
func (d *Decoder) Decode(r *Response, truncate bool) ([]byte, error) {
	return d.decode(r.Body, r.Encoding, truncate, r.Cut)
}

func (d *Decoder) decode(body []byte, encoding string, truncate, cut bool) ([]byte, error) {
	var codings []string
	for name := range strings.SplitSeq(encoding, ",") {
		if name = strings.TrimSpace(name); name != "" && name != "identity" {
			codings = append(codings, name)
		}
	}
	if len(codings) > maxCodings {
		return nil, fmt.Errorf("%w: %d codings", ErrEncoding, len(codings))
	}
	for i := len(codings) - 1; i >= 0; i-- {
		if len(body) == 0 {
			return body, nil // an empty body is sent without its coding
		}
		packed := body
		src, err := d.reader(codings[i], packed)
		if err == nil {
			body, err = d.readAll(src, truncate, cut)
		}
		switch {
		case err == nil:
		case looksPlain(packed): // servers do label plain text as compressed
			body = packed
		case errors.Is(err, ErrTooLarge):
			return nil, err
		default:
			return nil, fmt.Errorf("%w: %s: %w", ErrEncoding, codings[i], err)
		}
		if i > 0 { // the next coding reads from what this one gave
			d.between = append(d.between[:0], body...)
			body = d.between
		}
	}
	if len(body) > largeText {
		d.large()
	}
	return body, nil
}

// looksPlain reports whether a body that is not what its coding says is text all the same.
func looksPlain(body []byte) bool {
	start := bytes.TrimLeft(body[:min(len(body), 512)], " \t\r\n\ufeff")
	return len(start) > 0 && (start[0] == '<' || start[0] == '{' || start[0] == '[')
}

func (d *Decoder) reader(coding string, body []byte) (io.Reader, error) {
	d.src.Reset(body)
	switch coding {
	case "gzip", "x-gzip":
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		return d.gzip, d.gzip.Reset(&d.src)
	case "br":
		if d.brotli == nil {
			d.brotli = brotli.NewReader(nil)
		}
		return d.brotli, d.brotli.Reset(&d.src)
	case "zstd":
		if d.zstd == nil {
			// RFC 9659: no window above 8 MiB for HTTP.
			z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderMaxMemory(64<<20))
			if err != nil {
				return nil, err
			}
			d.zstd = z
		}
		return d.zstd, d.zstd.Reset(&d.src)
	case "deflate":
		// RFC 9110 means zlib; some servers send bare deflate.
		if z, err := zlib.NewReader(&d.src); err == nil {
			return z, nil
		}
		d.src.Reset(body)
		if d.flate == nil {
			d.flate = flate.NewReader(&d.src)
			return d.flate, nil
		}
		return d.flate, d.flate.(flate.Resetter).Reset(&d.src, nil)
	}
	return nil, errors.New("unknown coding")
}

// readAll reads to the end or to the limit. A body that ends early is what was
// read so far if it had been cut off on purpose, and an error otherwise.
func (d *Decoder) readAll(src io.Reader, truncate, cut bool) ([]byte, error) {
	if d.out == nil {
		d.out = make([]byte, 128<<10)
	}
	out, n := d.out, 0
	for {
		if int64(n) > d.max {
			if truncate {
				return out[:d.max], nil
			}
			return nil, fmt.Errorf("%w: more than %d bytes after decompression", ErrTooLarge, d.max)
		}
		if n == len(out) {
			out = d.grow(out)
		}
		m, err := src.Read(out[n:min(int64(len(out)), d.max+1)])
		n += m
		switch {
		case errors.Is(err, io.EOF), err != nil && cut:
			return out[:n], nil
		case err != nil:
			return nil, err
		}
	}
}

// grow returns a larger buffer with the same content: up to largeText one of its
// own, beyond it the workspace's.
func (d *Decoder) grow(out []byte) []byte {
	if 2*len(out) <= largeText {
		larger := make([]byte, 2*len(out))
		copy(larger, out)
		d.out = larger
		return larger
	}
	d.large()
	larger := d.work.unpacked()
	copy(larger, out)
	return larger
}
