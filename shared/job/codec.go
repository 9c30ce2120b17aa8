package job

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// The stored form of a batch's targets and of its result, the same in every
// adapter: one byte that names the encoding, then a zstd frame (RFC 8878). A new
// encoding gets a new first byte; the old ones stay readable.
const (
	targetsV1 byte = 1 // zstd of: count, then for each target length<<1|guessed and the URL; numbers as uvarints
	// targetsV2 is zstd of: count, then for each target length<<1|guessed of what follows, how many bytes
	// of the URL before it come first, and the bytes that follow those; numbers as uvarints.
	targetsV2 byte = 2
	resultV1  byte = 1 // zstd of the Result's JSON
	resultV2  byte = 2 // zstd of what appendResult makes
)

// MaxDecoded bounds in bytes what targets or a result take before compression.
// Encoding refuses more, so whatever was stored can be read, and decoding refuses
// more, so that a damaged item cannot exhaust the memory.
const MaxDecoded = 128 << 20

// ErrEncoding says that bytes are no stored targets or result, or that a value
// is too large to become one.
var ErrEncoding = errors.New("bad encoding")

// Both are made on first use: a function that never reads a batch does not pay
// for them. EncodeAll and DecodeAll are safe for concurrent use and start no
// goroutine.
var (
	compressor = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(256<<10),
			zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithLowerEncoderMem(true))
	})
	decompressor = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)),
			zstd.WithDecoderMaxMemory(MaxDecoded), zstd.WithDecoderLowmem(true))
	})
)

// EncodeResult returns the stored form of a result, its Remainder left out. Text
// that is no UTF-8 and times in other zones come back as UTF-8 and in UTC. The
// only error is ErrEncoding, for more than MaxDecoded bytes.
func EncodeResult(r *Result) ([]byte, error) {
	stored, err := pack(resultV2, appendResult(r))
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	return stored, nil
}

// DecodeResult reads what EncodeResult wrote, in this version or an earlier one;
// errors.Is(err, ErrEncoding) for anything else.
func DecodeResult(stored []byte) (*Result, error) {
	version := resultV2
	if len(stored) > 0 && stored[0] == resultV1 {
		version = resultV1
	}
	plain, err := unpack(version, stored)
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	if version == resultV2 {
		r, err := readResult(plain)
		if err != nil {
			return nil, fmt.Errorf("result: %w", err)
		}
		return r, nil
	}
	r := new(Result)
	if err := json.Unmarshal(plain, r); err != nil {
		return nil, fmt.Errorf("result: %w: %w", ErrEncoding, err)
	}
	return r, nil
}

func pack(version byte, plain []byte) ([]byte, error) {
	if len(plain) > MaxDecoded {
		return nil, fmt.Errorf("%w: %d bytes are more than %d", ErrEncoding, len(plain), MaxDecoded)
	}
	enc, err := compressor()
	if err != nil {
		return nil, err
	}
	stored := make([]byte, 1, len(plain)/4+64)
	stored[0] = version
	return enc.EncodeAll(plain, stored), nil
}

func unpack(version byte, stored []byte) ([]byte, error) {
	if len(stored) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrEncoding)
	}
	if stored[0] != version {
		return nil, fmt.Errorf("%w: version %d is not known", ErrEncoding, stored[0])
	}
	dec, err := decompressor()
	if err != nil {
		return nil, err
	}
	plain, err := dec.DecodeAll(stored[1:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return plain, nil
}

// uvarint is binary.Uvarint for a string.
func uvarint(s string) (value uint64, n int) {
	var shift uint
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		b := s[i]
		if b < 0x80 {
			if i == binary.MaxVarintLen64-1 && b > 1 {
				return 0, 0
			}
			return value | uint64(b)<<shift, i + 1
		}
		value |= uint64(b&0x7f) << shift
		shift += 7
	}
	return 0, 0
}
