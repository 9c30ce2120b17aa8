package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"gleaner/infra/local"
	"gleaner/infra/local/demosite"
	"gleaner/shared/export"
	"gleaner/shared/job"
	"gleaner/shared/submit"
)

// localOwner is who owns the jobs of this machine's user.
const localOwner = "local"

type extractFlags struct {
	nodeFlags
	jobFlags
	outputFlags
	resume string
	json   bool
}

func newExtract(getenv func(string) string) *cobra.Command {
	var f extractFlags
	cmd := &cobra.Command{
		Use:   "extract [URL or file ...]",
		Short: "Find the addresses published on web sites and write them to a file",
		Long: `Visits the URLs given as arguments, in files (one a line; .csv and .xlsx by column;
all of them may be packed with gzip) or on standard input, and writes the e-mail
addresses published there, each with the page it came from.

Exit status: 0 when every URL was visited, 2 when some could not be, 1 when the
command failed, 130 when it was stopped by Ctrl-C (and can be gone on with).`,
		Example: `  gleaner extract example.org -o found.csv
  gleaner extract sites.txt more.txt.gz -o found.ndjson
  gleaner extract companies.csv --column website -o found.xlsx
  gleaner extract example.org --follow site --page-budget 50 --stop-after-site 3
  cat sites.txt | gleaner extract > found.csv
  gleaner extract --demo                   # see it work without internet`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return extract(cmd, &f, args)
		},
	}
	f.nodeFlags.register(cmd, getenv)
	f.jobFlags.register(cmd)
	f.outputFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.resume, "resume", "", "go on with the `job` that was stopped")
	flags.BoolVar(&f.json, "json", false, "report progress and the end as JSON lines on standard error")
	return cmd
}

func extract(cmd *cobra.Command, f *extractFlags, args []string) (err error) {
	format, err := f.chosen()
	if err != nil {
		return err
	}
	options, err := f.job()
	if err != nil {
		return err
	}
	show := newDisplay(cmd.ErrOrStderr(), f.json)
	var list *urlList
	if f.resume == "" && !f.demo { // read before anything is opened: most mistakes are here
		if list, err = readURLs(cmd, args, f.column); err != nil {
			return err
		}
		list.report(show)
		if len(list.targets) == 0 {
			return errNoURL
		}
	}
	node, site, closeNode, err := f.open(cmd.Context(), cmd.ErrOrStderr(), slog.LevelError, false)
	if errors.Is(err, local.ErrInUse) {
		return fmt.Errorf("%w\n%s", err, f.instead(args))
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeNode()) }()

	id, err := f.start(cmd, node, site, list, options, show, args)
	if err != nil {
		return err
	}
	last, err := workUntilDone(cmd.Context(), node, id, show)
	if err != nil {
		return err
	}
	show.finish(last)
	// What was found is written even after Ctrl-C.
	ctx := context.WithoutCancel(cmd.Context())
	err = f.write(cmd.OutOrStdout(), func(w io.Writer) error {
		return export.WriteAddresses(w, format, export.Addresses(ctx, node.Store, id, job.AddressFilter{}))
	})
	if err != nil {
		return err
	}
	if f.file != "" {
		show.note(counted(last.Emails, "address", "addresses") + " written to " + f.file)
	}
	switch {
	case !last.Status.Final() && f.demo:
		return &codeError{exitInterrupted, "stopped; a job of the sample site cannot be gone on with"}
	case !last.Status.Final():
		return &codeError{exitInterrupted, "stopped; go on with: gleaner extract --resume " + string(id) + f.again(cmd)}
	case site != nil:
		return checkDemo(ctx, node, site, id, last, show)
	default:
		return verdict(last)
	}
}

// start creates the job of the list given, or takes up the one to resume.
func (f *extractFlags) start(cmd *cobra.Command, node *local.Node, site *demosite.Site, list *urlList, o job.Options, show *display, args []string) (job.ID, error) {
	ctx := cmd.Context()
	if f.resume != "" {
		return takeUp(ctx, node, f.resume)
	}
	name := f.name
	if site != nil {
		list = &urlList{targets: submit.FromStrings(site.URLs()).Targets}
		args = []string{"sample site"}
	}
	if name == "" {
		name = listName(args)
	}
	began := time.Now()
	j, err := handIn(ctx, node.Submit, submit.Request{Owner: localOwner, Name: name, Options: o}, list)
	if err != nil {
		return "", flagError(err)
	}
	show.note(fmt.Sprintf("started in %d ms: %s on %s", time.Since(began).Milliseconds(),
		counted(int64(len(list.targets)), "page", "pages"), counted(hosts(list.targets), "site", "sites")))
	return j.ID, nil
}

// takeUp makes sure that the job goes on if it can.
func takeUp(ctx context.Context, node *local.Node, arg string) (job.ID, error) {
	id, err := job.ParseID(arg)
	if err != nil {
		return "", fmt.Errorf("--resume: %w", err)
	}
	j, err := node.Store.Job(ctx, id)
	switch {
	case errors.Is(err, job.ErrNotFound):
		return "", fmt.Errorf("--resume: there is no job %s in this data directory (see --data)", id)
	case err != nil:
		return "", err
	case j.Status == job.Paused:
		_, err = node.Control.Resume(ctx, j.Owner, id)
	}
	return id, err
}

