package submit

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gleaner/shared/job"
)

// columnNames are the headings under which web addresses usually stand, the
// surest first.
var columnNames = []string{
	"url", "urls", "website", "web site", "website url", "site", "homepage", "home page", "webseite", "internet",
	"web", "www", "link", "links", "domain", "domains", "host", "page", "address", "uri",
}

// sampleRows is how many rows are looked at to find the column of the addresses.
const sampleRows = 50

// ParseCSV reads the addresses in one column of comma-, semicolon- or
// tab-separated values (RFC 4180, with quotes read leniently). column is the
// name of a heading, or a number counted from 1; if it is empty the column is
// found by its heading or by what stands in it. A first row without an address
// in that column is the heading. A column that is not there is a
// *job.FieldError for "column".
func ParseCSV(text, column string) (List, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	delimiter := sniffDelimiter(text)
	at, header, err := findColumn(text, delimiter, column)
	if err != nil {
		return List{}, err
	}
	r := newReader(text, delimiter)
	p := part{targets: make([]job.Target, 0, min(len(text)/60, MaxListURLs+1))}
	for row := 0; ; row++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		p.lines++
		if parse := new(csv.ParseError); errors.As(err, &parse) {
			p.reject(parse.StartLine, "", parse.Err.Error())
			continue
		} else if err != nil {
			return List{}, fmt.Errorf("csv: %w", err)
		}
		if row == 0 && header || at >= len(record) {
			continue
		}
		line, _ := r.FieldPos(at)
		p.addresses(line, strings.Clone(record[at]))
	}
	return gather(1, func(int) part { return p }), nil
}

func newReader(text string, delimiter rune) *csv.Reader {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = delimiter, -1, true, true
	return r
}

// sniffDelimiter takes the candidate that the first line with any of them has most of.
func sniffDelimiter(text string) rune {
	for line := range strings.Lines(text) {
		best, most := ',', 0
		for _, c := range []rune{',', ';', '\t'} {
			if n := strings.Count(line, string(c)); n > most {
				best, most = c, n
			}
		}
		if most > 0 {
			return best
		}
	}
	return ','
}

// findColumn says which column (from 0) holds the addresses and whether the
// first row is a heading.
func findColumn(text string, delimiter rune, column string) (at int, header bool, err error) {
	var rows [][]string
	for r := newReader(text, delimiter); len(rows) < sampleRows; {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			continue
		}
		rows = append(rows, append([]string(nil), record...))
	}
	if len(rows) == 0 {
		return 0, false, nil
	}
	first := rows[0]
	column = strings.TrimSpace(column)
	if n, err := strconv.Atoi(column); err == nil {
		width := 0
		for _, row := range rows {
			width = max(width, len(row))
		}
		if n < 1 || n > width {
			return 0, false, &job.FieldError{Field: "column", Reason: fmt.Sprintf("%d is not between 1 and %d", n, width)}
		}
		return n - 1, n > len(first) || isHeading(first[n-1]), nil
	}
	if column != "" {
		for i, name := range first {
			if strings.EqualFold(strings.TrimSpace(name), column) {
				return i, true, nil
			}
		}
		return 0, false, &job.FieldError{
			Field:  "column",
			Reason: fmt.Sprintf("%q is no heading of the first row (%s)", clip(column), clip(strings.Join(first, ", "))),
		}
	}
	if !hasAddress(first) {
		for _, name := range columnNames {
			for i, cell := range first {
				if strings.EqualFold(strings.TrimSpace(cell), name) {
					return i, true, nil
				}
			}
		}
	}
	at = fullestColumn(rows)
	return at, at >= len(first) || isHeading(first[at]), nil
}

func hasAddress(cells []string) bool {
	for _, c := range cells {
		if _, err := job.ParseTarget(c); err == nil {
			return true
		}
	}
	return false
}

// isHeading tells a heading from an address with a fault: the latter should be
// reported, not passed over.
func isHeading(cell string) bool {
	if _, err := job.ParseTarget(cell); err == nil {
		return false
	}
	return !strings.ContainsAny(cell, ".:/@#")
}

// fullestColumn is the one in which most rows have an address.
func fullestColumn(rows [][]string) int {
	var counts []int
	for _, row := range rows {
		for len(counts) < len(row) {
			counts = append(counts, 0)
		}
		for i, cell := range row {
			if _, err := job.ParseTarget(cell); err == nil {
				counts[i]++
			}
		}
	}
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	return best
}
