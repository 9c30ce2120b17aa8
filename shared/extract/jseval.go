package extract

import (
	"math"
	"strings"
)

// eval evaluates an expression.
func (r *jsRun) eval(n *jsNode, sc *jsScope) any {
	if !r.step() {
		return jsUnknown{}
	}
	switch n.op {
	case opLiteral:
		return n.val
	case opIdent:
		return r.ident(n.str, sc)
	case opTemplate:
		var b strings.Builder
		for _, k := range n.kids {
			if s := toString(r.eval(k, sc)); b.Len()+len(s) <= maxJSString {
				b.WriteString(s)
			}
		}
		return r.made(b.String())
	case opRegexp:
		flags, _ := n.val.(string)
		return compilePattern(n.str, flags)
	case opArray:
		return &jsArray{items: r.list(n.kids, sc)}
	case opObject:
		o := newObject()
		for i := 0; i+1 < len(n.kids); i += 2 {
			if n.kids[i].op == opSpread {
				r.copyProps(o, r.eval(n.kids[i+1], sc))
				continue
			}
			o.set(toString(r.eval(n.kids[i], sc)), r.eval(n.kids[i+1], sc))
		}
		return o
	case opFunction:
		return r.function(n, sc)
	case opClass:
		return r.class(n, sc)
	case opMember:
		return r.member(r.eval(n.kids[0], sc), n.str)
	case opIndex:
		return r.index(r.eval(n.kids[0], sc), r.eval(n.kids[1], sc))
	case opCall:
		return r.callNode(n, sc)
	case opNew:
		return r.construct(n, sc)
	case opUnary:
		return r.unary(n, sc)
	case opPostfix:
		old := toNumber(r.eval(n.kids[0], sc))
		r.assign(n.kids[0], old+sign(n.str), sc)
		return old
	case opBinary:
		return r.binary(n.str, r.eval(n.kids[0], sc), r.eval(n.kids[1], sc))
	case opLogical:
		left := r.eval(n.kids[0], sc)
		if n.str == "&&" && !truth(left) || n.str == "||" && truth(left) || n.str == "??" && left != nil {
			if _, unknown := left.(jsUnknown); !unknown || n.str == "&&" {
				return left
			}
		}
		return r.eval(n.kids[1], sc)
	case opAssign:
		return r.assignment(n, sc)
	case opCond:
		if truth(r.eval(n.kids[0], sc)) {
			return r.eval(n.kids[1], sc)
		}
		return r.eval(n.kids[2], sc)
	case opComma:
		var v any
		for _, k := range n.kids {
			v = r.eval(k, sc)
		}
		return v
	default:
	}
	return jsUnknown{}
}

func sign(op string) float64 {
	if op[0] == '-' {
		return -1
	}
	return 1
}

// list evaluates arguments or elements.
func (r *jsRun) list(nodes []*jsNode, sc *jsScope) []any {
	out := make([]any, 0, len(nodes))
	for _, k := range nodes {
		if k.op != opSpread {
			out = append(out, r.eval(k, sc))
			continue
		}
		switch v := r.eval(k.kids[0], sc).(type) {
		case *jsArray:
			out = append(out, v.items...)
		case string:
			for _, u := range jsUnits(v) {
				out = append(out, jsFromUnits(u))
			}
		}
	}
	r.steps -= len(out)
	return out
}

func (r *jsRun) unary(n *jsNode, sc *jsScope) any {
	v := r.eval(n.kids[0], sc)
	switch n.str {
	case "!":
		if _, unknown := v.(jsUnknown); unknown {
			return v
		}
		return !truth(v)
	case "-":
		return -toNumber(v)
	case "+":
		return toNumber(v)
	case "~":
		return float64(^toInt(v))
	case "typeof":
		return typeOf(v)
	case "++", "--":
		f := toNumber(v) + sign(n.str)
		r.assign(n.kids[0], f, sc)
		return f
	case "await":
		return v
	}
	return nil
}

func (r *jsRun) binary(op string, a, b any) any {
	switch op {
	case "+":
		x, xs := a.(float64)
		y, ys := b.(float64)
		if xs && ys {
			return x + y
		}
		_, ux := a.(jsUnknown)
		_, uy := b.(jsUnknown)
		if ux && uy {
			return a
		}
		if isText(a) || isText(b) {
			return r.made(toString(a) + toString(b))
		}
		return toNumber(a) + toNumber(b)
	case "-":
		return toNumber(a) - toNumber(b)
	case "*":
		return toNumber(a) * toNumber(b)
	case "/":
		return toNumber(a) / toNumber(b)
	case "%":
		return math.Mod(toNumber(a), toNumber(b))
	case "**":
		return math.Pow(toNumber(a), toNumber(b))
	case "==":
		return equalLoose(a, b)
	case "!=":
		return !equalLoose(a, b)
	case "===":
		return equalStrict(a, b)
	case "!==":
		return !equalStrict(a, b)
	case "<", ">", "<=", ">=":
		return compare(op, a, b)
	case "&":
		return float64(toInt(a) & toInt(b))
	case "|":
		return float64(toInt(a) | toInt(b))
	case "^":
		return float64(toInt(a) ^ toInt(b))
	case "<<":
		return float64(toInt(a) << (uint32(toInt(b)) & 31))
	case ">>":
		return float64(toInt(a) >> (uint32(toInt(b)) & 31))
	case ">>>":
		return float64(uint32(toInt(a)) >> (uint32(toInt(b)) & 31))
	case "in":
		if o, ok := b.(*jsObject); ok {
			_, has := o.props[toString(a)]
			return has
		}
		return false
	}
	return jsUnknown{}
}

func isText(v any) bool {
	switch v.(type) {
	case string, *jsArray, *jsObject, *jsFunc, jsUnknown:
		return true
	}
	return false
}

func compare(op string, a, b any) any {
	x, xs := a.(string)
	y, ys := b.(string)
	if xs && ys {
		switch op {
		case "<":
			return x < y
		case ">":
			return x > y
		case "<=":
			return x <= y
		}
		return x >= y
	}
	f, g := toNumber(a), toNumber(b)
	switch op {
	case "<":
		return f < g
	case ">":
		return f > g
	case "<=":
		return f <= g
	}
	return f >= g
}

func (r *jsRun) assignment(n *jsNode, sc *jsScope) any {
	target, op := n.kids[0], n.str
	if op == "=" {
		v := r.eval(n.kids[1], sc)
		r.assign(target, v, sc)
		return v
	}
	old := r.eval(target, sc)
	if op == "||=" || op == "&&=" || op == "??=" {
		if op == "||=" == truth(old) && op != "??=" || op == "??=" && old != nil {
			return old
		}
		v := r.eval(n.kids[1], sc)
		r.assign(target, v, sc)
		return v
	}
	v := r.binary(op[:len(op)-1], old, r.eval(n.kids[1], sc))
	r.assign(target, v, sc)
	return v
}
