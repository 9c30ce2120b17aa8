package follow

import (
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
	wordiness  = 6  // each word of the text beyond four
	maxWordy   = 48
)

// Contact returns the page's links that are likely to lead to contact data, the
// best first, at most max, with their scores. Words for contact, imprint,
// team, about and the like, in fifty languages, are looked for in a link's
// text, title, aria-label and path; a short text that says nothing else counts most.
//
// Only links of the page's registrable domain count, those to the page
// itself, to traps (see [Trap]) and repetitions of one address (see
// [Canonical]) don't; their URLs are cleaned. Links marked nofollow count, as
// sites mark their imprints so without meaning to hide them, but a page whose
// robots meta says nofollow has none.
func Contact(p Page, max int) []Link {
	all := candidates(&p, TrapParameters)
	kept := all[:0]
	for _, c := range all {
		if promise := promise(&c.link, c.url); promise > 0 {
			c.link.Score += promise
			if c.link.Score > 0 {
				kept = append(kept, c)
			}
		}
	}
	return best(kept, max)
}

// Site returns the page's links within its registrable domain, at most max, for
// crawling all of it: without traps, without those marked nofollow, each
// address once and cleaned. Pages that Contact would choose come first, then
// those of the page's own host before other hosts, shallow ones before deep ones, in
// the page's order.
func Site(p Page, max int) []Link {
	all := candidates(&p)
	kept := all[:0]
	for _, c := range all {
		if c.link.NoFollow {
			continue
		}
		if promise := promise(&c.link, c.url); promise > 0 {
			c.link.Score += promise
		}
		c.link.Score -= depth(c.url)
		kept = append(kept, c)
	}
	return best(kept, max)
}

// promise is how much a link promises contact data: 0 or less for nothing.
func promise(l *Link, u *url.URL) int {
	byText := max(textScore(l.Text), textScore(l.Title)-4)
	byPath := pathScore(u)
	score := max(byText, byPath-6)
	if score <= 0 {
		return 0
	}
	if byText > 0 && byPath > 0 {
		score += agreement
	}
	if byText < 0 || byPath < -weights[contact]/2 {
		score += min(byText, byPath) // one says what the other only seems to say
	}
	if l.NoFollow {
		score -= unfollowed
	}
	if u.RawQuery != "" {
		score -= inQuery
	}
	return score - deepness*max(depth(u)-2, 0)
}

func depth(u *url.URL) int {
	return strings.Count(strings.Trim(u.Path, "/"), "/") + 1
}

// textScore rates what a visitor reads. The best subject decides; what is long
// says something about a subject rather than lead to it.
func textScore(text string) int {
	if text == "" {
		return 0
	}
	var buf [256]byte
	score, _ := rate(appendFolded(buf[:0], text, false))
	if score > 0 {
		score -= min(wordiness*max(strings.Count(text, " ")+1-4, 0), maxWordy)
	}
	return score
}

// pathScore rates an address: its last segment, or, at a discount, the one before.
// Some sites have only parameters ("index.php?page=contact").
func pathScore(u *url.URL) int {
	var buf [256]byte
	segments := strings.Split(strings.Trim(u.Path, "/"), "/")
	score := 0
	for i := len(segments) - 1; i >= 0 && i >= len(segments)-3; i-- {
		s, _ := rate(appendFolded(buf[:0], withoutEnding(segments[i]), true))
		if s < 0 {
			return s
		}
		score = max(score, s-12*(len(segments)-1-i))
	}
	if u.RawQuery != "" {
		query, err := url.QueryUnescape(u.RawQuery)
		if err != nil {
			query = u.RawQuery
		}
		s, _ := rate(appendFolded(buf[:0], query, true))
		score = max(score, s-8)
	}
	return score
}

// rate finds the best subject of a text, less what stands around it; below 0
// if the text only looks like one.
func rate(text folded) (score int, what subject) {
	l := words()
	known, bad := 0, false
	l.find(text, func(m match) {
		known += m.length
		if m.what == elsewhere {
			bad = true
		} else if weights[m.what] > score {
			score, what = weights[m.what], m.what
		}
	})
	switch {
	case bad:
		return weights[elsewhere], elsewhere
	case score == 0:
		return 0, what
	}
	// What is not known takes away up to a fifth.
	rest := len(text) - 2 - known
	return score - min(rest/2, score/5), what
}
