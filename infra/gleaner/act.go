package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gleaner/shared/client"
	"gleaner/shared/job"
)

// newAct is a command that does one thing to jobs, named as the API names it.
func newAct(getenv func(string) string, verb, short string) *cobra.Command {
	var f remoteFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     verb + " JOB ...",
		Short:   short,
		Long:    short + ".\n\nJOB is a job's id, the beginning of one, or \"last\" for the newest job.",
		Example: "  gleaner " + verb + " last\n  gleaner " + verb + " 01M6GA60M0DK5W05QBN4ZQMGP7B --json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return eachJob(cmd, &f, args, func(c *client.Client, id job.ID) error {
				j, err := c.Act(cmd.Context(), id, verb)
				if err != nil {
					return err
				}
				return told(cmd, asJSON, j, fmt.Sprintf("%s is %s", id, strings.ToLower(string(j.Status))))
			})
		},
		ValidArgsFunction: f.completeJobs,
	}
	f.register(cmd, getenv)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the job as JSON")
	return cmd
}

// newRestore is apart from the other acts: a deleted job is in no list, so there
// is no last one and nothing to complete.
func newRestore(getenv func(string) string) *cobra.Command {
	cmd := newAct(getenv, "restore", "Bring deleted jobs back")
	cmd.Long = "Brings jobs back that were deleted less than ten minutes ago.\n\nJOB is a job's whole id, as delete told it."
	cmd.Example = "  gleaner restore 01M6GA60M0DK5W05QBN4ZQMGP7B"
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		for _, a := range args {
			if _, err := job.ParseID(a); err != nil {
				return fmt.Errorf("%q is no whole id of a job: a deleted job is restored by the id that delete told", a)
			}
		}
		return cobra.MinimumNArgs(1)(cmd, args)
	}
	return cmd
}

func newDelete(getenv func(string) string) *cobra.Command {
	var f remoteFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "delete JOB ...",
		Aliases: []string{"rm"},
		Short:   "Delete jobs and all they found; for ten minutes they can be restored",
		Long: `Deletes jobs and all they found; for ten minutes they can be restored.

JOB is a job's id, the beginning of one, or "last" for the newest job.`,
		Example: "  gleaner delete 01M6GA60M0DK5W05QBN4ZQMGP7B",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return eachJob(cmd, &f, args, func(c *client.Client, id job.ID) error {
				j, until, err := c.Delete(cmd.Context(), id)
				if err != nil {
					return err
				}
				return told(cmd, asJSON, j, fmt.Sprintf("%s is deleted; until %s it can be brought back with: gleaner restore %s",
					id, until.Local().Format("15:04:05"), id))
			})
		},
		ValidArgsFunction: f.completeJobs,
	}
	f.register(cmd, getenv)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the job as JSON")
	return cmd
}

// eachJob does something to each job named. One that fails does not keep it from
// the others.
func eachJob(cmd *cobra.Command, f *remoteFlags, args []string, do func(*client.Client, job.ID) error) error {
	c, err := f.client()
	if err != nil {
		return err
	}
	var faults []error
	for _, a := range args {
		id, err := resolve(cmd.Context(), c, a)
		if err == nil {
			err = do(c, id)
		}
		if client.Refused(err) || client.Unauthorized(err) {
			return f.explain(err)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", a, err))
		}
	}
	return errors.Join(faults...)
}

func told(cmd *cobra.Command, asJSON bool, j client.Job, line string) error {
	if asJSON {
		return printJSON(cmd.OutOrStdout(), j)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), line)
	return err
}
