package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gleaner/infra/local"
	"gleaner/infra/local/demosite"
	"gleaner/shared/fetch"
	"gleaner/shared/quota"
)

func newRoot(getenv func(string) string) *cobra.Command {
	root := &cobra.Command{
		Use:           "gleaner",
		Short:         "Find the contact e-mail addresses that web sites publish",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddGroup(
		&cobra.Group{ID: groupHere, Title: "On this machine:"},
		&cobra.Group{ID: groupJobs, Title: "Jobs of a server:"},
		&cobra.Group{ID: groupAdmin, Title: "Looking after an installation:"},
	)
	for group, commands := range map[string][]*cobra.Command{
		groupHere: {newServe(getenv), newExtract(getenv), newWorker(getenv)},
		groupJobs: {
			newCreate(getenv), newJobs(getenv), newWatch(getenv), newExport(getenv), newDelete(getenv),
			newAct(getenv, "cancel", "Stop jobs for good; what was found is kept"),
			newAct(getenv, "pause", "Hold jobs until they are resumed"),
			newAct(getenv, "resume", "Let paused jobs go on"),
			newAct(getenv, "retry", "Try again what failed for a reason that may have passed"),
			newRestore(getenv),
		},
		groupAdmin: {newKeys(getenv), newWebhook(getenv), newDoctor(getenv), newAudit(getenv), newBench(getenv)},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	return root
}

// Groups of commands, as --help shows them.
const (
	groupHere  = "here"
	groupJobs  = "jobs"
	groupAdmin = "admin"
)

// defaultData is where the data of this machine lies unless told otherwise.
const defaultData = "gleaner-data"

// nodeFlags are the flags of every command that crawls on this machine.
type nodeFlags struct {
	data         string
	workers      int
	demo         bool
	allowPrivate bool
	allowNets    []string
	contact      string
	from         string
	timeout      time.Duration
	verbose      bool
	quota        quota.Limits

	dataChosen func() bool // whether --data was given
}

func (f *nodeFlags) register(cmd *cobra.Command, getenv func(string) string) {
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", dataDirectory(getenv), "`directory` of the jobs and what they found (GLEANER_DATA)")
	flags.IntVar(&f.workers, "workers", local.DefaultWorkers, "batches crawled at once, each over up to 100 connections")
	flags.BoolVar(&f.demo, "demo", false, "use the built-in sample site, which needs no internet; what is found is thrown away at the end, unless --data is given")
	flags.BoolVar(&f.allowPrivate, "allow-private", false, "also visit private and loopback addresses: for your own network")
	flags.StringSliceVar(&f.allowNets, "allow-net", nil, "also visit this private `network`, such as 10.1.0.0/16 (repeatable)")
	flags.StringVar(&f.contact, "contact", getenv("GLEANER_CONTACT"), "`URL` in the User-Agent where webmasters learn who crawls (GLEANER_CONTACT)")
	flags.StringVar(&f.from, "from", getenv("GLEANER_FROM"), "e-mail `address` for the From header (GLEANER_FROM)")
	flags.DurationVar(&f.timeout, "timeout", time.Minute, "longest time one page may take")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log everything")
	f.dataChosen = func() bool { return flags.Changed("data") }
}

func dataDirectory(getenv func(string) string) string {
	if dir := getenv("GLEANER_DATA"); dir != "" {
		return dir
	}
	return defaultData
}

// config is what these flags say about the node, or its worker process.
func (f *nodeFlags) config(log io.Writer, level slog.Level) (local.Config, error) {
	if f.workers < 1 || f.workers > 300 {
		return local.Config{}, fmt.Errorf("--workers: %d is not between 1 and 300", f.workers)
	}
	if f.timeout < time.Second {
		return local.Config{}, fmt.Errorf("--timeout: %s is shorter than a second", f.timeout)
	}
	if f.verbose {
		level = slog.LevelDebug
	}
	nets, err := fetch.ParseNets(strings.Join(f.allowNets, ","))
	if err != nil {
		return local.Config{}, fmt.Errorf("--allow-net: %w", err)
	}
	cfg := local.Config{
		Dir:     f.data,
		Workers: f.workers,
		Quota:   f.quota,
		Version: version,
		Log:     slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: level})),
		Fetch: fetch.Config{
			Version: version, ContactURL: f.contact, From: f.from, AllowPrivate: f.allowPrivate, AllowNets: nets, TotalTimeout: f.timeout,
		},
	}
	if f.demo {
		cfg.Fetch.Resolver = demosite.Names
		cfg.Fetch.AllowNets = append(cfg.Fetch.AllowNets, demosite.Net)
	}
	return cfg, nil
}

// open opens the node these flags describe, and the sample site if it is asked
// for. What is found there is thrown away by closing, unless --data said where to
// keep it. With apart, batches are crawled in a process of their own.
func (f *nodeFlags) open(ctx context.Context, log io.Writer, level slog.Level, apart bool) (*local.Node, *demosite.Site, func() error, error) {
	cfg, err := f.config(log, level)
	if err != nil {
		return nil, nil, nil, err
	}
	closeAll := func() error { return nil }
	var site *demosite.Site
	if f.demo {
		if site, err = demosite.Start(ctx, demoCompanies); err != nil {
			return nil, nil, nil, err
		}
		site.Latency = demoLatency
		closeAll = site.Close
		if !f.dataChosen() {
			if cfg.Dir, err = os.MkdirTemp("", "gleaner-demo-"); err != nil {
				return nil, nil, nil, errors.Join(err, site.Close())
			}
			closeAll = func() error { return errors.Join(site.Close(), os.RemoveAll(cfg.Dir)) }
		}
	}
	if apart {
		if cfg.WorkerProcess, err = f.workerProcess(cfg.Dir, log); err != nil {
			return nil, nil, nil, errors.Join(err, closeAll())
		}
	}
	node, err := local.Open(ctx, cfg)
	if err != nil {
		return nil, nil, nil, errors.Join(err, closeAll())
	}
	return node, site, func() error {
		if err := node.Close(); err != nil {
			return err
		}
		return closeAll()
	}, nil
}

// The sample site.
const (
	demoCompanies = 72
	demoLatency   = 60 * time.Millisecond
)
