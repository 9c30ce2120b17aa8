package extract

import "strings"

// jsPrecedence of binary operators.
var jsPrecedence = map[string]int{
	"??": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7, "===": 7, "!==": 7, "<": 8, ">": 8, "<=": 8, ">=": 8,
	"in": 8, "instanceof": 8, "<<": 9, ">>": 9, ">>>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11, "**": 12,
}

func (p *jsParser) expression() *jsNode {
	e := p.assignment()
	if !p.is(",") {
		return e
	}
	n := &jsNode{op: opComma, kids: []*jsNode{e}}
	for !p.bad && p.accept(",") {
		n.kids = append(n.kids, p.assignment())
	}
	return n
}

func (p *jsParser) assignment() *jsNode {
	if p.depth++; p.depth > maxJSDepth {
		return p.fail()
	}
	defer func() { p.depth-- }()
	if f := p.arrow(); f != nil {
		return f
	}
	left := p.conditional()
	if p.tok.kind != jsPunct {
		return left
	}
	switch op := p.tok.text; op {
	case "=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "<<=", ">>=", ">>>=", "**=", "||=", "&&=", "??=":
		if left.op != opIdent && left.op != opMember && left.op != opIndex {
			return p.fail()
		}
		p.advance()
		return &jsNode{op: opAssign, str: op, kids: []*jsNode{left, p.assignment()}}
	}
	return left
}

// arrow parses an arrow function, or returns nil and leaves everything as it
// was.
func (p *jsParser) arrow() *jsNode {
	if !p.is("(") && p.tok.kind != jsName {
		return nil
	}
	lex, tok := p.lex, p.tok
	var params []string
	var defaults []*jsNode
	if p.tok.kind == jsName {
		params = []string{p.tok.text}
		p.advance()
		if params[0] == "async" && (p.is("(") || p.tok.kind == jsName && !p.is("of")) {
			return p.arrow()
		}
	} else {
		// Look ahead to the parenthesis that closes; only names may stand
		// before it.
		rest := p.lex.src[p.tok.pos:min(p.tok.pos+256, len(p.lex.src))]
		end := strings.IndexByte(rest, ')')
		if end < 0 || !strings.HasPrefix(strings.TrimLeft(rest[end+1:], " \t\r\n"), "=>") {
			return nil
		}
		params, defaults = p.parameters()
	}
	if p.bad || !p.is("=>") {
		p.lex, p.tok = lex, tok
		p.bad = false
		return nil
	}
	p.lex.prevEnd = false
	p.advance()
	n := &jsNode{op: opFunction, params: params}
	if p.is("{") {
		n.kids = []*jsNode{withDefaults(defaults, p.block())}
		return n
	}
	n.kids = []*jsNode{withDefaults(defaults, &jsNode{op: opReturn, kids: []*jsNode{p.assignment()}})}
	return n
}

func (p *jsParser) conditional() *jsNode {
	test := p.binary(0)
	if !p.accept("?") {
		return test
	}
	yes := p.assignment()
	p.expect(":")
	return &jsNode{op: opCond, kids: []*jsNode{test, yes, p.assignment()}}
}

func (p *jsParser) binary(least int) *jsNode {
	left := p.unary()
	for !p.bad {
		if p.tok.kind != jsPunct && p.tok.kind != jsName {
			return left
		}
		op := p.tok.text
		prec := jsPrecedence[op]
		if prec == 0 || prec <= least {
			return left
		}
		p.lex.prevEnd = false
		p.advance()
		right := p.binary(prec)
		n := &jsNode{op: opBinary, str: op, kids: []*jsNode{left, right}}
		if op == "&&" || op == "||" || op == "??" {
			n.op = opLogical
		}
		left = n
	}
	return left
}

func (p *jsParser) unary() *jsNode {
	if p.depth++; p.depth > maxJSDepth {
		return p.fail()
	}
	defer func() { p.depth-- }()
	if p.tok.kind == jsPunct || p.tok.kind == jsName {
		switch op := p.tok.text; op {
		case "!", "-", "+", "~", "++", "--", "typeof", "void", "delete", "await":
			p.advance()
			return &jsNode{op: opUnary, str: op, kids: []*jsNode{p.unary()}}
		}
	}
	n := p.postfix(p.primary())
	if (p.is("++") || p.is("--")) && !p.tok.newline {
		n = &jsNode{op: opPostfix, str: p.tok.text, kids: []*jsNode{n}}
		p.lex.prevEnd = true
		p.advance()
	}
	return n
}

// postfix parses members, indexes, calls and tagged templates behind n.
func (p *jsParser) postfix(n *jsNode) *jsNode {
	for !p.bad {
		if p.tok.kind == jsTemplate {
			return p.fail()
		}
		if p.tok.kind != jsPunct {
			return n
		}
		switch p.tok.text {
		case ".", "?.":
			p.advance()
			if p.is("(") || p.is("[") {
				continue
			}
			if p.tok.kind != jsName {
				return p.fail()
			}
			n = &jsNode{op: opMember, str: p.tok.text, kids: []*jsNode{n}}
			p.lex.prevEnd = true
			p.relex()
		case "[":
			p.advance()
			n = &jsNode{op: opIndex, kids: []*jsNode{n, p.expression()}}
			p.expect("]")
		case "(":
			n = &jsNode{op: opCall, kids: append([]*jsNode{n}, p.arguments()...)}
		default:
			return n
		}
	}
	return n
}

