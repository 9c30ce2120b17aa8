package sqlitestore

import "hash/maphash"

// A hash of a name has 28 bits: so many are kept of it. Its seed is the process's
// own: whoever chooses names cannot choose their hashes.
type hash uint32

const (
	tableBits  = 6  // which table
	tagBits    = 16 // where in it; kept in one array, in which 0 is a free slot
	restBits   = 6  // kept in the other, above the number
	numberBits = 32 - restBits
	maxOffset  = 1<<numberBits - 1
)

var hashSeed = maphash.MakeSeed()

func hashOf(name string) hash { return cut(maphash.String(hashSeed, name)) }

func hashOfBytes(name []byte) hash { return cut(maphash.Bytes(hashSeed, name)) }

func cut(h uint64) hash { return hash(h >> (64 - tableBits - tagBits - restBits)) }

func (h hash) split() (table int, tag uint16, rest uint32) {
	return int(h >> (tagBits + restBits)), max(1, uint16(h>>restBits)), uint32(h & (1<<restBits - 1))
}

// numbers finds by a name's hash the numbers that names with it have. A map would
// take two to three times the memory, which is six bytes a slot here and seven to
// nine for each number.
type numbers struct {
	base   int64 // the first number; the others are kept as offsets from it
	count  int
	tables [1 << tableBits]table
	far    map[hash][]int64 // whose offsets are too large
}

// table has open addressing. There are several, so that none takes long to grow.
type table struct {
	tags  []uint16
	rests []uint32 // rest of the hash, offset of the number
	count int
}

func (x *numbers) add(h hash, n int64) {
	if x.count++; x.count == 1 {
		x.base = n
	}
	offset := n - x.base
	if offset < 0 || offset > maxOffset {
		if x.far == nil {
			x.far = map[hash][]int64{}
		}
		x.far[h] = append(x.far[h], n)
		return
	}
	i, tag, rest := h.split()
	t := &x.tables[i]
	if 8*(t.count+1) > 7*len(t.tags) {
		t.grow()
	}
	t.put(tag, rest<<numberBits|uint32(offset))
}

// find appends the numbers of names with a hash.
func (x *numbers) find(found []int64, h hash) []int64 {
	i, tag, rest := h.split()
	t := &x.tables[i]
	if len(t.tags) > 0 {
		for at := t.home(tag); t.tags[at] != 0; at = t.after(at) {
			if t.tags[at] == tag && t.rests[at]>>numberBits == rest {
				found = append(found, x.base+int64(t.rests[at]&maxOffset))
			}
		}
	}
	if x.far != nil {
		found = append(found, x.far[h]...)
	}
	return found
}

// home is where a tag belongs.
func (t *table) home(tag uint16) int { return int(tag) * len(t.tags) >> tagBits }

func (t *table) after(at int) int {
	if at++; at == len(t.tags) {
		return 0
	}
	return at
}

func (t *table) put(tag uint16, rest uint32) {
	at := t.home(tag)
	for t.tags[at] != 0 {
		at = t.after(at)
	}
	t.tags[at], t.rests[at] = tag, rest
	t.count++
}

func (t *table) grow() {
	size := len(t.tags)*5/4 + 16
	old := *t
	*t = table{tags: make([]uint16, size), rests: make([]uint32, size)}
	for i, tag := range old.tags {
		if tag != 0 {
			t.put(tag, old.rests[i])
		}
	}
}
