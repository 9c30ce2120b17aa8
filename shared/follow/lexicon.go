package follow

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// subject is what a link seems to lead to.
type subject int

const (
	contact   subject = iota // ways to reach somebody
	imprint                  // the legal notice that names who is responsible
	people                   // staff, team, board
	about                    // the organisation itself
	press                    // for journalists
	places                   // branches, directions, opening hours
	support                  // help, customer service
	privacy                  // its law wants a named contact
	work                     // jobs
	terms                    // terms of business
	elsewhere                // looks like one of the others and isn't
	subjects                 // how many there are
)

// weights of the subjects: how often such a page holds what others don't. An
// imprint must by law give an address where it exists at all.
var weights = [...]int{
	contact: 100, imprint: 96, people: 78, about: 70, press: 56, places: 50, support: 48, privacy: 42, work: 34, terms: 26,
	elsewhere: -60, subjects: 0,
}

// phrases are a language's words for one subject, separated by commas. A word
// ending in '*' stands for all that begin with it.
type phrases struct {
	language string
	subject  subject
	list     string
}

// lexicon finds phrases in folded texts: a trie over their octets.
type lexicon struct {
	nodes []node
	roots [256]int32 // the first node's edges; 0 for none
}

type node struct {
	edges []edge
	ends  bool // a phrase ends here, and a word with it
	open  bool // a phrase ends here, wherever the word does
	what  subject
}

type edge struct {
	octet byte
	to    int32
}

func (n *node) follow(octet byte) (to int32, ok bool) {
	for _, e := range n.edges {
		if e.octet == octet {
			return e.to, true
		}
	}
	return 0, false
}

// words is the lexicon of all languages, built when first needed.
var words = sync.OnceValue(newLexicon)

func newLexicon() *lexicon {
	l := &lexicon{nodes: make([]node, 1, 1<<15)}
	for _, p := range vocabulary {
		for phrase := range strings.SplitSeq(p.list, ",") {
			l.add(strings.TrimSpace(phrase), p.subject)
		}
	}
	for _, e := range l.nodes[0].edges {
		l.roots[e.octet] = e.to
	}
	return l
}

func (l *lexicon) add(phrase string, what subject) {
	stem, open := strings.CutSuffix(phrase, "*")
	text := strings.TrimSpace(string(appendFolded(nil, stem, false)))
	if text == "" {
		return
	}
	at := int32(0)
	for i := range len(text) {
		to, ok := l.nodes[at].follow(text[i])
		if !ok {
			to = int32(len(l.nodes))
			l.nodes[at].edges = append(l.nodes[at].edges, edge{text[i], to})
			l.nodes = append(l.nodes, node{what: subjects})
		}
		at = to
	}
	n := &l.nodes[at]
	last, _ := utf8.DecodeLastRuneInString(text)
	if open || isUnspaced(last) {
		n.open = true
	} else {
		n.ends = true
	}
	// A word of two subjects stands for the weightier, in whatever language.
	if n.what == subjects || weights[what] > weights[n.what] {
		n.what = what
	}
}

// match is a phrase found.
type match struct {
	what   subject
	length int // octets of the phrase as it stands in the text
}

// find calls yield for the longest phrase at each place of text where a word begins.
func (l *lexicon) find(text folded, yield func(match)) {
	for i := 1; i < len(text); {
		if text[i] == ' ' {
			i++
			continue
		}
		found := l.longest(text[i:])
		if found.length > 0 {
			yield(found)
		}
		i = l.nextWord(text, i+max(found.length, 1))
	}
}

// nextWord moves to where a word may begin next: behind a blank, or at any
// letter of a script without blanks.
func (l *lexicon) nextWord(text folded, i int) int {
	for i < len(text) {
		if text[i-1] == ' ' && text[i] != ' ' {
			return i
		}
		if text[i] >= 0xe0 && utf8.RuneStart(text[i]) {
			if r, _ := utf8.DecodeRune(text[i:]); isUnspaced(r) {
				return i
			}
		}
		i++
	}
	return i
}

func (l *lexicon) longest(text folded) match {
	var found match
	at := l.roots[text[0]]
	for i := 0; at != 0; {
		n := &l.nodes[at]
		i++
		if n.open || n.ends && (i == len(text) || text[i] == ' ') {
			found = match{what: n.what, length: i}
		}
		if i == len(text) {
			break
		}
		at, _ = n.follow(text[i])
	}
	return found
}
