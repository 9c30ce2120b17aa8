package robots

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// maxDelay bounds a Crawl-delay, so that no number in a file overflows a
// duration. What a crawler is willing to wait is its own, much smaller, cap.
const maxDelay = 24 * time.Hour

// maxDelays is how many Crawl-delay lines of one group count: each is laid upon
// every agent named before it, and a hostile file has tens of thousands of both.
const maxDelays = 100

// Parse reads a robots.txt. It never fails: as RFC 9309 §2.3.1.5 asks, each
// line is read on its own and what cannot be understood is passed over. Of a
// body longer than [MaxBytes] only the whole lines within the limit are read;
// to let Parse see that there was more, hand it at least one byte beyond it.
func Parse(body []byte) *File {
	if len(body) > MaxBytes {
		body = body[:MaxBytes]
		// Half a rule could forbid or permit what the whole one does not.
		body = body[:bytes.LastIndexAny(body, "\r\n")+1]
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	var p parser
	for len(body) > 0 {
		line := body
		if i := bytes.IndexAny(body, "\r\n"); i >= 0 {
			line, body = body[:i], body[i+1:]
		} else {
			body = nil
		}
		p.line(line)
	}
	return &p.file
}

// parser holds the group being read. A group is open to further user-agent
// lines until its first rule (RFC 9309 §2.1, §2.2.4: other records don't end it).
type parser struct {
	file     File
	inRules  bool
	delays   int // Crawl-delay lines of the group
	sitemaps map[string]bool
}

func (p *parser) line(raw []byte) {
	if i := bytes.IndexByte(raw, '#'); i >= 0 {
		raw = raw[:i]
	}
	raw = bytes.Trim(raw, " \t\v\f\x00")
	if len(raw) == 0 {
		return
	}
	key, value, ok := split(raw)
	if !ok {
		return
	}
	switch fieldOf(key) {
	case fieldAgent:
		p.agent(value)
	case fieldAllow:
		p.rule(value, true)
	case fieldDisallow:
		p.rule(value, false)
	case fieldDelay:
		p.crawlDelay(value)
	case fieldSitemap:
		p.sitemap(value)
	case fieldUnknown:
	}
}

// split separates a record's name from its value: at the colon, or, when a
// webmaster forgot it, at the blank between exactly two words.
func split(line []byte) (key, value string, ok bool) {
	if i := bytes.IndexByte(line, ':'); i >= 0 {
		return string(bytes.TrimRight(line[:i], " \t")), string(bytes.TrimLeft(line[i+1:], " \t")), true
	}
	words := bytes.Fields(line)
	if len(words) != 2 {
		return "", "", false
	}
	return string(words[0]), string(words[1]), true
}

type field int

const (
	fieldUnknown field = iota
	fieldAgent
	fieldAllow
	fieldDisallow
	fieldDelay
	fieldSitemap
)

// fieldOf knows the records' names, without regard to case, and the common
// ways to misspell them: leniency here can only make the crawler more polite.
func fieldOf(key string) field {
	switch strings.ToLower(key) {
	case "user-agent", "useragent", "user agent", "user_agent":
		return fieldAgent
	case "allow":
		return fieldAllow
	case "disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw":
		return fieldDisallow
	case "crawl-delay", "crawldelay", "crawl delay", "crawl_delay":
		return fieldDelay
	case "sitemap", "sitemaps", "site-map":
		return fieldSitemap
	}
	return fieldUnknown
}

func (p *parser) agent(value string) {
	if len(p.file.groups) == 0 || p.inRules {
		p.file.groups = append(p.file.groups, group{})
		p.inRules, p.delays = false, 0
	}
	g := p.current()
	// A token that names nobody still starts a group: what follows is not
	// meant for the agents of the group before.
	if token := productToken(value); token != "" {
		g.agents = append(g.agents, agent{token: token})
	}
}

func (p *parser) current() *group {
	return &p.file.groups[len(p.file.groups)-1]
}

// rule adds a rule to the group. Rules before the first user-agent line belong
// to nobody (RFC 9309 §2.2.2). An empty path forbids nothing; a path that
// starts with neither "/" nor "*" is not in the grammar, nor in the RFC's own
// examples, and can match no URL.
func (p *parser) rule(value string, allow bool) {
	if len(p.file.groups) == 0 {
		return
	}
	p.inRules = true
	if value == "" || value[0] != '/' && value[0] != '*' {
		return
	}
	g := p.current()
	g.rules = append(g.rules, newPattern(value, allow))
}

func (p *parser) crawlDelay(value string) {
	if len(p.file.groups) == 0 || p.delays >= maxDelays {
		return
	}
	seconds, err := strconv.ParseFloat(strings.TrimRight(value, " \ts"), 64)
	if err != nil || !(seconds >= 0) { // the negation also refuses NaN
		return
	}
	delay := maxDelay
	if seconds < maxDelay.Seconds() {
		delay = time.Duration(seconds * float64(time.Second))
	}
	p.delays++
	agents := p.current().agents
	for i := range agents {
		agents[i].slow(delay)
	}
}

func (p *parser) sitemap(value string) {
	if value == "" || p.sitemaps[value] {
		return
	}
	if p.sitemaps == nil {
		p.sitemaps = make(map[string]bool)
	}
	p.sitemaps[value] = true
	p.file.sitemaps = append(p.file.sitemaps, value)
}
