package extract

// meta asks the caller about the meta element whose attributes are in w.attrs.
func (w *walker) meta() {
	if !w.asked() {
		return
	}
	if len(w.attrs) == maxAttrs {
		w.doubt() // there may be more
		return
	}
	name, httpEquiv, content := w.first("name"), w.first("http-equiv"), w.first("content")
	if len(name) > 0 || len(httpEquiv) > 0 {
		w.s.meta = w.s.opt.Meta(name, httpEquiv, content)
	}
}

// asked reports whether there is still a question about meta elements.
func (w *walker) asked() bool { return w.s.opt.Meta != nil && !w.s.meta && w.l.depth == 0 }

// first returns the value of the first attribute of a name.
func (w *walker) first(name string) []byte {
	for i := range w.attrs {
		if a := &w.attrs[i]; foldEqual(a.name, name) {
			return a.value
		}
	}
	return nil
}

// doubt notes that what follows may be split otherwise by readers that go by the
// HTML standard: they may see a meta element where this one sees none. What such
// a reader takes for the end of the document is no cause for doubt.
func (w *walker) doubt() {
	if w.l.depth == 0 {
		w.s.meta = true
	}
}
