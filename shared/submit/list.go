package submit

import (
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"gleaner/shared/job"
)

// Limits of what is taken in.
const (
	MaxListURLs = 200_000   // URLs of one list, that is of one request
	MaxJobURLs  = 2_000_000 // URLs of a job made from chunks
	MaxChunks   = 10_000    // chunks of a job
	MaxName     = 200       // characters of a job's name
	MaxKey      = 255       // bytes of an idempotency key

	// MaxRejected is how many refused lines a List keeps word for word; the
	// others are only counted.
	MaxRejected = 100

	maxRejectedText = 200
)

// Rejected is a line, or a part of one, that is no usable web address.
type Rejected struct {
	Line   int    `json:"line"`   // counted from 1; for a JSON array the element
	Text   string `json:"text"`   // at most 200 bytes of it, valid UTF-8
	Reason string `json:"reason"` // completes "the line …"
}

// List is what was read from a list.
type List struct {
	Targets       []job.Target // normalised, distinct, in the order given
	Lines         int          // lines or array elements there were
	Duplicates    int          // addresses dropped because the list has them already
	Rejected      []Rejected   // the first MaxRejected
	RejectedCount int          // all of them
	Over          int          // addresses not looked at because there were far too many
}

// ParseText reads a list with one address a line. Empty lines and lines that
// begin with # are skipped. Several addresses on one line, separated by white
// space, commas or semicolons, are each taken; a comma within a URL's path stays
// part of it. Lines may end in LF, CR LF or CR.
func ParseText(text string) List {
	text = strings.TrimPrefix(text, "\ufeff")
	parts := cutAtLines(text, workers(len(text), 64<<10))
	return gather(len(parts), func(i int) part {
		var p part
		rest := parts[i]
		p.targets = make([]job.Target, 0, min(len(rest)/40, MaxListURLs+1))
		for rest != "" {
			end := strings.IndexByte(rest, '\n')
			line := rest
			if end >= 0 {
				line, rest = rest[:end], rest[end+1:]
			} else {
				rest = ""
			}
			line = strings.TrimSuffix(line, "\r")
			if strings.IndexByte(line, '\r') < 0 {
				p.line(line)
				continue
			}
			for cr := range strings.SplitSeq(line, "\r") { // old Macintosh line ends
				p.line(cr)
			}
		}
		return p
	})
}

// FromStrings reads a list given as an array of strings, each like a line of
// ParseText; Rejected.Line is the number of the element, from 1.
func FromStrings(lines []string) List {
	n := workers(len(lines), 2_000)
	size := (len(lines) + n - 1) / n
	return gather(n, func(i int) part {
		mine := lines[min(i*size, len(lines)):min((i+1)*size, len(lines))]
		p := part{targets: make([]job.Target, 0, min(len(mine), MaxListURLs+1))}
		for _, s := range mine {
			p.line(s)
		}
		return p
	})
}

// part is what one goroutine reads; its line numbers count from its own start.
type part struct {
	targets  []job.Target
	lines    int
	rejected []Rejected
	refused  int
	over     int
}

func (p *part) line(line string) {
	p.lines++
	p.addresses(p.lines, line)
}

// addresses takes every address of one line or cell.
func (p *part) addresses(number int, line string) {
	if line != "" && (line[0] <= ' ' || line[len(line)-1] <= ' ') { // few have any
		line = strings.Trim(line, " \t\r\n")
	}
	if line == "" || line[0] == '#' {
		return
	}
	if several(line) {
		splitAddresses(line, func(one string) { p.address(number, one) })
		return
	}
	p.address(number, line)
}

// several reports whether a line may hold more than one address: whether there
// is anything in it that can separate two.
func several(line string) bool {
	for i := range len(line) {
		if separates[line[i]] {
			return true
		}
	}
	return false
}

// separates are the bytes that may be, or begin, what separates two addresses:
// Unicode has spaces of its own.
var separates = func() (yes [256]bool) {
	for c := range yes {
		yes[c] = c <= ' ' || c == ',' || c == ';' || c >= utf8.RuneSelf
	}
	return yes
}()

func (p *part) address(number int, text string) {
	if len(p.targets) > MaxListURLs { // the list will be refused: do not fill the memory
		p.over++
		return
	}
	t, err := job.ParseTarget(text)
	if err != nil {
		p.reject(number, text, err.Error())
		return
	}
	p.targets = append(p.targets, t)
}

func (p *part) reject(number int, text, reason string) {
	p.refused++
	if len(p.rejected) < MaxRejected {
		p.rejected = append(p.rejected, Rejected{Line: number, Text: clip(text), Reason: reason})
	}
}

// clip cuts to maxRejectedText bytes without cutting a character in two.
func clip(s string) string {
	if len(s) > maxRejectedText {
		s = s[:maxRejectedText]
		for len(s) > 0 {
			if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n != 1 {
				break
			}
			s = s[:len(s)-1]
		}
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// splitAddresses calls take for each address of a line. White space always
// separates. A comma or semicolon does where it cannot be part of a URL: in a
// host, at the end, or in front of another address.
func splitAddresses(line string, take func(string)) {
	for field := range strings.FieldsSeq(line) {
		for field != "" {
			cut := separator(field)
			if one := strings.Trim(field[:cut], ",;"); one != "" {
				take(one)
			}
			field = strings.TrimLeft(field[cut:], ",;")
		}
	}
}

// separator finds where the first address of a field without white space ends.
func separator(field string) int {
	host := field
	start := 0
	if i := strings.Index(field, "://"); i >= 0 {
		start = i + 3
		host = field[start:]
	}
	path := strings.IndexAny(host, "/?#")
	if path < 0 {
		path = len(host)
	}
	if i := strings.IndexAny(host[:path], ",;"); i >= 0 {
		return start + i
	}
	for i := start + path; i < len(field); i++ {
		if c := field[i]; c != ',' && c != ';' {
			continue
		}
		rest := strings.TrimLeft(field[i:], ",;\"'<")
		if rest == "" || hasPrefixFold(rest, "http://") || hasPrefixFold(rest, "https://") || hasPrefixFold(rest, "www.") {
			return i
		}
	}
	return len(field)
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// workers says into how many parts a list of size is worth dividing.
func workers(size, least int) int {
	return max(1, min(runtime.GOMAXPROCS(0), size/least))
}

// cutAtLines divides text into at most n parts that end at line ends.
func cutAtLines(text string, n int) []string {
	parts := make([]string, 0, n)
	for ; n > 1; n-- {
		at := len(text) / n
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			break
		}
		parts = append(parts, text[:at+end+1])
		text = text[at+end+1:]
	}
	return append(parts, text)
}

// gather runs read for each part, in parallel, and joins the parts in order.
func gather(n int, read func(i int) part) List {
	parts := make([]part, n)
	lists := make([][]job.Target, n)
	var wg sync.WaitGroup
	take := func(i int) {
		parts[i] = read(i)
		lists[i] = parts[i].targets
	}
	for i := 1; i < n; i++ {
		wg.Go(func() { take(i) })
	}
	take(0)
	wg.Wait()

	l := List{}
	l.Targets, l.Duplicates = job.Distinct(lists...)
	for i := range parts {
		for _, r := range parts[i].rejected[:min(len(parts[i].rejected), MaxRejected-len(l.Rejected))] {
			r.Line += l.Lines
			l.Rejected = append(l.Rejected, r)
		}
		l.RejectedCount += parts[i].refused
		l.Lines += parts[i].lines
		l.Over += parts[i].over
	}
	return l
}
