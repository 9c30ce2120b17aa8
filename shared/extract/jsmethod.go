package extract

import (
	"math"
	"sort"
	"strings"
	"unicode/utf8"
)

// slice bounds of substring, substr and slice.
func bounds(name string, args []any, n int) (lo, hi int) {
	clampInt := func(f float64, fromEnd bool) int {
		switch {
		case math.IsNaN(f):
			return 0
		case f < 0 && fromEnd:
			return int(math.Max(0, float64(n)+f))
		}
		return int(math.Max(0, math.Min(math.Trunc(f), float64(n))))
	}
	lo, hi = clampInt(toNumber(arg(args, 0)), name != "substring"), n
	if len(args) > 1 && args[1] != nil {
		end := toNumber(args[1])
		switch name {
		case "substr":
			hi = clampInt(float64(lo)+end, false)
		case "slice":
			hi = clampInt(end, true)
		default:
			hi = clampInt(end, false)
		}
	}
	if name == "substring" && lo > hi {
		lo, hi = hi, lo
	}
	return lo, max(lo, hi)
}

// stringMethod calls a method of a string.
func (r *jsRun) stringMethod(s, name string, args []any) any {
	if !r.scanned(s[:min(len(s), 64)]) {
		return jsUnknown{}
	}
	first := arg(args, 0)
	switch name {
	case "charAt":
		if len(args) == 0 {
			first = 0.0
		}
		if c, ok := charAt(s, toNumber(first)).(string); ok {
			return c
		}
		return ""
	case "charCodeAt", "codePointAt":
		r.use(FoundCharCode)
		if len(args) == 0 {
			first = 0.0
		}
		c, ok := charAt(s, toNumber(first)).(string)
		if !ok {
			return math.NaN()
		}
		return float64(jsUnits(c)[0])
	case "substring", "substr", "slice":
		if isASCII(s) {
			lo, hi := bounds(name, args, len(s))
			return s[lo:hi]
		}
		u := jsUnits(s)
		lo, hi := bounds(name, args, len(u))
		return r.made(jsFromUnits(u[lo:hi]...))
	case "split":
		return r.split(s, args)
	case "replace", "replaceAll":
		return r.replace(s, args, name == "replaceAll")
	case "concat":
		for _, a := range args {
			s = r.made(s + toString(a))
		}
		return s
	case "toLowerCase", "toLocaleLowerCase":
		return r.made(strings.ToLower(s))
	case "toUpperCase", "toLocaleUpperCase":
		return r.made(strings.ToUpper(s))
	case "trim":
		return strings.TrimSpace(s)
	case "indexOf":
		return float64(strings.Index(s, toString(first)))
	case "lastIndexOf":
		return float64(strings.LastIndex(s, toString(first)))
	case "includes":
		return strings.Contains(s, toString(first))
	case "startsWith":
		return strings.HasPrefix(s, toString(first))
	case "endsWith":
		return strings.HasSuffix(s, toString(first))
	case "repeat":
		n := toNumber(first)
		if !(n >= 0 && n*float64(len(s)) <= maxJSString) {
			return jsUnknown{}
		}
		return r.made(strings.Repeat(s, int(n)))
	case "toString", "valueOf", "normalize", "fontcolor", "bold":
		return s
	case "match":
		if p, ok := first.(*jsPattern); ok && r.scanned(s) {
			if p.global {
				return matches(p.re.FindAllString(s, 1024))
			}
			return matches(p.re.FindStringSubmatch(s))
		}
	case "link":
		r.emit(first)
		return r.made(`<a href="` + toString(first) + `">` + s + `</a>`)
	case "reverse":
		return r.made(string(reverseRunes(nil, []byte(s))))
	case "padStart", "padEnd", "at", "search":
	}
	return jsUnknown{}
}

