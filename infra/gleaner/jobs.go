package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gleaner/shared/client"
)

func newJobs(getenv func(string) string) *cobra.Command {
	var (
		f      remoteFlags
		filter client.JobFilter
		limit  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:     "jobs",
		Aliases: []string{"list", "ls"},
		Short:   "List jobs, newest first",
		Example: `  gleaner jobs
  gleaner jobs --status running
  gleaner jobs --search "autumn fair" --limit 100 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return fmt.Errorf("--limit: %d is less than 1", limit)
			}
			c, err := f.client()
			if err != nil {
				return err
			}
			list, err := c.Jobs(cmd.Context(), filter, limit)
			if err != nil {
				return f.explain(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			if len(list) == 0 {
				_, err := fmt.Fprintln(cmd.ErrOrStderr(), "There is no such job. Create one with: gleaner create sites.txt")
				return err
			}
			rows := make([][]string, len(list))
			for i := range list {
				rows[i] = jobRow(&list[i])
			}
			return printTable(cmd.OutOrStdout(), []string{"ID", "STATUS", "PAGES", "ADDRESSES", "FAILED", "CREATED", "NAME"}, rows)
		},
	}
	f.register(cmd, getenv)
	flags := cmd.Flags()
	flags.StringVar(&filter.Status, "status", "", "only jobs in this `status`: creating, running, paused, completed, cancelled or failed")
	offer(cmd, "status", "creating", "running", "paused", "completed", "cancelled", "failed")
	flags.StringVar(&filter.Search, "search", "", "only jobs whose name contains this `text`, or whose id begins with it")
	flags.IntVar(&limit, "limit", 20, "how many at most")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func jobRow(j *client.JobItem) []string {
	p := &j.Progress
	pages := count(doneOf(p))
	if p.Processed != p.Total {
		pages += " of " + count(p.URLs)
	}
	return []string{
		string(j.ID), strings.ToLower(string(p.Status)), pages, count(p.Emails), count(failures(*p)),
		j.CreatedAt.Local().Format(time.DateTime), j.Name,
	}
}
