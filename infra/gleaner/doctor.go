package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"gleaner/shared/client"
)

func newDoctor(getenv func(string) string) *cobra.Command {
	var f remoteFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Have a server examine itself, and say what to do about what it finds",
		Long: `Has a server examine itself and prints what it found, with advice.

The exit status is 0 when all is well, 2 when something needs attention, and 1 when
something does not work or the server does not answer.`,
		Example: "  gleaner doctor\n  gleaner doctor --json | jq '.checks[] | select(.status != \"ok\")'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			report, err := c.Doctor(cmd.Context())
			if client.NotFound(err) {
				return errors.New("this server has no health check: it is of another version")
			}
			if err != nil {
				return f.explain(err)
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), report)
			} else {
				err = printExamination(cmd.OutOrStdout(), report)
			}
			switch {
			case err != nil:
				return err
			case report.Status == "ok":
				return nil
			case report.Status == "degraded":
				return &codeError{exitSomeFailed, ""}
			default:
				return &codeError{exitError, ""}
			}
		},
	}
	f.register(cmd, getenv)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}

func printExamination(w io.Writer, r client.Report) error {
	colours := map[string]string{"ok": "32", "degraded": "33", "failing": "31"}
	f, tty := w.(*os.File)
	tty = tty && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""
	mark := func(status string) string {
		sign := map[string]string{"ok": "✓", "degraded": "!", "failing": "✗"}[status]
		if sign == "" {
			sign = "?"
		}
		if tty && colours[status] != "" {
			sign = "\x1b[" + colours[status] + "m" + sign + "\x1b[0m"
		}
		return sign
	}
	width := 0
	for _, c := range r.Checks {
		width = max(width, len(c.Name))
	}
	for _, c := range r.Checks {
		if _, err := fmt.Fprintf(w, "%s %-*s  %s (%d ms)\n", mark(c.Status), width, c.Name, c.Detail, c.Millis); err != nil {
			return err
		}
		if c.Advice != "" && c.Status != "ok" {
			if _, err := fmt.Fprintf(w, "  %-*s  → %s\n", width, "", c.Advice); err != nil {
				return err
			}
		}
	}
	words := map[string]string{"ok": "All is well.", "degraded": "It works, but something needs attention.", "failing": "Something does not work."}
	_, err := fmt.Fprintln(w, words[r.Status])
	return err
}
