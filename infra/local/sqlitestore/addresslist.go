package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gleaner/infra/local/sqlitedb"
	"gleaner/shared/job"
)

// What one page may cost when a filter matches few, in addresses looked at one by
// one. Whoever wants more goes on with the cursor.
const (
	pageWork  = 8_000
	workRun   = 4  // of taking up a run
	workText  = 25 // addresses of which searching the text costs as much as looking at one
	workFetch = 8  // of fetching an address by its number
	// workCompare is of reading an address to search it, where a run has no text.
	workCompare = 2
)

// Addresses implements job.AddressStore, in the order the addresses were stored.
func (s *Store) Addresses(ctx context.Context, id job.ID, f job.AddressFilter, cursor string, limit int) (page job.Page[job.Address], err error) {
	hash := listHash("addresses", id, f)
	last, err := readCursor(cursor, hash, job.ErrCursor)
	if err != nil {
		return page, err
	}
	l := listing{id: id, f: &f, limit: pageLimit(limit), left: pageWork}
	if last != "" {
		if l.at, err = strconv.ParseInt(last, 10, 64); err != nil {
			return page, fmt.Errorf("%w: %.64q", job.ErrCursor, cursor)
		}
	}
	l.page = make([]job.Address, 0, min(l.limit, 100))
	if err := l.read(ctx, s.db); err != nil {
		return page, fmt.Errorf("addresses of %s: %w", id, err)
	}
	page.Items = l.page
	if l.more {
		page.Next = newCursor(hash, strconv.FormatInt(l.at, 10))
	}
	return page, nil
}

// listing is a page under way.
type listing struct {
	id    job.ID
	f     *job.AddressFilter
	limit int
	left  int // work
	page  []job.Address
	at    int64 // all addresses up to this number have been looked at
	more  bool  // there may be others beyond it
}

// span is a stretch of addresses to look at.
type span struct {
	first, last int64
	some        []int64 // only those with these numbers; nil for all
}

func (l *listing) read(ctx context.Context, db *sqlitedb.DB) error {
	for l.more = true; l.more && len(l.page) < l.limit && l.left > 0; {
		spans, end, more, err := l.spans(ctx, db)
		if err != nil {
			return err
		}
		l.more = more
		for i := range spans {
			full, err := l.look(ctx, db, &spans[i])
			if err != nil {
				return err
			}
			if full {
				l.more = true
				return nil
			}
		}
		l.at = end
	}
	return nil
}

