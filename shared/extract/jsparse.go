package extract

// jsOp is the operation of a node of a script's syntax tree.
type jsOp uint8

const (
	opLiteral  jsOp = iota // val
	opIdent                // str
	opTemplate             // kids: strings and expressions in turn
	opRegexp               // str, val: flags
	opArray
	opObject // kids: key, value, key, value
	opFunction
	opMember  // kids[0].str
	opIndex   // kids[0][kids[1]]
	opCall    // kids[0](kids[1:])
	opNew     // new kids[0](kids[1:])
	opUnary   // str kids[0]
	opPostfix // kids[0] str
	opBinary  // kids[0] str kids[1]
	opLogical
	opAssign // kids[0] str kids[1]
	opCond
	opComma
	opSpread
	opClass // kids: key, function, key, function; str: name

	opVar // kids: opAssign or opIdent
	opExpr
	opBlock
	opIf
	opFor   // kids: init, test, update, body
	opForIn // kids: target, object, body; str: "in" or "of"
	opWhile
	opDo
	opReturn
	opBreak
	opContinue
	opTry // kids: block, catch, finally; str: name of the caught
	opThrow
	opSwitch // kids: subject, then opCase
	opCase   // kids: test or nil, then statements
	opEmpty
)

// jsNode is a node of the syntax tree.
type jsNode struct {
	op     jsOp
	str    string
	val    any
	kids   []*jsNode
	params []string
}

// jsParser is a parser for the part of JavaScript that scripts hiding
// addresses are written in. What it cannot parse it skips, statement by
// statement.
type jsParser struct {
	lex   jsLexer
	tok   jsToken
	bad   bool
	depth int
}

// maxJSDepth bounds the nesting of expressions and statements.
const maxJSDepth = 100

// parseJS parses as much of a script as it can.
func parseJS(src string, tokens *int) []*jsNode {
	p := &jsParser{lex: jsLexer{src: src, tokens: tokens}}
	p.advance()
	var out []*jsNode
	for p.tok.kind != jsEOF && *tokens > 0 {
		start := p.tok.pos
		p.bad, p.depth = false, 0
		n := p.statement()
		if !p.bad {
			out = append(out, n)
			continue
		}
		p.recover(start)
	}
	return out
}

// recover goes on behind the next semicolon, brace or line end after start.
func (p *jsParser) recover(start int) {
	src := p.lex.src
	i := start + 1
	for i < len(src) && src[i] != ';' && src[i] != '\n' && src[i] != '{' && src[i] != '}' {
		i++
	}
	p.lex.pos = min(i+1, len(src))
	p.lex.prevEnd = false
	p.advance()
}

func (p *jsParser) advance() { p.tok = p.lex.next() }

func (p *jsParser) fail() *jsNode {
	p.bad = true
	return &jsNode{op: opEmpty}
}

func (p *jsParser) is(text string) bool {
	return (p.tok.kind == jsPunct || p.tok.kind == jsName) && p.tok.text == text
}

func (p *jsParser) accept(text string) bool {
	if p.is(text) {
		p.advance()
		return true
	}
	return false
}

func (p *jsParser) expect(text string) {
	if !p.accept(text) {
		p.bad = true
	}
}

// endStatement accepts a semicolon or what may stand for it.
func (p *jsParser) endStatement() {
	if p.accept(";") || p.is("}") || p.tok.kind == jsEOF || p.tok.newline {
		return
	}
	p.bad = true
}

func (p *jsParser) statement() *jsNode {
	if p.depth++; p.depth > maxJSDepth {
		return p.fail()
	}
	defer func() { p.depth-- }()
	if p.tok.kind == jsPunct {
		switch p.tok.text {
		case "{":
			return p.block()
		case ";":
			p.advance()
			return &jsNode{op: opEmpty}
		}
	}
	if p.tok.kind == jsName {
		if n := p.keyword(); n != nil {
			return n
		}
	}
	e := p.expression()
	p.endStatement()
	return &jsNode{op: opExpr, kids: []*jsNode{e}}
}

func (p *jsParser) block() *jsNode {
	p.expect("{")
	n := &jsNode{op: opBlock}
	for !p.bad && !p.is("}") {
		if p.tok.kind == jsEOF {
			return p.fail()
		}
		n.kids = append(n.kids, p.statement())
	}
	p.expect("}")
	return n
}

