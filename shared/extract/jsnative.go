package extract

import (
	"encoding/base64"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func arg(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return nil
}

// native calls a function of the interpreter.
func (r *jsRun) native(f jsNative, args []any, sc *jsScope) any {
	switch this := f.this.(type) {
	case string:
		return r.stringMethod(this, f.name, args)
	case *jsArray:
		return r.arrayMethod(this, f.name, args)
	case float64:
		if f.name == "toString" {
			if base := toNumber(arg(args, 0)); base >= 2 && base <= 36 && this == math.Trunc(this) {
				return strconv.FormatInt(int64(this), int(base))
			}
		}
		return toString(this)
	case *jsFunc:
		return r.functionMethod(this, f.name, args)
	case *jsPattern:
		return r.patternMethod(this, f.name, args)
	case *jsObject:
		return jsUnknown{}
	}
	s := toString(arg(args, 0))
	switch f.name {
	case "String.fromCharCode", "String.fromCodePoint":
		return r.fromCharCode(args)
	case "String.fromCharCode.apply", "String.fromCodePoint.apply":
		if a, ok := arg(args, 1).(*jsArray); ok {
			return r.fromCharCode(a.items)
		}
	case "String.raw", "String", "Object":
		return s
	case "Number":
		return toNumber(arg(args, 0))
	case "parseInt":
		return parseInt(s, toNumber(arg(args, 1)))
	case "parseFloat":
		return toNumber(s)
	case "isNaN":
		return math.IsNaN(toNumber(arg(args, 0)))
	case "atob":
		r.use(FoundBase64)
		return r.made(decodeAtob(s))
	case "btoa":
		return r.made(base64.StdEncoding.EncodeToString([]byte(s)))
	case "unescape":
		r.use(FoundEscape)
		return r.made(unescapeJS(s))
	case "decodeURIComponent", "decodeURI":
		r.use(FoundEscape)
		return r.made(string(percentDecode([]byte(s), 1)))
	case "encodeURIComponent", "encodeURI", "escape":
		return r.made(url.PathEscape(s))
	case "eval":
		return r.evalCode(arg(args, 0), sc)
	case "Object.values", "Object.keys":
		if o, ok := arg(args, 0).(*jsObject); ok && !o.opaque {
			a := &jsArray{}
			for _, k := range o.keys {
				if f.name == "Object.keys" {
					a.items = append(a.items, k)
				} else {
					a.items = append(a.items, o.props[k])
				}
			}
			return a
		}
	case "Object.assign":
		if len(args) > 1 {
			r.copyProps(args[0], args[1])
		}
		return arg(args, 0)
	case "Array":
		return &jsArray{items: args}
	case "Array.from":
		return r.arrayFrom(args)
	case "JSON.parse":
		nodes := parseJS("("+s+")", &r.tokens)
		if len(nodes) == 1 && nodes[0].op == opExpr {
			return r.eval(nodes[0].kids[0], &jsScope{})
		}
	case "rot13", "str_rot13":
		r.use(FoundROT13)
		return string(rot13([]byte(s)))
	default:
		if v, ok := r.decoder(f.name, s, args); ok {
			return v
		}
		if strings.HasPrefix(f.name, "Math.") {
			return mathCall(f.name[5:], args)
		}
	}
	return jsUnknown{}
}

// decoder runs the decoders that pages call from scripts of their own server,
// which are not at hand: TYPO3's and that of the CryptX plugin.
func (r *jsRun) decoder(name, s string, args []any) (any, bool) {
	switch {
	case strings.Contains(name, "Crypt") && strings.HasPrefix(name, "DeCrypt"):
		r.use(FoundCharCode)
		for _, text := range [...]string{cryptPairs(s), cryptMinusOne(s)} {
			r.emit(text)
		}
	case strings.Contains(name, "rypt"):
		r.use(FoundTYPO3)
		b := []byte(s)
		if off := toNumber(arg(args, 1)); off >= -50 && off <= 50 && off != 0 {
			for _, sg := range [...]int{-1, 1} {
				out := make([]byte, len(b))
				for i, c := range b {
					out[i] = typo3Shift(c, sg*int(off))
				}
				r.emit(string(out))
			}
		}
		for off := -25; off <= 25; off++ {
			for _, turn := range [...]func(byte, int) byte{typo3Shift, codeShift} {
				if off == 0 || len(b) < 8 || !shiftsTo(b, off, turn) {
					continue
				}
				out := make([]byte, len(b))
				for i, c := range b {
					out[i] = turn(c, off)
				}
				r.emit(string(out))
			}
		}
	default:
		return nil, false
	}
	return jsUnknown{}, true
}

// cryptPairs decodes pairs of a digit and a character moved by it.
func cryptPairs(s string) string {
	u := []rune(s)
	if len(u)%2 != 0 {
		return ""
	}
	var b strings.Builder
	for i := 0; i+1 < len(u); i += 2 {
		if u[i] < '0' || u[i] > '9' {
			return ""
		}
		b.WriteRune(u[i+1] - (u[i] - '0'))
	}
	return b.String()
}

// cryptMinusOne moves every character down by one.
func cryptMinusOne(s string) string {
	return strings.Map(func(c rune) rune { return c - 1 }, s)
}

func (r *jsRun) fromCharCode(codes []any) any {
	r.use(FoundCharCode)
	units := make([]uint16, 0, len(codes))
	for _, c := range codes {
		units = append(units, uint16(toInt(c)))
	}
	return r.made(jsFromUnits(units...))
}

// evalCode runs text as a script and returns the value of its last
// expression.
func (r *jsRun) evalCode(v any, sc *jsScope) any {
	src, ok := v.(string)
	if !ok {
		return v
	}
	r.use(FoundEnkoder)
	nodes := parseJS(src, &r.tokens)
	r.hoist(nodes, sc)
	r.returned = nil
	for _, n := range nodes {
		if r.exec(n, sc) != flowNext {
			break
		}
	}
	return r.returned
}

func parseInt(s string, base float64) any {
	s = strings.TrimSpace(s)
	b := 10
	if base >= 2 && base <= 36 {
		b = int(base)
	} else if strings.HasPrefix(s, "0x") {
		b = 16
	}
	if b == 16 {
		s = strings.TrimPrefix(s, "0x")
	}
	end := 0
	for end < len(s) && end < 12 {
		if _, err := strconv.ParseInt(s[:end+1], b, 64); err != nil && s[end] != '-' {
			break
		}
		end++
	}
	n, err := strconv.ParseInt(s[:end], b, 64)
	if err != nil {
		return math.NaN()
	}
	return float64(n)
}

func decodeAtob(s string) string {
	s = strings.TrimRight(strings.Map(func(c rune) rune {
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			return -1
		}
		return c
	}, s), "=")
	out, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return jsHole
	}
	// Each byte is a character, but pages that hold anything beyond ASCII
	// decode the bytes as UTF-8 afterwards.
	return string(out)
}

