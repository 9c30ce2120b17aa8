package extract

import "bytes"

// effect is what style does to the text of an element, as far as it decides
// what a reader sees.
type effect struct {
	hidden        bool
	reversed      bool   // shown backwards
	rtl, override bool   // the two halves of reversed
	before, after string // values of the content property, not yet evaluated
	scope         string // rules exist for what stands inside
	backRow       bool   // the children are shown last first
	flat, clipped bool   // the two halves of a box with no room
}

// rule is a rule of a style sheet whose selector ends in a class, an id or the
// name of an element.
type rule struct {
	kind   byte // '.', '#' or 't'
	name   string
	scope  string // class or id that must be open around it
	nth    int    // which child of the scope it is for; 0: any
	ofType bool   // counted among elements of the same name
	effect effect
}

// sheet holds the rules of a page that hide, reverse or generate text.
type sheet struct {
	rules   []rule
	tags    bool // a rule goes by the name of an element
	rtl     bool // text with dir="rtl" is written backwards
	filter  uint64
	early   int // rules known before the page had text
	latePos int // where the last rule that was not stands
	version int // of these rules, no other had it; 0: there are none
	last    int // version that was given
}

// maxRules bounds the rules of one page that are kept.
const maxRules = 256

func (sh *sheet) reset() {
	clear(sh.rules)
	sh.rules = sh.rules[:0]
	sh.tags, sh.rtl, sh.filter, sh.early, sh.latePos, sh.version = false, false, 0, 0, 0, 0
}

// bit places a name in the filter that spares most lookups.
func bit(kind byte, name []byte) uint64 {
	return 1 << ((uint(kind) + uint(name[0])*7 + uint(name[len(name)-1])*3 + uint(len(name))*11) & 63)
}

// apply adds the effects of the rules for a class or an id.
func (sh *sheet) apply(kind byte, name []byte, e *effect) {
	if sh.filter&bit(kind, name) == 0 {
		return
	}
	for i := range sh.rules {
		r := &sh.rules[i]
		if r.kind == kind && r.name == string(name) && r.scope == "" {
			e.join(&r.effect)
		}
	}
}

// applyTag adds the effects of rules that go by an element's name or that
// hold within a scope that is open.
func (sh *sheet) applyTag(w *walker, name []byte, e *effect) {
	for i := range sh.rules {
		r := &sh.rules[i]
		if r.kind == 't' && r.name == string(name) && (r.scope == "" || w.inScope(r)) {
			e.join(&r.effect)
		}
	}
}

// inScope reports whether the scope of a rule is open, and the element being
// opened the child of it that the rule is for.
func (w *walker) inScope(r *rule) bool {
	for i := range w.open {
		o := &w.open[i]
		if o.kind != specialScope || o.after != r.scope {
			continue
		}
		if r.nth == 0 || o.level == 1 && (!r.ofType && o.children == r.nth || r.ofType && o.sameName[r.name] == r.nth) {
			return true
		}
	}
	return false
}

func (e *effect) join(o *effect) {
	e.hidden = e.hidden || o.hidden
	e.rtl = e.rtl || o.rtl
	e.override = e.override || o.override
	e.reversed = e.reversed || o.reversed
	e.backRow = e.backRow || o.backRow
	e.flat = e.flat || o.flat
	e.clipped = e.clipped || o.clipped
	if o.before != "" {
		e.before = o.before
	}
	if o.after != "" {
		e.after = o.after
	}
	if o.scope != "" {
		e.scope = o.scope
	}
}

func (e *effect) any() bool {
	return e.hidden || e.backRow || e.rtl || e.override || e.before != "" || e.after != ""
}

// style reads the content of a style element.
func (w *walker) style(lo, hi int) {
	b := w.src[lo:hi]
	if w.at.in(w.src, lo, hi) {
		l := w.sub(lo)
		l.place = inStyle
		w.s.scan(b, &l)
	}
	if w.second {
		return
	}
	known := len(w.sheet.rules)
	defer func() {
		switch {
		case len(bytes.TrimSpace(w.text.buf)) < 2:
			w.sheet.early = len(w.sheet.rules)
		case len(w.sheet.rules) > known:
			w.late, w.sheet.latePos = true, lo
		}
	}()
	for len(b) > 0 && len(w.sheet.rules) < maxRules {
		open := bytes.IndexByte(b, '{')
		if open < 0 {
			return
		}
		selector := lastStatement(b[:open])
		b = b[open+1:]
		if len(selector) > 0 && selector[0] == '@' {
			if foldPrefix(selector, "@media") && !everyScreen(selector) || foldPrefix(selector, "@font-face") || foldIndex(selector, "keyframes") >= 0 {
				b = skipBlock(b)
			}
			continue
		}
		end := bytes.IndexByte(b, '}')
		if end < 0 {
			end = len(b)
		}
		var e effect
		inlineStyle(b[:end], &e)
		if w.s.opt.KeepObfuscated {
			e = effect{hidden: e.hidden} // what is not shown is not shown
		}
		if e.any() {
			w.sheet.add(selector, &e)
			w.contentOf(&e, w.pos(hi-len(b)))
		}
		b = b[min(end+1, len(b)):]
	}
}

