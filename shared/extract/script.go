package extract

import (
	"bytes"
	"strings"
)

// Sizes of scripts. Scripts that hide an address are short; of a long one only
// the neighbourhood of what looks like hiding is run.
const (
	smallScript  = 12 << 10
	windowBefore = 1536
	windowAfter  = 1024
	maxWindows   = 4
	maxPending   = 32
)

// code is a piece of script on the page, not run yet.
type code struct {
	text       []byte
	pos        int
	expression bool // its value matters
	weak       bool // runs only if it calls what another script defined
}

// script reads the content of a script element.
func (w *walker) script(lo, hi int) {
	seg := w.src[lo:hi]
	for _, a := range w.attrs {
		if foldEqual(a.name, "type") && w.typedScript(a.value, seg, lo) {
			return
		}
	}
	l := w.sub(lo)
	l.place = inScript
	t := w.scriptTriggers(lo, hi)
	w.s.scriptText(seg, &l, t)
	if w.s.opt.KeepObfuscated {
		return
	}
	if t.cfEmail {
		w.s.cloudflareTokens(seg, w.pos(lo))
	}
	if t.base64 {
		w.literals(seg, w.pos(lo))
	}
	c := code{text: seg, pos: w.pos(lo)}
	switch {
	case len(seg) > smallScript:
		if t.at || t.call || t.entity {
			w.runWindows(seg, lo)
		}
	case worthRunning(seg, t), w.js != nil && w.js.calledBy(seg):
		w.runScript(c)
	case len(w.pending) < maxPending:
		w.pending = append(w.pending, c)
	}
}

// typedScript handles script elements that hold no script.
func (w *walker) typedScript(typ, seg []byte, lo int) bool {
	l := w.sub(lo)
	switch {
	case foldIndex(typ, "json") >= 0:
		l.place = inJSON
		if l.form == "" {
			l.form = FoundJSON
			if foldIndex(typ, "ld+json") >= 0 {
				l.form = FoundJSONLD
			}
		}
		if bytes.Contains(seg, []byte("&q;")) && !w.s.opt.KeepObfuscated && w.s.spend(len(seg)) {
			// The transfer state of one framework has an escaping of its own.
			seg = []byte(transferState.Replace(string(seg)))
			l.fixed = true
		}
		w.s.json(seg, &l)
		return true
	case foldIndex(typ, "html") >= 0, foldIndex(typ, "template") >= 0, foldIndex(typ, "text/plain") >= 0, foldIndex(typ, "handlebars") >= 0,
		foldIndex(typ, "mustache") >= 0:
		if w.suspiciousRange(lo, lo+len(seg)) {
			w.nested(seg, w.pos(lo), w.l.form)
		}
		return true
	}
	return false
}

var transferState = strings.NewReplacer("&q;", `"`, "&s;", "'", "&l;", "<", "&g;", ">", "&a;", "&")

func (w *walker) suspiciousRange(lo, hi int) bool {
	return w.suspicious(attr{value: w.src[lo:hi], pos: lo})
}

// scriptText scans the strings of a script as they stand, with the escapes in
// them decoded.
func (s *sink) scriptText(b []byte, l *layer, t triggers) {
	if !t.at && !t.escape && !t.percent && !t.entity {
		return
	}
	if (t.slash || t.entity || t.percent) && s.spend(len(b)) {
		inner := *l
		if !inner.fixed {
			inner.pos, inner.fixed = l.at(0), true
		}
		if t.escape && inner.form == "" {
			inner.form = FoundEscape
		}
		for n := 0; n < 3 && bytes.IndexByte(b, '\\') >= 0; n++ {
			b = appendUnescaped(make([]byte, 0, len(b)), b)
			if !bytes.Contains(b, []byte(`\u00`)) && !bytes.Contains(b, []byte(`\x`)) {
				break
			}
		}
		if t.entity || bytes.Contains(b, []byte("&#")) || bytes.Contains(b, []byte("&commat")) {
			b = appendText(make([]byte, 0, len(b)), b, nil)
		}
		if t.percent {
			b = percentDecode(b, 2)
		}
		s.scan(b, &inner)
		return
	}
	s.scan(b, l)
}

