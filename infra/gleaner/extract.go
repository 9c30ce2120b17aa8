package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
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
	output string
	resume string
	follow string
	json   bool
}

func newExtract(getenv func(string) string) *cobra.Command {
	var f extractFlags
	cmd := &cobra.Command{
		Use:   "extract [URL or file ...]",
		Short: "Find the addresses published on web sites and write them to a file",
		Long: `Visits the URLs given as arguments, in files (one a line) or on standard input, and
writes the e-mail addresses published there, each with the page it came from.

Exit status: 0 when every URL was visited, 2 when some could not be, 1 when the
command failed, 130 when it was stopped by Ctrl-C (and can be gone on with).`,
		Example: `  gleaner extract example.org -o found.csv
  gleaner extract sites.txt -o found.ndjson
  cat sites.txt | gleaner extract > found.csv
  gleaner extract --demo                   # see it work without internet`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return extract(cmd, &f, args)
		},
	}
	f.register(cmd, getenv)
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "`file` to write; its ending (.csv, .ndjson, .xlsx) chooses the format; standard output and CSV without it")
	flags.StringVar(&f.resume, "resume", "", "go on with the `job` that was stopped")
	flags.StringVar(&f.follow, "follow", string(job.FollowAuto), "pages visited beyond those given: auto, none, contact or site")
	flags.BoolVar(&f.json, "json", false, "report progress and the end as JSON lines on standard error")
	return cmd
}

func extract(cmd *cobra.Command, f *extractFlags, args []string) (err error) {
	format := export.CSV
	if f.output != "" {
		if format, err = export.FormatOf(f.output); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
	}
	node, site, closeNode, err := f.open(cmd.Context(), cmd.ErrOrStderr(), slog.LevelError)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeNode()) }()

	show := newDisplay(cmd.ErrOrStderr(), f.json)
	id, err := f.start(cmd, node, site, show, args)
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
	if err := f.write(ctx, cmd.OutOrStdout(), node, id, format); err != nil {
		return err
	}
	if f.output != "" {
		show.note(fmt.Sprintf("%d addresses written to %s", last.Emails, f.output))
	}
	switch {
	case last.Status == job.Running:
		return &codeError{exitInterrupted, "stopped; go on with: gleaner extract --resume " + string(id) + f.again()}
	case site != nil:
		return checkDemo(ctx, node, site, id, last, show)
	default:
		return verdict(last)
	}
}

// write writes the job's addresses to the output file, which appears whole or not
// at all, or to standard output.
func (f *extractFlags) write(ctx context.Context, stdout io.Writer, node *local.Node, id job.ID, format export.Format) (err error) {
	all := export.Addresses(ctx, node.Store, id, job.AddressFilter{})
	if f.output == "" {
		return export.WriteAddresses(stdout, format, all)
	}
	file, err := os.CreateTemp(filepath.Dir(f.output), ".gleaner-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := export.WriteAddresses(file, format, all); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), f.output)
}

// start creates the job of the list given, or takes up the one to resume.
func (f *extractFlags) start(cmd *cobra.Command, node *local.Node, site *demosite.Site, show *display, args []string) (job.ID, error) {
	ctx := cmd.Context()
	if f.resume != "" {
		id, err := job.ParseID(f.resume)
		if err != nil {
			return "", fmt.Errorf("--resume: %w", err)
		}
		_, err = node.Store.Job(ctx, id)
		return id, err
	}
	list, err := readList(cmd, site, args)
	if err != nil {
		return "", err
	}
	for _, r := range list.Rejected {
		show.note(fmt.Sprintf("line %d left out: %q %s", r.Line, r.Text, r.Reason))
	}
	if more := list.RejectedCount - len(list.Rejected); more > 0 {
		show.note(fmt.Sprintf("and %d more lines left out", more))
	}
	began := time.Now()
	answer, err := node.Submit.Create(ctx, submit.Request{
		Owner: localOwner, Name: f.name(args), List: list, Options: job.Options{Follow: job.Follow(f.follow)},
	})
	if err != nil {
		return "", err
	}
	show.note(fmt.Sprintf("started in %d ms: %d pages on %d sites", time.Since(began).Milliseconds(), answer.Job.URLs, answer.Job.Hosts))
	return answer.Job.ID, nil
}

func (f *extractFlags) name(args []string) string {
	switch {
	case f.demo:
		return "sample site"
	case len(args) == 0:
		return "standard input"
	default:
		name := filepath.Base(args[0])
		if len(args) > 1 {
			name += fmt.Sprintf(" and %d more", len(args)-1)
		}
		return name
	}
}

func (f *extractFlags) again() string {
	out := ""
	if f.data != "gleaner-data" {
		out += " --data " + f.data
	}
	if f.output != "" {
		out += " -o " + f.output
	}
	return out
}

// readList gathers the URLs: of the sample site, of the arguments (each a URL or
// a file), or of standard input.
func readList(cmd *cobra.Command, site *demosite.Site, args []string) (submit.List, error) {
	if site != nil {
		return submit.FromStrings(site.URLs()), nil
	}
	if len(args) == 0 {
		text, err := io.ReadAll(cmd.InOrStdin())
		if err != nil {
			return submit.List{}, fmt.Errorf("standard input: %w", err)
		}
		return submit.ParseText(string(text)), nil
	}
	var lines []string
	for _, a := range args {
		text, err := os.ReadFile(a)
		switch {
		case err == nil:
			lines = append(lines, strings.Split(string(text), "\n")...)
		case errors.Is(err, os.ErrNotExist):
			lines = append(lines, a)
		default:
			return submit.List{}, err
		}
	}
	return submit.ParseText(strings.Join(lines, "\n")), nil
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
				return nil
			case err != nil:
				return err
			case p.Job.Status.Final():
				return nil
			}
			show.progress(p.Snapshot(time.Now()))
			select {
			case <-running.Done():
				return nil
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
		return &codeError{exitError, "the job is " + string(s.Status) + " " + s.Reason}
	}
	failed := int64(0)
	for o, n := range s.Outcomes {
		if o.Class() == job.ClassFailed {
			failed += n
		}
	}
	if failed > 0 {
		return &codeError{exitSomeFailed, fmt.Sprintf("%d of %d URLs could not be visited", failed, s.URLs)}
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
