package extract

import (
	"math"
	"strings"
)

// Limits of one document's scripts. They are far above what hiding an address
// takes, and together they bound the work on a page that wants to be slow.
const (
	maxJSSteps  = 600_000
	maxJSTokens = 60_000
	maxJSBytes  = 24 << 20 // of all strings made
	maxJSString = 1 << 17
	maxJSCalls  = 48 // depth
	maxJSOut    = 256
)

// jsRun runs the scripts of one page and collects the text they produce. It
// is an interpreter of literals: there is no document, no clock and no
// network, and whatever would come from there is unknown.
type jsRun struct {
	steps, tokens, bytes int
	calls                int
	global               *jsScope
	written              []byte   // document.write
	out                  []string // text stored, set or passed to the browser
	elements             map[string]*jsObject
	order                []*jsObject
	used                 FoundBy // the most telling decoder that ran
	funcs                []*jsFunc
	returned             any
	opaque               []string // arguments of unknown functions
	data                 pageData
	mailCalls            [][]string // calls of unknown functions that are named for mail
}

func newJSRun() *jsRun {
	return &jsRun{
		steps: maxJSSteps, tokens: maxJSTokens, bytes: maxJSBytes,
		global: &jsScope{}, elements: map[string]*jsObject{},
	}
}

// flow is how a statement ended.
type flow uint8

const (
	flowNext flow = iota
	flowBreak
	flowContinue
	flowReturn
	flowThrow
	flowStop // out of steps
)

// run runs a script in the global scope.
func (r *jsRun) run(src string) {
	nodes := parseJS(src, &r.tokens)
	r.hoist(nodes, r.global)
	for _, n := range nodes {
		if f := r.exec(n, r.global); f == flowStop {
			return
		}
	}
}

// hoist declares functions before the first statement runs.
func (r *jsRun) hoist(nodes []*jsNode, sc *jsScope) {
	for _, n := range nodes {
		if n.op == opVar && n.str == "function" {
			f := n.kids[0].kids[1]
			sc.declare(f.str, r.function(f, sc))
		}
	}
}

func (r *jsRun) function(n *jsNode, sc *jsScope) *jsFunc {
	f := &jsFunc{node: n, scope: sc}
	if len(r.funcs) < 64 {
		r.funcs = append(r.funcs, f)
	}
	return f
}

func (r *jsRun) step() bool {
	r.steps--
	return r.steps > 0 && r.bytes > 0
}

// made accounts for a string that was made and cuts it when it grows beyond
// all reason.
func (r *jsRun) made(s string) string {
	if len(s) > maxJSString {
		s = s[:maxJSString]
	}
	r.bytes -= len(s)
	return s
}

// use notes a decoder. The first of a kind that names itself best stays.
func (r *jsRun) use(f FoundBy) {
	if r.used == "" || r.used == FoundScript || f == FoundEnkoder || r.used == FoundCharCode && f != FoundScript {
		r.used = f
	}
}

func (r *jsRun) exec(n *jsNode, sc *jsScope) flow {
	if !r.step() {
		return flowStop
	}
	switch n.op {
	case opEmpty:
	case opExpr:
		r.returned = r.eval(n.kids[0], sc)
	case opVar:
		for _, k := range n.kids {
			if k.op == opComma {
				for _, a := range k.kids {
					sc.declare(a.kids[0].str, r.eval(a.kids[1], sc))
				}
				continue
			}
			if k.op == opAssign {
				if n.str == "function" && sc.vars[k.kids[0].str] != nil {
					continue // hoisted
				}
				sc.declare(k.kids[0].str, r.eval(k.kids[1], sc))
			} else if _, ok := sc.vars[k.str]; !ok {
				sc.declare(k.str, nil)
			}
		}
	case opBlock:
		return r.block(n.kids, sc)
	case opIf:
		// An unknown condition takes the branch that is there.
		if truth(r.eval(n.kids[0], sc)) {
			return r.exec(n.kids[1], sc)
		}
		if len(n.kids) > 2 {
			return r.exec(n.kids[2], sc)
		}
	case opFor, opWhile, opDo:
		return r.loop(n, sc)
	case opForIn:
		return r.forIn(n, sc)
	case opReturn, opThrow:
		r.returned = nil
		if len(n.kids) > 0 {
			r.returned = r.eval(n.kids[0], sc)
		}
		if n.op == opThrow {
			return flowThrow
		}
		return flowReturn
	case opBreak:
		return flowBreak
	case opContinue:
		return flowContinue
	case opTry:
		f := r.exec(n.kids[0], sc)
		if f == flowThrow {
			if n.str != "" {
				sc.declare(n.str, r.returned)
			}
			f = r.exec(n.kids[1], sc)
		}
		if g := r.exec(n.kids[2], sc); g != flowNext {
			return g
		}
		return f
	case opSwitch:
		return r.switchOver(n, sc)
	default:
		r.returned = r.eval(n, sc)
	}
	return flowNext
}

func (r *jsRun) block(nodes []*jsNode, sc *jsScope) flow {
	r.hoist(nodes, sc)
	for _, k := range nodes {
		if f := r.exec(k, sc); f != flowNext {
			return f
		}
	}
	return flowNext
}