// runWindows runs the neighbourhoods of a long script's joints and decoding
// calls.
func (w *walker) runWindows(seg []byte, off int) {
	end := 0
	for n, i := 0, 0; n < maxWindows && i < len(seg); {
		k := nextJoint(seg, i)
		if k < 0 {
			return
		}
		i = k + 1
		if k < end {
			continue
		}
		lo := max(end, k-windowBefore)
		if j := bytes.IndexAny(seg[lo:k], ";\n"); j >= 0 && lo > 0 {
			lo += j + 1
		}
		end = min(len(seg), k+windowAfter)
		w.runScript(code{text: seg[lo:end], pos: w.pos(off + lo)})
		n++
	}
}

// nextJoint returns the offset at or after i of a joint, of a decoding call
// with a literal argument, or -1.
func nextJoint(b []byte, i int) int {
	best := -1
	for at := i; at < len(b); {
		k := bytes.IndexByte(b[at:], '@')
		if k < 0 {
			break
		}
		k += at
		if joint(b, k) {
			best = k
			break
		}
		at = k + 1
	}
	for _, call := range [...]string{"fromCharCode(", `atob("`, "atob('"} {
		limit := len(b)
		if best >= 0 {
			limit = best
		}
		if i >= limit {
			continue
		}
		if k := bytes.Index(b[i:limit], []byte(call)); k >= 0 {
			k += i
			if next := b[min(k+len(call), len(b)-1)]; call[0] == 'a' || class[next]&isDigit != 0 {
				best = k
			}
		}
	}
	return best
}

// interpreter returns the interpreter of the page, after it ran what the
// script needs of those put aside.
func (w *walker) interpreter(script []byte) *jsRun {
	if w.js == nil {
		w.js = newJSRun()
	}
	if len(w.pending) > 0 {
		w.runNeeded(script, 3)
		w.js.written, w.js.out, w.js.mailCalls, w.js.opaque = nil, nil, nil, nil
	}
	return w.js
}

// runNeeded runs the pending scripts that define a name which script uses,
// after those that they need themselves.
func (w *walker) runNeeded(script []byte, depth int) {
	if depth == 0 {
		return
	}
	budget := 64
	names(script, func(name []byte, _ bool) bool {
		budget--
		for i := range w.pending {
			if c := w.pending[i]; c.text != nil && defines(c.text, name) {
				w.pending[i].text = nil
				w.runNeeded(c.text, depth-1)
				w.js.run(string(c.text))
			}
		}
		return budget > 0
	})
}

// runScript runs a piece of script and looks through what it produced.
func (w *walker) runScript(c code) {
	if w.l.depth >= maxDepth || !w.s.spend(len(c.text)) {
		return
	}
	r := w.interpreter(c.text)
	r.used, r.returned = "", nil
	r.data = pageData{src: w.src, names: r.data.names}
	r.run(string(c.text))
	if r.data.count > 1 && !c.expression {
		for r.data.turn = 1; r.data.turn < r.data.count && w.s.spend(len(c.text)); r.data.turn++ {
			r.emitStored()
			r.run(string(c.text))
		}
	}
	if c.expression {
		r.emit(r.returned)
	}
	form := r.used
	if bytes.Contains(c.text, []byte("addy")) || bytes.Contains(c.text, []byte("cloak")) && bytes.Contains(c.text, []byte("prefix")) {
		form = FoundJoomla
	}
	w.jsPos, w.jsForm = c.pos, form
	if len(r.written) > 0 && len(r.written) <= maxAddress && bytes.IndexByte(r.written, '<') < 0 {
		start := len(w.cur.buf)
		w.cur.literal(string(appendText(nil, r.written, nil)), c.pos)
		w.zone(special{start: start}, orScript(form))
	} else {
		w.produced(string(r.written))
	}
	for _, text := range r.out {
		w.produced(text)
	}
	for _, call := range r.mailCalls {
		l := w.producedLayer()
		if len(call) == 1 {
			w.s.tryText([]byte(call[0]), &l)
			continue
		}
		var suffix []byte
		if len(call) > 2 && len(call[2]) < 24 {
			suffix = []byte(call[2])
		}
		w.s.join([]byte(call[0]), []byte(call[1]), suffix, &l)
	}
	for _, text := range r.opaque {
		l := w.producedLayer()
		l.form = ""
		w.s.opaque([]byte(text), &l, false)
	}
	r.written, r.out, r.mailCalls, r.opaque = nil, nil, nil, nil
}

