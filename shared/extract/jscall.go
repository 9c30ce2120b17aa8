package extract

import (
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsUnits returns the UTF-16 code units of s, which JavaScript indexes by.
func jsUnits(s string) []uint16 { return utf16.Encode([]rune(s)) }

func jsFromUnits(u ...uint16) string { return string(utf16.Decode(u)) }

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// natives are the functions that scripts call by name.
var natives = wordSet(strings.Fields(`String Number parseInt parseFloat atob btoa unescape escape decodeURIComponent decodeURI
	encodeURIComponent encodeURI eval isNaN Array Object RegExp Boolean Math JSON linkTo_UnCryptMailto linkTo_UnCryptMailto_
	decryptString DeCryptX DeCryptString rot13 str_rot13 UnCryptMailto linkDecrypt linkTo_UnCrypt`))

// calledBy reports whether a script calls a function that ran scripts defined.
func (r *jsRun) calledBy(script []byte) bool {
	found := false
	names(script, func(name []byte, called bool) bool {
		if called {
			_, found = r.global.vars[string(name)].(*jsFunc)
		}
		return !found
	})
	return found
}

// ident looks a name up.
func (r *jsRun) ident(name string, sc *jsScope) any {
	if s := sc.find(name); s != nil {
		return s.vars[name]
	}
	switch name {
	case "NaN":
		return math.NaN()
	case "Infinity":
		return math.Inf(1)
	case "window", "self", "globalThis", "top", "parent":
		return jsNative{name: "window"}
	}
	if in(natives, name) {
		return jsNative{name: name}
	}
	return r.element(name)
}

// maxJSPath bounds the paths of opaque objects: scripts climb from parent to
// parent in loops.
const maxJSPath = 256

// element returns the opaque object that stands for what the browser has at
// a path. Two ways of the same spelling lead to the same object.
func (r *jsRun) element(path string) *jsObject {
	if len(path) > maxJSPath {
		path = path[:maxJSPath] // somewhere far down; it does not matter where
	}
	if o, ok := r.elements[path]; ok {
		return o
	}
	o := &jsObject{props: map[string]any{}, opaque: true, path: path}
	if len(r.order) < 512 {
		r.elements[path] = o
		r.order = append(r.order, o)
	}
	return o
}

// member evaluates o.name.
func (r *jsRun) member(o any, name string) any {
	switch v := o.(type) {
	case string:
		if name == "length" {
			if isASCII(v) {
				return float64(len(v))
			}
			return float64(len(jsUnits(v)))
		}
		return jsNative{name: name, this: o}
	case *jsArray:
		if name == "length" {
			return float64(len(v.items))
		}
		return jsNative{name: name, this: o}
	case *jsObject:
		if p, ok := v.props[name]; ok {
			if f, ok := p.(*jsFunc); ok && f.node.val == getter {
				return r.method(f, o, nil)
			}
			return p
		}
		if !v.opaque {
			return jsNative{name: name, this: o}
		}
		switch name {
		case "innerHTML", "outerHTML", "textContent", "innerText", "value", "text", "nodeValue":
			return jsUnknown{}
		}
		if strings.HasSuffix(v.path, ".dataset") {
			if s, ok := r.attribute(dataName(name)).(string); ok {
				return s
			}
		}
		return r.element(v.path + "." + name)
	case *jsFunc, float64, *jsPattern:
		return jsNative{name: name, this: o}
	case jsNative:
		if v.name == "window" && v.this == nil {
			return r.ident(name, r.global)
		}
		return jsNative{name: v.name + "." + name}
	case jsUnknown:
		if name == "dataset" || name == "getAttribute" {
			return r.element("element." + name) // whatever has it is an element
		}
	}
	return jsUnknown{}
}

// index evaluates o[key].
func (r *jsRun) index(o, key any) any {
	switch v := o.(type) {
	case string:
		if f, ok := key.(float64); ok {
			return charAt(v, f)
		}
	case *jsArray:
		if s, ok := key.(string); ok && s != "" && class[s[0]]&isDigit == 0 {
			return r.member(o, s)
		}
		if f := toNumber(key); f >= 0 && f < float64(len(v.items)) {
			return v.items[int(f)]
		}
		return nil
	}
	return r.member(o, toString(key))
}

func charAt(s string, f float64) any {
	if math.IsNaN(f) {
		f = 0
	}
	if f = math.Trunc(f); f < 0 || f >= float64(len(s)) {
		return nil
	}
	if isASCII(s) {
		return s[int(f) : int(f)+1]
	}
	u := jsUnits(s)
	if int(f) >= len(u) {
		return nil
	}
	return jsFromUnits(u[int(f)])
}

// callNode evaluates a call.
func (r *jsRun) callNode(n *jsNode, sc *jsScope) any {
	callee := n.kids[0]
	if callee.op == opMember || callee.op == opIndex {
		this := r.eval(callee.kids[0], sc)
		var fn any
		if callee.op == opMember {
			fn = r.member(this, callee.str)
		} else {
			fn = r.index(this, r.eval(callee.kids[1], sc))
		}
		args := r.list(n.kids[1:], sc)
		if f, ok := fn.(*jsFunc); ok {
			return r.method(f, this, args)
		}
		return r.call(fn, args, sc)
	}
	fn := r.eval(callee, sc)
	return r.call(fn, r.list(n.kids[1:], sc), sc)
}

// class evaluates a class: a constructor with the methods of its instances.
func (r *jsRun) class(n *jsNode, sc *jsScope) any {
	f := &jsFunc{node: &jsNode{op: opFunction, kids: []*jsNode{{op: opBlock}}}, scope: sc, proto: newObject(), called: true}
	for i := 0; i+1 < len(n.kids); i += 2 {
		name, _ := n.kids[i].val.(string)
		if v := n.kids[i+1]; name == "constructor" && v.op == opFunction {
			f.node = v
		} else {
			f.proto.set(name, r.eval(v, sc))
		}
	}
	return f
}

// call calls fn.
func (r *jsRun) call(fn any, args []any, sc *jsScope) any {
	if !r.step() || r.calls >= maxJSCalls {
		return jsUnknown{}
	}
	r.calls++
	defer func() { r.calls-- }()
	switch f := fn.(type) {
	case *jsFunc:
		return r.invoke(f, args)
	case jsNative:
		return r.native(f, args, sc)
	case *jsObject:
		return r.browser(f, args)
	}
	r.callBack(args)
	for _, a := range args {
		r.emit(a)
	}
	return jsUnknown{}
}

// invoke runs a function of the script.
func (r *jsRun) invoke(f *jsFunc, args []any) any {
	f.called = true
	sc := &jsScope{parent: f.scope}
	for i, name := range f.node.params {
		var v any
		if i < len(args) {
			v = args[i]
		}
		sc.declare(name, v)
	}
	sc.declare("arguments", &jsArray{items: args})
	r.returned = nil
	if r.exec(f.node.kids[0], sc) == flowReturn {
		return r.returned
	}
	return nil
}

// browser calls something the browser supplies: its arguments are what the
// page will show or do.
func (r *jsRun) browser(f *jsObject, args []any) any {
	switch {
	case f.path == "document.write" || f.path == "document.writeln":
		for _, a := range args {
			if len(r.written) < maxJSString {
				r.written = append(r.written, toString(a)...)
			}
		}
		return nil
	case f.path == "new TextDecoder.decode" && len(args) == 1:
		if a, ok := args[0].(*jsArray); ok {
			return r.fromCharCode(a.items)
		}
	case strings.HasSuffix(f.path, ".getAttribute"):
		if len(args) == 1 {
			if name, ok := args[0].(string); ok {
				return r.attribute(name)
			}
		}
		return jsUnknown{}
	case strings.HasSuffix(f.path, ".createTextNode") && len(args) == 1:
		r.emit(args[0])
		return args[0]
	case strings.HasSuffix(f.path, ".setAttribute") && len(args) == 2:
		if base := r.elements[strings.TrimSuffix(f.path, ".setAttribute")]; base != nil {
			base.set(toString(args[0]), args[1])
			return nil
		}
	}
	r.mailCall(f.path, args)
	var key strings.Builder
	key.WriteString(f.path)
	key.WriteByte('(')
	for _, a := range args {
		if s, ok := a.(string); ok {
			r.emit(s)
			if key.Len() < maxJSPath {
				key.WriteString(s[:min(len(s), maxJSPath)])
			}
		}
		if o, ok := a.(*jsObject); ok && !o.opaque {
			for _, k := range o.keys {
				r.emit(o.props[k])
			}
		}
		key.WriteByte(',')
	}
	r.callBack(args)
	return r.element(key.String())
}

// mailCall notes a call such as mailTo('info', 'site', 'de') of a function
// that is not on the page.
func (r *jsRun) mailCall(path string, args []any) {
	if len(args) == 0 || len(args) > 5 || len(r.mailCalls) >= 64 {
		return
	}
	var texts []string
	for _, a := range args {
		if s, ok := a.(string); ok && s != "" && len(s) < maxAddress {
			texts = append(texts, s)
		}
	}
	low := strings.ToLower(path)
	switch {
	case strings.Contains(low, "lancerlien") && len(texts) > 0:
		r.mailCalls = append(r.mailCalls, []string{strings.Replace(texts[0], ",", "@", 1)})
	case len(texts) >= 2 && (strings.Contains(low, "mail") || strings.Contains(low, "contact") || strings.Contains(low, "spam") ||
		strings.Contains(low, "addr") || len(path) <= 2):
		r.mailCalls = append(r.mailCalls, texts)
	case len(texts) == 1 && strings.Contains(low, "mail"):
		r.mailCalls = append(r.mailCalls, texts)
	}
	for _, text := range texts {
		if len(text) >= 12 && len(r.opaque) < 64 && strings.IndexByte(text, ' ') < 0 {
			r.opaque = append(r.opaque, text)
		}
	}
}

// callBack calls the functions among the arguments of a call that leads out
// of the script: handlers, timers, loops over what is not known.
func (r *jsRun) callBack(args []any) {
	for _, a := range args {
		if f, ok := a.(*jsFunc); ok && !f.called {
			unknown := make([]any, len(f.node.params))
			for i := range unknown {
				unknown[i] = jsUnknown{}
			}
			f.called = true
			r.emit(r.call(f, unknown, r.global))
		}
	}
}

// construct evaluates new.
func (r *jsRun) construct(n *jsNode, sc *jsScope) any {
	args := r.list(n.kids[1:], sc)
	switch name := n.kids[0].str; name {
	case "Array":
		if len(args) == 1 {
			if f, ok := args[0].(float64); ok {
				return &jsArray{items: make([]any, int(max(0, min(f, 4096))))}
			}
		}
		return &jsArray{items: args}
	case "String":
		if len(args) > 0 {
			return toString(args[0])
		}
		return ""
	case "RegExp":
		flags := ""
		if len(args) > 1 {
			flags = toString(args[1])
		}
		if len(args) > 0 {
			return compilePattern(toString(args[0]), flags)
		}
	case "Object":
		return newObject()
	case "Function":
		if len(args) > 0 {
			src := toString(args[len(args)-1])
			body := &jsNode{op: opBlock, kids: parseJS(src, &r.tokens)}
			f := &jsNode{op: opFunction, kids: []*jsNode{body}}
			for _, p := range args[:len(args)-1] {
				f.params = append(f.params, toString(p))
			}
			r.use(FoundEnkoder)
			return r.function(f, r.global)
		}
	case "Image", "Date", "TextDecoder":
		return r.element("new " + name)
	case "Uint8Array", "Uint16Array", "Int32Array":
		if a, ok := arg(args, 0).(*jsArray); ok {
			return a
		}
	}
	if f, ok := r.eval(n.kids[0], sc).(*jsFunc); ok {
		o := newObject()
		if f.proto != nil {
			for _, k := range f.proto.keys {
				o.set(k, f.proto.props[k])
			}
		}
		r.method(f, o, args)
		return o
	}
	return jsUnknown{}
}
