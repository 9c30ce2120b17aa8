package fetch

import "sync"

// Workspace is the room in which large pages are unpacked and converted. There
// is one for the process, so that at most one such page is worked on at a time,
// however many goroutines read pages.
type Workspace struct {
	max  int64
	mu   sync.Mutex // held by the Decoder that works on a large page
	out  []byte
	text []byte
}

// NewWorkspace returns a workspace for bodies of at most limit bytes.
func NewWorkspace(limit int64) *Workspace { return &Workspace{max: limit} }

// largeText is the size from which a page is worked on in the workspace.
const largeText = 1 << 20

// unpacked is room for a body after decompression.
func (w *Workspace) unpacked() []byte {
	if w.out == nil {
		w.out = newSlab(int(w.max) + 1)
	}
	return w.out
}

// converted is room for a large text in UTF-8.
func (w *Workspace) converted() []byte {
	if w.text == nil {
		w.text = newSlab(int(w.max))
	}
	return w.text
}

// rest gives the memory back to the system if nobody is using it.
func (w *Workspace) rest() {
	if !w.mu.TryLock() {
		return
	}
	defer w.mu.Unlock()
	w.empty()
}

// empty gives the memory back to the system.
func (w *Workspace) empty() {
	for _, slab := range [][]byte{w.out, w.text} {
		if slab != nil {
			restSlab(slab)
		}
	}
}
