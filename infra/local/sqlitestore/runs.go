package sqlitestore

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/klauspost/compress/s2"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// A run is what was stored of a job's addresses at once: they have successive
// numbers. Beside them lies their text, by which a filter finds the few addresses
// worth looking at, some twenty times faster than by looking at each. An index of
// trigrams (FTS5) would be faster still for rare texts of three letters and more,
// but storing took half as long again with it.

// runLength is how many addresses a run has at most: what is decompressed at once.
const runLength = 1000

// maxRunText bounds a run's text in bytes; a longer one is not kept, and its
// addresses are looked at one by one.
const maxRunText = 8 << 20

// runs stores addresses of a job within a write.
type runs struct {
	tx      *sqlitedb.Tx
	job     int64
	first   int64 // number of the run's first address
	next    int64 // number of the next address
	text    []byte
	traits  map[trait]bool
	changed bool // since text and traits were noted
}

func newRuns(tx *sqlitedb.Tx, n int64) (*runs, error) {
	r := &runs{tx: tx, job: n, traits: map[trait]bool{}}
	_, err := tx.Get("SELECT coalesce(max(n), 0) + 1 FROM address", nil, &r.first)
	r.next = r.first
	return r, err
}

// put stores an address unless another batch owns it, and says whether batch does
// now.
func (r *runs) put(a *job.Address, batch job.Key, more string) (mine bool, err error) {
	added, err := r.tx.Exec(`INSERT INTO address (n, job, email, batch, source_url, found_by, kind, confidence, own_domain, first_seen, more)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job, email) DO NOTHING`,
		r.next, r.job, a.Email, string(batch), a.SourceURL, a.FoundBy, a.Kind, a.Confidence, a.OwnDomain, nanos(a.FirstSeen), more)
	if err != nil {
		return false, err
	}
	if added == 0 {
		return r.putAgain(a, batch, more)
	}
	r.next++
	if len(r.text) <= maxRunText {
		r.text = appendText(r.text, a)
	}
	r.traits[traitOf(a)] = true
	if r.next-r.first < runLength {
		return true, nil
	}
	return true, r.end()
}

// putAgain is put for an address that is there: a batch stores its addresses
// again when a worker took it over.
func (r *runs) putAgain(a *job.Address, batch job.Key, more string) (mine bool, err error) {
	var n int64
	var old job.Address
	mine, err = r.tx.Get("SELECT n, source_url, found_by, kind, confidence, own_domain FROM address WHERE job = ? AND email = ? AND batch = ?",
		[]any{r.job, a.Email, string(batch)}, &n, &old.SourceURL, &old.FoundBy, &old.Kind, &old.Confidence, &old.OwnDomain)
	if err != nil || !mine {
		return false, err
	}
	if _, err := r.tx.Exec(`UPDATE address SET source_url = ?, found_by = ?, kind = ?, confidence = ?, own_domain = ?, first_seen = ?, more = ?
		WHERE n = ?`, a.SourceURL, a.FoundBy, a.Kind, a.Confidence, a.OwnDomain, nanos(a.FirstSeen), more, n); err != nil {
		return false, err
	}
	old.Email = a.Email
	if traitOf(&old) == traitOf(a) && old.SourceURL == a.SourceURL {
		return true, nil
	}
	if n >= r.first { // twice in one call
		r.changed = true
		return true, nil
	}
	_, err = r.tx.Exec("UPDATE run SET about = NULL, text = NULL WHERE first = (SELECT max(first) FROM run WHERE job = ? AND first <= ?)", r.job, n)
	return true, err
}

// end closes the run.
func (r *runs) end() error {
	if r.next == r.first {
		return nil
	}
	var about, text any
	if !r.changed {
		lines := ""
		for t := range r.traits {
			lines += t.about()
		}
		about = lines
		if len(r.text) <= maxRunText {
			text = s2.Encode(nil, r.text)
		}
	}
	_, err := r.tx.Exec("INSERT INTO run (first, last, job, about, text) VALUES (?, ?, ?, ?, ?)", r.first, r.next-1, r.job, about, text)
	clear(r.traits)
	r.changed = false
	r.first, r.text = r.next, r.text[:0]
	return err
}

// trait is what a filter may want of an address beside its text.
type trait struct {
	kind, found string
	own         bool
	tenth       int // of the confidence, rounded down: a lower bound
}

func traitOf(a *job.Address) trait {
	return trait{kind: a.Kind, found: a.FoundBy, own: a.OwnDomain, tenth: tenth(a.Confidence)}
}

func tenth(confidence float64) int { return int(max(0, min(1, confidence)) * 10) }

// about is the line of a trait in run.about.
func (t trait) about() string {
	own := "0"
	if t.own {
		own = "1"
	}
	return fold(t.kind) + "\t" + fold(t.found) + "\t" + own + "\t" + strconv.Itoa(t.tenth) + "\n"
}

// appendText appends what can be searched of an address: a line with the address
// and where it was found, between tabs.
func appendText(text []byte, a *job.Address) []byte {
	text = append(text, fold(a.Email)...)
	text = append(text, '\t')
	text = append(text, fold(a.SourceURL)...)
	return append(text, '\n')
}

// fold makes two texts equal that a filter takes for equal, and more. The long s
// is the only letter that folds to one of ASCII and that has no case.
func fold(s string) string {
	s = strings.ToLower(s)
	if strings.Contains(s, "ſ") {
		s = strings.ReplaceAll(s, "ſ", "s")
	}
	return oneLine(s)
}

var toSpaces = strings.NewReplacer("\n", " ", "\t", " ")

func oneLine(s string) string {
	if strings.ContainsAny(s, "\n\t") {
		return toSpaces.Replace(s)
	}
	return s
}

// readText decompresses a run's text, into scratch if there is room.
func readText(stored, scratch []byte) ([]byte, error) {
	size, err := s2.DecodedLen(stored)
	if err == nil && size > 2*maxRunText {
		err = s2.ErrTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("stored text of addresses: %w", err)
	}
	text, err := s2.Decode(scratch[:cap(scratch)], stored)
	if err != nil {
		return nil, fmt.Errorf("stored text of addresses: %w", err)
	}
	return text, nil
}

// linesWith calls found with the numbers, from 0, of the lines of text that have
// needle in them, until it returns false.
func linesWith(text, needle []byte, found func(line int) bool) {
	for line := 0; ; line++ {
		at := bytes.Index(text, needle)
		if at < 0 {
			return
		}
		line += bytes.Count(text[:at], []byte{'\n'})
		if !found(line) {
			return
		}
		text = text[at:]
		text = text[bytes.IndexByte(text, '\n')+1:] // every line has an end
	}
}