func orScript(f FoundBy) FoundBy {
	if f == "" {
		return FoundScript
	}
	return f
}

func (w *walker) producedLayer() layer {
	return layer{form: orScript(w.jsForm), reason: w.l.reason, place: inAttr, pos: w.jsPos, fixed: true, depth: w.l.depth + 1, words: true}
}

// produced looks through text that a script made.
func (w *walker) produced(text string) {
	if len(text) < 6 || !w.s.spend(len(text)) {
		return
	}
	l := w.producedLayer()
	if strings.HasPrefix(text, "mailto:") {
		w.s.mailto([]byte(text[7:]), &l)
		return
	}
	w.s.text([]byte(text), &l)
}

// finishScripts runs handlers and functions nobody called, and looks through
// what the scripts left in their names and in the page.
func (w *walker) finishScripts() {
	for i, c := range w.scopes {
		if len(w.handlers) == 0 || i == 16 {
			break
		}
		c.text = append(append([]byte("Object.assign(window,"), c.text...), ')')
		w.runScript(c)
	}
	for _, c := range w.handlers {
		if !c.weak || w.js != nil && w.js.calledBy(c.text) {
			w.runScript(c)
		}
	}
	if w.js == nil {
		return
	}
	for i := 0; i < len(w.js.funcs) && i < 64; i++ {
		if f := w.js.funcs[i]; !f.called && f.scope == w.js.global {
			w.js.callBack([]any{f})
		}
	}
	w.js.results(func(text string, variable bool) {
		if !variable || strings.IndexByte(text, '@') > 0 || strings.Contains(text, "&#") {
			w.produced(text)
		}
	})
	w.js = nil
}

// event reads the value of an event handler.
func (w *walker) event(a attr) {
	v := w.value(a)
	if foldPrefix(v, "javascript:") {
		v = v[len("javascript:"):] // a label, to a browser
	}
	w.handler(v, a)
}

// handler reads a script in an attribute.
func (w *walker) handler(v []byte, a attr) {
	if containsPercentAt(v) || bytes.Contains(v, []byte("%27")) || bytes.Contains(v, []byte("%22")) {
		v = percentDecode(v, 1)
	}
	hasAt := bytes.IndexByte(v, '@') >= 0
	if hasAt {
		l := w.sub(a.pos)
		l.place, l.fixed = inScript, true
		w.s.scriptText(v, &l, triggers{at: true, slash: bytes.IndexByte(v, '\\') >= 0})
	}
	if w.s.opt.KeepObfuscated || len(v) > smallScript || len(w.handlers) >= 256 {
		return
	}
	sure := hasAt && unsettled(v, true) || escapedAt(v) || bytes.Contains(v, []byte("harCode")) || bytes.Contains(v, []byte("atob(")) ||
		bytes.Contains(v, []byte("rypt")) || foldIndex(v, "mail") >= 0 || bytes.Contains(v, []byte("lancerlien")) ||
		bytes.Contains(v, []byte("eval(")) || bytes.Contains(v, []byte("unescape")) || foldIndex(v, "decode") >= 0 || foldIndex(v, "spam") >= 0
	if sure || bytes.IndexByte(v, '(') > 0 && bytes.ContainsAny(v, "'\"") {
		w.handlers = append(w.handlers, code{text: bytes.Clone(v), pos: w.pos(a.pos), expression: true, weak: !sure})
	}
}