// spans finds, from l.at on, addresses that may match: as many as the page has
// room for, one more, and those that happen to lie between. All up to end have
// then been considered; more says whether others follow.
func (l *listing) spans(ctx context.Context, db *sqlitedb.DB) (spans []span, end int64, more bool, err error) {
	want, end := l.limit+1-len(l.page), l.at
	needle := needleOf(l.f)
	var scratch []byte
	all := *l.f == job.AddressFilter{}
	query := "SELECT first, last, about, text FROM run WHERE job = (SELECT n FROM job WHERE id = ?) AND last > ? ORDER BY first"
	if needle == nil {
		query = "SELECT first, last, about, NULL FROM run WHERE job = (SELECT n FROM job WHERE id = ?) AND last > ? ORDER BY first"
	}
	err = db.Query(ctx, query, []any{string(l.id), l.at}, func(rows *sql.Rows) error {
		if want <= 0 || l.left <= 0 {
			more = true
			return errStop
		}
		var first, last int64
		var about, text sql.RawBytes
		if err := rows.Scan(&first, &last, &about, &text); err != nil {
			return err
		}
		from := max(first, l.at+1)
		count := int(last - from + 1)
		switch {
		case all:
			want -= count
		case about != nil && !mayHave(about, l.f):
			l.left -= workRun
			end = last
			return nil
		case needle == nil:
			l.left -= workRun + count
		case text == nil:
			l.left -= workRun + workCompare*count
		default:
			l.left -= workRun + int(last-first+1)/workText
			if scratch, err = readText(text, scratch); err != nil {
				return err
			}
			some := make([]int64, 0, 8)
			linesWith(scratch, needle, func(line int) bool {
				if n := first + int64(line); n >= from {
					some = append(some, n)
				}
				return len(some) <= want
			})
			if len(some) > want { // the rest of the run is for the next page
				last, more = some[want-1], true
				some = some[:want]
			}
			end = last
			if want -= len(some); len(some) > 0 {
				l.left -= workFetch * len(some)
				spans = append(spans, span{from, last, some})
			}
			if more {
				return errStop
			}
			return nil
		}
		end = last
		if n := len(spans); n > 0 && spans[n-1].some == nil && spans[n-1].last+1 == from {
			spans[n-1].last = last
		} else {
			spans = append(spans, span{first: from, last: last})
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return spans, end, more, err
}

// look adds the matching addresses of a span to the page. It is full if there is
// one more than the page has room for; l.at is then the last on the page.
func (l *listing) look(ctx context.Context, db *sqlitedb.DB, s *span) (full bool, err error) {
	query, args := "n BETWEEN ? AND ?", []any{s.first, s.last}
	if s.some == nil {
		query, args = narrow(query, args, l.f)
	} else {
		numbers, err := json.Marshal(s.some)
		if err != nil {
			return false, err
		}
		query, args = "n IN (SELECT value FROM json_each(?))", []any{string(numbers)}
	}
	err = db.Query(ctx, `SELECT n, email, source_url, found_by, kind, confidence, own_domain, first_seen, more FROM address
		WHERE `+query+" AND job = (SELECT n FROM job WHERE id = ?) ORDER BY n LIMIT ?", append(args, string(l.id), s.last-s.first+1),
		func(rows *sql.Rows) error {
			var n, firstSeen int64
			var a job.Address
			var more sql.RawBytes
			if err := rows.Scan(&n, &a.Email, &a.SourceURL, &a.FoundBy, &a.Kind, &a.Confidence, &a.OwnDomain, &firstSeen, &more); err != nil {
				return err
			}
			if !l.f.Match(&a) {
				return nil
			}
			if len(l.page) == l.limit {
				full = true
				return errStop
			}
			a.FirstSeen = fromNanos(firstSeen)
			if len(more) > 0 {
				var m moreAddress
				if err := json.Unmarshal(more, &m); err != nil {
					return fmt.Errorf("stored address %s: %w", a.Email, err)
				}
				a.Sources, a.Reasons, a.Raw = m.Sources, m.Reasons, m.Raw
			}
			l.page, l.at = append(l.page, a), n
			return nil
		})
	if errors.Is(err, errStop) {
		err = nil
	}
	return full, err
}

// needleOf is what the text of every address that matches has in it; nil if
// nothing of the kind is known.
func needleOf(f *job.AddressFilter) []byte {
	switch {
	case f.Domain != "" && ascii(f.Domain):
		return []byte(fold(f.Domain) + "\t")
	case f.Search != "":
		return []byte(fold(f.Search))
	}
	return nil
}

// mayHave says whether there can be matches among addresses of whose traits about
// has one a line.
func mayHave(about []byte, f *job.AddressFilter) bool {
	for line := range strings.Lines(string(about)) {
		kind, rest, _ := strings.Cut(line, "\t")
		found, rest, _ := strings.Cut(rest, "\t")
		own, rest, _ := strings.Cut(rest, "\t")
		tenths, err := strconv.Atoi(strings.TrimSuffix(rest, "\n"))
		if err != nil ||
			(f.Kind == "" || kind == fold(f.Kind)) && (f.FoundBy == "" || found == fold(f.FoundBy)) &&
				(f.OwnDomain == nil || own == "1" == *f.OwnDomain) && tenths >= tenth(f.MinConfidence) {
			return true
		}
	}
	return false
}

// narrow adds to a query what SQLite can say of a filter: the rows it leaves out
// need not be carried over and looked at. It may let some through that the
// filter does not.
func narrow(query string, args []any, f *job.AddressFilter) (string, []any) {
	add := func(condition string, values ...any) {
		query += " AND " + condition
		args = append(args, values...)
	}
	if f.Kind != "" {
		add("kind = ?", f.Kind)
	}
	if f.FoundBy != "" {
		add("found_by = ?", f.FoundBy)
	}
	if f.MinConfidence != 0 {
		add("confidence >= ?", f.MinConfidence)
	}
	if f.OwnDomain != nil {
		add("own_domain = ?", *f.OwnDomain)
	}
	return query, args
}

// ascii says whether fold makes a text equal to all that fold in any case to it.
func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
