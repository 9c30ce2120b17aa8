package extract

import "encoding/binary"

// memo remembers what was found out about short strings that stand on pages
// again and again: names of attributes, classes. It has one place for each hash
// and forgets what stood there before, so that no page makes it grow, and a page
// on which it never helps is read as fast as without, but for the look.
type memo[T any] struct {
	places [memoPlaces]struct {
		n     uint8 // length of the key; 0: nothing stands here
		key   [maxMemo]byte
		value T
	}
}

// maxMemo is the longest string that is remembered, memoPlaces how many are: a
// power of two.
const (
	maxMemo    = 64
	memoPlaces = 128
)

// get returns what find says about key, which is not empty.
func (m *memo[T]) get(key []byte, find func([]byte) T) T {
	if len(key) > maxMemo {
		return find(key)
	}
	p := &m.places[hash(key)%memoPlaces]
	if int(p.n) == len(key) && string(p.key[:p.n]) == string(key) {
		return p.value
	}
	p.value = find(key)
	p.n = uint8(copy(p.key[:], key))
	return p.value
}

// hash mixes the bytes of b, eight at a time.
func hash(b []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15
	h := uint64(len(b))
	for ; len(b) > 8; b = b[8:] {
		h = (h ^ binary.LittleEndian.Uint64(b)) * odd
		h ^= h >> 32
	}
	var last uint64
	switch n := len(b); {
	case n >= 4:
		last = uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32
	case n >= 2:
		last = uint64(binary.LittleEndian.Uint16(b)) | uint64(b[n-1])<<16
	case n == 1:
		last = uint64(b[0])
	}
	h = (h ^ last) * odd
	return h ^ h>>32
}
