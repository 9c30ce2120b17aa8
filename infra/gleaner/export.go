package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gleaner/shared/export"
	"gleaner/shared/job"
)

type exportFlags struct {
	remoteFlags
	outputFlags
	urls       bool
	addresses  job.AddressFilter
	ownDomain  bool
	confidence confidence
	outcomes   []string
	classes    []string
	search     string
}

// Flags that narrow one kind of export only.
var (
	addressFlags = []string{"domain", "kind", "found-by", "min-confidence", "own-domain"}
	visitFlags   = []string{"outcome", "class"}
)

func newExport(getenv func(string) string) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export JOB",
		Short: "Write the addresses a job found, or all its URLs with their outcomes",
		Long: `Writes the addresses a job found so far, or with --urls all its URLs with their
outcomes, those without an address too.

JOB is a job's id, the beginning of one, or "last" for the newest job.`,
		Example: `  gleaner export last -o found.csv
  gleaner export last -o sure.xlsx --min-confidence 0.8 --own-domain
  gleaner export last --kind role --format ndjson | jq -r .email
  gleaner export last --urls -o failed.csv --class failed,refused
  gleaner export last --urls --outcome timeout,http_5xx`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeJobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.explain(runExport(cmd, &f, args[0]))
		},
	}
	f.remoteFlags.register(cmd, getenv)
	f.outputFlags.register(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.urls, "urls", false, "all URLs with their outcomes instead of the addresses")
	flags.StringVar(&f.search, "search", "", "only what contains this `text`")
	flags.StringVar(&f.addresses.Domain, "domain", "", "only addresses of this `domain`")
	flags.StringVar(&f.addresses.Kind, "kind", "", "only addresses of this `kind`: personal, role, free or disposable")
	flags.StringVar(&f.addresses.FoundBy, "found-by", "", "only addresses found this `way`, such as mailto")
	flags.Var(&f.confidence, "min-confidence", "only addresses that are at least so sure, such as 0.8 or 80%")
	flags.BoolVar(&f.ownDomain, "own-domain", false, "only addresses of the site's own domain; =false: only of others")
	flags.StringSliceVar(&f.outcomes, "outcome", nil, "only URLs with one of these `outcomes`, such as timeout,http_5xx")
	flags.StringSliceVar(&f.classes, "class", nil, "only URLs of these `classes`: ok, refused, failed")
	offer(cmd, "kind", "personal", "role", "free", "disposable")
	offer(cmd, "class", "ok", "refused", "failed")
	outcomes := make([]string, 0, len(job.Outcomes()))
	for _, o := range job.Outcomes() {
		outcomes = append(outcomes, string(o)+"\t"+o.Text())
	}
	offer(cmd, "outcome", outcomes...)
	return cmd
}

func runExport(cmd *cobra.Command, f *exportFlags, arg string) error {
	format, err := f.chosen()
	if err != nil {
		return err
	}
	wrong := visitFlags
	if f.urls {
		wrong = addressFlags
	}
	for _, name := range wrong {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s is for %s", name, map[bool]string{true: "addresses: leave out --urls", false: "URLs: add --urls"}[f.urls])
		}
	}
	visits, err := f.visitFilter()
	if err != nil {
		return err
	}
	c, err := f.client()
	if err != nil {
		return err
	}
	id, err := resolve(cmd.Context(), c, arg)
	if err != nil {
		return err
	}
	f.addresses.Search = f.search
	f.addresses.MinConfidence = float64(f.confidence)
	if cmd.Flags().Changed("own-domain") {
		f.addresses.OwnDomain = &f.ownDomain
	}
	rows := &lineCounter{}
	err = f.write(cmd.OutOrStdout(), func(w io.Writer) error {
		if format != export.XLSX {
			rows.w = w
			w = rows
		}
		if f.urls {
			return c.ExportVisits(cmd.Context(), w, id, format, visits)
		}
		return c.ExportAddresses(cmd.Context(), w, id, format, f.addresses)
	})
	if err != nil || f.file == "" {
		return err
	}
	line := "written to " + f.file
	if format != export.XLSX {
		n := rows.n
		if format == export.CSV {
			n-- // the heading
		}
		line = counted(n, "row", "rows") + " " + line
	}
	_, err = fmt.Fprintln(cmd.ErrOrStderr(), line)
	return err
}

func (f *exportFlags) visitFilter() (export.VisitFilter, error) {
	v := export.VisitFilter{Search: f.search}
	for _, name := range f.outcomes {
		o := job.Outcome(strings.TrimSpace(name))
		if !o.Known() {
			return v, fmt.Errorf("--outcome: %q is none; there are %s", name, strings.Join(outcomeNames(), ", "))
		}
		v.Outcomes = append(v.Outcomes, o)
	}
	for _, name := range f.classes {
		c := job.Class(strings.TrimSpace(name))
		if c != job.ClassOK && c != job.ClassRefused && c != job.ClassFailed {
			return v, fmt.Errorf("--class: %q is none of ok, refused, failed", name)
		}
		v.Classes = append(v.Classes, c)
	}
	return v, nil
}

func outcomeNames() []string {
	var names []string
	for _, o := range job.Outcomes() {
		names = append(names, string(o))
	}
	slices.Sort(names)
	return names
}

// lineCounter counts the lines written through it.
type lineCounter struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (l *lineCounter) Write(p []byte) (int, error) {
	n, err := l.w.Write(p)
	l.n += int64(strings.Count(string(p[:n]), "\n"))
	return n, err
}
