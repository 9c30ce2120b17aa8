package extract

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes are looked at as one number: ones and tops have the lowest and the
// highest bit of each byte set.
const ones, tops = 0x0101010101010101, 0x8080808080808080

// zeros marks the highest bit of the first byte of x that is zero, and perhaps
// those of some behind it; it is 0 if no byte is.
func zeros(x uint64) uint64 { return (x - ones) &^ x & tops }

// firstMarked returns the index of the first byte that is marked.
func firstMarked(marks uint64) int { return bits.TrailingZeros64(marks) / 8 }

// maxName is the longest name that is looked up as two numbers.
const maxName = 15

// nameAt returns where the name at src[i] ends, and its bytes as two numbers if
// there are at most maxName of them. Its first byte is a part of it, whatever it
// is; ends says what ends it.
func (w *walker) nameAt(i int, ends uint8) (end int, head, tail uint64) {
	if i+16 <= len(w.src) {
		head = binary.LittleEndian.Uint64(w.src[i:])
		if stops := nameStops(head) &^ 0x80; stops != 0 {
			if n := firstMarked(stops); nameByte[w.src[i+n]]&ends != 0 {
				return i + n, head & (1<<(8*n) - 1), 0
			}
		} else {
			tail = binary.LittleEndian.Uint64(w.src[i+8:])
			if stops := nameStops(tail); stops != 0 {
				if n := firstMarked(stops); nameByte[w.src[i+8+n]]&ends != 0 {
					return i + 8 + n, head, tail & (1<<(8*n) - 1)
				}
			}
		}
	}
	return w.nameByBytes(i, ends)
}

// nameStops marks the first byte of eight that may end a name: white space and
// other bytes below it, a slash, an angle bracket, an equals or a question mark.
func nameStops(x uint64) uint64 {
	return (x-('!'*ones))&^x&tops | zeros(x^'/'*ones) | zeros(x&(0xfc*ones)^'<'*ones)
}

// nameByBytes is nameAt for what is left: the end of the source, long names, and
// those that hold one of the bytes that end others.
func (w *walker) nameByBytes(i int, ends uint8) (end int, head, tail uint64) {
	end = i + 1
	for end < len(w.src) && nameByte[w.src[end]]&ends == 0 {
		end++
	}
	if end-i > maxName {
		return end, 0, 0
	}
	for k, c := range w.src[i:end] {
		if k < 8 {
			head |= uint64(c) << (8 * k)
		} else {
			tail |= uint64(c) << (8 * (k - 8))
		}
	}
	return end, head, tail
}

// nameMemo is a memo of names of tags and attributes, as nameAt returns them.
type nameMemo[T any] struct {
	places [memoPlaces]struct {
		head, tail uint64
		n          int // length of the name; 0: nothing stands here
		value      T
	}
	spare T // for what is too long to remember
}

// at returns where what is known of a name of n bytes stands. Where nothing is,
// the caller puts it there.
func (m *nameMemo[T]) at(head, tail uint64, n int) (value *T, known bool) {
	if n > maxName {
		return &m.spare, false
	}
	p := &m.places[(head+tail*31)*0x9e3779b97f4a7c15>>(64-memoBits)]
	if p.head == head && p.tail == tail && p.n == n {
		return &p.value, true
	}
	p.head, p.tail, p.n = head, tail, n
	return &p.value, false
}
