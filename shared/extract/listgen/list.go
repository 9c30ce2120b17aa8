package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gleaner/shared/extract"
)

// list is a list file: the comment lines at its head, then its entries.
type list struct {
	header  []string
	entries []string
}

// parse splits a list file.
func parse(text string) list {
	var l list
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") && len(l.entries) == 0 {
			l.header = append(l.header, line)
			continue
		}
		entry, _, _ := strings.Cut(line, "#")
		if entry = strings.ToLower(strings.TrimSpace(entry)); entry != "" {
			l.entries = append(l.entries, entry)
		}
	}
	return l
}

// clean sorts the entries, drops duplicates and what is not valid in the
// named list, and returns what it dropped as invalid.
func (l *list) clean(name string) (invalid []string) {
	slices.Sort(l.entries)
	l.entries = slices.Compact(l.entries)
	l.entries = slices.DeleteFunc(l.entries, func(e string) bool {
		ok := validEntry(name, e)
		if !ok {
			invalid = append(invalid, e)
		}
		return !ok
	})
	return invalid
}

// validEntry reports whether an entry can ever match: a local part in the list
// of roles, a domain in the others.
func validEntry(name, entry string) bool {
	address := "info@" + entry
	switch name {
	case "roles", "sample_locals", "sample_patterns", "sample_your", "sample_your_locals":
		address = entry + "@gleaner.org"
	case "sample_names", "sample_any", "sample_your_hosts":
		address += ".org"
	}
	n, err := extract.Validate(address)
	return err == nil && n == address
}

// describe sets the source and date lines of the header.
func (l *list) describe(source, date string) {
	l.header = slices.DeleteFunc(l.header, func(h string) bool {
		return strings.HasPrefix(h, "# date:") || h == "# source: "+source
	})
	at := len(l.header)
	for i, h := range l.header {
		if strings.HasPrefix(h, "# refresh:") {
			at = i
			break
		}
	}
	l.header = slices.Insert(l.header, at, "# source: "+source, "# date: "+date)
}

func (l *list) String() string {
	return strings.Join(l.header, "\n") + "\n" + strings.Join(l.entries, "\n") + "\n"
}

// tidy rewrites a list in its canonical form.
func tidy(out io.Writer, dir, name string) error {
	path := filepath.Join(dir, name+".txt")
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	l := parse(string(data))
	invalid := l.clean(name)
	report(out, name, len(l.entries), invalid)
	return write(path, &l)
}

// merge adds the entries of a source to a list.
func merge(out io.Writer, o options, source string) error {
	path := filepath.Join(o.dir, o.list+".txt")
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	l := parse(string(data))
	if o.replace {
		l.entries = nil
	}
	added := parse(source)
	l.entries = append(l.entries, added.entries...)
	invalid := l.clean(o.list)
	if len(l.entries) == 0 {
		return fmt.Errorf("source %s: no valid entries for %s", o.from, o.list)
	}
	from := o.from
	if !strings.HasPrefix(from, "https://") {
		from = filepath.Base(from)
	}
	l.describe(from, o.date)
	report(out, o.list, len(l.entries), invalid)
	return write(path, &l)
}

func report(out io.Writer, name string, n int, invalid []string) {
	fmt.Fprintf(out, "%s: %d entries\n", name, n)
	for _, e := range invalid {
		fmt.Fprintf(out, "%s: dropped %q: not valid\n", name, e)
	}
}

func write(path string, l *list) error {
	if err := os.WriteFile(path, []byte(l.String()), 0o644); err != nil { //nolint:gosec // a file of the repository
		return fmt.Errorf("list: %w", err)
	}
	return nil
}