// keyword parses a statement that begins with a keyword; nil when the name is
// none.
func (p *jsParser) keyword() *jsNode {
	switch p.tok.text {
	case "var", "let", "const":
		n := p.declarations()
		p.endStatement()
		return n
	case "class":
		c := p.class()
		if c.str == "" {
			return p.fail()
		}
		return &jsNode{op: opVar, str: "class", kids: []*jsNode{{op: opAssign, str: "=", kids: []*jsNode{{op: opIdent, str: c.str}, c}}}}
	case "function", "async":
		if p.tok.text == "async" {
			p.advance()
			if !p.is("function") {
				return p.fail()
			}
		}
		f := p.function()
		if f.str == "" {
			return p.fail()
		}
		return &jsNode{op: opVar, str: "function", kids: []*jsNode{{op: opAssign, str: "=", kids: []*jsNode{{op: opIdent, str: f.str}, f}}}}
	case "if":
		p.advance()
		n := &jsNode{op: opIf, kids: []*jsNode{p.paren(), p.statement()}}
		if p.accept("else") {
			n.kids = append(n.kids, p.statement())
		}
		return n
	case "for":
		return p.forStatement()
	case "while":
		p.advance()
		return &jsNode{op: opWhile, kids: []*jsNode{p.paren(), p.statement()}}
	case "do":
		p.advance()
		body := p.statement()
		p.expect("while")
		n := &jsNode{op: opDo, kids: []*jsNode{body, p.paren()}}
		p.accept(";")
		return n
	case "return", "throw":
		n := &jsNode{op: opReturn}
		if p.tok.text == "throw" {
			n.op = opThrow
		}
		p.advance()
		if !p.tok.newline && !p.is(";") && !p.is("}") && p.tok.kind != jsEOF {
			n.kids = []*jsNode{p.expression()}
		}
		p.endStatement()
		return n
	case "break", "continue":
		n := &jsNode{op: opBreak}
		if p.tok.text == "continue" {
			n.op = opContinue
		}
		p.advance()
		p.endStatement()
		return n
	case "try":
		return p.tryStatement()
	case "switch":
		return p.switchStatement()
	}
	return nil
}

func (p *jsParser) paren() *jsNode {
	p.expect("(")
	e := p.expression()
	p.expect(")")
	return e
}

func (p *jsParser) declarations() *jsNode {
	n := &jsNode{op: opVar, str: p.tok.text}
	p.advance()
	for !p.bad {
		if p.is("[") || p.is("{") {
			n.kids = append(n.kids, p.destructuring())
			if !p.accept(",") {
				break
			}
			continue
		}
		if p.tok.kind != jsName {
			return p.fail()
		}
		id := &jsNode{op: opIdent, str: p.tok.text}
		p.advance()
		if p.accept("=") {
			id = &jsNode{op: opAssign, str: "=", kids: []*jsNode{id, p.assignment()}}
		}
		n.kids = append(n.kids, id)
		if !p.accept(",") {
			break
		}
	}
	return n
}

// destructuring parses "[a, b] = value" or "{a, b: c} = value" into a comma
// of assignments, with the value evaluated for each.
func (p *jsParser) destructuring() *jsNode {
	pattern := p.primary()
	p.expect("=")
	value := p.assignment()
	n := &jsNode{op: opComma}
	step := 1
	if pattern.op == opObject {
		step = 2
	}
	for i := 0; i+step <= len(pattern.kids); i += step {
		target := pattern.kids[i+step-1]
		if target.op != opIdent {
			continue
		}
		key := &jsNode{op: opLiteral, val: float64(i)}
		if step == 2 {
			key = pattern.kids[i]
		}
		n.kids = append(n.kids, &jsNode{op: opAssign, str: "=", kids: []*jsNode{target, {op: opIndex, kids: []*jsNode{value, key}}}})
	}
	return n
}

func (p *jsParser) forStatement() *jsNode {
	p.advance()
	p.expect("(")
	var init *jsNode
	switch {
	case p.is(";"):
		init = &jsNode{op: opEmpty}
	case p.is("var") || p.is("let") || p.is("const"):
		init = p.declarations()
	default:
		init = p.expression()
	}
	if p.is("of") || p.is("in") {
		kind := p.tok.text
		p.advance()
		n := &jsNode{op: opForIn, str: kind, kids: []*jsNode{init, p.expression()}}
		p.expect(")")
		n.kids = append(n.kids, p.statement())
		return n
	}
	// "for (k in o)" was parsed as the operator.
	if init.op == opBinary && init.str == "in" && p.accept(")") {
		return &jsNode{op: opForIn, str: "in", kids: []*jsNode{init.kids[0], init.kids[1], p.statement()}}
	}
	n := &jsNode{op: opFor, kids: []*jsNode{init, {op: opEmpty}, {op: opEmpty}, nil}}
	p.expect(";")
	if !p.is(";") {
		n.kids[1] = p.expression()
	}
	p.expect(";")
	if !p.is(")") {
		n.kids[2] = p.expression()
	}
	p.expect(")")
	n.kids[3] = p.statement()
	return n
}

func (p *jsParser) tryStatement() *jsNode {
	p.advance()
	empty := &jsNode{op: opEmpty}
	n := &jsNode{op: opTry, kids: []*jsNode{p.block(), empty, empty}}
	if p.accept("catch") {
		if p.accept("(") {
			n.str = p.tok.text
			p.advance()
			p.expect(")")
		}
		n.kids[1] = p.block()
	}
	if p.accept("finally") {
		n.kids[2] = p.block()
	}
	return n
}

func (p *jsParser) switchStatement() *jsNode {
	p.advance()
	n := &jsNode{op: opSwitch, kids: []*jsNode{p.paren()}}
	p.expect("{")
	for !p.bad && !p.is("}") {
		c := &jsNode{op: opCase, kids: []*jsNode{nil}}
		if p.accept("case") {
			c.kids[0] = p.expression()
		} else {
			p.expect("default")
		}
		p.expect(":")
		for !p.bad && !p.is("case") && !p.is("default") && !p.is("}") && p.tok.kind != jsEOF {
			c.kids = append(c.kids, p.statement())
		}
		n.kids = append(n.kids, c)
	}
	p.expect("}")
	return n
}
