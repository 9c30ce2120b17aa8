package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"gleaner/shared/client"
	"gleaner/shared/export"
	"gleaner/shared/job"
)

type createFlags struct {
	remoteFlags
	jobFlags
	outputFlags
	webhook       string
	retentionDays int
	wait          bool
	json          bool
}

func newCreate(getenv func(string) string) *cobra.Command {
	var f createFlags
	cmd := &cobra.Command{
		Use:   "create [URL or file ...]",
		Short: "Hand a list to a server and start a job of it",
		Long: `Hands the URLs given as arguments, in files or on standard input to a server, which
works on them in the background. Large lists are handed in by chunks; whatever
breaks off on the way is repeated, and nothing is created twice.

The job's id is written to standard output. With --wait or -o the command stays
until the job has ended and ends with the status that "gleaner extract" would.`,
		Example: `  gleaner create sites.txt
  gleaner create companies.csv.gz --column website --name "autumn fair" --follow contact
  gleaner create sites.txt --wait -o found.xlsx
  gleaner create sites.txt --webhook https://hooks.example.org/gleaner
  gleaner create sites.txt --endpoint https://x1y2z3.execute-api.eu-central-1.amazonaws.com`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.explain(create(cmd, &f, args))
		},
	}
	f.remoteFlags.register(cmd, getenv)
	f.jobFlags.register(cmd)
	f.outputFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.webhook, "webhook", "", "`URL` that the server calls when the job is completed (see: gleaner webhook)")
	flags.IntVar(&f.retentionDays, "retention-days", job.DefaultRetentionDays, "days until the job and all it found are dropped")
	flags.BoolVar(&f.wait, "wait", false, "stay until the job has ended")
	flags.BoolVar(&f.json, "json", false, "print what became of the list as JSON, and progress as JSON lines on standard error")
	return cmd
}

func create(cmd *cobra.Command, f *createFlags, args []string) error {
	f.wait = f.wait || f.file != ""
	format, err := f.chosen()
	if err != nil {
		return err
	}
	f.options.Webhook, f.options.RetentionDays = f.webhook, f.retentionDays
	options, err := f.job()
	if err != nil {
		return err
	}
	c, err := f.client()
	if err != nil {
		return err
	}
	show := newDisplay(cmd.ErrOrStderr(), f.json)
	list, err := readURLs(cmd, args, f.column)
	if err != nil {
		return err
	}
	list.report(show)
	if len(list.targets) == 0 {
		return errNoURL
	}
	if f.name == "" {
		f.name = listName(args)
	}
	began := time.Now()
	made, err := c.Create(cmd.Context(), client.NewJob{
		Name: f.name, Options: options, Targets: list.targets,
		Sent: func(done, all int) {
			show.note(fmt.Sprintf("%s of %s handed in", count(int64(done)), counted(int64(all), "page", "pages")))
		},
	})
	if err != nil {
		return err
	}
	made.Duplicates += list.duplicates
	made.Rejected += list.refused
	switch {
	case f.json:
		if err := printJSON(cmd.OutOrStdout(), made); err != nil {
			return err
		}
	case f.file == "" && f.wait: // standard output is for the addresses
		show.note("job " + string(made.Job.ID))
	default:
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), made.Job.ID); err != nil {
			return err
		}
	}
	verb := "started"
	if made.Job.Status == job.Creating {
		verb = "handed in, and being planned,"
	}
	show.note(fmt.Sprintf("%s in %d ms: %s, %s", verb, time.Since(began).Milliseconds(),
		counted(int64(made.Accepted), "page", "pages"), counted(int64(made.Duplicates), "duplicate", "duplicates")))
	if !f.wait {
		show.note("look at it with: gleaner watch " + string(made.Job.ID))
		return nil
	}
	return f.await(cmd, c, made.Job.ID, format, show)
}

// await watches the job to its end and writes what it found.
func (f *createFlags) await(cmd *cobra.Command, c *client.Client, id job.ID, format export.Format, show *display) error {
	last, err := watchJob(cmd.Context(), c, id, client.Watcher{}, show)
	if err != nil {
		return err
	}
	show.finish(last)
	if f.file != "" || !f.json {
		err := f.write(cmd.OutOrStdout(), func(w io.Writer) error {
			return c.ExportAddresses(context.WithoutCancel(cmd.Context()), w, id, format, job.AddressFilter{})
		})
		if err != nil {
			return err
		}
	}
	if f.file != "" {
		show.note(counted(last.Emails, "address", "addresses") + " written to " + f.file)
	}
	return verdict(last)
}
