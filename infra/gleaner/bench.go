package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gleaner/infra/bench"
)

type benchFlags struct {
	bench.Env
	json  bool
	check bool
}

func newBench(getenv func(string) string) *cobra.Command {
	f := benchFlags{}
	var about strings.Builder
	names := make([]string, 0, len(bench.All))
	for _, b := range bench.All {
		fmt.Fprintf(&about, "  %-10s %s\n", b.Name, b.About)
		names = append(names, b.Name)
	}
	cmd := &cobra.Command{
		Use:   "bench [name ...]",
		Short: "Measure Gleaner on this machine",
		Long: `Prints figures that anyone can repeat, beside a baseline measured in the same run
where there is one. All benchmarks run unless some are named:

` + about.String() + `
Those on DynamoDB and SQS use the endpoints in AWS_ENDPOINT_URL_DYNAMODB and
AWS_ENDPOINT_URL_SQS, or start emulators where those of infra/e2e/emulators are
installed; without either they are left out.`,
		Example: `  gleaner bench                            # all of it; takes a while
  gleaner bench create worker
  gleaner bench million --urls 100000
  gleaner bench simulate --chart batch-size.svg
  gleaner bench --quick --check            # briefly; fails if a ratio is off`,
		Args:      cobra.OnlyValidArgs,
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Getenv, f.Notes = getenv, cmd.ErrOrStderr()
			return runBench(cmd, &f, args)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.Quick, "quick", false, "small and short: to see that nothing broke, not for figures to quote")
	flags.IntVar(&f.URLs, "urls", 0, "URLs of the large job (default 1,000,000, or 20,000 with --quick)")
	flags.BoolVar(&f.json, "json", false, "print the reports as JSON")
	flags.BoolVar(&f.check, "check", false, "fail if a check does not hold: counts, and ratios within this run, never seconds")
	flags.StringVar(&f.Dir, "dir", "", "`directory` for the data of benchmarks (default the system's for temporary files)")
	flags.StringVar(&f.Chart, "chart", "", "`file` into which simulate draws its chart, as SVG")
	for name, run := range bench.Commands {
		cmd.AddCommand(&cobra.Command{
			Use:    name,
			Hidden: true,
			Args:   cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
			},
		})
	}
	return cmd
}

func runBench(cmd *cobra.Command, f *benchFlags, names []string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	f.Process = func(ctx context.Context, command string) *exec.Cmd {
		return exec.CommandContext(ctx, program, cmd.Name(), command) //nolint:gosec // this very program
	}
	if f.URLs < 0 {
		return fmt.Errorf("--urls: %d is negative", f.URLs)
	}
	defer f.Close()
	out := cmd.OutOrStdout()
	reports, failed := []bench.Report{}, 0
	for _, b := range bench.All {
		if len(names) > 0 && !slices.Contains(names, b.Name) {
			continue
		}
		report, err := b.Run(cmd.Context(), &f.Env)
		if err != nil {
			return err
		}
		reports = append(reports, report)
		failed += len(report.Failed())
		if !f.json {
			printReport(out, &report)
		}
	}
	if f.json {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(reports); err != nil {
			return err
		}
	}
	if f.check && failed > 0 {
		return fmt.Errorf("%d checks do not hold", failed)
	}
	return nil
}

func printReport(out io.Writer, r *bench.Report) {
	fmt.Fprintf(out, "\n%s: %s (%.1f s)\n", r.Name, r.About, r.Took)
	if r.Skipped != "" {
		fmt.Fprintf(out, "  left out: %s\n", r.Skipped)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range r.Figures {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", f.Name, figure(f.Value), f.Unit, f.Want)
	}
	_ = w.Flush() // the terminal: nothing could be done about it
	if r.Text != "" {
		fmt.Fprintf(out, "\n%s\n", strings.TrimRight(r.Text, "\n"))
	}
	for _, c := range r.Checks {
		verdict, sign := "ok", "≤"
		if !c.OK() {
			verdict = "OFF"
		}
		if c.AtLeast {
			sign = "≥"
		}
		fmt.Fprintf(out, "  %-3s %s: %s %s %s\n", verdict, c.Name, figure(c.Value), sign, figure(c.Limit))
	}
}

// figure writes a number with as many digits as say something.
func figure(v float64) string {
	switch a := max(v, -v); {
	case a == float64(int64(a)) || a >= 1000:
		return fmt.Sprintf("%.0f", v)
	case a >= 100:
		return fmt.Sprintf("%.1f", v)
	case a >= 1:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}
