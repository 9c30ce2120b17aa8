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
		if (name.text == "static" || name.text == "get" || name.text == "async") && p.tok.kind == jsName {
			name = p.tok
			p.relex()
		}
		value := &jsNode{op: opLiteral}
		if p.is("(") {
			f := &jsNode{op: opFunction}
			var defaults []*jsNode
			f.params, defaults = p.parameters()
			f.kids = []*jsNode{withDefaults(defaults, p.block())}
			value = f
		} else if p.accept("=") {
			value = p.assignment()
			p.accept(";")
		}
		n.kids = append(n.kids, &jsNode{op: opLiteral, val: name.text}, value)
	}
	p.expect("}")
	return n
}
