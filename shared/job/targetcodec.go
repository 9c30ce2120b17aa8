package job

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync"
)

// targetScratch holds what targets are written into before compression.
var targetScratch = sync.Pool{New: func() any { return new([]byte) }}

// maxScratch is how large a piece of scratch may be to be kept.
const maxScratch = 1 << 20

// EncodeTargets returns the stored form of a batch's targets. The only error is
// ErrEncoding, for more than MaxDecoded bytes of them.
//
// Each URL leaves out what it has in common with the one before it: pages of one
// host come one after the other, so that is most of it, and the compressor, whose
// time is the larger part, has that much less to do.
func EncodeTargets(targets []Target) ([]byte, error) {
	if size := expanded(targets); size > MaxDecoded {
		return nil, fmt.Errorf("%w: %d bytes are more than %d", ErrEncoding, size, MaxDecoded)
	}
	scratch := targetScratch.Get().(*[]byte)
	plain := binary.AppendUvarint((*scratch)[:0], uint64(len(targets)))
	before := ""
	for i := range targets {
		url := targets[i].URL
		shared := commonPrefix(before, url)
		head := uint64(len(url)-shared) << 1
		if targets[i].Guessed {
			head |= 1
		}
		plain = binary.AppendUvarint(plain, head)
		plain = binary.AppendUvarint(plain, uint64(shared))
		plain = append(plain, url[shared:]...)
		before = url
	}
	stored, err := pack(targetsV2, plain)
	if cap(plain) <= maxScratch {
		*scratch = plain
		targetScratch.Put(scratch)
	}
	return stored, err
}

// expanded is what targets take in memory as URLs, about.
func expanded(targets []Target) (size int) {
	for i := range targets {
		size += len(targets[i].URL) + 1
	}
	return size
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if diff := load64(a, i) ^ load64(b, i); diff != 0 {
			return i + bits.TrailingZeros64(diff)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// load64 is a single instruction where the compiler knows how.
func load64(s string, i int) uint64 {
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

// DecodeTargets reads what EncodeTargets wrote, in this version or an earlier one;
// no targets come back as nil. errors.Is(err, ErrEncoding) for anything else.
func DecodeTargets(stored []byte) ([]Target, error) {
	version := targetsV2
	if len(stored) > 0 && stored[0] == targetsV1 {
		version = targetsV1
	}
	plain, err := unpack(version, stored)
	if err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	count, n := binary.Uvarint(plain)
	if n <= 0 || count > uint64(len(plain)-n) { // each target takes a byte at least
		return nil, fmt.Errorf("targets: %w: count", ErrEncoding)
	}
	plain = plain[n:]
	var targets []Target
	if version == targetsV1 {
		targets, err = readTargetsV1(string(plain), count)
	} else {
		targets, err = readTargets(plain, count)
	}
	if err != nil {
		return nil, fmt.Errorf("targets: %w: %w", ErrEncoding, err)
	}
	return targets, nil
}

// readTargets reads count targets of version 2.
func readTargets(plain []byte, count uint64) ([]Target, error) {
	// Once to see how much there is, once to write it.
	size, before := 0, uint64(0)
	rest := plain
	for i := range count {
		head, n := binary.Uvarint(rest)
		if n <= 0 {
			return nil, fmt.Errorf("target %d of %d", i, count)
		}
		shared, m := binary.Uvarint(rest[n:])
		own := head >> 1
		if m <= 0 || shared > before || own > uint64(len(rest)-n-m) {
			return nil, fmt.Errorf("target %d of %d", i, count)
		}
		before = shared + own
		if size += int(before) + 1; size > MaxDecoded {
			return nil, fmt.Errorf("more than %d bytes", MaxDecoded)
		}
		rest = rest[n+m+int(own):]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes too many", len(rest))
	}
	if count == 0 {
		return nil, nil
	}
	buf := make([]byte, 0, size-int(count))
	ends := make([]int, 0, count)
	targets := make([]Target, count)
	rest = plain
	last := 0
	for i := range targets {
		head, n := binary.Uvarint(rest)
		shared, m := binary.Uvarint(rest[n:])
		rest = rest[n+m:]
		start := len(buf)
		buf = append(buf, buf[last:last+int(shared)]...)
		buf = append(buf, rest[:head>>1]...)
		rest = rest[head>>1:]
		targets[i].Guessed = head&1 == 1
		last, ends = start, append(ends, len(buf))
	}
	all := string(buf) // one allocation that all URLs share
	start := 0
	for i, end := range ends {
		targets[i].URL = all[start:end]
		start = end
	}
	return targets, nil
}

// readTargetsV1 reads count targets of version 1.
func readTargetsV1(rest string, count uint64) ([]Target, error) {
	if count == 0 && rest == "" {
		return nil, nil
	}
	targets := make([]Target, 0, min(count, 1<<16))
	for range count {
		head, n := uvarint(rest)
		if n <= 0 || head>>1 > uint64(len(rest)-n) {
			return nil, fmt.Errorf("target %d of %d", len(targets), count)
		}
		end := n + int(head>>1) // not above len(rest)
		targets = append(targets, Target{URL: rest[n:end], Guessed: head&1 == 1})
		rest = rest[end:]
	}
	if rest != "" {
		return nil, fmt.Errorf("%d bytes too many", len(rest))
	}
	return targets, nil
}
