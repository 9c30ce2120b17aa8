package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"gleaner/shared/audit"
	"gleaner/shared/job"
)

func newAudit(getenv func(string) string) *cobra.Command {
	var f storeFlags
	var asJSON bool
	var owner string
	cmd := &cobra.Command{
		Use:   "audit JOB",
		Short: "Recount a job from what is stored, and compare with its figures",
		Long: `Reads every batch and every address of a job from the store and compares what it
counts with the figures that the job shows. They are kept by transactions and so
cannot differ; this is how anybody can see that they do not. It can be run at any
time, also while the job is running.

JOB is a job's id, or "last" for the newest job of --owner. The exit status is 1
when something differs.`,
		Example: "  gleaner audit last\n  gleaner audit 01M6GA60M0DK5W05QBN4ZQMGP7B --table gleaner-Table-1A2B3C --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			ctx := cmd.Context()
			s, closeStore, err := f.open(ctx, false)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, closeStore()) }()
			id, err := storedJob(ctx, s, owner, args[0])
			if err != nil {
				return err
			}
			r, err := audit.Recount(ctx, s, id)
			if errors.Is(err, job.ErrNotFound) {
				return fmt.Errorf("there is no job %s in this store", id)
			}
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), r)
			} else {
				err = printRecount(cmd.OutOrStdout(), &r)
			}
			if err == nil && !r.Clean() {
				err = &codeError{exitError, "the job's figures differ from what is stored"}
			}
			return err
		},
	}
	f.register(cmd, dataDirectory(getenv))
	cmd.Flags().StringVar(&owner, "owner", localOwner, "`whose` newest job \"last\" is")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}

func storedJob(ctx context.Context, s job.Store, owner, arg string) (job.ID, error) {
	if arg != lastJob {
		return job.ParseID(arg)
	}
	page, err := s.Jobs(ctx, owner, job.JobFilter{}, "", 1)
	if err != nil {
		return "", err
	}
	if len(page.Items) == 0 {
		return "", fmt.Errorf("%s has no job in this store", owner)
	}
	return page.Items[0].ID, nil
}

func printRecount(w io.Writer, r *audit.Report) error {
	_, err := fmt.Fprintf(w, "%s, %s, %s, %s read\n", r.Job, counted(r.Batches, "batch", "batches"),
		counted(r.URLs, "URL", "URLs"), counted(r.Emails, "address", "addresses"))
	if err != nil {
		return err
	}
	if r.InFlight > 0 {
		if _, err := fmt.Fprintf(w, "%s under way: the figures of addresses were not compared\n", counted(r.InFlight, "batch", "batches")); err != nil {
			return err
		}
	}
	if len(r.Drifts) > 0 {
		rows := make([][]string, len(r.Drifts))
		for i, d := range r.Drifts {
			rows[i] = []string{d.Figure, count(d.Counted), count(d.Stored)}
		}
		if err := printTable(w, []string{"FIGURE", "SHOWN", "STORED"}, rows); err != nil {
			return err
		}
	}
	for _, url := range r.Repeated {
		if _, err := fmt.Fprintf(w, "more than one outcome: %s\n", url); err != nil {
			return err
		}
	}
	if r.Clean() {
		_, err = fmt.Fprintln(w, "Every figure is what is stored.")
	}
	return err
}
