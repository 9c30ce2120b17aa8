package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gleaner/shared/export"
)

// outputFlags say where an export goes and in which format.
type outputFlags struct {
	file   string
	format string
}

func (f *outputFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.file, "output", "o", "", "`file` to write; its ending (.csv, .ndjson, .jsonl, .xlsx) chooses the format; standard output without it, or with -")
	flags.StringVar(&f.format, "format", "", "csv, ndjson or xlsx, whatever the file's name")
	offer(cmd, "format", "csv", "ndjson", "xlsx")
}

// chosen is the format that the flags amount to. From then on an empty file name
// means standard output.
func (f *outputFlags) chosen() (export.Format, error) {
	if f.file == "-" {
		f.file = ""
	}
	switch {
	case f.format != "":
		format, err := export.FormatOf("." + f.format)
		if err != nil {
			return "", fmt.Errorf("--format: %q is none of csv, ndjson, xlsx", f.format)
		}
		return format, nil
	case f.file == "":
		return export.CSV, nil
	}
	format, err := export.FormatOf(f.file)
	if err != nil {
		return "", fmt.Errorf("--output: %w (or choose with --format)", err)
	}
	return format, nil
}

// write has write fill the output. A file appears whole or not at all.
func (f *outputFlags) write(stdout io.Writer, write func(io.Writer) error) (err error) {
	if f.file == "" {
		return write(stdout)
	}
	file, err := os.CreateTemp(filepath.Dir(f.file), ".gleaner-*")
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("--output: there is no directory %s", filepath.Dir(f.file))
	}
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := write(file); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), f.file)
}

// printJSON writes a value as indented JSON.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// printTable writes rows under a heading, in aligned columns.
func printTable(w io.Writer, heading []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{heading}, rows...) {
		if _, err := fmt.Fprintln(t, strings.TrimRight(strings.Join(row, "\t"), "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}
