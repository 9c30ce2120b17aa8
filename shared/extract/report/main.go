// Command report measures the extractor against a labelled corpus and prints
// recall and precision by form:
//
//	go run ./shared/extract/report                 # the corpus of the repository
//	go run ./shared/extract/report -misses DIR     # another one, with every miss
//
// A corpus is a directory of text files, one a form. A file holds pages:
//
//	=== name of the page
//	url: https://www.site.de/
//	type: text/html
//	want: info@site.de mailto
//	---
//	the body, up to the next line that begins with "=== "
//
// A want line names an address that must be found and, if it matters, by
// which form. Whatever else is found on the page is an error. Files of pages
// that hold lures rather than addresses begin with "not_". A page of another
// medium stands in a file of its own, named by a line "file:". A line
// "decode: off" has the page read with Options.KeepObfuscated.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
)

func main() {
	misses := flag.Bool("misses", false, "list every address missed, invented or found by another form")
	flag.Parse()
	dir := flag.Arg(0)
	if dir == "" {
		dir = "shared/extract/testdata/corpus"
	}
	if err := run(os.Stdout, dir, *misses); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// run measures the corpus in dir and prints the table.
func run(out io.Writer, dir string, misses bool) error {
	forms, err := measureDir(dir)
	if err != nil {
		return err
	}
	if misses {
		for _, f := range forms {
			for _, m := range f.Misses {
				fmt.Fprintln(out, m)
			}
		}
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "form\tpages\twanted\tfound\tinvented\trecall\tprecision\tnamed as wanted\t")
	var all figures
	all.Form = "all"
	for _, f := range forms {
		f.print(tw)
		all.add(f)
	}
	all.print(tw)
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

func (f *figures) print(w io.Writer) {
	recall, precision := "", ""
	if f.Wanted > 0 {
		recall = fmt.Sprintf("%.1f %%", 100*f.recall())
	}
	if f.Found+f.Invented > 0 {
		precision = fmt.Sprintf("%.1f %%", 100*f.precision())
	}
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%d/%d\t\n", f.Form, f.Pages, f.Wanted, f.Found, f.Invented, recall, precision, f.Named, f.Named+f.Misnamed)
}
