package sqlitestore

import (
	"bytes"
	"database/sql"
	"errors"
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
	names   *adding
}

func newRuns(tx *sqlitedb.Tx, n int64, x *names, count int) (*runs, error) {
	r := &runs{tx: tx, job: n, traits: map[trait]bool{}, first: 1}
	// Every address is in a run: a run goes after its addresses.
	if _, err := tx.Get("SELECT last + 1 FROM run ORDER BY first DESC LIMIT 1", nil, &r.first); err != nil {
		return nil, err
	}
	r.next = r.first
	if err := x.catchUp(tx.Query); err != nil {
		return nil, err
	}
	r.names = x.adding(count)
	return r, nil
}

// put stores an address unless another batch owns it, and says whether batch does
// now.
func (r *runs) put(a *job.Address, batch job.Key, more string) (mine bool, err error) {
	folded := fold(a.Email)
	h := hashOf(folded)
	for _, n := range r.names.find(a.Email, h) {
		if there, mine, err := r.putAgain(n, a, batch, more); there || err != nil {
			return mine, err
		}
	}
	if _, err := r.tx.Exec(`INSERT INTO address (n, job, email, batch, source_url, found_by, kind, confidence, own_domain, first_seen, more)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.next, r.job, a.Email, string(batch), a.SourceURL, a.FoundBy, a.Kind, a.Confidence, a.OwnDomain, nanos(a.FirstSeen), more); err != nil {
		return false, err
	}
	r.names.add(a.Email, h, r.next)
	r.next++
	if len(r.text) <= maxRunText {
		r.text = appendText(r.text, folded, a)
	}
	r.traits[traitOf(a)] = true
	if r.next-r.first < runLength {
		return true, nil
	}
	return true, r.end()
}

// putAgain is put for an address that is there with number n: a batch stores its
// addresses again when a worker took it over.
func (r *runs) putAgain(n int64, a *job.Address, batch job.Key, more string) (there, mine bool, err error) {
	var owner string
	var old job.Address
	there, err = r.tx.Get("SELECT batch, source_url, found_by, kind, confidence, own_domain FROM address WHERE n = ? AND job = ? AND email = ?",
		[]any{n, r.job, a.Email}, &owner, &old.SourceURL, &old.FoundBy, &old.Kind, &old.Confidence, &old.OwnDomain)
	if mine = owner == string(batch); err != nil || !there || !mine {
		return there, false, err
	}
	if _, err := r.tx.Exec(`UPDATE address SET source_url = ?, found_by = ?, kind = ?, confidence = ?, own_domain = ?, first_seen = ?, more = ?
		WHERE n = ?`, a.SourceURL, a.FoundBy, a.Kind, a.Confidence, a.OwnDomain, nanos(a.FirstSeen), more, n); err != nil {
		return true, false, err
	}
	old.Email = a.Email
	if traitOf(&old) == traitOf(a) && old.SourceURL == a.SourceURL {
		return true, true, nil
	}
	if n >= r.first { // twice in one call
		r.changed = true
		return true, true, nil
	}
	_, err = r.tx.Exec("UPDATE run SET about = NULL, text = NULL WHERE first = (SELECT max(first) FROM run WHERE job = ? AND first <= ?)", r.job, n)
	return true, true, err
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
// (folded) and where it was found, between tabs.
func appendText(text []byte, folded string, a *job.Address) []byte {
	text = append(text, folded...)
	text = append(text, '\t')
	text = append(text, fold(a.SourceURL)...)
	return append(text, '\n')
}

// fold makes two texts equal that a filter takes for equal, and more. The long s
// is the only letter that folds to one of ASCII and that has no case. It is part of
// the file's format: the text of runs is folded, and known addresses are found by it.
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

// addressesSince is since for addresses: the names are in the text of their runs.
func addressesSince(q query, job, after int64, add func(h hash, n int64)) error {
	type stretch struct{ first, last int64 }
	var scratch []byte
	for more := true; more; {
		var bare *stretch // a run without text
		err := q("SELECT first, last, text FROM run WHERE job = ? AND first > ? ORDER BY first", []any{job, after}, func(rows *sql.Rows) (err error) {
			var run stretch
			var text sql.RawBytes
			if err := rows.Scan(&run.first, &run.last, &text); err != nil {
				return err
			}
			if text == nil {
				bare = &run
				return errStop
			}
			if scratch, err = readText(text, scratch); err != nil {
				return err
			}
			n := run.first
			for line := range bytes.Lines(scratch) {
				email, _, _ := bytes.Cut(line, []byte{'\t'})
				add(hashOfBytes(email), n)
				n++
			}
			after = run.last
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			return err
		}
		if more = bare != nil; !more {
			break
		}
		err = q("SELECT n, email FROM address WHERE n BETWEEN ? AND ? AND job = ? ORDER BY n", []any{bare.first, bare.last, job}, func(rows *sql.Rows) error {
			var n int64
			var email string
			if err := rows.Scan(&n, &email); err != nil {
				return err
			}
			add(hashOf(fold(email)), n)
			return nil
		})
		if err != nil {
			return err
		}
		after = bare.last
	}
	return nil
}