// handIn creates a job, by chunks if it is large.
func handIn(ctx context.Context, s *submit.Service, r submit.Request, l *urlList) (job.Job, error) {
	if len(l.targets) <= submit.MaxListURLs {
		r.List = submit.List{Targets: l.targets, Lines: len(l.targets), Duplicates: l.duplicates, RejectedCount: l.refused}
		answer, err := s.Create(ctx, r)
		return answer.Job, err
	}
	r.Open, r.Expect = true, len(l.targets)
	answer, err := s.Create(ctx, r)
	if err != nil {
		return answer.Job, err
	}
	n := 0
	for part := range slices.Chunk(l.targets, blockLines) {
		chunk := submit.List{Targets: part, Lines: len(part)}
		if n == 0 {
			chunk.Duplicates, chunk.RejectedCount = l.duplicates, l.refused
		}
		if _, err := s.Append(ctx, r.Owner, answer.Job.ID, n, chunk); err != nil {
			return answer.Job, err
		}
		n++
	}
	return s.Start(ctx, r.Owner, answer.Job.ID, n)
}

func hosts(targets []job.Target) int64 {
	seen := map[string]struct{}{}
	for _, t := range targets {
		seen[t.Host()] = struct{}{}
	}
	return int64(len(seen))
}

// again is the rest of the command line that goes on with a job: the flags that
// were given and are not kept with the job.
func (f *extractFlags) again(cmd *cobra.Command) string {
	var kept jobFlags
	job := &cobra.Command{}
	kept.register(job)
	out := ""
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if flag.Name == "resume" || job.Flags().Lookup(flag.Name) != nil {
			return
		}
		value := flag.Value.String()
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			value = strings.Join(list.GetSlice(), ",")
		}
		switch {
		case flag.Shorthand != "" && flag.Value.Type() != "bool":
			out += " -" + flag.Shorthand + " " + quoted(value)
		case flag.Value.Type() == "bool" && value == "true":
			out += " --" + flag.Name
		default:
			out += " --" + flag.Name + "=" + quoted(value)
		}
	})
	return out
}

// instead is what to do when a server works in the data directory.
func (f *extractFlags) instead(args []string) string {
	line := "gleaner create"
	for _, a := range args {
		line += " " + quoted(a)
	}
	line += " --wait"
	if f.file != "" {
		line += " -o " + quoted(f.file)
	}
	return "A server is probably running on it. Hand the list to that server:\n  " + line +
		"\nor choose another directory with --data."
}

// quoted writes an argument as a shell takes it.
func quoted(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\"'`$&|;<>()*?[]{}~#!\\", r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// pollEvery is how often the terminal's figures are refreshed.
const pollEvery = 200 * time.Millisecond

// workUntilDone runs the node until the job has ended or ctx has, and returns
// where the job stands then.
func workUntilDone(ctx context.Context, node *local.Node, id job.ID, show *display) (job.Snapshot, error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	var g errgroup.Group
	g.Go(func() error { defer stop(); return node.Run(running) })
	g.Go(func() error {
		defer stop()
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for {
			p, err := node.Store.Progress(running, id)
			switch {
			case running.Err() != nil:
				if ctx.Err() != nil {
					show.note("stopping: what is under way is stored …")
				}
				return nil
			case err != nil:
				return err
			case p.Job.Status.Final():
				return nil
			}
			show.progress(p.Snapshot(time.Now()))
			select {
			case <-running.Done():
			case <-tick.C:
			}
		}
	})
	if err := g.Wait(); err != nil {
		return job.Snapshot{}, err
	}
	p, err := node.Store.Progress(context.WithoutCancel(ctx), id)
	return p.Snapshot(time.Now()), err
}

// verdict is the exit status a finished job deserves.
func verdict(s job.Snapshot) error {
	if s.Status != job.Completed {
		return &codeError{exitError, strings.TrimSpace("the job is " + strings.ToLower(string(s.Status)) + " " + s.Reason)}
	}
	if n := failures(s); n > 0 {
		return &codeError{exitSomeFailed, fmt.Sprintf("%s of %s URLs could not be visited", count(n), count(s.URLs))}
	}
	return nil
}

// checkDemo says whether a job on the sample site found exactly what is there.
func checkDemo(ctx context.Context, node *local.Node, site *demosite.Site, id job.ID, s job.Snapshot, show *display) error {
	var got []string
	for a, err := range export.Addresses(ctx, node.Store, id, job.AddressFilter{}) {
		if err != nil {
			return err
		}
		got = append(got, a.Email)
	}
	slices.Sort(got)
	want := site.Want()
	missing := slices.DeleteFunc(slices.Clone(want), func(a string) bool { _, ok := slices.BinarySearch(got, a); return ok })
	extra := slices.DeleteFunc(slices.Clone(got), func(a string) bool { _, ok := slices.BinarySearch(want, a); return ok })
	var wrong []string
	for o, n := range site.Outcomes() {
		if s.Outcomes[o] != int64(n) {
			wrong = append(wrong, fmt.Sprintf("%s: %d instead of %d", o, s.Outcomes[o], n))
		}
	}
	if len(missing)+len(extra)+len(wrong) > 0 || int(s.Emails) != len(want) {
		return &codeError{exitError, fmt.Sprintf("the sample site was not read right: counted %d of %d\nmissing: %v\nnot published: %v\noutcomes: %v",
			s.Emails, len(want), missing, extra, wrong)}
	}
	show.note(fmt.Sprintf("found exactly the %d addresses that the sample site publishes", len(want)))
	return nil
}