// unescapeJS undoes escape: %XX and %uXXXX.
func unescapeJS(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			if i+1 < len(s) && s[i+1] == 'u' {
				if c, ok := hexDigits(s, i+2, 4); ok {
					out = append(out, string(c)...)
					i += 5
					continue
				}
			}
			if c, ok := hexDigits(s, i+1, 2); ok {
				out = append(out, string(c)...)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func mathCall(name string, args []any) any {
	x := toNumber(arg(args, 0))
	switch name {
	case "floor":
		return math.Floor(x)
	case "ceil":
		return math.Ceil(x)
	case "round":
		return math.Floor(x + 0.5)
	case "abs":
		return math.Abs(x)
	case "min":
		return math.Min(x, toNumber(arg(args, 1)))
	case "max":
		return math.Max(x, toNumber(arg(args, 1)))
	case "pow":
		return math.Pow(x, toNumber(arg(args, 1)))
	case "random":
		return 0.5
	}
	return jsUnknown{}
}

func (r *jsRun) arrayFrom(args []any) any {
	var items []any
	switch v := arg(args, 0).(type) {
	case string:
		for _, u := range jsUnits(v) {
			items = append(items, jsFromUnits(u))
		}
	case *jsArray:
		items = slices.Clone(v.items)
	default:
		return jsUnknown{}
	}
	a := &jsArray{items: items}
	if len(args) > 1 {
		return r.arrayMethod(a, "map", args[1:])
	}
	return a
}

func (r *jsRun) functionMethod(f *jsFunc, name string, args []any) any {
	switch name {
	case "call":
		if len(args) > 0 {
			args = args[1:]
		}
		return r.call(f, args, r.global)
	case "apply":
		if a, ok := arg(args, 1).(*jsArray); ok {
			return r.call(f, a.items, r.global)
		}
		return r.call(f, nil, r.global)
	case "bind":
		return f
	}
	return jsUnknown{}
}

// compilePattern translates a regular expression; what cannot be translated
// is unknown.
func compilePattern(src, flags string) any {
	if len(src) > 256 {
		return jsUnknown{}
	}
	prefix := ""
	if strings.Contains(flags, "i") {
		prefix += "i"
	}
	if strings.Contains(flags, "m") {
		prefix += "m"
	}
	if prefix != "" {
		prefix = "(?" + prefix + ")"
	}
	re, err := regexp.Compile(prefix + strings.ReplaceAll(src, `\/`, "/"))
	if err != nil {
		return jsUnknown{}
	}
	return &jsPattern{re: re, global: strings.Contains(flags, "g")}
}

func (r *jsRun) patternMethod(p *jsPattern, name string, args []any) any {
	s, ok := arg(args, 0).(string)
	if !ok || !r.scanned(s) {
		return jsUnknown{}
	}
	switch name {
	case "test":
		return p.re.MatchString(s)
	case "exec":
		return matches(p.re.FindStringSubmatch(s))
	}
	return jsUnknown{}
}

func matches(m []string) any {
	if m == nil {
		return nil
	}
	a := &jsArray{}
	for _, s := range m {
		a.items = append(a.items, s)
	}
	return a
}

// scanned accounts for a pass over s.
func (r *jsRun) scanned(s string) bool {
	r.bytes -= len(s)
	return r.bytes > 0
}
