package extract

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Values of scripts: nil (undefined and null), bool, float64, string,
// *jsArray, *jsObject, *jsFunc, *jsPattern, jsNative and jsUnknown.

// jsArray is an array.
type jsArray struct{ items []any }

// jsObject is an object. What a browser would supply is an opaque object: it
// answers everything with something unknown and remembers what is stored in
// it.
type jsObject struct {
	props  map[string]any
	keys   []string
	opaque bool
	path   string // how the script reached it
}

// jsFunc is a function of the script.
type jsFunc struct {
	node   *jsNode
	scope  *jsScope
	called bool
	proto  *jsObject // of a class: its methods and fields
}

// jsPattern is a regular expression.
type jsPattern struct {
	re     *regexp.Regexp
	global bool
}

// jsNative is a function of the interpreter, or a method bound to its object.
type jsNative struct {
	name string
	this any
}

// jsUnknown stands for everything that is not known without a browser.
type jsUnknown struct{}

// jsHole is what an unknown value leaves in text: a character that no address
// holds.
const jsHole = "\x05"

// jsScope is a scope of names.
type jsScope struct {
	vars   map[string]any
	parent *jsScope
}

func (s *jsScope) find(name string) *jsScope {
	for ; s != nil; s = s.parent {
		if _, ok := s.vars[name]; ok {
			return s
		}
	}
	return nil
}

func (s *jsScope) declare(name string, v any) {
	if s.vars == nil {
		s.vars = make(map[string]any)
	}
	s.vars[name] = v
}

func newObject() *jsObject { return &jsObject{props: map[string]any{}} }

func (o *jsObject) set(key string, v any) {
	if _, ok := o.props[key]; !ok {
		o.keys = append(o.keys, key)
	}
	o.props[key] = v
}

// toString converts as JavaScript does.
func toString(v any) string {
	switch v := v.(type) {
	case nil:
		return "undefined"
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return numberString(v)
	case *jsArray:
		parts := make([]string, 0, min(len(v.items), 1024))
		for _, it := range v.items[:min(len(v.items), 1024)] {
			if _, nested := it.(*jsArray); nested || it == nil {
				parts = append(parts, "")
				continue
			}
			parts = append(parts, toString(it))
		}
		return strings.Join(parts, ",")
	}
	return jsHole
}

func numberString(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func toNumber(v any) float64 {
	switch v := v.(type) {
	case nil:
		return math.NaN()
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	case string:
		s := strings.TrimSpace(v)
		if s == "" {
			return 0
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return f
		}
		if n, err := strconv.ParseInt(s, 0, 64); err == nil {
			return float64(n)
		}
	case *jsArray:
		if len(v.items) == 1 {
			return toNumber(toString(v))
		}
	}
	return math.NaN()
}

// toInt converts to the 32 bit integers of the bit operators.
func toInt(v any) int32 {
	f := toNumber(v)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return int32(uint32(int64(math.Mod(f, 1<<32))))
}

func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case float64:
		return v != 0 && !math.IsNaN(v)
	case string:
		return v != ""
	}
	return true
}

func equalLoose(a, b any) bool {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return x == y
		}
	case nil:
		return b == nil
	case jsUnknown:
		return false
	case *jsArray, *jsObject, *jsFunc, *jsPattern:
		return a == b
	case jsNative:
		return false
	}
	switch b.(type) {
	case nil, jsUnknown, *jsObject, *jsFunc, *jsPattern, jsNative:
		return false
	}
	return toNumber(a) == toNumber(b)
}

func equalStrict(a, b any) bool {
	switch x := a.(type) {
	case nil:
		return b == nil
	case string:
		y, ok := b.(string)
		return ok && x == y
	case float64:
		y, ok := b.(float64)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case *jsArray, *jsObject, *jsFunc:
		return a == b
	}
	return false
}

// notKnown reports whether only a browser could tell what v is.
func notKnown(v any) bool {
	switch v := v.(type) {
	case jsUnknown:
		return true
	case *jsObject:
		return v.opaque
	}
	return false
}

func typeOf(v any) string {
	switch v.(type) {
	case nil, jsUnknown:
		return "undefined"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case *jsFunc, jsNative:
		return "function"
	}
	return "object"
}