// everyScreen reports whether a media query holds on every screen.
func everyScreen(query []byte) bool {
	return bytes.IndexByte(query, '(') < 0 && (foldIndex(query, "screen") >= 0 || foldIndex(query, "all") >= 0)
}

// lastStatement returns the selector at the end of what stands before an
// opening brace.
func lastStatement(b []byte) []byte {
	if i := bytes.LastIndexAny(b, "};"); i >= 0 {
		b = b[i+1:]
	}
	if i := bytes.LastIndex(b, []byte("*/")); i >= 0 {
		b = b[i+2:]
	}
	return bytes.Trim(b, " \t\r\n\f")
}

// skipBlock skips to behind the brace that closes a block just opened.
func skipBlock(b []byte) []byte {
	for depth := 1; ; {
		i := bytes.IndexAny(b, "{}")
		if i < 0 {
			return nil
		}
		if b[i] == '{' {
			depth++
		} else if depth--; depth == 0 {
			return b[i+1:]
		}
		b = b[i+1:]
	}
}

// add files the rules of a selector list.
func (sh *sheet) add(selectors []byte, e *effect) {
	for len(selectors) > 0 && len(sh.rules) < maxRules {
		one := selectors
		if i := bytes.IndexByte(selectors, ','); i >= 0 {
			one, selectors = selectors[:i], selectors[i+1:]
		} else {
			selectors = nil
		}
		sh.addOne(bytes.Trim(one, " \t\r\n"), *e)
	}
}

func (sh *sheet) addOne(sel []byte, e effect) {
	content := e.after // inlineStyle puts the content property there
	e.before, e.after = "", ""
	nth, ofType := 0, false
	if i := bytes.IndexByte(sel, ':'); i >= 0 {
		pseudo := bytes.TrimLeft(sel[i:], ":")
		switch {
		case foldEqual(pseudo, "before"):
			e = effect{before: content, override: e.override, rtl: e.rtl}
		case foldEqual(pseudo, "after"):
			e = effect{after: content, override: e.override, rtl: e.rtl}
		default:
			var ok bool
			if nth, ofType, ok = childPosition(pseudo); !ok {
				return // a state, or a position that takes counting backwards
			}
		}
		sel = sel[:i]
	}
	if foldPrefix(sel, "[dir") && e.override {
		sh.rtl = true
		return
	}
	if i := bytes.IndexByte(sel, '['); i > 0 {
		sel = sel[:i]
	}
	if len(sel) == 0 || !e.any() {
		return
	}
	scope := ""
	if i := bytes.LastIndexAny(sel, " >+~"); i >= 0 {
		scope = lastName(bytes.TrimRight(sel[:i], " >+~"))
		sel = sel[i+1:]
	}
	r := rule{name: lastName(sel), scope: scope, effect: e, nth: nth, ofType: ofType}
	if nth > 0 && scope == "" {
		return
	}
	switch i := bytes.LastIndexAny(sel, ".#"); {
	case i >= 0 && nth > 0:
		return
	case i >= 0:
		r.kind, r.scope = sel[i], ""
	case len(sel) == 0 || sel[0] == '*' || sel[0] == '[':
		return
	case scope == "" && e.before == "" && e.after == "" && (r.name == "body" || r.name == "html"):
		return
	default:
		r.kind, sh.tags = 't', true
	}
	if r.name == "" || len(r.name) > 64 {
		return
	}
	sh.insert(r)
	if r.kind == 't' && scope != "" {
		for _, kind := range [...]byte{'.', '#'} {
			sh.insert(rule{kind: kind, name: scope, effect: effect{scope: scope}})
		}
	}
}

// childPosition reads ":first-child", ":nth-child(2)" and the like.
func childPosition(pseudo []byte) (nth int, ofType, ok bool) {
	name, arg, _ := bytes.Cut(pseudo, []byte{'('})
	switch {
	case foldEqual(name, "first-child"):
		return 1, false, true
	case foldEqual(name, "first-of-type"):
		return 1, true, true
	case foldEqual(name, "nth-child"), foldEqual(name, "nth-of-type"):
		n, ok := smallInt(bytes.TrimRight(arg, ") "))
		return n, foldEqual(name, "nth-of-type"), ok && n > 0
	}
	return 0, false, false
}

