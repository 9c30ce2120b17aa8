package export

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"time"

	"gleaner/shared/job"
)

// AddressFields are the columns of an export of addresses, in order.
var AddressFields = []string{"email", "source_url", "found_by", "kind", "confidence", "first_seen"}

// VisitFields are the columns of an export of visits, in order.
var VisitFields = []string{
	"url", "outcome", "class", "detail", "status", "final_url", "pages", "addresses", "attempts", "ms", "bad_certificate",
}

// WriteAddresses writes addresses in a format. An error of the iterator ends the
// export and is returned; the output is then incomplete.
func WriteAddresses(w io.Writer, f Format, addresses iter.Seq2[*job.Address, error]) error {
	return write(w, f, "addresses", AddressFields, addresses, func(r row, a *job.Address) {
		r.text(a.Email)
		r.text(a.SourceURL)
		r.text(a.FoundBy)
		r.text(a.Kind)
		r.number(a.Confidence)
		r.time(a.FirstSeen)
	})
}

// WriteVisits writes visits in a format, like WriteAddresses.
func WriteVisits(w io.Writer, f Format, visits iter.Seq2[*job.Visit, error]) error {
	return write(w, f, "urls", VisitFields, visits, func(r row, v *job.Visit) {
		r.text(v.URL)
		r.text(string(v.Outcome))
		r.text(string(v.Outcome.Class()))
		r.text(v.Detail)
		r.count(v.Status)
		r.text(v.FinalURL)
		r.count(v.Pages)
		r.count(v.Addresses)
		r.count(v.Attempts)
		r.count(v.Millis)
		r.truth(v.BadCert)
	})
}

// row takes the cells of one row, from left to right.
type row interface {
	text(string)
	number(float64)
	count(int)
	truth(bool)
	time(time.Time)
}

// table is a file being written.
type table interface {
	row
	end() error   // of a row
	close() error // of the file, which is whole then
	discard()     // frees what the table holds; harmless after close
}

func write[T any](w io.Writer, f Format, sheet string, fields []string, items iter.Seq2[*T, error], cells func(row, *T)) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	var t table
	var err error
	switch f {
	case CSV:
		t = newCSV(buffered, fields)
	case NDJSON:
		t = newNDJSON(buffered, fields)
	case XLSX:
		t, err = newXLSX(buffered, sheet, fields)
	default:
		err = fmt.Errorf("export: format %q is not known", f)
	}
	if err != nil {
		return err
	}
	defer t.discard()
	for item, err := range items {
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		cells(t, item)
		if err := t.end(); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	if err := t.close(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return buffered.Flush()
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