func (r *jsRun) split(s string, args []any) any {
	a := &jsArray{}
	if !r.scanned(s) {
		return a
	}
	var parts []string
	switch sep := arg(args, 0).(type) {
	case string:
		if sep == "" && !isASCII(s) {
			for _, u := range jsUnits(s) {
				a.items = append(a.items, jsFromUnits(u))
			}
			return a
		}
		parts = strings.SplitN(s, sep, 8192)
	case *jsPattern:
		parts = sep.re.Split(s, 8192)
	case nil:
		parts = []string{s}
	default:
		return a
	}
	r.steps -= len(parts)
	for _, p := range parts {
		a.items = append(a.items, p)
	}
	return a
}

// replace replaces by a string or by the results of a function.
func (r *jsRun) replace(s string, args []any, all bool) any {
	if len(args) < 2 || !r.scanned(s) {
		return s
	}
	var spans [][]int
	switch p := args[0].(type) {
	case *jsPattern:
		n := 1
		if p.global || all {
			n = 4096
		}
		spans = p.re.FindAllStringSubmatchIndex(s, n)
	case string:
		for from := 0; len(spans) < 4096; {
			i := strings.Index(s[from:], p)
			if i < 0 || p == "" {
				break
			}
			spans = append(spans, []int{from + i, from + i + len(p)})
			from += i + len(p)
			if !all {
				break
			}
		}
	default:
		return jsUnknown{}
	}
	var b strings.Builder
	last := 0
	for _, sp := range spans {
		if !r.step() || b.Len() > maxJSString {
			return jsUnknown{}
		}
		b.WriteString(s[last:sp[0]])
		b.WriteString(r.replacement(s, sp, args[1]))
		last = sp[1]
	}
	b.WriteString(s[last:])
	return r.made(b.String())
}

func (r *jsRun) replacement(s string, sp []int, by any) string {
	group := func(i int) string {
		if 2*i+1 >= len(sp) || sp[2*i] < 0 {
			return ""
		}
		return s[sp[2*i]:sp[2*i+1]]
	}
	if f, ok := by.(*jsFunc); ok {
		var args []any
		for i := 0; 2*i < len(sp); i++ {
			args = append(args, group(i))
		}
		args = append(args, float64(sp[0]), s)
		return toString(r.call(f, args, r.global))
	}
	t := toString(by)
	if strings.IndexByte(t, '$') < 0 {
		return t
	}
	var b strings.Builder
	for i := 0; i < len(t); i++ {
		if t[i] == '$' && i+1 < len(t) {
			if c := t[i+1]; c >= '1' && c <= '9' {
				b.WriteString(group(int(c - '0')))
				i++
				continue
			} else if c == '&' {
				b.WriteString(group(0))
				i++
				continue
			}
		}
		b.WriteByte(t[i])
	}
	return b.String()
}

// results returns every text the scripts produced: what they wrote, what they
// stored in elements, and what their global names hold in the end.
func (r *jsRun) results(visit func(text string, variable bool)) {
	if len(r.written) > 0 && utf8.Valid(r.written) {
		visit(string(r.written), false)
	}
	for _, s := range r.out {
		visit(s, false)
	}
	for _, o := range r.order {
		for _, k := range o.keys {
			if s, ok := o.props[k].(string); ok {
				visit(s, false)
			}
		}
	}
	names := make([]string, 0, len(r.global.vars))
	for n := range r.global.vars {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		visitValue(r.global.vars[n], 3, visit)
	}
}

// visitValue visits the texts of a value, to a depth.
func visitValue(v any, depth int, visit func(string, bool)) {
	switch v := v.(type) {
	case string:
		visit(v, true)
	case *jsArray:
		for _, it := range v.items[:min(len(v.items), 32)] {
			if depth > 0 {
				visitValue(it, depth-1, visit)
			}
		}
	case *jsObject:
		if v.opaque || depth == 0 {
			return
		}
		for _, k := range v.keys[:min(len(v.keys), 32)] {
			visitValue(v.props[k], depth-1, visit)
		}
	}
}
