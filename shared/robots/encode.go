package robots

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrFormat is what [File.UnmarshalBinary] returns, wrapped, for data that
// [File.MarshalBinary] did not write.
var ErrFormat = errors.New("robots: not an encoded file")

const (
	formatPlain   = 1
	formatDeflate = 2
	// worthDeflating is the size below which deflate's own overhead wins.
	worthDeflating = 200
	// maxDecoded bounds what a few stored bytes may inflate to: percent-encoding
	// at most triples the octets of a file, and counts and lengths come on top.
	maxDecoded = 5 * MaxBytes
)

// MarshalBinary encodes the file compactly (deflated when that pays), so that
// one worker's copy can serve the others. It implements
// [encoding.BinaryMarshaler] and never fails.
func (f *File) MarshalBinary() ([]byte, error) {
	plain := f.appendPlain(nil)
	if len(plain) >= worthDeflating {
		var packed bytes.Buffer
		packed.WriteByte(formatDeflate)
		w, err := flate.NewWriter(&packed, flate.DefaultCompression)
		if err != nil {
			return nil, fmt.Errorf("robots: deflate: %w", err)
		}
		if _, err := w.Write(plain); err != nil {
			return nil, fmt.Errorf("robots: deflate: %w", err)
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("robots: deflate: %w", err)
		}
		if packed.Len() <= len(plain) {
			return packed.Bytes(), nil
		}
	}
	return append([]byte{formatPlain}, plain...), nil
}

func (f *File) appendPlain(out []byte) []byte {
	text := func(s string) {
		out = binary.AppendUvarint(out, uint64(len(s)))
		out = append(out, s...)
	}
	out = binary.AppendUvarint(out, uint64(len(f.sitemaps)))
	for _, s := range f.sitemaps {
		text(s)
	}
	out = binary.AppendUvarint(out, uint64(len(f.groups)))
	for _, g := range f.groups {
		out = binary.AppendUvarint(out, uint64(len(g.agents)))
		for _, a := range g.agents {
			text(a.token)
			// 0 is "no delay given", so that a delay of nothing survives as 1.
			delay := uint64(0)
			if a.hasDelay {
				delay = uint64(a.delay) + 1
			}
			out = binary.AppendUvarint(out, delay)
		}
		out = binary.AppendUvarint(out, uint64(len(g.rules)))
		for _, p := range g.rules {
			kind := byte('d')
			if p.allow {
				kind = 'a'
			}
			out = append(out, kind)
			text(p.text)
		}
	}
	return out
}

// UnmarshalBinary replaces f by the file that data holds. It implements
// [encoding.BinaryUnmarshaler]; f is unchanged if it returns an error, which
// then wraps [ErrFormat].
func (f *File) UnmarshalBinary(data []byte) error {
	if len(data) == 0 {
		return fmt.Errorf("%w: empty", ErrFormat)
	}
	plain := data[1:]
	switch data[0] {
	case formatPlain:
	case formatDeflate:
		var err error
		plain, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(plain)), maxDecoded+1))
		if err != nil {
			return fmt.Errorf("%w: inflate: %w", ErrFormat, err)
		}
	default:
		return fmt.Errorf("%w: version %d", ErrFormat, data[0])
	}
	if len(plain) > maxDecoded {
		return fmt.Errorf("%w: more than %d bytes", ErrFormat, maxDecoded)
	}
	d := decoder{rest: plain}
	got := d.file()
	if d.bad || len(d.rest) > 0 {
		return fmt.Errorf("%w: %d bytes not understood", ErrFormat, len(d.rest))
	}
	*f = *got
	return nil
}

// decoder reads appendPlain's form. After a mistake it is bad and yields zeros.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) file() *File {
	f := &File{}
	for n := d.count(); n > 0 && !d.bad; n-- {
		f.sitemaps = append(f.sitemaps, d.text())
	}
	for n := d.count(); n > 0 && !d.bad; n-- {
		f.groups = append(f.groups, d.group())
	}
	return f
}

func (d *decoder) group() group {
	var g group
	for n := d.count(); n > 0 && !d.bad; n-- {
		a := agent{token: d.text()}
		if delay := d.number(); delay > 0 {
			if delay-1 > uint64(maxDelay) {
				d.bad = true
				return g
			}
			a.slow(time.Duration(delay - 1))
		}
		g.agents = append(g.agents, a)
	}
	for n := d.count(); n > 0 && !d.bad; n-- {
		kind := d.octets(1)
		if d.bad || kind[0] != 'a' && kind[0] != 'd' {
			d.bad = true
			return g
		}
		p := pattern{allow: kind[0] == 'a', text: d.text()}
		if p != newPattern(p.text, p.allow) {
			d.bad = true // matching relies on the canonical form
			return g
		}
		g.rules = append(g.rules, p)
	}
	return g
}

// count reads a number of things to come, each of at least one byte: more than
// bytes left is a lie.
func (d *decoder) count() int {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) text() string { return string(d.octets(d.count())) }

func (d *decoder) number() uint64 {
	n, size := binary.Uvarint(d.rest)
	if d.bad || size <= 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) octets(n int) []byte {
	if d.bad || n > len(d.rest) {
		d.bad = true
		return nil
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out
}
