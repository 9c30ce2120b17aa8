package extract

import "encoding/binary"

// memo remembers what was found out about short strings that stand on pages
// again and again: names of tags and attributes, classes. It has one place for
// each hash and forgets what stood there before, so that no page makes it grow,
// and a page on which it never helps is read as fast as without, but for the look.
type memo[T any] struct {
	places [memoPlaces]struct {
		n          int                // length of the string; 0: nothing stands here
		head, tail uint64             // its first and last eight bytes
		middle     [maxMemo - 16]byte // what lies between them
		value      T
	}
	spare T // for what is too long to remember
}

// maxMemo is the longest string that is remembered, memoPlaces how many are: a
// power of two.
const (
	maxMemo    = 40
	memoPlaces = 1 << memoBits
	memoBits   = 7
)

// at returns where what is known of key stands. Where nothing is, the caller
// puts it there. key is not empty.
func (m *memo[T]) at(key []byte) (value *T, known bool) {
	n := len(key)
	if n > maxMemo {
		return &m.spare, false
	}
	var head, tail uint64
	switch {
	case n >= 8:
		head, tail = binary.LittleEndian.Uint64(key), binary.LittleEndian.Uint64(key[n-8:])
	case n >= 4:
		head, tail = uint64(binary.LittleEndian.Uint32(key)), uint64(binary.LittleEndian.Uint32(key[n-4:]))
	default:
		head, tail = uint64(key[0]), uint64(key[n/2])<<8|uint64(key[n-1])
	}
	p := &m.places[((head+uint64(n))*0x9e3779b97f4a7c15^tail)*0xd6e8feb86659fd93>>(64-memoBits)]
	if p.n == n && p.head == head && p.tail == tail && (n <= 16 || string(p.middle[:n-16]) == string(key[8:n-8])) {
		return &p.value, true
	}
	p.n, p.head, p.tail = n, head, tail
	if n > 16 {
		copy(p.middle[:], key[8:n-8])
	}
	return &p.value, false
}