// relex advances from a member name, after which a slash divides even when
// the name is a word that otherwise begins an expression.
func (p *jsParser) relex() {
	p.lex.pos = p.tok.pos + len(p.tok.text)
	p.lex.prevEnd = true
	p.advance()
}

func (p *jsParser) arguments() (args []*jsNode) {
	p.expect("(")
	for !p.bad && !p.is(")") {
		if p.accept("...") {
			args = append(args, &jsNode{op: opSpread, kids: []*jsNode{p.assignment()}})
		} else {
			args = append(args, p.assignment())
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return args
}

func (p *jsParser) primary() *jsNode {
	t := p.tok
	switch t.kind {
	case jsNumber:
		p.advance()
		return &jsNode{op: opLiteral, val: t.num}
	case jsString:
		p.advance()
		return &jsNode{op: opLiteral, val: t.text}
	case jsTemplate:
		p.advance()
		return p.template(t.text)
	case jsRegexp:
		p.advance()
		return &jsNode{op: opRegexp, str: t.text, val: t.flags}
	case jsName:
		return p.named(t.text)
	case jsPunct:
		switch t.text {
		case "(":
			p.advance()
			e := p.expression()
			p.expect(")")
			return e
		case "[":
			return p.array()
		case "{":
			return p.object()
		}
	case jsEOF, jsBad:
	}
	return p.fail()
}

func (p *jsParser) named(name string) *jsNode {
	switch name {
	case "function":
		return p.function()
	case "new":
		p.advance()
		n := &jsNode{op: opNew}
		callee := p.primary()
		for !p.bad && p.accept(".") {
			callee = &jsNode{op: opMember, str: p.tok.text, kids: []*jsNode{callee}}
			p.advance()
		}
		n.kids = []*jsNode{callee}
		if p.is("(") {
			n.kids = append(n.kids, p.arguments()...)
		}
		return n
	case "true", "false":
		p.advance()
		return &jsNode{op: opLiteral, val: name == "true"}
	case "null", "undefined":
		p.advance()
		return &jsNode{op: opLiteral}
	case "class":
		return p.class()
	case "import", "export", "yield":
		return p.fail()
	}
	p.advance()
	return &jsNode{op: opIdent, str: name}
}

func (p *jsParser) array() *jsNode {
	p.advance()
	n := &jsNode{op: opArray}
	for !p.bad && !p.is("]") {
		if p.is(",") {
			p.advance()
			n.kids = append(n.kids, &jsNode{op: opLiteral})
			continue
		}
		if p.accept("...") {
			n.kids = append(n.kids, &jsNode{op: opSpread, kids: []*jsNode{p.assignment()}})
		} else {
			n.kids = append(n.kids, p.assignment())
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect("]")
	return n
}

func (p *jsParser) object() *jsNode {
	p.advance()
	n := &jsNode{op: opObject}
	for !p.bad && !p.is("}") {
		kind := ""
		var key *jsNode
		switch t := p.tok; t.kind {
		case jsName, jsString:
			key = &jsNode{op: opLiteral, val: t.text}
			p.relexKey(t)
			if t.kind == jsName && prefixesMethod(t.text) && (p.tok.kind == jsName || p.tok.kind == jsString) {
				kind, key.val = t.text, p.tok.text
				p.relexKey(p.tok)
			}
		case jsNumber:
			key = &jsNode{op: opLiteral, val: t.num}
			p.advance()
		case jsPunct:
			if p.accept("...") {
				n.kids = append(n.kids, &jsNode{op: opSpread}, p.assignment())
				if !p.accept(",") {
					p.expect("}")
					return n
				}
				continue
			}
			p.expect("[")
			key = p.assignment()
			p.expect("]")
		default:
			return p.fail()
		}
		var value *jsNode
		switch {
		case p.accept(":"):
			value = p.assignment()
		case p.is("("):
			value = p.method(kind)
		default:
			name, _ := key.val.(string)
			value = &jsNode{op: opIdent, str: name}
		}
		if kind != "set" {
			n.kids = append(n.kids, key, value)
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect("}")
	return n
}

func (p *jsParser) relexKey(t jsToken) {
	if t.kind == jsName {
		p.relex()
		return
	}
	p.advance()
}

// template parses the raw text of a template literal.
func (p *jsParser) template(raw string) *jsNode {
	n := &jsNode{op: opTemplate}
	for {
		i := strings.Index(raw, "${")
		if i < 0 {
			n.kids = append(n.kids, &jsNode{op: opLiteral, val: jsUnescape(raw)})
			return n
		}
		n.kids = append(n.kids, &jsNode{op: opLiteral, val: jsUnescape(raw[:i])})
		end := strings.IndexByte(raw[i:], '}')
		if end < 0 {
			return p.fail()
		}
		inner := &jsParser{lex: jsLexer{src: raw[i+2 : i+end], tokens: p.lex.tokens}, depth: p.depth}
		inner.advance()
		n.kids = append(n.kids, inner.expression())
		p.bad = p.bad || inner.bad
		raw = raw[i+end+1:]
	}
}
