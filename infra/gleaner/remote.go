package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gleaner/shared/client"
	"gleaner/shared/job"
)

// remoteFlags say which server a command talks to. The key comes from the
// environment only: a flag would show it to everybody who lists processes.
type remoteFlags struct {
	endpoint string
	getenv   func(string) string
}

func (f *remoteFlags) register(cmd *cobra.Command, getenv func(string) string) {
	f.getenv = getenv
	endpoint := getenv("GLEANER_ENDPOINT")
	if endpoint == "" {
		endpoint = client.DefaultEndpoint
	}
	cmd.Flags().StringVar(&f.endpoint, "endpoint", endpoint, "`URL` of the server (GLEANER_ENDPOINT); its API key is taken from GLEANER_KEY")
	cmd.SilenceUsage = true
}

func (f *remoteFlags) client() (*client.Client, error) {
	c, err := client.New(client.Config{Endpoint: f.endpoint, Key: f.getenv("GLEANER_KEY"), UserAgent: "gleaner/" + version})
	if err != nil {
		return nil, fmt.Errorf("--endpoint: %w", err)
	}
	return c, nil
}

// explain adds to an error of the client what can be done about it.
func (f *remoteFlags) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case client.Refused(err):
		return fmt.Errorf("nobody answers at %s\nStart a server with: gleaner serve\nor name another one with --endpoint or GLEANER_ENDPOINT", f.endpoint)
	case client.Unauthorized(err) && f.getenv("GLEANER_KEY") == "":
		return fmt.Errorf("%w\nSet GLEANER_KEY to an API key of %s. The first one of a deployment is made with:\n  gleaner keys create NAME --table TABLE", err, f.endpoint)
	case client.Unauthorized(err):
		return fmt.Errorf("%w\nThe key in GLEANER_KEY is not one of %s, or was revoked", err, f.endpoint)
	}
	return err
}

// lastJob stands for the newest job.
const lastJob = "last"

// resolve finds the job that an argument means: an ID, the beginning of one, or
// "last".
func resolve(ctx context.Context, c *client.Client, arg string) (job.ID, error) {
	if id, err := job.ParseID(arg); err == nil {
		return id, nil
	}
	if arg == lastJob {
		list, err := c.Jobs(ctx, client.JobFilter{}, 1)
		if err != nil {
			return "", err
		}
		if len(list) == 0 {
			return "", errors.New("there is no job yet")
		}
		return list[0].ID, nil
	}
	const least = 6
	if len(arg) < least {
		return "", fmt.Errorf("%q is no job: give its id, at least the first %d characters of it, or %q", arg, least, lastJob)
	}
	list, err := c.Jobs(ctx, client.JobFilter{Search: arg}, 50)
	if err != nil {
		return "", err
	}
	var found []job.ID
	for _, j := range list {
		if strings.HasPrefix(string(j.ID), strings.ToUpper(arg)) {
			found = append(found, j.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("no job has an id that begins with %q", arg)
	default:
		return "", fmt.Errorf("%d jobs have ids that begin with %q", len(found), arg)
	}
}

// offer has the shell complete a flag with these words.
func offer(cmd *cobra.Command, flag string, words ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // a flag of another name
	}
}

// completeJobs offers the newest jobs to the shell.
func (f *remoteFlags) completeJobs(cmd *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
	c, err := f.client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Second)
	defer cancel()
	list, err := c.Jobs(ctx, client.JobFilter{}, 50)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	offers := []string{}
	for _, j := range list {
		if strings.HasPrefix(string(j.ID), strings.ToUpper(start)) {
			offers = append(offers, fmt.Sprintf("%s\t%s %s", j.ID, strings.ToLower(string(j.Status)), j.Name))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
