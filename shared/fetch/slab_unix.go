//go:build unix

package fetch

import "golang.org/x/sys/unix"

// newSlab returns zeroed memory outside the heap. It is never returned to the
// system as such, only its pages are (restSlab), so that a stray reference reads
// zeros instead of killing the process.
func newSlab(size int) []byte {
	slab, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]byte, size) // out of mappings: the heap does as well
	}
	return slab
}

// restSlab tells the system that what is in a slab is not needed any more.
func restSlab(slab []byte) {
	// A slab from the heap is not aligned to pages and is refused, which is right.
	_ = unix.Madvise(slab, unix.MADV_DONTNEED)
}
