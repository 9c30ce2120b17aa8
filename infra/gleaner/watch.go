package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gleaner/shared/client"
	"gleaner/shared/job"
)

func newWatch(getenv func(string) string) *cobra.Command {
	var (
		f        remoteFlags
		asJSON   bool
		pollOnly bool
		interval time.Duration
	)
	cmd := &cobra.Command{
		Use:   "watch JOB",
		Short: "Show a job's progress until it has ended",
		Long: `Shows a job's progress until it has ended: over a WebSocket, or by polling where
there is none, and back again. Ctrl-C ends the watching; the job goes on.

JOB is a job's id, the beginning of one, or "last" for the newest job. The exit
status is 0 when every URL was visited, 2 when some could not be, 1 when the job
was cancelled or failed.`,
		Example: `  gleaner watch last
  gleaner watch 01M6GA60M0DK5W05QBN4ZQMGP7B --json | jq .emails
  gleaner watch last --poll --interval 1s`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeJobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			id, err := resolve(cmd.Context(), c, args[0])
			if err != nil {
				return f.explain(err)
			}
			out := cmd.ErrOrStderr()
			if asJSON {
				out = cmd.OutOrStdout()
			}
			show := newDisplay(out, asJSON)
			show.every = min(show.every, interval)
			last, err := watchJob(cmd.Context(), c, id, client.Watcher{PollOnly: pollOnly, Interval: interval}, show)
			if err != nil {
				return f.explain(err)
			}
			show.finish(last)
			return verdict(last)
		},
	}
	f.register(cmd, getenv)
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print each state as a line of JSON")
	flags.BoolVar(&pollOnly, "poll", false, "poll, and leave the WebSocket alone")
	flags.DurationVar(&interval, "interval", client.DefaultInterval, "time between two polls, and between two lines where there is no terminal")
	return cmd
}

// watchJob shows a job's progress until it has ended.
func watchJob(ctx context.Context, c *client.Client, id job.ID, w client.Watcher, show *display) (job.Snapshot, error) {
	news := make(chan func(), 16)
	w.Show = func(s job.Snapshot) { news <- func() { show.progress(s) } }
	offline := false
	w.State = func(way client.Way, err error) {
		news <- func() {
			switch {
			case way == client.Offline:
				offline = true
				show.note(fmt.Sprintf("the server does not answer; the job goes on without being watched, and it is asked again (%v)", err))
			case offline:
				offline = false
				show.note("the server answers again")
			}
		}
	}
	var last job.Snapshot
	var err error
	go func() {
		defer close(news)
		last, err = c.Watch(ctx, id, w)
	}()
	for do := range news {
		do()
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		show.clear()
		return last, &codeError{exitInterrupted, "no longer watching; the job goes on. Look again with: gleaner watch " + string(id)}
	}
	return last, err
}
