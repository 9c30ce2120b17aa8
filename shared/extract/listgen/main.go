// Command listgen refreshes the lists of domains and local parts that the
// extractor classifies by.
//
//	go run ./shared/extract/listgen                         # check and tidy all lists
//	go run ./shared/extract/listgen -list disposable -from domains.txt
//	go run ./shared/extract/listgen -list free -from https://lists.brenk-hosting.de/free.txt
//
// With -from it merges the entries of a file or of an https URL, one entry a
// line, comments after #, into the named list (roles, free, disposable,
// noise or one of the samples), notes the source and the date in its header, and drops what is not
// valid there. Without -from it validates every list, sorts it, removes
// duplicates and leaves header and date alone. -replace drops the old entries.
// Nothing is ever fetched unless -from names it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Limits of a source.
const (
	fetchTimeout = 30 * time.Second
	maxSource    = 16 << 20 // bytes
)

// names of the lists.
var names = []string{
	"disposable", "free", "noise", "roles", "sample_any", "sample_hosts", "sample_locals", "sample_names", "sample_patterns",
	"sample_your", "sample_your_hosts", "sample_your_locals",
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "", "directory of the lists (default: lists beside the package, or shared/extract/lists)")
	flag.StringVar(&o.list, "list", "", "list to merge into: "+strings.Join(names, ", "))
	flag.StringVar(&o.from, "from", "", "file or https URL to merge from")
	flag.BoolVar(&o.replace, "replace", false, "drop the entries the list has")
	flag.Parse()
	o.date = time.Now().UTC().Format(time.DateOnly)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "listgen:", err)
		os.Exit(1) //nolint:gocritic // the signal handler dies with the process
	}
}

// options of one run.
type options struct {
	dir, list, from string
	replace         bool
	date            string // YYYY-MM-DD, put into the header of a merged list
}

var errUsage = errors.New("-list and -from go together")

func run(ctx context.Context, out io.Writer, o options) error {
	if (o.list == "") != (o.from == "") {
		return errUsage
	}
	if o.dir == "" {
		o.dir = defaultDir()
	}
	if o.list == "" {
		for _, name := range names {
			if err := tidy(out, o.dir, name); err != nil {
				return err
			}
		}
		return nil
	}
	if !slices.Contains(names, o.list) {
		return fmt.Errorf("no list %q, there are %s", o.list, strings.Join(names, ", "))
	}
	src, err := read(ctx, o.from)
	if err != nil {
		return err
	}
	return merge(out, o, src)
}

// defaultDir is lists when called by go generate, which runs in the package's
// directory, and the path from the repository's root otherwise.
func defaultDir() string {
	if st, err := os.Stat("lists"); err == nil && st.IsDir() {
		return "lists"
	}
	return filepath.Join("shared", "extract", "lists")
}

// read reads a file or an https URL.
func read(ctx context.Context, from string) (string, error) {
	if !strings.HasPrefix(from, "https://") {
		data, err := os.ReadFile(from)
		if err != nil {
			return "", fmt.Errorf("source: %w", err)
		}
		return string(data), nil
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return "", fmt.Errorf("source: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("source: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("source %s: status %d", from, resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxSource+1))
	if err != nil {
		return "", fmt.Errorf("source %s: %w", from, err)
	}
	if len(data) > maxSource {
		return "", fmt.Errorf("source %s: more than %d bytes", from, maxSource)
	}
	return string(data), nil
}
