package extract

// function parses a function from its keyword on.
func (p *jsParser) function() *jsNode {
	p.advance()
	p.accept("*")
	n := &jsNode{op: opFunction}
	if p.tok.kind == jsName {
		n.str = p.tok.text
		p.advance()
	}
	var defaults []*jsNode
	n.params, defaults = p.parameters()
	n.kids = []*jsNode{withDefaults(defaults, p.block())}
	return n
}

func (p *jsParser) parameters() (names []string, defaults []*jsNode) {
	p.expect("(")
	for !p.bad && !p.is(")") {
		p.accept("...")
		if p.tok.kind != jsName {
			p.bad = true
			return nil, nil
		}
		names = append(names, p.tok.text)
		p.advance()
		if p.accept("=") {
			n := len(names) - 1
			defaults = append(defaults, &jsNode{op: opAssign, str: "??=", kids: []*jsNode{{op: opIdent, str: names[n]}, p.assignment()}})
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return names, defaults
}

// withDefaults puts the default values of parameters before a body.
func withDefaults(defaults []*jsNode, body *jsNode) *jsNode {
	if len(defaults) == 0 {
		return body
	}
	n := &jsNode{op: opBlock}
	for _, d := range defaults {
		n.kids = append(n.kids, &jsNode{op: opExpr, kids: []*jsNode{d}})
	}
	n.kids = append(n.kids, body)
	return n
}

// class parses a class without a parent from its keyword on.
func (p *jsParser) class() *jsNode {
	p.advance()
	n := &jsNode{op: opClass}
	if p.tok.kind == jsName && !p.is("extends") {
		n.str = p.tok.text
		p.advance()
	}
	p.expect("{")
	for !p.bad && !p.is("}") {
		if p.accept(";") {
			continue
		}
		name := p.tok
		if name.kind != jsName {
			return p.fail()
		}
		p.relex()
		kind := ""
		for p.tok.kind == jsName && (name.text == "static" || prefixesMethod(name.text)) {
			kind, name = name.text, p.tok
			p.relex()
		}
		value := &jsNode{op: opLiteral}
		if p.is("(") {
			if value = p.method(kind); kind == "set" {
				continue
			}
		} else if p.accept("=") {
			value = p.assignment()
			p.accept(";")
		}
		n.kids = append(n.kids, &jsNode{op: opLiteral, val: name.text}, value)
	}
	p.expect("}")
	return n
}

// prefixesMethod reports whether a word before the name of a method says what
// sort of method it is.
func prefixesMethod(word string) bool { return word == "get" || word == "set" || word == "async" }

// getter marks the node of a function that stands for the value it returns.
const getter = "get"

// method parses a method of an object or a class from its parameters on; kind is
// the word before its name.
func (p *jsParser) method(kind string) *jsNode {
	f := &jsNode{op: opFunction}
	if kind == getter {
		f.val = getter
	}
	var defaults []*jsNode
	f.params, defaults = p.parameters()
	f.kids = []*jsNode{withDefaults(defaults, p.block())}
	return f
}

// method calls a function of the script with an object for this.
func (r *jsRun) method(f *jsFunc, this any, args []any) any {
	f.called = true
	return r.call(f.bind(this), args, r.global)
}

func (f *jsFunc) bind(this any) *jsFunc {
	return &jsFunc{node: f.node, scope: &jsScope{parent: f.scope, vars: map[string]any{"this": this}}}
}

// copyProps gives one object the properties of another. What becomes global is
// called without its object and keeps it.
func (r *jsRun) copyProps(to, from any) {
	o, ok := from.(*jsObject)
	if !ok || o.opaque {
		return
	}
	_, global := to.(jsNative)
	for _, k := range o.keys {
		v := r.member(o, k)
		if f, ok := v.(*jsFunc); ok && global {
			v = f.bind(o)
		}
		r.store(to, k, v)
	}
}
