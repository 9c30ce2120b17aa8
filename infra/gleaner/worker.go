package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"

	"github.com/spf13/cobra"

	"gleaner/infra/local"
)

// workerCommand is the hidden command that a server starts to have its batches
// crawled.
const workerCommand = "worker"

func newWorker(getenv func(string) string) *cobra.Command {
	var f nodeFlags
	cmd := &cobra.Command{
		Use:     workerCommand,
		Short:   "Crawl the batches of a server, which starts this by itself",
		Example: "  gleaner worker                           # ends at once: its standard input is the server's",
		Hidden:  true,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.config(cmd.ErrOrStderr(), slog.LevelInfo)
			if err != nil {
				return err
			}
			err = local.Work(cmd.Context(), cfg, cmd.InOrStdin())
			if errors.Is(err, local.ErrOrphaned) {
				return &codeError{exitError, ""} // whoever killed the server knows
			}
			return err
		},
	}
	f.register(cmd, getenv)
	return cmd
}

// workerProcess makes the command of this very program that crawls the batches of
// a data directory as these flags say.
func (f *nodeFlags) workerProcess(data string, log io.Writer) (func(context.Context) *exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("the program to start workers with: %w", err)
	}
	args := []string{
		workerCommand, "--data", data, "--workers", strconv.Itoa(f.workers), "--timeout", f.timeout.String(),
		"--contact", f.contact, "--from", f.from, "--allow-private=" + strconv.FormatBool(f.allowPrivate),
		"--demo=" + strconv.FormatBool(f.demo), "--verbose=" + strconv.FormatBool(f.verbose),
	}
	for _, n := range f.allowNets {
		args = append(args, "--allow-net", n)
	}
	return func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // this very program
		cmd.Stderr = log
		return cmd
	}, nil
}
