package follow

import (
	"bytes"
	"net/url"
	"strings"
)

// What a link's circumstances are worth beside its words (see weights).
const (
	agreement  = 12 // text and path say the same
	otherHost  = 6  // another host of the same domain
	unfollowed = 4  // marked nofollow
	deepness   = 3  // each path segment beyond two
	inQuery    = 2  // has a query
	ownOrigin  = 1  // the page's own scheme and host: decides among spellings of one address
	inArticle  = 25 // in a section of articles or goods
	wordiness  = 6  // each word beyond four
	maxWordy   = 48
	// threshold is the score from which a link promises anything.
	threshold = 20
)

// Contact returns the page's links that are likely to lead to contact data, the
// best first, at most that many, with their scores. Words for contact, imprint,
// team, about and the like, in fifty languages, are looked for in a link's
// text, title, aria-label and path; a short text that says nothing else counts most.
//
// Only links of the page's registrable domain count, those to the page
// itself, to traps (see [Trap]) and repetitions of one address (see
// [Canonical]) don't; their URLs are cleaned. Links marked nofollow count, as
// sites mark their imprints so without meaning to hide them, but a page whose
// robots meta says nofollow has none.
func Contact(p Page, most int) []Link {
	return best(candidates(&p, func(l *Link, at address) (int, bool) {
		score := promise(l, at)
		return score, score >= threshold
	}, TrapParameters), most)
}

// Site returns the page's links within its registrable domain, at most that many, for
// crawling all of it: without traps, without those marked nofollow, each
// address once and cleaned. Pages that Contact would choose come first, then
// those of the page's own host before other hosts, shallow ones before deep ones, in
// the page's order.
func Site(p Page, most int) []Link {
	return best(candidates(&p, func(l *Link, at address) (int, bool) {
		score := promise(l, at)
		if score < threshold {
			score = 0
		}
		return score - at.segments(), !l.NoFollow
	}), most)
}

// promise is how much a link promises contact data: 0 or less for nothing.
func promise(l *Link, at address) int {
	byText := max(textScore(l.Text), textScore(l.Title)-4)
	byPath := pathScore(at)
	score := max(byText, byPath-6)
	if score <= 0 {
		return 0
	}
	if byText > 0 && byPath > 0 {
		score += agreement
	}
	if byText < 0 || byPath < 0 {
		score += min(byText, byPath) // one says what the other only seems to say
	}
	if l.NoFollow {
		score -= unfollowed
	}
	if canonicalQuery(at.query, false) != "" {
		score -= inQuery
	}
	if inSection(at.path) {
		score -= inArticle
	}
	return score - deepness*max(at.segments()-2, 0)
}

// inSection reports whether a path leads into a section of many pages that
// mention every subject there is.
func inSection(path string) bool {
	for rest := path; ; {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return false
		}
		if len(rest[:i]) > 2 && sections[strings.ToLower(rest[:i])] {
			return true
		}
		rest = rest[i+1:]
	}
}

// sections are path segments under which there are articles or goods.
//
//nolint:misspell // these are words of several languages
var sections = setOf(`
	blog blogs news article articles post posts story stories magazine tag tags category categories archive archives topic topics
	product products item items shop store recipes reviews wiki forum forums thread events event
	aktuelles neuigkeiten artikel beitrag beitraege magazin archiv produkt produkte kategorie rezepte termine veranstaltungen
	actualites actualite articles-de-blog produits produit noticias noticia productos producto articulo articulos notizie notizia
	prodotti prodotto articoli novidades produtos produto nieuws producten nyheter nyheder uutiset tuotteet aktualnosci produkty
	novinky clanky hirek cikkek stiri produse novosti haberler urunler novosti news-events`)

// textScore rates what a visitor reads.
func textScore(text string) int {
	if text == "" {
		return 0
	}
	var buf [256]byte
	return rate(appendFolded(buf[:0], text, false))
}

// pathScore rates an address: its last segment or, at a discount, one of the two before.
// Some sites have only parameters ("index.php?page=contact").
func pathScore(at address) int {
	var buf [256]byte
	score := 0
	rest := strings.TrimSuffix(at.path, "/")
	for behind := 0; behind < 3 && rest != ""; behind++ {
		i := strings.LastIndexByte(rest, '/')
		segment := rest[i+1:]
		rest = rest[:max(i, 0)]
		s := rate(appendFolded(buf[:0], unescaped(withoutEnding(segment)), true))
		if s < 0 {
			return s
		}
		score = max(score, s-12*behind)
	}
	if at.query != "" {
		score = max(score, rate(appendFolded(buf[:0], unescaped(at.query), true))-8)
	}
	return score
}

func unescaped(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	plain, err := url.PathUnescape(s)
	if err != nil {
		return s
	}
	return plain
}

// rate gives the weight of the text's best subject, less the smaller the part
// of the text is that says so: "About" leads somewhere, "What nobody tells you about
// yeast" says something. It is below 0 for what only looks like a subject.
func rate(text folded) int {
	l := words()
	best, known, bad := subjects, 0, false
	l.find(text, func(m match) {
		known += m.length
		bad = bad || m.what == elsewhere
		if best == subjects || weights[m.what] > weights[best] {
			best = m.what
		}
	})
	switch {
	case bad:
		return weights[elsewhere]
	case best == subjects:
		return 0
	}
	// These words are rarely used for anything else.
	least := 35
	if best == contact || best == imprint || best == privacy {
		least = 65
	}
	count := bytes.Count(text, blank) - 1
	covered := min(100*(known+count-1)/max(len(text)-2, 1), 100) // blanks between words don't count
	score := weights[best] * (least + (100-least)*covered/100) / 100
	return max(score-min(wordiness*max(count-4, 0), maxWordy), 0)
}

var blank = []byte{' '}
