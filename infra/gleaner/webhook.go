package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"gleaner/shared/client"
	"gleaner/shared/job"
	"gleaner/shared/webhook"
)

func newWebhook(getenv func(string) string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhook",
		Short: "Show what became of webhook calls, send them again, show what signs them",
		Long: `When a job created with --webhook URL is completed, the server posts its figures to
that URL, signed with a secret of the job's owner. A call that is not answered with
2xx is repeated for about an hour; after that it can be sent again.`,
		Example: `  gleaner webhook secret
  gleaner webhook calls last
  gleaner webhook again last`,
	}
	cmd.AddCommand(newWebhookSecret(getenv), newWebhookCalls(getenv), newWebhookAgain(getenv))
	return cmd
}

func newWebhookCalls(getenv func(string) string) *cobra.Command {
	var f remoteFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "calls JOB",
		Short:             "Show what became of the calls about a job",
		Example:           "  gleaner webhook calls last",
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
			calls, err := c.Deliveries(cmd.Context(), id)
			if err != nil {
				return f.explain(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), calls)
			}
			if len(calls) == 0 {
				_, err = fmt.Fprintln(cmd.ErrOrStderr(), "There were no calls: the job has no webhook, or is not completed.")
				return err
			}
			rows := make([][]string, len(calls))
			for i := range calls {
				rows[i] = callRow(&calls[i])
			}
			return printTable(cmd.OutOrStdout(), []string{"TRIED", "TRIES", "STATE", "URL"}, rows)
		},
	}
	f.register(cmd, getenv)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// newWebhookAgain takes several jobs: a receiver that was down missed the calls
// of all that were completed meanwhile.
func newWebhookAgain(getenv func(string) string) *cobra.Command {
	var f remoteFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "again JOB ...",
		Short: "Send the calls about completed jobs again",
		Long: `Sends the calls about completed jobs again, at once, whatever became of them before.
The body and the header Gleaner-Delivery are those of the first time, so that a
receiver that got the call can tell. A call that does not arrive is repeated for
about an hour.

JOB is a job's id, the beginning of one, or "last" for the newest job.`,
		Example:           "  gleaner webhook again last\n  gleaner webhook again 01M6GA60M0DK5W05QBN4ZQMGP7B --json",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: f.completeJobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return eachJob(cmd, &f, args, func(c *client.Client, id job.ID) error {
				d, err := c.SendAgain(cmd.Context(), id)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), d)
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is sent to %s again; see what becomes of it with: gleaner webhook calls %s\n", d.ID, d.URL, id)
				return err
			})
		},
	}
	f.register(cmd, getenv)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the call as JSON")
	return cmd
}

func callRow(d *webhook.Delivery) []string {
	state := "delivered"
	tried := "never"
	if !d.TriedAt.IsZero() {
		tried = d.TriedAt.Local().Format(time.DateTime)
	}
	switch {
	case !d.DeliveredAt.IsZero():
	case d.Attempts == 0:
		state = "about to be sent again"
	case !d.GaveUpAt.IsZero():
		state = "given up: " + d.Error
	default:
		state = "again at " + d.NextAt.Local().Format(time.TimeOnly) + ": " + d.Error
	}
	return []string{tried, strconv.Itoa(d.Attempts), state, d.URL}
}

func newWebhookSecret(getenv func(string) string) *cobra.Command {
	var f keysFlags
	var rotate bool
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Show the secret that calls are signed with",
		Long: `Shows the secret that webhook calls are signed with. The header

  Gleaner-Signature: t=<seconds since 1970>,v1=<signature>

holds the HMAC-SHA256 of "<t>.<body>" in hex. Take a call only if the signature fits
and t is within five minutes.`,
		Example: `  gleaner webhook secret
  gleaner webhook secret --rotate          # the old one signs too for a day
  gleaner webhook secret --table gleaner-Table-1A2B3C --owner kai`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			secret, err := f.secret(cmd.Context(), rotate)
			if err != nil {
				return err
			}
			if f.json {
				return printJSON(cmd.OutOrStdout(), secret)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), secret.Secret)
			return err
		},
	}
	f.register(cmd, getenv)
	cmd.Flags().BoolVar(&rotate, "rotate", false, "make a new one first")
	return cmd
}

func (f *keysFlags) secret(ctx context.Context, rotate bool) (s webhook.Secret, err error) {
	if !f.given() {
		c, err := f.client()
		if err != nil {
			return s, err
		}
		s, err := c.WebhookSecret(ctx, rotate)
		return s, f.explain(err)
	}
	store, closeStore, err := f.open(ctx, false)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	secrets := webhook.NewSecrets(store, nil)
	if rotate {
		return secrets.Rotate(ctx, f.owner)
	}
	return secrets.Of(ctx, f.owner)
}
