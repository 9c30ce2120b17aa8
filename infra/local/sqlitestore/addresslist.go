package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"gleaner/shared/job"
)

// scanPage is how many addresses one page looks at when a filter matches few.
const scanPage = 20_000

// Addresses implements job.AddressStore, in the order of addresses' bytes.
func (s *Store) Addresses(ctx context.Context, id job.ID, f job.AddressFilter, cursor string, limit int) (page job.Page[job.Address], err error) {
	hash := listHash("addresses", id, f)
	last, err := readCursor(cursor, hash, job.ErrCursor)
	if err != nil {
		return page, err
	}
	limit = pageLimit(limit)
	query, args, rows := "", []any{string(id), last}, limit+1
	end := "" // where the page ends although the list goes on
	if f != (job.AddressFilter{}) {
		found, err := s.db.Get(ctx, `SELECT email FROM address WHERE job = (SELECT n FROM job WHERE id = ?) AND email > ?
			ORDER BY email LIMIT 1 OFFSET ?`, []any{string(id), last, scanPage - 1}, &end)
		if err != nil {
			return page, fmt.Errorf("addresses of %s: %w", id, err)
		}
		if found {
			query, args = " AND email <= ?", append(args, end)
		}
		query, args = narrow(query, args, &f)
		rows = scanPage + 1
	}
	page.Items = make([]job.Address, 0, min(limit, 100))
	err = s.db.Query(ctx, `SELECT email, source_url, found_by, kind, confidence, own_domain, first_seen, more FROM address
		WHERE job = (SELECT n FROM job WHERE id = ?) AND email > ?`+query+" ORDER BY email LIMIT ?", append(args, rows),
		func(rows *sql.Rows) error {
			if len(page.Items) == limit {
				end = last
				return errStop
			}
			var a job.Address
			var firstSeen int64
			var more sql.RawBytes
			if err := rows.Scan(&a.Email, &a.SourceURL, &a.FoundBy, &a.Kind, &a.Confidence, &a.OwnDomain, &firstSeen, &more); err != nil {
				return err
			}
			last = a.Email
			if !f.Match(&a) {
				return nil
			}
			a.FirstSeen = fromNanos(firstSeen)
			if len(more) > 0 {
				var m moreAddress
				if err := json.Unmarshal(more, &m); err != nil {
					return fmt.Errorf("stored address %s: %w", a.Email, err)
				}
				a.Sources, a.Reasons, a.Raw = m.Sources, m.Reasons, m.Raw
			}
			page.Items = append(page.Items, a)
			return nil
		})
	if err != nil && !errors.Is(err, errStop) {
		return job.Page[job.Address]{}, fmt.Errorf("addresses of %s: %w", id, err)
	}
	if end != "" {
		page.Next = newCursor(hash, end)
	}
	return page, nil
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
	// LIKE knows upper and lower case of ASCII only.
	if f.Domain != "" && ascii(f.Domain) {
		add(`email LIKE ? ESCAPE '\'`, "%"+likeEscape.Replace(f.Domain))
	}
	if f.Search != "" && ascii(f.Search) {
		pattern := "%" + likeEscape.Replace(f.Search) + "%"
		add(`(email LIKE ? ESCAPE '\' OR source_url LIKE ? ESCAPE '\')`, pattern, pattern)
	}
	return query, args
}

var likeEscape = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// ascii leaves out what Go and SQLite compare in different ways: all but the
// Kelvin sign, which Go takes for a k and which no address has.
func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
