package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/xuri/excelize/v2"
	"golang.org/x/term"

	"gleaner/shared/httpapi"
	"gleaner/shared/job"
	"gleaner/shared/submit"
)

// urlList is what was read from arguments, files or standard input.
type urlList struct {
	targets    []job.Target
	seen       map[string]struct{}
	duplicates int
	rejected   []string // the first of them, for people
	refused    int      // all of them
}

// shownRejected is how many refused lines are shown.
const shownRejected = 10

// readURLs gathers the URLs of the arguments (each a URL or a file) or of
// standard input. column is the column of the URLs in files of values.
func readURLs(cmd *cobra.Command, args []string, column string) (*urlList, error) {
	l := &urlList{seen: map[string]struct{}{}}
	if len(args) == 0 {
		if in, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
			return nil, errors.New("name URLs or files, or pipe a list in; see --help for examples")
		}
		data, err := io.ReadAll(cmd.InOrStdin())
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		kind := ".txt"
		if column != "" {
			kind = ".csv"
		}
		return l, l.data("standard input", kind, data, column)
	}
	for _, a := range args {
		data, err := os.ReadFile(a)
		switch {
		case err == nil:
			err = l.data(a, strings.ToLower(filepath.Ext(strings.TrimSuffix(a, ".gz"))), data, column)
		case errors.Is(err, os.ErrNotExist) && meansFile(a):
			err = fmt.Errorf("there is no file %s", a)
		case errors.Is(err, os.ErrNotExist):
			err = l.argument(a)
		}
		if err != nil {
			return nil, err
		}
	}
	return l, nil
}

// meansFile reports whether an argument can only be the name of a file: none of
// the endings of lists is a top-level domain.
func meansFile(arg string) bool {
	if strings.Contains(arg, "://") {
		return false
	}
	if strings.HasPrefix(arg, ".") || filepath.IsAbs(arg) {
		return true
	}
	switch strings.ToLower(filepath.Ext(arg)) {
	case ".txt", ".csv", ".tsv", ".xlsx", ".gz", ".list":
		return true
	}
	return false
}

// argument takes a URL from the command line.
func (l *urlList) argument(a string) error {
	list := submit.FromStrings([]string{a})
	if len(list.Targets) == 0 && list.RejectedCount > 0 {
		return fmt.Errorf("%q is neither a file nor a web address: %s", a, list.Rejected[0].Reason)
	}
	return l.add("", 0, list)
}

// data takes a file's content; it may be packed with gzip, whatever its name.
func (l *urlList) data(name, kind string, data []byte, column string) error {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err == nil {
			data, err = io.ReadAll(z)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	text := string(data)
	if kind == ".xlsx" || strings.HasPrefix(text, "PK\x03\x04") {
		var err error
		if text, err = sheetText(data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		kind = ".csv"
	} else {
		var err error
		if text, err = httpapi.UTF8(text, ""); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if kind == ".csv" || kind == ".tsv" || column != "" {
		return l.values(name, text, column)
	}
	for first := 0; text != ""; {
		var block string
		block, text = cutLines(text, blockLines, false)
		list := submit.ParseText(block)
		if err := l.add(name, first, list); err != nil {
			return err
		}
		first += list.Lines
	}
	return nil
}

// blockLines is how many lines are read at a time: less than a list may have.
const blockLines = submit.MaxListURLs / 4

// values takes one column of comma-separated values. Large files are read in
// blocks, each under the heading of the first.
func (l *urlList) values(name, text, column string) error {
	block, rest := cutLines(text, blockLines, true)
	list, err := submit.ParseCSV(block, column)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := l.add(name, 0, list); err != nil || rest == "" {
		return err
	}
	heading, _ := cutLines(text, 1, true)
	if first, err := submit.ParseCSV(heading, column); err == nil && len(first.Targets) > 0 {
		heading = ""
	}
	for first := list.Lines; rest != ""; {
		block, rest = cutLines(rest, blockLines, true)
		list, err := submit.ParseCSV(heading+block, column)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if heading != "" {
			first--
		}
		if err := l.add(name, first, list); err != nil {
			return err
		}
		first += list.Lines
	}
	return nil
}

// cutLines cuts text behind its n-th line; with quotes, not within a quoted cell.
func cutLines(text string, n int, quotes bool) (head, rest string) {
	quoted := false
	for i := range len(text) {
		switch {
		case quotes && text[i] == '"':
			quoted = !quoted
		case text[i] == '\n' && !quoted:
			if n--; n == 0 {
				return text[:i+1], text[i+1:]
			}
		}
	}
	return text, ""
}

// sheetText writes the first sheet of a workbook as comma-separated values.
func sheetText(data []byte) (_ string, err error) {
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		return "", fmt.Errorf("workbook: %w", err)
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	rows, err := book.Rows(book.GetSheetName(0))
	if err != nil {
		return "", fmt.Errorf("workbook: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var text strings.Builder
	w := csv.NewWriter(&text)
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			return "", fmt.Errorf("workbook: %w", err)
		}
		if len(cells) == 0 {
			cells = []string{""}
		}
		if err := w.Write(cells); err != nil {
			return "", fmt.Errorf("workbook: %w", err)
		}
	}
	w.Flush()
	return text.String(), errors.Join(w.Error(), rows.Error())
}

// add takes what was read from the lines of a file that follow number first.
func (l *urlList) add(file string, first int, list submit.List) error {
	if list.Over > 0 {
		return fmt.Errorf("%s has too many addresses on each line: put one on a line", file)
	}
	l.duplicates += list.Duplicates
	for _, t := range list.Targets {
		if _, dup := l.seen[t.URL]; dup {
			l.duplicates++
			continue
		}
		l.seen[t.URL] = struct{}{}
		l.targets = append(l.targets, t)
	}
	l.refused += list.RejectedCount
	for _, r := range list.Rejected {
		if len(l.rejected) == shownRejected {
			break
		}
		l.rejected = append(l.rejected, fmt.Sprintf("left out: %s line %d: %q %s", file, first+r.Line, r.Text, r.Reason))
	}
	return nil
}

// report shows what was left out.
func (l *urlList) report(show *display) {
	for _, line := range l.rejected {
		show.note(line)
	}
	if more := l.refused - len(l.rejected); more > 0 {
		show.note(fmt.Sprintf("left out: %d more lines", more))
	}
}

// errNoURL says that there is nothing to do.
var errNoURL = errors.New("there is no usable web address in the list")

// listName is a name for a job made of these arguments.
func listName(args []string) string {
	if len(args) == 0 {
		return "standard input"
	}
	name := filepath.Base(args[0])
	if len(args) > 1 {
		name += fmt.Sprintf(" and %d more", len(args)-1)
	}
	return name
}