func (r *jsRun) loop(n *jsNode, sc *jsScope) flow {
	test, body := n.kids[0], n.kids[len(n.kids)-1]
	var update *jsNode
	switch n.op {
	case opFor:
		if f := r.exec(n.kids[0], sc); f != flowNext {
			return f
		}
		test, update = n.kids[1], n.kids[2]
	case opDo:
		body, test = n.kids[0], n.kids[1]
	default:
	}
	once := false
	for first := true; ; first = false {
		if !r.step() {
			return flowStop
		}
		if (!first || n.op != opDo) && test.op != opEmpty {
			v := r.eval(test, sc)
			switch {
			case first && n.op == opFor && (notKnown(v) || r.boundNotKnown(test, sc)):
				once = true // over the elements of a page, most likely
			case once || notKnown(v) || !truth(v):
				return flowNext
			}
			r.returned = v
		}
		switch f := r.exec(body, sc); f {
		case flowBreak:
			return flowNext
		case flowReturn, flowThrow, flowStop:
			return f
		case flowNext, flowContinue:
		}
		if update != nil && update.op != opEmpty {
			r.eval(update, sc)
		}
	}
}

// boundNotKnown reports whether the test of a loop compares with what is not
// known, such as the length of a list of elements.
func (r *jsRun) boundNotKnown(test *jsNode, sc *jsScope) bool {
	return test.op == opBinary && len(test.kids) == 2 && notKnown(r.eval(test.kids[1], sc))
}

func (r *jsRun) forIn(n *jsNode, sc *jsScope) flow {
	target := n.kids[0]
	if target.op == opVar && len(target.kids) > 0 {
		target = target.kids[0]
	}
	var items []any
	switch o := r.eval(n.kids[1], sc).(type) {
	case *jsArray:
		for i, it := range o.items {
			if n.str == "in" {
				it = numberString(float64(i))
			}
			items = append(items, it)
		}
	case string:
		for i, u := range jsUnits(o) {
			if n.str == "in" {
				items = append(items, numberString(float64(i)))
			} else {
				items = append(items, jsFromUnits(u))
			}
		}
	case *jsObject:
		for _, k := range o.keys {
			items = append(items, k)
		}
		if o.opaque && n.str != "in" {
			items = append(items, r.element(o.path+"[]")) // one element of the page for all
		}
	}
	for _, it := range items {
		if !r.step() {
			return flowStop
		}
		if target.op == opIdent {
			sc.declare(target.str, it)
		}
		switch f := r.exec(n.kids[2], sc); f {
		case flowBreak:
			return flowNext
		case flowReturn, flowThrow, flowStop:
			return f
		case flowNext, flowContinue:
		}
	}
	return flowNext
}

func (r *jsRun) switchOver(n *jsNode, sc *jsScope) flow {
	subject := r.eval(n.kids[0], sc)
	start := -1
	for i, c := range n.kids[1:] {
		if c.kids[0] == nil {
			if start < 0 {
				start = i
			}
		} else if equalStrict(subject, r.eval(c.kids[0], sc)) {
			start = i
			break
		}
	}
	if start < 0 {
		return flowNext
	}
	for _, c := range n.kids[1+start:] {
		for _, k := range c.kids[1:] {
			switch f := r.exec(k, sc); f {
			case flowNext:
			case flowBreak:
				return flowNext
			default:
				return f
			}
		}
	}
	return flowNext
}

// assign stores v where target says.
func (r *jsRun) assign(target *jsNode, v any, sc *jsScope) {
	switch target.op {
	case opIdent:
		if target.str == "location" {
			r.emit(v)
		}
		if s := sc.find(target.str); s != nil {
			s.vars[target.str] = v
			return
		}
		r.global.declare(target.str, v)
	case opMember:
		r.store(r.eval(target.kids[0], sc), target.str, v)
	case opIndex:
		o := r.eval(target.kids[0], sc)
		key := r.eval(target.kids[1], sc)
		if a, ok := o.(*jsArray); ok {
			i := toNumber(key)
			if i >= 0 && i < 4096 && i == math.Trunc(i) {
				for len(a.items) <= int(i) {
					a.items = append(a.items, nil)
				}
				a.items[int(i)] = v
			}
			return
		}
		r.store(o, toString(key), v)
	default:
	}
}

func (r *jsRun) store(o any, key string, v any) {
	if f, ok := v.(*jsFunc); ok && strings.HasPrefix(key, "on") && f.scope != r.global && notKnown(o) {
		r.callBack([]any{f}) // a handler; those of the global scope run when all is defined
	}
	switch o := o.(type) {
	case *jsObject:
		if old, ok := o.props[key].(string); ok && o.opaque {
			if now, ok := v.(string); !ok || !strings.HasPrefix(now, old) {
				r.emit(old)
			}
		}
		if o.opaque {
			v = r.primitive(v)
		}
		o.set(key, v)
	case *jsArray:
		if key == "length" {
			if n := toNumber(v); n >= 0 && n < float64(len(o.items)) {
				o.items = o.items[:int(n)]
			}
		}
	case jsNative:
		r.emit(v)
		if o.name == "window" {
			r.global.declare(key, v)
		}
	case *jsFunc, jsUnknown:
		r.emit(v)
	}
}

// primitive turns an object that says how into text.
func (r *jsRun) primitive(v any) any {
	if o, ok := v.(*jsObject); ok && !o.opaque {
		if f, ok := o.props["toString"].(*jsFunc); ok {
			return r.method(f, o, nil)
		}
	}
	return v
}

// emit keeps a text that the script hands to the browser.
func (r *jsRun) emit(v any) {
	s, ok := r.primitive(v).(string)
	if !ok || len(s) < 6 || len(r.out) >= maxJSOut {
		return
	}
	if l := len(r.out); l > 0 && r.out[l-1] == s {
		return
	}
	r.out = append(r.out, s)
}
