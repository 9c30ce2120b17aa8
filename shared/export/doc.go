// Package export writes what a job found as CSV (RFC 4180), newline-delimited
// JSON or XLSX (ECMA-376), row by row and in constant memory, and reads it page
// by page from the store.
package export

import (
	"fmt"
	"strings"
)

// Format is a file format of an export.
type Format string

// The formats.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
	XLSX   Format = "xlsx"
)

// FormatOf chooses the format by the ending of a file name: .csv, .ndjson,
// .jsonl or .xlsx.
func FormatOf(name string) (Format, error) {
	switch ending := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]); ending {
	case "csv", "ndjson", "xlsx":
		return Format(ending), nil
	case "jsonl":
		return NDJSON, nil
	default:
		return "", fmt.Errorf("%q ends in none of .csv, .ndjson, .jsonl, .xlsx", name)
	}
}

// ContentType is the format's media type.
func (f Format) ContentType() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8; header=present"
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	default:
		return "application/x-ndjson"
	}
}
