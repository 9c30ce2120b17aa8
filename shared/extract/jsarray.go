package extract

import (
	"slices"
	"sort"
	"strings"
)

// arrayMethod calls a method of an array.
func (r *jsRun) arrayMethod(a *jsArray, name string, args []any) any {
	first := arg(args, 0)
	r.steps -= len(a.items) / 8
	switch name {
	case "join", "toString":
		return r.joinArray(a, first, len(args) > 0)
	case "reverse", "toReversed":
		r.use(FoundReversed)
		if name == "toReversed" {
			a = &jsArray{items: slices.Clone(a.items)}
		}
		slices.Reverse(a.items)
		return a
	case "push", "unshift":
		if len(a.items) > 8192 {
			return jsUnknown{}
		}
		if name == "push" {
			a.items = append(a.items, args...)
		} else {
			a.items = append(slices.Clone(args), a.items...)
		}
		return float64(len(a.items))
	case "pop", "shift":
		if len(a.items) == 0 {
			return nil
		}
		i := 0
		if name == "pop" {
			i = len(a.items) - 1
		}
		v := a.items[i]
		a.items = slices.Delete(a.items, i, i+1)
		return v
	case "slice":
		lo, hi := bounds("slice", args, len(a.items))
		return &jsArray{items: slices.Clone(a.items[lo:hi])}
	case "concat":
		items := slices.Clone(a.items)
		for _, v := range args {
			if b, ok := v.(*jsArray); ok && len(items) < 8192 {
				items = append(items, b.items...)
			} else {
				items = append(items, v)
			}
		}
		r.steps -= len(items)
		return &jsArray{items: items}
	case "map", "forEach", "filter", "reduce", "reduceRight":
		return r.each(a, name, args)
	case "sort":
		less := func(i, j int) bool { return toString(a.items[i]) < toString(a.items[j]) }
		if f, ok := first.(*jsFunc); ok {
			less = func(i, j int) bool { return toNumber(r.call(f, []any{a.items[i], a.items[j]}, r.global)) < 0 }
		}
		if len(a.items) <= 512 {
			sort.SliceStable(a.items, less)
		}
		return a
	case "indexOf":
		for i, v := range a.items {
			if equalStrict(v, first) {
				return float64(i)
			}
		}
		return -1.0
	}
	return jsUnknown{}
}

func (r *jsRun) joinArray(a *jsArray, sep any, given bool) any {
	by := ","
	if given && sep != nil {
		by = toString(sep)
	}
	var b strings.Builder
	for i, v := range a.items {
		if b.Len() > maxJSString {
			break
		}
		if i > 0 {
			b.WriteString(by)
		}
		if v != nil {
			b.WriteString(toString(v))
		}
	}
	return r.made(b.String())
}

// each calls a function on every element.
func (r *jsRun) each(a *jsArray, name string, args []any) any {
	fn := arg(args, 0)
	items := slices.Clone(a.items)
	if name == "reduceRight" {
		slices.Reverse(items)
	}
	if name == "reduce" || name == "reduceRight" {
		acc := arg(args, 1)
		if len(args) < 2 && len(items) > 0 {
			acc, items = items[0], items[1:]
		}
		for i, v := range items {
			if !r.step() {
				break
			}
			acc = r.call(fn, []any{acc, v, float64(i)}, r.global)
		}
		return acc
	}
	out := &jsArray{}
	for i, v := range items {
		if !r.step() {
			break
		}
		res := r.call(fn, []any{v, float64(i), a}, r.global)
		switch name {
		case "map":
			out.items = append(out.items, res)
		case "filter":
			if truth(res) {
				out.items = append(out.items, v)
			}
		}
	}
	if name == "forEach" {
		return nil
	}
	return out
}
