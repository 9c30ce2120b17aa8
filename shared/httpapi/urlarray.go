package httpapi

import (
	"strings"
	"unicode/utf8"
)

// cutURLs takes the array "urls" out of a JSON object without decoding the rest:
// a list of 100,000 addresses must be read within milliseconds, which
// encoding/json does not do. It returns the strings, sharing the memory of doc,
// and doc with null in their place. ok is false whenever anything is out of the
// ordinary (escapes, another type, the key twice, a syntax error), and the caller
// then leaves all to encoding/json.
func cutURLs(doc string) (urls []string, rest string, ok bool) {
	s := scan{doc: doc}
	if !s.eat('{') {
		return nil, "", false
	}
	from, to := -1, -1
	for first := true; ; first = false {
		if first && s.peek() == '}' {
			break
		}
		key, plain := s.str()
		if !plain || !s.eat(':') {
			return nil, "", false
		}
		if key != "urls" {
			if strings.EqualFold(key, "urls") || !s.skip() {
				return nil, "", false
			}
		} else {
			if from >= 0 || s.peek() != '[' {
				return nil, "", false
			}
			from = s.at
			if urls, ok = s.strings(); !ok {
				return nil, "", false
			}
			to = s.at
		}
		if !s.eat(',') {
			break
		}
	}
	if from < 0 {
		return nil, "", false
	}
	return urls, doc[:from] + "null" + doc[to:], true
}

// scan reads JSON from left to right.
type scan struct {
	doc string
	at  int
}

func (s *scan) peek() byte {
	for s.at < len(s.doc) {
		switch c := s.doc[s.at]; c {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return c
		}
	}
	return 0
}

func (s *scan) eat(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// str reads a string; plain is false if it is none, has escapes or is not UTF-8.
func (s *scan) str() (text string, plain bool) {
	if !s.eat('"') {
		return "", false
	}
	start, ascii := s.at, true
	for ; s.at < len(s.doc); s.at++ {
		switch c := s.doc[s.at]; {
		case c == '"':
			text = s.doc[start:s.at]
			s.at++
			return text, ascii || utf8.ValidString(text)
		case c == '\\' || c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}

// strings reads an array of plain strings.
func (s *scan) strings() ([]string, bool) {
	if !s.eat('[') {
		return nil, false
	}
	all := make([]string, 0, min((len(s.doc)-s.at)/32, 1<<18))
	if s.eat(']') {
		return all, true
	}
	for {
		text, plain := s.str()
		if !plain {
			return nil, false
		}
		all = append(all, text)
		if s.eat(',') {
			continue
		}
		return all, s.eat(']')
	}
}

// skip passes over a value without judging it: encoding/json does that later.
func (s *scan) skip() bool {
	depth := 0
	for {
		switch s.peek() {
		case 0:
			return false
		case '"':
			if !s.skipString() {
				return false
			}
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			depth--
			s.at++
		case ',', ':':
			if depth == 0 {
				return false
			}
			s.at++
			continue
		default: // a number or a word
			for s.at < len(s.doc) && !strings.ContainsRune(" \t\r\n,:{}[]\"", rune(s.doc[s.at])) {
				s.at++
			}
		}
		if depth <= 0 {
			return depth == 0
		}
	}
}

func (s *scan) skipString() bool {
	for s.at++; s.at < len(s.doc); s.at++ {
		switch s.doc[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return true
		}
	}
	return false
}
