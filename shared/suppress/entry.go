package suppress

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// Kind says what an entry names.
type Kind string

// The kinds of entry.
const (
	Domain  Kind = "domain"  // a domain with its subdomains: its sites are not fetched, its addresses not stored
	Address Kind = "address" // one address
	Pattern Kind = "pattern" // addresses by a pattern with *, such as info@*, *@x.com or press-*@*.x.com
)

// Entry is one line of a list, normalised.
type Entry struct {
	Kind  Kind   `json:"kind"`
	Value string `json:"value"`
}

// Reasons why a line is no entry. Their texts complete a sentence about the line.
var (
	errNothing = errors.New("is empty")
	errLong    = errors.New("is longer than 254 characters")
	errDomain  = errors.New("is not a domain name")
	errStars   = errors.New("has more than four *")
	errAll     = errors.New("would suppress every address")
	errChars   = errors.New("holds a space or a control character")
)

const (
	maxEntry = 254
	maxStars = 4
)

// ParseEntry reads one entry: a domain ("x.com", "*.x.com", also as a URL), an
// address, or a pattern. Domains are brought to lower-case ASCII (UTS 46).
func ParseEntry(text string) (Entry, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	switch {
	case text == "":
		return Entry{}, errNothing
	case len(text) > maxEntry:
		return Entry{}, errLong
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return Entry{}, errChars
	}
	text = strings.TrimPrefix(text, "mailto:")
	at := strings.LastIndexByte(text, '@')
	if at < 0 || strings.Contains(text, "://") {
		return parseDomain(text)
	}
	local, domain := text[:at], text[at+1:]
	if local == "" { // "@x.com" is a common way to write a domain's addresses
		local = "*"
	}
	if strings.Count(text, "*") > maxStars {
		return Entry{}, errStars
	}
	if strings.Trim(local, "*") == "" && strings.Trim(domain, "*.") == "" {
		return Entry{}, errAll
	}
	stars := strings.Contains(domain, "*")
	if !stars {
		ascii, err := hostname(domain)
		if err != nil {
			return Entry{}, err
		}
		domain = ascii
	}
	e := Entry{Kind: Address, Value: local + "@" + domain}
	if stars || strings.Contains(local, "*") {
		e.Kind = Pattern
	}
	return e, nil
}

func parseDomain(text string) (Entry, error) {
	if _, rest, ok := strings.Cut(text, "://"); ok {
		text = rest
		if i := strings.IndexAny(text, "/?#"); i >= 0 {
			text = text[:i]
		}
		text = text[strings.LastIndexByte(text, '@')+1:]
		if host, _, ok := strings.Cut(text, ":"); ok && !strings.HasPrefix(text, "[") {
			text = host
		}
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "*."), "/")
	domain, err := hostname(text)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Kind: Domain, Value: domain}, nil
}

// hostname normalises a name; a single label (a whole top-level domain) is one too.
func hostname(name string) (string, error) {
	name = strings.Trim(name, ".")
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil || ascii == "" || strings.ContainsAny(ascii, "*@/: ") || strings.Contains(ascii, "..") {
		return "", fmt.Errorf("%w: %q", errDomain, name)
	}
	return ascii, nil
}

// LineError says what is wrong with one line of a list.
type LineError struct {
	Line   int    `json:"line"` // counted from 1
	Text   string `json:"text"` // as it stood there, at most 100 bytes
	Reason string `json:"reason"`
}

// Error implements error.
func (e LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Parse reads a list: one entry a line, or several separated by commas,
// semicolons or white space; what follows a # is a comment. Good lines are not
// lost for bad ones. Entries come without repetitions, in order.
func Parse(text string) ([]Entry, []LineError) {
	var entries []Entry
	var faults []LineError
	seen := map[Entry]bool{}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		line, _, _ = strings.Cut(line, "#")
		for _, field := range strings.FieldsFunc(line, func(r rune) bool { return r <= ' ' || r == ',' || r == ';' || r == '"' }) {
			e, err := ParseEntry(field)
			if err != nil {
				faults = append(faults, LineError{Line: number, Text: field[:min(len(field), 100)], Reason: err.Error()})
				continue
			}
			if !seen[e] {
				seen[e] = true
				entries = append(entries, e)
			}
		}
	}
	return entries, faults
}
