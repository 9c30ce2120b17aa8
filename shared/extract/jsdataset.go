package extract

import (
	"bytes"
	"strings"
)

// Limits of what scripts may ask about the elements of their page.
const (
	maxDataNames  = 16 // of one page: each costs a search of it
	maxDataValues = 16
)

// pageData answers what scripts ask about data- attributes. There is no
// document: the script runs once for each value the page holds, as if its
// elements were asked in turn.
type pageData struct {
	src   []byte
	turn  int                 // which of the values is given
	count int                 // how many values the first name asked for has
	names map[string][]string // kept from script to script
}

// get returns the value of an attribute in this turn. Names that do not stand
// on equally many elements belong to different ones and are not answered.
func (p *pageData) get(name string) (string, bool) {
	values, known := p.names[name]
	if !known {
		if len(p.names) >= maxDataNames {
			return "", false
		}
		if p.names == nil {
			p.names = map[string][]string{}
		}
		values = dataValues(p.src, name)
		p.names[name] = values
	}
	if p.count == 0 {
		p.count = len(values)
	}
	if len(values) != p.count || p.turn >= len(values) {
		return "", false
	}
	return values[p.turn], true
}

// dataValues returns the values of an attribute, in the order of the page.
func dataValues(src []byte, name string) (values []string) {
	for len(values) < maxDataValues {
		i := bytes.Index(src, []byte(name))
		if i < 0 {
			break
		}
		before := byte(0)
		if i > 0 {
			before = src[i-1]
		}
		src = src[i+len(name):]
		if class[before]&isSpace == 0 || len(src) < 2 || src[0] != '=' {
			continue
		}
		v := src[1:min(len(src), maxAddress+16)]
		end := 0
		if q := v[0]; q == '"' || q == '\'' {
			v = v[1:]
			end = bytes.IndexByte(v, q)
		} else {
			end = bytes.IndexAny(v, " \t\r\n>")
		}
		if end >= 0 {
			values = append(values, string(appendText(nil, v[:end], nil)))
		}
	}
	return values
}

// attribute answers element.dataset.name and element.getAttribute(name).
func (r *jsRun) attribute(name string) any {
	if strings.HasPrefix(name, "data-") && len(name) > len("data-") && len(name) < 48 {
		if v, ok := r.data.get(name); ok {
			return v
		}
	}
	return jsUnknown{}
}

// dataName spells a member of a dataset like its attribute.
func dataName(member string) string {
	var b strings.Builder
	b.WriteString("data-")
	for i := 0; i < len(member); i++ {
		if isUpper(member[i]) {
			b.WriteByte('-')
		}
		b.WriteByte(lowerByte(member[i]))
	}
	return b.String()
}

// emitStored passes on the addresses that are stored in elements now, before
// the next turn stores others there.
func (r *jsRun) emitStored() {
	for _, o := range r.order {
		for _, k := range o.keys {
			if s, ok := o.props[k].(string); ok && strings.IndexByte(s, '@') >= 0 {
				r.emit(s)
			}
		}
	}
}