func (sh *sheet) insert(r rule) {
	sh.rules = append(sh.rules, r)
	sh.last++
	sh.version = sh.last
	sh.filter |= bit(r.kind, []byte(r.name))
}

// lastName returns the class, id or element name at the end of a compound
// selector.
func lastName(sel []byte) string {
	if i := bytes.LastIndexAny(sel, ".# >+~"); i >= 0 {
		sel = sel[i+1:]
	}
	return string(sel)
}

// inlineStyle reads declarations. The value of the content property is left
// in e.after.
func inlineStyle(b []byte, e *effect) {
	for len(b) > 0 {
		end := declarationEnd(b)
		decl := b[:end]
		b = b[min(end+1, len(b)):]
		for len(decl) > 0 && class[decl[0]]&isSpace != 0 {
			decl = decl[1:]
		}
		if len(decl) < 5 {
			continue
		}
		switch decl[0] | 0x20 {
		case 'd', 'v', 'u', 'f', 'o', 'c', 'p', 'l', 't', 'w', 'h', 'm':
			colon := bytes.IndexByte(decl, ':')
			if colon < 0 {
				continue
			}
			declare(bytes.TrimRight(decl[:colon], " \t\r\n"), bytes.Trim(decl[colon+1:], " \t\r\n"), e)
		}
	}
}

// plainStyle reports whether declarations have no effect that matters, and
// take none back.
func plainStyle(b []byte) bool {
	var e effect
	inlineStyle(b, &e)
	return e == effect{} && foldIndex(b, "content") < 0
}

// declarationEnd returns the index of the semicolon that ends a declaration;
// quoted semicolons do not.
func declarationEnd(b []byte) int {
	i := bytes.IndexByte(b, ';')
	if i < 0 {
		return len(b)
	}
	if k := bytes.IndexAny(b[:i], `"'`); k >= 0 {
		q := b[k]
		for j := k + 1; j < len(b); j++ {
			switch b[j] {
			case '\\':
				j++
			case q:
				if n := bytes.IndexByte(b[j:], ';'); n >= 0 {
					return j + n
				}
				return len(b)
			}
		}
	}
	return i
}

func declare(property, value []byte, e *effect) {
	value = trimImportant(value)
	switch {
	case foldEqual(property, "display"):
		e.hidden = e.hidden || foldEqual(value, "none")
	case foldEqual(property, "visibility"):
		e.hidden = e.hidden || foldEqual(value, "hidden") || foldEqual(value, "collapse")
	case foldEqual(property, "direction"):
		e.rtl = e.rtl || foldEqual(value, "rtl")
	case foldEqual(property, "unicode-bidi"):
		e.override = e.override || foldSuffix(value, "override")
	case foldEqual(property, "width"), foldEqual(property, "max-width"), foldEqual(property, "height"), foldEqual(property, "max-height"):
		e.flat = e.flat || len(value) > 0 && value[0] == '0' && (len(value) == 1 || class[value[1]]&isLetter != 0)
		e.hidden = e.hidden || e.flat && e.clipped
	case foldEqual(property, "overflow"):
		e.clipped = e.clipped || foldEqual(value, "hidden") || foldEqual(value, "clip")
		e.hidden = e.hidden || e.flat && e.clipped
	case foldEqual(property, "flex-direction"), foldEqual(property, "flex-flow"):
		e.backRow = e.backRow || foldPrefix(value, "row-reverse")
	case foldEqual(property, "font-size"), foldEqual(property, "opacity"):
		e.hidden = e.hidden || len(value) > 0 && value[0] == '0' && (len(value) == 1 || class[value[1]]&isLetter != 0 || string(value) == "0.0")
	case foldEqual(property, "clip"):
		e.hidden = e.hidden || foldPrefix(value, "rect(0") || foldPrefix(value, "rect(1px")
	case foldEqual(property, "clip-path"):
		e.hidden = e.hidden || foldPrefix(value, "inset(50%") || foldPrefix(value, "inset(100%")
	case foldEqual(property, "content"):
		e.after = string(value)
	case foldEqual(property, "left"), foldEqual(property, "text-indent"), foldEqual(property, "top"):
		e.hidden = e.hidden || len(value) > 5 && value[0] == '-' && value[4] >= '0' && value[4] <= '9' && bytes.IndexByte(value[:5], '.') < 0
	}
}

func trimImportant(v []byte) []byte {
	if i := bytes.IndexByte(v, '!'); i >= 0 && foldIndex(v[i:], "important") > 0 {
		return bytes.TrimRight(v[:i], " ")
	}
	return v
}
